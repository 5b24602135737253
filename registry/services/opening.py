"""Opening a registry: its database, its identity, its key."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from registry.dicomfile.readerkeys import ReaderKeys
from registry.epochs import Epoch
from registry.errors import KeyUnusable
from registry.keys import KeyRing, RegistryKey, load_ring
from registry.services.seen import SeenHead
from registry.settings import APPLICATION, Settings
from registry.store.act import Act
from registry.store.entries import ledger_size
from registry.store.fence import Sort, fence_of
from registry.store.keyed import Question
from registry.store.retrying import PATIENT_TRIES, Answer, again
from registry.store.roots import load_roots
from registry.store.session import Connection, Database, Identity, identity_of


@dataclass(frozen=True, slots=True)
class RegistryName:
    """How a registry is told apart from another: in JSON and on stderr."""

    origin: str
    organization: str | None
    size: int  # UIDs in the ledger


@dataclass(frozen=True, slots=True)
class OpenRegistry:
    """A registry that acts and questions can be put to."""

    settings: Settings
    database: Database
    identity: Identity

    @property
    def key(self) -> RegistryKey:
        """The key that is written with. Raises ``KeyUnusable`` where it is missing or another's."""
        return self._held[0]

    @property
    def ring(self) -> tuple[RegistryKey | None, ...]:
        """The registry's keys, the newest first; None for a former one that isn't on this machine.

        Raises ``KeyUnusable`` without the newest.
        """
        key, held = self._held
        return (key, *(held.get(known.check) for known in self.identity.keys[-2::-1]))

    @property
    def _held(self) -> tuple[RegistryKey, Mapping[bytes, RegistryKey]]:
        """The registry's key, and all that are in the file by their check values."""
        path = key_path(self.settings, self.database, self.identity.origin)
        found = load_ring(path)
        held = {key.check: key for key in found}
        # A key that the database doesn't know counts for nothing: a rotation was cut off.
        if (key := held.get(self.identity.key.check)) is None:
            raise self.other_key(str(path), found)
        return key, held

    def other_key(self, name: str, found: KeyRing) -> KeyUnusable:
        """What to raise where a file, called ``name``, holds other keys than the registry's."""
        mine = self.identity.keys
        if any(key.check == known.check for key in found for known in mine):
            return KeyUnusable(
                f"{name} holds a former key; the registry's is {mine[-1].id} since entry {mine[-1].since}",
                advice="Take the key file of the machine where it was changed: "
                "`uid-registry db key --install FILE`.",
            )
        was = "was made with" if len(mine) == 1 else "has"
        return KeyUnusable(f"{name} holds the key {found[0].id}; this registry {was} {mine[-1].id}")

    @property
    def reader_keys(self) -> ReaderKeys:
        """The keys under which the reader hides what identifies people. Raises ``KeyUnusable``."""
        return self.keys_in(None)

    def keys_in(self, context: str | None) -> ReaderKeys:
        """Those of one context, so that nothing in it is comparable with another's; None: clinical."""
        earlier = tuple(None if key is None else ReaderKeys.of(key, context) for key in self.ring[1:])
        return ReaderKeys.of(self.key, context, earlier)

    def epochs(self, context: str | None) -> tuple[Epoch, ...]:
        """The times of the registry's keys within a context, the present one first."""
        return self.identity.epochs(context)

    def require_key(self, connection: Connection) -> None:
        """Raise ``KeyUnusable`` if the key was changed since the registry was opened: nothing must
        be hidden under a former key, nor be taken for hidden under it."""
        if (now := identity_of(connection)) is not None and now.keys != self.identity.keys:
            raise KeyUnusable(
                f"the registry's key was changed to {now.key.id} while this ran; what is recorded stays",
                advice="Run it again; on another machine after `uid-registry db key --install FILE`.",
            )

    def context(self, asked: str | None) -> str | None:
        """The context that is asked for, or set; None: the clinical one."""
        return self.settings.within(asked)

    def perform(
        self,
        event: str,
        work: Callable[[Act], Answer],
        *,
        request_id: str | None = None,
        actor: str | None = None,
        question: Question | None = None,
        alone: bool = False,
    ) -> Answer:
        """Do an act, a transaction that ends with an audit entry: ``work`` gets it, writes,
        commits, and returns its answer. ``question`` is what it will ask first; ``alone`` lets no
        other act be under way meanwhile.

        It is done again from the start, a bounded number of times, where another writer
        was first or the database gave it up. Raises ``DatabaseUnusable`` when it is too often.
        """

        def attempt(tried: int) -> Answer:
            by_itself = alone or tried >= PATIENT_TRIES
            options = {"alone": by_itself, "question": question}
            with self.act(event, request_id=request_id, actor=actor, **options) as act:
                return work(act)

        return again(attempt)

    def act(
        self, event: str, *, request_id: str | None = None, actor: str | None = None, **options: Any
    ) -> Act:
        """One try at an act; the ``options`` are those of ``Act``."""
        return Act(self.database, event, actor or self.settings.who, request_id=request_id, **options)

    def name(self, connection: Connection) -> RegistryName:
        return RegistryName(
            self.identity.origin, load_roots(connection).organization, ledger_size(connection)
        )


@contextmanager
def opened(
    settings: Settings,
    *,
    read_only: bool = False,
    whatever_was_seen: bool = False,
    though_moved: bool = False,
) -> Iterator[OpenRegistry]:
    """Open the registry that the settings name; ``read_only`` so that nothing can be written.

    Raises what ``Database.require`` raises; ``TrailBroken`` where the trail isn't the one that
    was last seen here, unless ``whatever_was_seen``: for those who look into it; and
    ``RegistryElsewhere`` where it was moved away, but to those and to who comes ``though_moved``.
    """
    with Database(settings.database, read_only=read_only) as database:

        def look(connection: Connection, identity: Identity) -> None:
            if whatever_was_seen:
                return
            fence = None if though_moved else fence_of(connection)
            if fence is not None and fence.sort is Sort.MOVED:
                raise fence.error()
            SeenHead(settings, database, identity.origin).require(connection)

        identity = database.require(settings.origin, look)
        seen = SeenHead(settings, database, identity.origin)
        failed: BaseException | None = None
        try:
            yield OpenRegistry(settings, database, identity)
        except BaseException as error:
            failed = error
            raise
        finally:
            seen.keep_after(failed)


def key_path(settings: Settings, database: Database, origin: str) -> Path:
    """Where the key is: as set, else beside an SQLite file, else in the user's data folder."""
    if settings.key_file:
        return Path(settings.key_file).expanduser()
    if (file := database.sqlite_file) is not None:
        return file.with_name(file.name + ".key")
    name = origin.replace("/", "-")
    return Path(platformdirs.user_data_dir(APPLICATION)) / "keys" / f"{name}.key"


def signing_key_path(settings: Settings, database: Database, origin: str) -> Path:
    """Where the key that signs checkpoints is: as set, else beside the registry's key."""
    if settings.signing_key_file:
        return Path(settings.signing_key_file).expanduser()
    beside = key_path(settings, database, origin)
    return beside.with_name(f"{beside.name.removesuffix('.key')}.signing-key")


def make_room(file: Path) -> None:
    """Make the folder and an empty file for an SQLite registry, for its owner alone."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
