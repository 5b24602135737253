"""The audit trail: read it, verify it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from registry.errors import BadRequest
from registry.events import parse_event
from registry.services.accounting import account
from registry.services.opening import OpenRegistry
from registry.services.seen import SeenHead
from registry.services.trusting import Trusted
from registry.store.entries import Entry, entries_about, has_actor, log, uids_of
from registry.store.session import Connection
from registry.store.verification import Progress, Verification, verify
from registry.uid import findable

UIDS_SHOWN = 20
"""UIDs of an entry that a listing names."""


@dataclass(frozen=True, slots=True)
class Told:
    """An entry, and the UIDs that the act touched."""

    entry: Entry
    uids: tuple[str, ...]


def audit_log(registry: OpenRegistry, **filters: Any) -> list[Told]:
    """The entries that pass the filters of ``told_entries``, all at once.

    Who reads for a person uses ``read_log``.
    """
    return list(told_entries(registry, **filters))


def told_entries(
    registry: OpenRegistry,
    *,
    event: str | None = None,
    actor: str | None = None,
    since: str | None = None,
    until: str | None = None,
    uid: str | None = None,
    entry: int | None = None,
    newest: int | None = None,
    but: int | None = None,
) -> Iterator[Told]:
    """The entries that pass the filters, all ``but`` one, oldest first, each with some of its UIDs.

    One ``entry`` asked for by number comes with all of its UIDs. ``event`` may be the noun
    and ``:`` of several. Where all are asked for, they come as they are read, a page at a
    time. Raises ``BadRequest``, before the first comes.
    """
    event = None if event is None else parse_event(event)
    with registry.database.reading() as connection:
        ids = None
        if uid is not None:
            ids = entries_about(connection, findable(uid))
        if entry is not None:
            ids = {entry} if ids is None else ids & {entry}
        query: dict[str, Any] = {"event": event, "actor": actor, "since": since, "until": until, "ids": ids}
        if entry is None and newest is None:
            return _pages(registry, {**query, "but": but})
        found = list(log(connection, **query, newest=newest, but=but))
        if entry is not None and not found:
            raise BadRequest(
                f"there is no entry {entry}", advice="`uid-registry audit log` lists the newest."
            )
        return iter(_told(connection, found, None if entry is not None else UIDS_SHOWN))


_PAGE = 500
"""Entries that are read in one transaction."""


def _pages(registry: OpenRegistry, query: dict[str, Any]) -> Iterator[Told]:
    after = -1
    while True:
        with registry.database.reading() as connection:
            told = _told(connection, list(log(connection, **query, after=after, most=_PAGE)), UIDS_SHOWN)
        yield from told
        if len(told) < _PAGE:
            return
        after = told[-1].entry.seq


def _told(connection: Connection, found: Sequence[Entry], most: int | None) -> list[Told]:
    return [Told(each, tuple(uids_of(connection, each.id, most))) for each in found]


def read_log(registry: OpenRegistry, *, unrecorded: bool = False, **filters: Any) -> Iterator[Told]:
    """``told_entries`` for somebody: that they read the trail, and which part of it, is an entry of
    its own, written first, and not among what is read. ``unrecorded`` is for what can't be written.
    """
    said = dict(filters)
    if said.get("entry") is not None:
        said.pop("newest", None)
    if (event := said.get("event")) is not None:
        parse_event(event)
    if (uid := said.get("uid")) is not None:
        said["uid"] = findable(uid)
    if (actor := said.pop("actor", None)) is not None:
        said["by"] = recorded_name(registry, actor)
    own = account(
        registry,
        "audit:log",
        unrecorded=unrecorded,
        **{name: value for name, value in said.items() if value is not None},
    )
    return told_entries(registry, **filters, but=own)


def recorded_name(registry: OpenRegistry, actor: str) -> str:
    """The name of an actor as an entry may keep it, for ever: one that was typed might be
    anybody's, and the names of those who acted stand in the trail."""
    with registry.database.reading() as connection:
        return actor if has_actor(connection, actor) else "(nobody of this registry)"


def audit_verify(
    registry: OpenRegistry,
    against: Sequence[Trusted] = (),
    progress: Progress | None = None,
) -> Verification:
    """Recompute the whole trail and the history that it accounts for.

    It must go on from the checkpoints ``against``, and from the head that was last seen here.
    ``progress`` is told how many rows were read, and of how many.
    """
    seen = SeenHead(registry.settings, registry.database, registry.identity.origin).read()
    heads = [each.head for each in against] + ([seen.head] if seen else [])
    with registry.database.reading() as connection:
        return verify(connection, heads, progress)
