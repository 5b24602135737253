"""Copy a registry into another database, of either engine; move it there; take up a copy.

Of several databases with one trail only one may take entries, or the trail is split for ever. So a
copy is for reading, a registry that was moved refuses whatever is asked of it, and which of
them is which its own trail says.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from registry.errors import BadRequest, OutcomeUnknown, RegistryError
from registry.events import FAILED
from registry.placement import placed
from registry.services.accounting import account
from registry.services.keyplaces import KeyPlace, bring_keys
from registry.services.opening import OpenRegistry
from registry.services.seen import SeenHead
from registry.store import fence, transfer
from registry.store.act import Act
from registry.store.entries import log
from registry.store.fence import Fence, Sort, fence_of
from registry.store.session import Connection, Database, identity_of, revision_of
from registry.store.tree import head_of, misfit
from registry.store.verification import Progress

Watch = Callable[[str], Progress]
"""Gives, for the verb of a part of the work, who is told how far it is."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A registry in another database. What was copied is verified there."""

    source: str
    target: str
    moved: bool  # it goes on there
    done_before: bool  # it had been moved there already
    rows: int | None  # None: nothing was copied now
    entries: int
    root_hash: str
    key_id: str
    originals: int = 0  # that replacements stand for, among the rows
    keys: tuple[KeyPlace, ...] = ()  # what a registry that was moved needs beside it


def transfer_to(
    registry: OpenRegistry,
    to: str,
    *,
    move: bool = False,
    unrecorded: bool = False,
    watch: Watch = lambda _: lambda *_: None,
) -> Transfer:
    """Copy the registry into an empty database, for reading; or ``move`` it there, for good.

    A move is safe to repeat: where it was cut off, it goes on. The entry that says so comes first,
    so that it is in the copy; where no copy comes of it another one says that it failed, and all
    is as before. Raises ``BadRequest`` where the target isn't empty, ``RegistryElsewhere``
    where the registry was moved somewhere else, ``TrailBroken`` where the trail doesn't verify.
    """
    with Database(to) as target:
        if target.sqlite_file == registry.database.sqlite_file and (
            target.sqlite_file is not None or target.reached() == registry.database.reached()
        ):
            raise BadRequest(
                "this is the database that is to be copied", advice="Name another one with --to."
            )
        standing = _standing(registry)
        if standing is not None and move and _is_there(registry, target, standing):
            return _done_before(registry, target)
        _require_free(target)
        if not move:
            account(registry, "database:copy", unrecorded=unrecorded, to=_named(target))
            with _or_failed(registry, "database:copy", recorded=not unrecorded, target=target) as attempt:
                return _made(registry, target, watch, Sort.COPY, attempt)
        if standing is None:
            _close(registry, target)
        with _or_failed(registry, "database:move", recorded=True, target=target) as attempt:
            made = _made(registry, target, watch, None, attempt)
        SeenHead(registry.settings, target, registry.identity.origin).keep()
        return replace(made, keys=bring_keys(registry, target))


def reopen(registry: OpenRegistry, reason: str) -> int:
    """Let entries in again where the registry was moved from, or into a copy; the entry.

    For when the other database is lost: two that go on can't be joined again. Raises
    ``BadRequest`` where nothing keeps entries out.
    """
    actor = registry.settings.named_actor()
    if not reason.strip():
        raise BadRequest("to reopen a registry needs a reason", advice="Give it with --reason TEXT.")

    def work(act: Act) -> int:
        found = fence_of(act.connection)
        if found is None:
            raise BadRequest(
                f"{registry.database.name} takes entries: it was neither moved nor made as a copy",
                advice="There is nothing to do.",
            )
        fence.take_down(act.connection, found.sort)
        act.note(reason)
        act.commit(was=str(found.sort))
        return act.entry

    return registry.perform("database:reopen", work, actor=actor, alone=True)


# --- before --------------------------------------------------------------------------------


def _standing(registry: OpenRegistry) -> Fence | None:
    with registry.database.reading() as connection:
        return fence_of(connection)


def _is_there(registry: OpenRegistry, target: Database, standing: Fence) -> bool:
    """Whether a registry that was moved arrived; False: it is still to be copied there.

    Raises ``RegistryElsewhere`` where it was moved somewhere else, or is a copy itself.
    """
    with registry.database.reading() as connection:
        newest = next(log(connection, newest=1))
        head = head_of(connection)
    if standing.sort is Sort.COPY or newest.detail.get("place") != _mark(target):
        raise standing.error()
    file = target.sqlite_file
    if file is not None and not file.is_file():
        return False
    with target.reading() as connection:
        if revision_of(connection) is None:
            return False
        identity = identity_of(connection)
        if identity is None or identity.origin != registry.identity.origin or misfit(connection, head):
            raise BadRequest(
                f"{target.name} holds another registry; nothing is written over it",
                advice="Name the database that the registry was moved to.",
            )
    return True


def _done_before(registry: OpenRegistry, target: Database) -> Transfer:
    with target.reading() as connection:
        head = head_of(connection)
    keys = bring_keys(registry, target)
    return Transfer(
        registry.database.name,
        target.name,
        True,
        True,
        None,
        head.size,
        head.root.hex(),
        registry.identity.key.id,
        keys=keys,
    )


def _require_free(target: Database) -> None:
    if (file := target.sqlite_file) is not None:
        if os.path.lexists(file):
            raise BadRequest(f"{file} is there; a registry is never written over a file", advice=_ELSEWHERE)
        there = next(folder for folder in file.parents if folder.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            raise BadRequest(f"{file} can't be written: {there} is closed to you", advice=_ELSEWHERE)
        return
    with target.reading() as connection:
        transfer.require_empty(connection, target.name)


_ELSEWHERE = "Name another place with --to."


def _named(target: Database) -> str:
    """How the trail names a database: for ever, so without the folders of a file."""
    return f"sqlite:{file.name}" if (file := target.sqlite_file) is not None else target.reached()


def _mark(target: Database) -> str:
    """Tells one place from another without naming it."""
    return hashlib.sha256(target.reached().encode()).hexdigest()[:12]


def _close(registry: OpenRegistry, target: Database) -> None:
    """Say that the registry goes on elsewhere: from this entry on it takes none."""

    def work(act: Act) -> None:
        if (found := fence_of(act.connection)) is not None:
            raise found.error()
        said = f"this registry was moved to {_named(target)} (entry {act.entry})"
        fence.put_up(act.connection, Sort.MOVED, said)
        act.commit(to=_named(target), place=_mark(target))

    # Alone: an act that is under way comes before this entry.
    registry.perform("database:move", work, alone=True)


# --- the copy ------------------------------------------------------------------------------


@dataclass(slots=True)
class _Attempt:
    """How far a copy has come: from its commit on it may be there, whatever happens to us."""

    committing: bool = False


def _made(
    registry: OpenRegistry, target: Database, watch: Watch, sort: Sort | None, attempt: _Attempt
) -> Transfer:
    """The copy, verified and then committed; behind a fence of a ``sort``."""
    with _written(target) as database, database.writing() as written:
        with registry.database.reading() as source:
            loaded = transfer.load(source, registry.database.name, written, database, watch("copied"))
        proved = transfer.proved(written, loaded.head, watch("verified"))
        if sort is not None:
            fence.put_up(written, sort, _said_of_copy(proved.size))
        _commit(written, attempt)
    return Transfer(
        registry.database.name,
        target.name,
        sort is None,
        False,
        loaded.rows,
        proved.size,
        proved.root_hash,
        registry.identity.key.id,
        loaded.originals,
    )


def _said_of_copy(size: int) -> str:
    return f"this is a copy of the registry, for reading, as of {size:,} entries"


@contextmanager
def _written(target: Database) -> Iterator[Database]:
    """The database to write into: an SQLite file gets its name when it is whole."""
    if (file := target.sqlite_file) is None:
        yield target
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with placed(file) as unnamed:
            try:
                with Database(str(unnamed)) as database:
                    yield database
            finally:
                for end in ("-wal", "-shm"):
                    unnamed.with_name(unnamed.name + end).unlink(missing_ok=True)
    except FileExistsError as error:
        raise BadRequest(
            f"{file} is there; a registry is never written over a file", advice=_ELSEWHERE
        ) from error
    except OSError as error:
        raise BadRequest(f"{file} can't be written: {error.strerror}", advice=_ELSEWHERE) from error


def _commit(written: Connection, attempt: _Attempt) -> None:
    attempt.committing = True
    try:
        written.commit()
    except Exception as error:
        if written.dialect.name == "sqlite":
            raise  # the file has no name yet: there is none
        raise OutcomeUnknown(
            f"it isn't known whether the copy was finished: {error}",
            advice="Run the same command again: with --move it looks, and goes on.",
        ) from error


@contextmanager
def _or_failed(registry: OpenRegistry, event: str, *, recorded: bool, target: Database) -> Iterator[_Attempt]:
    """Where no copy comes of it, say so in the trail, and let entries in again; where one may be
    there, leave it at that: two that take entries would be worse than none."""
    attempt = _Attempt()
    try:
        yield attempt
    except BaseException as error:
        file = target.sqlite_file  # has its name last
        may_be_there = attempt.committing and (file is None or os.path.lexists(file))
        if recorded and not may_be_there:
            with suppress(RegistryError):
                _say_failed(registry, event, error)
        raise


def _say_failed(registry: OpenRegistry, event: str, error: BaseException) -> None:
    reason = error.code if isinstance(error, RegistryError) else type(error).__name__

    def work(act: Act) -> None:
        if event == "database:move" and (found := fence_of(act.connection)) is not None:
            fence.take_down(act.connection, found.sort)
        act.commit(FAILED, reason=reason)

    registry.perform(event, work)
