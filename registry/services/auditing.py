"""The audit trail: read it, verify it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from registry.errors import BadRequest, NoteNotSigned
from registry.note import VerifierKey
from registry.services.opening import OpenRegistry
from registry.services.seen import SeenHead
from registry.services.trusting import Trusted, trusted
from registry.store.entries import Entry, entries_about, log, uids_of
from registry.store.verification import Verification, verify
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


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of verifying a trail, alone and against checkpoints."""

    verification: Verification
    checkpoints: tuple[Trusted, ...] = ()  # whose signatures are right

    @property
    def ok(self) -> bool:
        return self.verification.ok


def audit_verify(
    registry: OpenRegistry, against: Sequence[bytes] = (), keys: Sequence[VerifierKey] = ()
) -> Verified:
    """Recompute the whole trail and the history that it accounts for, and compare it with
    checkpoints, the notes ``against``, and with the head that was last seen here.

    Raises ``MalformedNote`` where one is none. One that these ``keys`` didn't sign is a failure.
    """
    given, forged = [], []
    for data in against:
        try:
            given.append(trusted(registry, data, keys))
        except NoteNotSigned as error:
            forged.append(error.message)
    seen = SeenHead(registry.settings, registry.database, registry.identity.origin).read()
    heads = [each.head for each in given] + ([seen.head] if seen else [])
    with registry.database.reading() as connection:
        found = verify(connection, heads)
    if found.ok and forged:
        found = replace(found, ok=False, reason=forged[0])
    return Verified(found, tuple(given))
