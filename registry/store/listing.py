"""Listings: the UIDs that pass some filters, in the order in which they were recorded (entry, then
key), a page at a time.

Where an index narrows a listing to few, they are sorted. Else the trail leads: as many of its
entries at a time as made a page of UIDs. Each page is a transaction of its own, so that nobody
holds one for as long as it takes to read millions of lines; what is recorded meanwhile is at the
end. Filters are bound, never pasted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    LargeBinary,
    Select,
    and_,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
    union,
)

from registry.records import Kind, Origin
from registry.store import decided, exports, schema
from registry.store.exports import Way
from registry.store.keyed import Keyed, once
from registry.store.packing import pack, prefix_range
from registry.store.queries import MODALITY, STATE, STUDY, UID, Listed, as_listed, placed
from registry.store.schema import WITHDRAWN, entries, ledger, series, studies, uses, words
from registry.store.session import Database
from registry.store.streams import made_by

PAGE = 5_000
"""UIDs in a page that is read before any of it is told."""

_FEW = 100_000
"""UIDs that are rather sorted than looked for along the whole trail."""

_ENTRIES = 1_000
"""Entries that are looked through at a time."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a listing is narrowed to; None and False narrow nothing."""

    kind: Kind | None = None
    state: str | None = None
    study: str | None = None
    series: str | None = None
    modality: str | None = None
    under: str | None = None  # any beginning of a UID
    actor: str | None = None
    since: str | None = None  # moments as the trail writes them
    until: str | None = None
    issued_unused: bool = False
    parent_unknown: bool = False
    sent: Way | None = None  # let out some way

    @property
    def by_uid_alone(self) -> bool:
        """Whether it can be told of a UID that isn't in the ledger whether it passes."""
        return replace(self, kind=None, under=None, sent=None) == Filters()


class Place(NamedTuple):
    """Where in the order something is."""

    entry: int
    uid: str


def place_of(listed: Listed) -> Place:
    return Place(listed.entry, listed.uid)


def key_of(place: Place) -> tuple[int, bytes]:
    """By which places sort."""
    return place.entry, pack(place.uid)


def listing(database: Database, filters: Filters, after: Place | None = None) -> Iterator[Listed]:
    """The UIDs that pass the filters and come after a place, in order."""
    with database.reading() as connection:
        few = _few(connection, filters)
        spans = None if few is not None else _Spans(connection, filters)
    if spans is None:
        # Of a few, SQLite would rather go through the whole ledger in its order than sort them.
        yield from _told(database, _ordered(placed(few), filters, after, ledger.c.entry + 0))
        return
    start = spans.first if after is None else max(spans.first, after.entry)
    while True:
        with database.reading() as connection:
            span = spans.next(connection, start)
        if span is None:
            return
        query = placed().where(*_led(filters), ledger.c.entry >= span[0], ledger.c.entry <= span[1])
        yield from _told(database, _ordered(query, filters, after, ledger.c.entry))
        start = span[1] + 1


def _told(database: Database, query: Select[Any]) -> Iterator[Listed]:
    """What a query finds, which is rarely more than a page: then the transaction is over before
    any of it is told."""
    with (
        database.reading() as connection,
        connection.execution_options(yield_per=1000).execute(query) as rows,
    ):
        found = map(as_listed, rows)
        page = list(islice(found, PAGE))
        if len(page) == PAGE:
            yield from page
            yield from found
            return
    yield from page


def _ordered(query: Select[Any], filters: Filters, after: Place | None, entry: Any) -> Select[Any]:
    key = type_coerce(ledger.c.uid, LargeBinary)
    if after is not None:
        query = query.where(
            or_(ledger.c.entry > after.entry, and_(ledger.c.entry == after.entry, key > pack(after.uid)))
        )
    return _filtered(query, filters).order_by(entry, key)


class _Spans:
    """Parts of the trail, one after the other, each of which made about a page of what is looked for."""

    def __init__(self, connection: Connection, filters: Filters) -> None:
        self._actor, self.first, self._last = filters.actor, 0, None
        self._rare = bool(_led(filters))
        if filters.since is None and filters.until is None:
            return
        # Not by the order of their ids, in which the first may be far: among those of the time.
        number = entries.c.id + 0
        ids = select(func.min(number), func.max(number)).where(*_between(filters))
        first, last = connection.execute(ids).one()
        self.first, self._last = first or 0, last or -1

    def next(self, connection: Connection, start: int) -> tuple[int, int] | None:
        """The first and the last entry of the next part from an entry on; None: there is none."""
        if self._actor is not None:
            theirs = select(func.min(entries.c.id)).where(
                entries.c.actor == self._actor, entries.c.id >= start
            )
            found = connection.execute(theirs).scalar_one_or_none()
            if found is None:
                return None
            start = int(found)
        ahead = select(entries.c.id, entries.c.rows).where(entries.c.id >= start)
        if self._last is not None:
            ahead = ahead.where(entries.c.id <= self._last)
        first = last = None
        made = 0
        most = _FEW if self._rare else PAGE
        for entry, rows in connection.execute(ahead.order_by(entries.c.id).limit(_ENTRIES)):
            with suppress(ValueError, TypeError, AttributeError):  # `audit verify` tells what is broken
                made += made_by(rows).get("ledger", (0, ""))[0]
            if first is not None and made > most:
                break
            first, last = (entry if first is None else first), entry
        return None if first is None or last is None else (first, last)


def _led(filters: Filters) -> list[Any]:
    """What lets an index lead to the rows that aren't just observed instances, along the trail."""
    kinds, origin = list(Kind), None
    if filters.issued_unused or filters.state == "issued":
        origin = Origin.ISSUED
    elif filters.state == "foreign":
        origin = Origin.FOREIGN
    if filters.kind is not None and (filters.kind is not Kind.INSTANCE or origin is not None):
        kinds = [filters.kind]
    elif origin is None:
        return []
    narrowed = [schema.APART, ledger.c.kind.in_([literal_column(f"{kind:d}") for kind in kinds])]
    return narrowed if origin is None else [*narrowed, ledger.c.origin == int(origin)]


def among(connection: Connection, uids: Iterable[str], filters: Filters) -> list[Listed]:
    """Those of some UIDs that pass the filters, in order."""
    inside = _inside(filters)
    query = _filtered(placed(), filters)
    if inside is not None:
        query = query.where(ledger.c.uid.in_(inside))
    rows = once(connection, query, ledger.c.uid, uids)
    return sorted(map(as_listed, rows), key=lambda listed: key_of(place_of(listed)))


def in_studies(connection: Connection, uids: Iterable[str]) -> set[str]:
    """Those of some UIDs that are studies, and all that is in them or was issued for them."""
    found: set[str] = set()
    for (study,) in _KNOWN_STUDIES.rows(connection, uids):
        found.update(connection.execute(_IN_STUDY, {"uid": study}).scalars())
    return found


def _filtered(query: Select[Any], filters: Filters) -> Select[Any]:
    conditions: list[Any] = []
    if filters.kind is not None:
        conditions.append(ledger.c.kind == int(filters.kind))
    if filters.state is not None:
        conditions.append(filters.state == STATE)
    if filters.modality is not None:
        conditions.append(filters.modality == MODALITY)
    if filters.under is not None:
        conditions += _begins_with(filters.under)
    if filters.actor is not None:
        conditions.append(entries.c.actor == filters.actor)
    conditions += _between(filters)
    if filters.issued_unused:
        conditions.append(STATE == "issued")
    if filters.parent_unknown:
        conditions.append(_without_parent())
    return query.where(*conditions)


def _between(filters: Filters) -> list[Any]:
    conditions = []
    if filters.since is not None:
        conditions.append(entries.c.at >= filters.since)
    if filters.until is not None:
        conditions.append(entries.c.at < filters.until)
    return conditions


# --- what an index narrows a listing to ------------------------------------------------------


def _few(connection: Connection, filters: Filters) -> Any:
    """A query for few UIDs among which are all that pass; None: they may be very many."""
    inside = _inside(filters)
    if inside is not None:
        return inside
    if filters.parent_unknown:
        return _unplaced()
    for query in _narrowings(filters):
        most = query.limit(_FEW + 1).subquery()
        if int(connection.execute(select(func.count()).select_from(most)).scalar_one()) <= _FEW:
            return query
    return None


def _narrowings(filters: Filters) -> Iterator[Any]:
    """Queries for UIDs among which are all that pass, each by an index of its own."""
    if filters.state == "withdrawn":
        yield select(uses.c.uid).where(uses.c.state == literal_column(str(WITHDRAWN))).distinct()
    if led := _led(filters):
        yield select(ledger.c.uid).where(*led)
    if filters.modality is not None:
        yield _of_modality(filters.modality)
    if filters.under is not None:
        yield select(ledger.c.uid).where(*_begins_with(filters.under))


def _inside(filters: Filters) -> Any:
    """A query for the UIDs in the study and the series, and on the way, that a listing is narrowed
    to; None: all."""
    narrowed = [
        inside
        for inside in (
            _in_study(filters.study) if filters.study is not None else None,
            _in_series(filters.series) if filters.series is not None else None,
            exports.uids_on(filters.sent) if filters.sent is not None else None,
        )
        if inside is not None
    ]
    if len(narrowed) > 1:
        return select(ledger.c.uid).where(*(ledger.c.uid.in_(inside) for inside in narrowed))
    return narrowed[0] if narrowed else None


def _in_study(uid: Any) -> Any:
    owners, inside = schema.owners.alias(), union(*decided.series_in(uid))
    return union(
        select(studies.c.uid).where(studies.c.uid == uid),
        *decided.series_in(uid),
        *decided.instances_in(inside),
        select(owners.c.uid).where(owners.c.study_uid == uid),
    )


_IN_STUDY = _in_study(UID)
_KNOWN_STUDIES = Keyed(select(studies.c.uid), studies.c.uid)


def _in_series(uid: str) -> Any:
    itself = select(series.c.uid).where(series.c.uid == uid)
    return union(itself, *decided.instances_in([uid]))


def _of_modality(modality: str) -> Any:
    """The series that have a modality by their row or by a decision, and what is in them."""
    decisions, word = schema.decisions, select(words.c.id).where(words.c.value == modality).scalar_subquery()
    by_row, by_decision = (
        select(table.c.uid).where(table.c.modality_id == word)
        for table in (series.alias(), decisions.alias())
    )
    return union(by_row, by_decision, *decided.instances_in(union(by_row, by_decision)))


def _unplaced() -> Any:
    """What has no parent by its row: observed instances and series whose claim was refused or absent."""
    alone = series.alias()
    return union(
        select(ledger.c.uid).where(schema.UNPLACED), select(alone.c.uid).where(alone.c.study_id.is_(None))
    )


def _without_parent() -> Any:
    """The same, whatever was decided of it."""
    return or_(
        (ledger.c.kind == int(Kind.INSTANCE)) & series.c.id.is_(None),
        (ledger.c.kind == int(Kind.SERIES)) & STUDY.is_(None),
    )


def _begins_with(prefix: str) -> list[Any]:
    low, high = prefix_range(prefix)
    key = type_coerce(ledger.c.uid, LargeBinary)
    return [key >= low, key < high]
