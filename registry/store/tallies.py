"""How many UIDs came into the ledger, by moment, actor, kind, modality and root.

Counted where it costs least: what isn't just an observed instance by the index that leaves those
out, and observed instances as what remains of the whole, which each entry tells. So without roots
and modalities no row of the ledger is read. By root it reads what lies below the roots, by
modality each instance's series; neither is ever brought here row by row.

A UID that was issued before anybody said for what, or as a replacement, is in the ledger only when
an object was seen with it (store/reserved.py). It counts as issued, when it was, and not again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, LargeBinary, Select, func, literal, literal_column, select, type_coerce

from registry.records import Kind, Origin
from registry.store import decided, schema
from registry.store.packing import prefix_range
from registry.store.reserved import given
from registry.store.schema import entries, ledger, series, words
from registry.uid import is_under, longest_root


class Key(NamedTuple):
    """What UIDs that are counted as one have in common; None: that isn't asked, or nobody knows."""

    period: str | None
    actor: str | None
    kind: Kind
    origin: Origin
    modality: str | None = None


Tally = Counter[Key]

_WIDTHS = {"year": 4, "month": 7, "day": 10}
PERIODS = tuple(_WIDTHS)
"""Parts of a moment as the trail writes it: its first so many characters."""


@dataclass(frozen=True, slots=True)
class Counting:
    """By what UIDs are counted, and those that came in between two moments, or with an actor, alone."""

    period: str | None = None  # one of PERIODS
    by_actor: bool = False
    by_modality: bool = False
    actor: str | None = None
    since: str | None = None
    until: str | None = None


def by_root(
    connection: Connection, counting: Counting, roots: Iterable[str], under: str | None = None
) -> Iterator[tuple[str | None, Tally]]:
    """How many there are under each root, the longest that a UID lies under; None: under none of them.

    ``under`` narrows it to what lies below an arc."""
    told: dict[str, Tally] = {}
    known = sorted(roots, key=len, reverse=True)
    for root in known:
        if under is not None and not is_under(root, under):
            continue
        tally = count(connection, counting, root)
        for below, counted in told.items():
            if is_under(below, root):
                tally.subtract(counted)
        told[root] = +tally
    rest = count(connection, counting, under) if under not in told else Tally()
    for counted in told.values():
        rest.subtract(counted)
    yield from sorted(told.items())
    yield None if under is None else longest_root(under, known), +rest


def count(connection: Connection, counting: Counting, under: str | None = None) -> Tally:
    """How many there are, of all or below an arc."""
    span = _span(connection, counting)
    if span is not None and span[0] is None:
        return Tally()
    narrowed = _Narrowed(counting, span, None if under is None else prefix_range(f"{under}."))
    tally = narrowed.tally(connection, narrowed.all() if under is None else narrowed.below())
    if under is None:
        _add_observed(connection, narrowed, tally)
    tally.update(narrowed.tally(connection, *narrowed.reserved()))
    if counting.by_modality:
        known = narrowed.tally(connection, *narrowed.of_modalities())
        for key, number in known.items():
            tally[key] += number
            tally[key._replace(modality=None)] -= number
    return +tally


def _span(connection: Connection, counting: Counting) -> tuple[int | None, int | None] | None:
    """The first and the last entry that count; None: all do."""
    if counting.actor is None and counting.since is None and counting.until is None:
        return None
    number = entries.c.id + 0  # not in their order, in which the first may be far
    first, last = connection.execute(
        select(func.min(number), func.max(number)).where(*_conditions(counting))
    ).one()
    return first, last


def _conditions(counting: Counting) -> list[Any]:
    conditions: list[Any] = []
    if counting.actor is not None:
        conditions.append(entries.c.actor == counting.actor)
    if counting.since is not None:
        conditions.append(entries.c.at >= counting.since)
    if counting.until is not None:
        conditions.append(entries.c.at < counting.until)
    return conditions


def _add_observed(connection: Connection, narrowed: _Narrowed, tally: Tally) -> None:
    """Observed instances: what entries made beside all that was counted."""
    others: Counter[tuple[str | None, str | None]] = Counter()
    for key, number in tally.items():
        others[key.period, key.actor] += number
    for period, actor, made in connection.execute(narrowed.made()):
        tally[Key(period, actor, Kind.INSTANCE, Origin.OBSERVED)] = int(made) - others[period, actor]


class _Narrowed:
    """The queries of one counting: kind, origin and number, modality, and how an entry is told."""

    def __init__(
        self, counting: Counting, span: tuple[Any, Any] | None, keys: tuple[bytes, bytes] | None
    ) -> None:
        self._counting, self._span, self._keys = counting, span, keys
        width = _WIDTHS[counting.period] if counting.period else None
        self._told: tuple[Any, Any] = (
            literal(None) if width is None else func.substr(entries.c.at, 1, literal_column(str(width))),
            entries.c.actor if counting.by_actor else literal(None),
        )
        self._groups = [
            told for told, asked in zip(self._told, (width, counting.by_actor), strict=True) if asked
        ]

    def tally(self, connection: Connection, *queries: Select[Any]) -> Tally:
        """What the queries count."""
        tally = Tally()
        for query in queries:
            for period, actor, kind, origin, modality, number in connection.execute(query):
                tally[Key(period, actor, Kind(kind), Origin(origin), modality)] += int(number)
        return tally

    def made(self) -> Select[Any]:
        """How many UIDs the entries brought in."""
        before = entries.alias("before")
        number = func.sum(entries.c.ledger_size - func.coalesce(before.c.ledger_size, 0))
        return (
            select(*self._told, number)
            .join_from(entries, before, before.c.seq == entries.c.prev, isouter=True)
            .where(*_conditions(self._counting))
            .group_by(*self._groups)
        )

    def all(self) -> Select[Any]:
        """All but observed instances, by the index that leaves them out."""
        kinds = ledger.c.kind.in_([literal_column(f"{kind:d}") for kind in Kind])
        return self._by_entry(schema.APART, kinds)

    def below(self) -> Select[Any]:
        """All that lies below the arc."""
        return self._by_entry(*self._inside())

    def _by_entry(self, *conditions: Any) -> Select[Any]:
        number = func.count().label("number")
        grouped = (
            select(ledger.c.kind, ledger.c.entry, ledger.c.origin, number)
            .where(*conditions, *self._between())
            .group_by(ledger.c.kind, ledger.c.entry, ledger.c.origin)
            .subquery("grouped")
        )
        return self._told_by(
            grouped, grouped.c.entry, grouped.c.kind, grouped.c.origin, literal(None), grouped.c.number
        )

    def of_modalities(self) -> Sequence[Select[Any]]:
        """Series, and the instances in them, of which a modality is known, as was last decided."""
        return (
            self._series(),
            self._instances(),
            self._moved(came=True),
            self._moved(came=False),
            *self._reserved_with_modality(),
        )

    def _series(self) -> Select[Any]:
        itself, said = series.alias("itself"), decided.latest()
        start = (
            ledger.join(itself, itself.c.uid == ledger.c.uid)
            .join(said, said.c.uid == itself.c.uid, isouter=True)
            .join(words, words.c.id == func.coalesce(said.c.modality_id, itself.c.modality_id))
        )
        one: Any = literal_column("1")
        query = self._told_by(
            start, ledger.c.entry, ledger.c.kind, ledger.c.origin, words.c.value, one, of_series=True
        )
        return query.where(*self._between(), *self._inside())

    def _instances(self) -> Select[Any]:
        number = func.count().label("number")
        grouped = (
            select(ledger.c.series_id, ledger.c.entry, ledger.c.origin, number)
            .where(ledger.c.series_id.is_not(None), *self._between(), *self._inside())
            .group_by(ledger.c.series_id, ledger.c.entry, ledger.c.origin)
            .subquery("grouped")
        )
        itself, said = series.alias("itself"), decided.latest()
        start = (
            grouped.join(itself, itself.c.id == grouped.c.series_id)
            .join(said, said.c.uid == itself.c.uid, isouter=True)
            .join(words, words.c.id == func.coalesce(said.c.modality_id, itself.c.modality_id))
        )
        kind: Any = literal_column(f"{Kind.INSTANCE:d}")
        return self._told_by(
            start, grouped.c.entry, kind, grouped.c.origin, words.c.value, grouped.c.number, of_series=True
        )

    def _moved(self, *, came: bool) -> Select[Any]:
        """Instances that a decision put into another series: added there, or taken out here."""
        put, said, itself = decided.latest(), decided.latest(), series.alias("itself")
        where = itself.c.uid == put.c.series_uid if came else itself.c.id == ledger.c.series_id
        start = (
            put.join(ledger, ledger.c.uid == put.c.uid)
            .join(itself, where)
            .join(said, said.c.uid == itself.c.uid, isouter=True)
            .join(words, words.c.id == func.coalesce(said.c.modality_id, itself.c.modality_id))
        )
        number: Any = literal_column("1" if came else "-1")
        query = self._told_by(
            start, ledger.c.entry, ledger.c.kind, ledger.c.origin, words.c.value, number, of_series=True
        )
        return query.where(
            put.c.series_uid.is_not(None),
            ledger.c.kind == int(Kind.INSTANCE),
            *self._between(),
            *self._inside(),
        )

    def reserved(self) -> Sequence[Select[Any]]:
        """What was issued before it was in the ledger; and what is there of it, which was counted."""
        early = given().subquery("early")
        there = early.join(ledger, ledger.c.uid == early.c.uid, isouter=True)
        kind = func.coalesce(ledger.c.kind, early.c.kind, literal_column(f"{Kind.OTHER:d}"))
        return self._early(early, there, kind, literal(None), of_series=False)

    def _reserved_with_modality(self) -> Sequence[Select[Any]]:
        early, put, said = given().subquery("early"), decided.latest(), decided.latest()
        parent, itself = series.alias("parent"), series.alias("itself")
        there = (
            early.join(ledger, ledger.c.uid == early.c.uid)
            .join(put, put.c.uid == ledger.c.uid, isouter=True)
            .join(parent, parent.c.id == ledger.c.series_id, isouter=True)
            .join(itself, itself.c.uid == func.coalesce(put.c.series_uid, parent.c.uid, ledger.c.uid))
            .join(said, said.c.uid == itself.c.uid, isouter=True)
            .join(words, words.c.id == func.coalesce(said.c.modality_id, itself.c.modality_id))
        )
        return self._early(early, there, ledger.c.kind, words.c.value, of_series=True)

    def _early(
        self, early: Any, there: Any, kind: Any, modality: Any, *, of_series: bool
    ) -> Sequence[Select[Any]]:
        issued: Any = literal_column(str(int(Origin.ISSUED)))
        one: Any = literal_column("1")
        less: Any = literal_column("-1")
        told = self._told_by(there, early.c.entry, kind, issued, modality, one, of_series=of_series)
        again = self._told_by(
            there, ledger.c.entry, ledger.c.kind, ledger.c.origin, modality, less, of_series=of_series
        )
        return (
            told.where(*self._between(early), *self._inside(early)),
            again.where(*self._between(), *self._inside(early)),
        )

    def _between(self, table: Any = ledger) -> list[Any]:
        if self._span is None:
            return []
        return [table.c.entry >= self._span[0], table.c.entry <= self._span[1]]

    def _inside(self, table: Any = ledger) -> list[Any]:
        if self._keys is None:
            return []
        key = type_coerce(table.c.uid, LargeBinary)
        return [key >= self._keys[0], key < self._keys[1]]

    def _told_by(
        self,
        start: Any,
        entry: Any,
        kind: Any,
        origin: Any,
        modality: Any,
        number: Any,
        *,
        of_series: bool = False,
    ) -> Select[Any]:
        """What was counted by entry, told by what is asked of the entries."""
        groups = [*self._groups, kind, origin, *([modality] if of_series else [])]
        return (
            select(*self._told, kind, origin, modality, func.sum(number))
            .select_from(start.join(entries, entries.c.id == entry))
            .where(*_conditions(self._counting))
            .group_by(*groups)
        )
