"""What became of one UID after it was recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from registry.records import Kind
from registry.store import schema
from registry.store.keyed import Keyed
from registry.store.lookups import GENERATED
from registry.store.queries import recorded
from registry.store.references import decode
from registry.store.schema import uses


def named_only(connection: Connection, uid: str) -> bool:
    """Whether a UID is known only because something refers to it."""
    pending = schema.pending_references
    return (
        connection.execute(select(pending.c.set_id).where(pending.c.target_uid == uid).limit(1)).first()
        is not None
    )


def named_among(connection: Connection, uids: Iterable[str]) -> set[str]:
    """Those of some UIDs that aren't in the ledger and are known because something refers to them."""
    return {row.target_uid for row in _NAMED.rows(connection, uids)}


def generated_among(connection: Connection, uids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Those of some UIDs that were issued before anybody said for what: by whom, and when."""
    made = {row.uid: row.entry for row in GENERATED.rows(connection, uids)}
    table = schema.entries
    asked = select(table.c.id, table.c.actor, table.c.at)
    acts = {row.id: (row.actor, row.at) for row in Keyed(asked, table.c.id).rows(connection, made.values())}
    return {uid: acts[entry] for uid, entry in made.items()}


def generated_in(connection: Connection, uid: str) -> int | None:
    """The entry in which a UID was issued before anybody said for what."""
    return next((row.entry for row in GENERATED.rows(connection, [uid])), None)


_NAMED = Keyed(select(schema.pending_references.c.target_uid), schema.pending_references.c.target_uid)


def uses_of(connection: Connection, uid: str) -> list[tuple[int, int]]:
    """What became of a UID: state and entry."""
    query = select(uses.c.state, uses.c.entry).where(uses.c.uid == uid).order_by(uses.c.entry)
    return [(state, entry) for state, entry in connection.execute(query)]


def withdrawals_of(connection: Connection, uid: str) -> list[tuple[bool, int]]:
    """What was said after a UID was withdrawn for the first time: whether it is again, and in which entry."""
    table = schema.withdrawals
    query = select(table.c.withdrawn, table.c.entry).where(table.c.uid == uid).order_by(table.c.entry)
    return [(bool(again), entry) for again, entry in connection.execute(query)]


def decisions_about(connection: Connection, uid: str) -> list[Any]:
    """What was decided of a UID, in order."""
    table = schema.decisions
    return list(connection.execute(select(table).where(table.c.uid == uid).order_by(table.c.entry)))


@dataclass(frozen=True, slots=True)
class Referring:
    """A series of which objects refer to something, or that was issued to be made from it."""

    series_instance_uid: str | None  # None: of objects that are in none
    modality: str | None
    objects: int
    entry: int  # the first that said so


def referring_to(connection: Connection, uid: str, kind: Kind, series: str | None) -> list[Referring]:
    """What refers to an instance in a series, or to a series, its own objects not left out."""
    sets = _sets_leading_to(connection, uid, uid if kind is Kind.SERIES else series)
    if kind is not Kind.SERIES:
        sets = _naming(connection, sets, uid)
    first: dict[str, int] = {}
    for row in _REFERRING.rows(connection, sets):
        first[row.uid] = min(row.entry, first.get(row.uid, row.entry))
    found: dict[str | None, Referring] = {}
    for referring, known in sorted(recorded(connection, first).items()):
        is_series = known.place.kind is Kind.SERIES
        place = referring if is_series else known.place.series_instance_uid
        if referring == uid:
            continue
        one = found.get(place) or Referring(place, known.place.modality, 0, first[referring])
        counted = one.objects + (not is_series)
        found[place] = replace(one, objects=counted, entry=min(one.entry, first[referring]))
    return sorted(found.values(), key=lambda one: (one.entry, one.series_instance_uid or ""))


_REFERRING = Keyed(
    select(schema.reference_claims.c.uid, schema.reference_claims.c.set_id, schema.reference_claims.c.entry),
    schema.reference_claims.c.set_id,
)
_BODIES = Keyed(select(schema.reference_sets.c.id, schema.reference_sets.c.body), schema.reference_sets.c.id)


def _sets_leading_to(connection: Connection, uid: str, series: str | None) -> set[int]:
    """The sets of references that lead to a series, or wait for what nobody has seen."""
    pending, leading = schema.pending_references, schema.derivations
    queries = [select(pending.c.set_id).where(pending.c.target_uid == uid)]
    if series is not None:
        queries.append(select(leading.c.set_id).where(leading.c.source_series_uid == series))
    return {number for query in queries for number in connection.execute(query).scalars()}


def _naming(connection: Connection, sets: set[int], uid: str) -> set[int]:
    return {
        number
        for number, body in _BODIES.rows(connection, sets)
        if any(reference.sop_instance_uid == uid for reference in decode(body))
    }
