"""What is this UID: one, or a list of any length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from registry.errors import UnknownUid
from registry.records import Kind, Origin
from registry.services.nearest import unknown
from registry.services.opening import OpenRegistry
from registry.store import exports, findings, life, queries, replacements
from registry.store.entries import texts
from registry.store.queries import Listed
from registry.store.roots import load_roots
from registry.store.session import Connection
from registry.uid import findable, is_key

ISSUED, FOREIGN = "issued", "foreign"
"""The state of a replacement that no object was seen with yet: minted here, or by another's map."""

UNKNOWN = "unknown"
"""The state of a UID of which the registry has never heard."""

AT_ONCE = 5_000
"""UIDs that are looked up in one transaction, sorted as their keys are."""


class Issuance(NamedTuple):
    """Who took a UID from the registry, and when."""

    by: str
    at: str


class Shown(NamedTuple):
    """What the registry says of one UID."""

    uid: str
    kind: Kind | None  # None: nobody has used it; something names it, or it was issued for any use
    state: str
    root: str | None
    findings: tuple[str, ...]
    listed: Listed | None = None
    purpose: str | None = None
    sent_to: tuple[str, ...] = ()  # where it was let out to
    issued: Issuance | None = None  # None: it was made elsewhere
    scope: str | None = None  # within which it replaces another
    scope_purged: int | None = None  # the entry after which nobody knows which

    @property
    def was_issued(self) -> bool:
        return self.issued is not None


def show(registry: OpenRegistry, uid: str) -> Shown:
    """What the registry knows of a UID. Raises ``UnknownUid`` if nothing."""
    wanted = findable(uid)
    with registry.database.reading() as connection:
        (shown,) = _shown(connection, [wanted])
        if shown.state != UNKNOWN:
            return shown
        if exports.about(connection, wanted):
            raise UnknownUid(
                f"{wanted} was checked for an export, and isn't recorded",
                advice=f"`uid-registry history {wanted}` tells where to; `register` records what it is.",
            )
        raise unknown(connection, wanted)


def show_all(registry: OpenRegistry, uids: Iterable[str]) -> Iterator[Shown]:
    """The same of each of some UIDs, however many, in their order; ``unknown`` is the state of
    those of which nothing is known, and of what can't be a UID."""
    remaining = iter(uids)
    while some := list(islice(remaining, AT_ONCE)):
        with registry.database.reading() as connection:
            shown = _shown(connection, some)
        yield from shown


def _shown(connection: Connection, uids: Sequence[str]) -> list[Shown]:
    asked = {uid for uid in uids if is_key(uid)}
    known = {row.uid: row for row in queries.among(connection, asked)}
    generated = life.generated_among(connection, asked)
    named = life.named_among(connection, asked - known.keys() - generated.keys())
    codes = findings.open_codes(connection, asked)
    sent = exports.destinations_among(connection, asked)
    purposes = texts(connection, {row.entry for row in known.values()})
    root_of = load_roots(connection).of
    replacing = {row.uid: row for row in replacements.among(connection, asked)}
    scopes = {scope.id: scope for scope in replacements.all_scopes(connection)} if replacing else {}

    def one(uid: str) -> Shown:
        listed, root = known.get(uid), root_of(uid)
        prefix, found, there = root.prefix if root else None, codes.get(uid, ()), sent.get(uid, ())
        issued = Issuance(*generated[uid]) if uid in generated else None
        scope = scopes[replacing[uid].scope_id] if uid in replacing else None
        within = (None, None) if scope is None else (scope.name, scope.purged)
        if listed is not None:
            if issued is None and listed.origin is Origin.ISSUED:
                issued = Issuance(listed.actor, listed.at)
            purpose = purposes.get(listed.entry)
            state = listed.state
            return Shown(uid, listed.kind, state, prefix, found, listed, purpose, there, issued, *within)
        if scope is not None:
            kind = replacing[uid].kind
            state = ISSUED if replacing[uid].origin == Origin.ISSUED else FOREIGN
            return Shown(
                uid, Kind(kind) if kind else None, state, prefix, found, None, None, there, issued, *within
            )
        state = ISSUED if issued else FOREIGN if uid in named else UNKNOWN
        return Shown(uid, None, state, prefix, found, sent_to=there, issued=issued)

    return [one(uid) for uid in uids]
