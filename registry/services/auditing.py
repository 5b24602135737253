"""The audit trail: read it, verify it."""

from __future__ import annotations

from dataclasses import dataclass

from registry.errors import BadRequest
from registry.services.opening import OpenRegistry
from registry.store.entries import Entry, entries_about, log, uids_of
from registry.store.verification import Progress, Verification, verify
from registry.uid import findable

UIDS_SHOWN = 20
"""UIDs of an entry that a listing names."""


@dataclass(frozen=True, slots=True)
class Told:
    """An entry, and the UIDs that the act touched."""

    entry: Entry
    uids: tuple[str, ...]


def audit_log(
    registry: OpenRegistry,
    *,
    event: str | None = None,
    actor: str | None = None,
    since: str | None = None,
    until: str | None = None,
    uid: str | None = None,
    entry: int | None = None,
    newest: int | None = None,
) -> list[Told]:
    """The entries that pass the filters, oldest first, each with some of its UIDs.

    One ``entry`` asked for by number comes with all of its UIDs.
    """
    with registry.database.reading() as connection:
        ids = None
        if uid is not None:
            ids = entries_about(connection, findable(uid))
        if entry is not None:
            ids = {entry} if ids is None else ids & {entry}
        found = list(
            log(connection, event=event, actor=actor, since=since, until=until, ids=ids, newest=newest)
        )
        if entry is not None and not found:
            raise BadRequest(
                f"there is no entry {entry}", advice="`uid-registry audit log` lists the newest."
            )
        most = None if entry is not None else UIDS_SHOWN
        return [Told(each, tuple(uids_of(connection, each.id, most))) for each in found]


def audit_verify(registry: OpenRegistry, progress: Progress | None = None) -> Verification:
    """Recompute the whole trail and the history that it accounts for.

    ``progress`` is told how many rows were read, and of how many.
    """
    with registry.database.reading() as connection:
        return verify(connection, progress=progress)
