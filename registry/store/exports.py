"""What was checked for leaving: which UIDs, where to, and whether they were let out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, exists, func, select

from registry.records import Kind
from registry.store.act import Act
from registry.store.keyed import Keyed, once
from registry.store.packing import pack_all
from registry.store.schema import entries, exported, exports, ledger
from registry.store.tree import Head


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision about an export, as one of its UIDs sees it."""

    entry: int
    destination: str
    approved: bool
    kind: Kind


@dataclass(frozen=True, slots=True)
class Sent:
    """A UID that was let out to a destination."""

    uid: str
    kind: Kind
    entry: int  # the first time
    at: str


@dataclass(frozen=True, slots=True)
class Way:
    """Which exports are meant; None narrows nothing. Only those that were approved."""

    destination: str
    actor: str | None = None
    since: str | None = None  # moments as the trail writes them
    until: str | None = None


def write(
    act: Act,
    destination: str,
    uids: Mapping[Kind, Iterable[str]],
    *,
    approved: bool,
    policy: bytes,
    head: Head,
) -> None:
    """Write what was decided of an export. A UID goes in once, as the first of the kinds that name it."""
    row = {"destination": destination, "approved": int(approved), "policy": policy}
    act.insert(exports, [{**row, "tree_size": head.size, "root_hash": head.root}])
    seen: set[str] = set()
    for kind, named in sorted(uids.items()):
        new = set(named) - seen
        act.insert_alike(exported, [({"kind": int(kind)}, pack_all(sorted(new)))])
        seen |= new


_THERE = Keyed(
    select(exported.c.uid)
    .join_from(exported, exports, exports.c.entry == exported.c.entry)
    .where(exports.c.destination == bindparam("destination"), exports.c.approved == 1),
    exported.c.uid,
)


def sent_before(connection: Connection, destination: str, uids: Iterable[str]) -> set[str]:
    """Those among some UIDs that were let out to a destination."""
    return {row.uid for row in _THERE.rows(connection, uids, destination=destination)}


def about(connection: Connection, uid: str) -> list[Decided]:
    """The decisions about the exports that a UID was in, in order."""
    query = (
        select(exports.c.entry, exports.c.destination, exports.c.approved, exported.c.kind)
        .join_from(exported, exports, exports.c.entry == exported.c.entry)
        .where(exported.c.uid == uid)
        .order_by(exports.c.entry)
    )
    return [
        Decided(row.entry, row.destination, bool(row.approved), Kind(row.kind))
        for row in connection.execute(query)
    ]


def destinations_of(connection: Connection, uid: str) -> list[str]:
    """Where a UID was let out to, sorted."""
    return sorted({decided.destination for decided in about(connection, uid) if decided.approved})


def destinations_among(connection: Connection, uids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Where each of some UIDs was let out to, sorted, for those that were."""
    found: dict[str, set[str]] = {}
    for row in _LET_OUT.rows(connection, uids):
        found.setdefault(row.uid, set()).add(row.destination)
    return {uid: tuple(sorted(destinations)) for uid, destinations in found.items()}


_LET_OUT = Keyed(
    select(exported.c.uid, exports.c.destination)
    .join_from(exported, exports, exports.c.entry == exported.c.entry)
    .where(exports.c.approved == 1),
    exported.c.uid,
)


def uids_on(way: Way) -> Select[Any]:
    """A query for the UIDs that went some way, each once."""
    return _on(way, exported.c.uid).distinct()


def _on(way: Way, *columns: Any) -> Select[Any]:
    query = (
        select(*columns)
        .select_from(exports)
        .join(entries, entries.c.id == exports.c.entry)
        .join(exported, exported.c.entry == exports.c.entry)
        .where(exports.c.destination == way.destination, exports.c.approved == 1)
    )
    if way.actor is not None:
        query = query.where(entries.c.actor == way.actor)
    if way.since is not None:
        query = query.where(entries.c.at >= way.since)
    if way.until is not None:
        query = query.where(entries.c.at < way.until)
    return query


def unrecorded(connection: Connection, way: Way) -> Iterator[Sent]:
    """The UIDs that went some way and aren't in the ledger, in the order in which they first did."""
    query = _first(way).where(~exists().where(ledger.c.uid == exported.c.uid))
    query = query.order_by(func.min(exported.c.entry), exported.c.uid)
    with connection.execution_options(yield_per=1000).execute(query) as rows:
        yield from _sent(rows)


def first_sent(connection: Connection, way: Way, uids: Iterable[str]) -> dict[str, Sent]:
    """When each of some UIDs first went some way, for those that did."""
    rows = once(connection, _first(way), exported.c.uid, uids)
    return {sent.uid: sent for sent in _sent(rows)}


def _first(way: Way) -> Select[Any]:
    # Entries are numbered in the order of their acts, so the first also has the first moment.
    columns = (func.min(column) for column in (exported.c.kind, exported.c.entry, entries.c.at))
    kind, entry, at = columns
    return _on(way, exported.c.uid, kind.label("kind"), entry.label("entry"), at.label("at")).group_by(
        exported.c.uid
    )


def _sent(rows: Iterable[Any]) -> Iterator[Sent]:
    return (Sent(row.uid, Kind(row.kind), row.entry, row.at) for row in rows)
