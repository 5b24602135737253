"""Questions to the ledger: listings, trees, counts. Filters are bound, never pasted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    LargeBinary,
    Select,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    type_coerce,
    union,
)

from registry.records import Kind, Origin, Place, Recorded
from registry.store import decided, exports, schema
from registry.store.decided import PACKED
from registry.store.exports import Way
from registry.store.keyed import Keyed, once
from registry.store.packing import pack, prefix_range
from registry.store.schema import MISUSED, USED, entries, ledger, series, studies, uses, words

STATES = ("issued", "registered", "foreign", "withdrawn")

_AT_ONCE = 1000


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


@dataclass(frozen=True, slots=True)
class Listed:
    """One UID of a listing."""

    uid: str
    kind: Kind
    origin: Origin
    state: str
    study_instance_uid: str | None
    series_instance_uid: str | None
    modality: str | None
    sop_class_uid: str | None
    entry: int
    at: str
    actor: str
    event: str


# An instance's series, and the row of a series that is itself listed.
_own = series.alias("own")
_place = studies.alias("place")
_own_place = studies.alias("own_place")
_sop_class = words.alias("sop_class")
_modality = words.alias("modality")
_own_modality = words.alias("own_modality")
# What was decided of the UID itself, and of the series that it is in (store/decided.py).
_said, _moved, _said_of_series = decided.latest(), series.alias("moved"), decided.latest()


def _state_is(*states: int) -> Any:
    return exists().where(uses.c.uid == ledger.c.uid, uses.c.state.in_(states))


STATE = case(
    (decided.withdrawn(ledger.c.uid), "withdrawn"),
    (ledger.c.origin == int(Origin.OBSERVED), "registered"),
    (_state_is(USED, MISUSED), "registered"),
    (ledger.c.origin == int(Origin.FOREIGN), "foreign"),
    else_="issued",
)


_OF_SERIES = case((ledger.c.kind == int(Kind.SERIES), _said.c.study_uid))
_STUDY = func.coalesce(
    _said_of_series.c.study_uid,
    _OF_SERIES,
    _place.c.uid,
    _own_place.c.uid,
    schema.owners.c.study_uid,
    type_=PACKED,
)
_MODALITY = func.coalesce(_modality.c.value, _own_modality.c.value)


def _listing(inside: Any = None) -> Select[Any]:
    """Every UID with its place, whatever its kind, as was last decided; of those ``inside`` alone."""
    start: Any = ledger
    if inside is not None:
        # First, because PostgreSQL takes so many joins in the order in which they are written.
        chosen = inside.subquery("chosen")
        start = chosen.join(ledger, ledger.c.uid == chosen.c.uid)
    return (
        select(
            ledger.c.uid,
            ledger.c.kind,
            ledger.c.origin,
            STATE.label("state"),
            _STUDY.label("study_uid"),
            series.c.uid.label("series_uid"),
            _MODALITY.label("modality"),
            _sop_class.c.value.label("sop_class"),
            ledger.c.entry,
            entries.c.at,
            entries.c.actor,
            entries.c.event,
        )
        .select_from(start.join(entries, ledger.c.entry == entries.c.id))
        .join(_said, _said.c.uid == ledger.c.uid, isouter=True)
        .join(_moved, _moved.c.uid == _said.c.series_uid, isouter=True)
        .join(series, series.c.id == func.coalesce(_moved.c.id, ledger.c.series_id), isouter=True)
        .join(_said_of_series, _said_of_series.c.uid == series.c.uid, isouter=True)
        .join(_place, series.c.study_id == _place.c.id, isouter=True)
        .join(
            _modality,
            func.coalesce(_said_of_series.c.modality_id, series.c.modality_id) == _modality.c.id,
            isouter=True,
        )
        .join(_own, _own.c.uid == ledger.c.uid, isouter=True)
        .join(_own_place, _own.c.study_id == _own_place.c.id, isouter=True)
        .join(
            _own_modality,
            func.coalesce(_said.c.modality_id, _own.c.modality_id) == _own_modality.c.id,
            isouter=True,
        )
        .join(
            _sop_class,
            func.coalesce(_said.c.sop_class_id, ledger.c.sop_class_id) == _sop_class.c.id,
            isouter=True,
        )
        .join(schema.owners, schema.owners.c.uid == ledger.c.uid, isouter=True)
    )


def listing(connection: Connection, filters: Filters, most: int | None = None) -> Iterator[Listed]:
    """The UIDs that pass the filters, in the order in which they were recorded."""
    inside = _inside(filters)
    # Of a few, SQLite would rather go through the whole ledger in its order than sort them.
    order = ledger.c.entry if inside is None else ledger.c.entry + 0
    query = (
        _filtered(_listing(inside), filters)
        .order_by(order, type_coerce(ledger.c.uid, LargeBinary))
        .limit(most)
    )
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
        yield _listed(row)


def among(connection: Connection, uids: Iterable[str], filters: Filters) -> list[Listed]:
    """Those of some UIDs that pass the filters, in the order in which they were recorded."""
    inside = _inside(filters)
    query = _filtered(_listing(), filters)
    if inside is not None:
        query = query.where(ledger.c.uid.in_(inside))
    rows = once(connection, query, ledger.c.uid, uids)
    return sorted(map(_listed, rows), key=lambda listed: (listed.entry, pack(listed.uid)))


def in_studies(connection: Connection, uids: Iterable[str]) -> set[str]:
    """Those of some UIDs that are studies, and all that is in them or was issued for them."""
    found: set[str] = set()
    for (study,) in _KNOWN_STUDIES.rows(connection, uids):
        found.update(connection.execute(_IN_STUDY, {"uid": study}).scalars())
    return found


def one(connection: Connection, uid: str) -> Listed | None:
    """What the ledger holds of one UID."""
    row = connection.execute(_ONE, {"uid": uid}).one_or_none()
    return None if row is None else _listed(row)


_RECORDED = Keyed(_listing(), ledger.c.uid)


def recorded(connection: Connection, uids: Iterable[str]) -> dict[str, Recorded]:
    """What the ledger holds of each of some UIDs, for those that it knows."""
    rows = (_listed(row) for row in _RECORDED.rows(connection, uids))
    return {
        row.uid: Recorded(
            Place(row.kind, row.series_instance_uid, row.study_instance_uid, row.modality, row.sop_class_uid),
            row.state,
            row.at,
            row.actor,
            row.entry,
        )
        for row in rows
    }


# Queries that are run often are built once.
_UID: BindParameter[Any] = bindparam("uid", type_=PACKED)
_ONE = _listing().where(ledger.c.uid == _UID)


def _listed(row: Any) -> Listed:
    return Listed(
        row.uid,
        Kind(row.kind),
        Origin(row.origin),
        row.state,
        row.study_uid,
        row.series_uid,
        row.modality,
        row.sop_class,
        row.entry,
        row.at,
        row.actor,
        row.event,
    )


def _filtered(query: Select[Any], filters: Filters) -> Select[Any]:
    conditions: list[Any] = []
    if filters.kind is not None:
        conditions.append(ledger.c.kind == int(filters.kind))
    if filters.state is not None:
        conditions.append(filters.state == STATE)
    if filters.modality is not None:
        conditions.append(filters.modality == _MODALITY)
    if filters.under is not None:
        conditions += _begins_with(filters.under)
    if filters.actor is not None:
        conditions.append(entries.c.actor == filters.actor)
    if filters.since is not None:
        conditions.append(entries.c.at >= filters.since)
    if filters.until is not None:
        conditions.append(entries.c.at < filters.until)
    if filters.issued_unused:
        conditions.append(STATE == "issued")
    if filters.parent_unknown:
        conditions.append(_without_parent())
    return query.where(*conditions)


def _in_study(uid: Any) -> Any:
    owners, inside = schema.owners.alias(), union(*decided.series_in(uid))
    return union(
        select(studies.c.uid).where(studies.c.uid == uid),
        *decided.series_in(uid),
        *decided.instances_in(inside),
        select(owners.c.uid).where(owners.c.study_uid == uid),
    )


_IN_STUDY = _in_study(_UID)
_KNOWN_STUDIES = Keyed(select(studies.c.uid), studies.c.uid)


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


def _in_series(uid: str) -> Any:
    itself = select(series.c.uid).where(series.c.uid == uid)
    return union(itself, *decided.instances_in([uid]))


def _begins_with(prefix: str) -> list[Any]:
    low, high = prefix_range(prefix)
    key = type_coerce(ledger.c.uid, LargeBinary)
    return [key >= low, key < high]


def _without_parent() -> Any:
    """Observed instances and series whose claim of a parent was refused or absent."""
    return or_(
        (ledger.c.kind == int(Kind.INSTANCE)) & series.c.id.is_(None),
        (ledger.c.kind == int(Kind.SERIES)) & _STUDY.is_(None),
    )


def counts(connection: Connection, *columns: str) -> list[tuple[Any, ...]]:
    """How many UIDs there are for each combination of ``kind``, ``state``, ``modality``."""
    sub = _listing().subquery()
    chosen = [sub.c[column] for column in columns]
    query = select(*chosen, func.count()).group_by(*chosen).order_by(*chosen)
    return [tuple(row) for row in connection.execute(query)]


def count_under(connection: Connection, prefix: str) -> int:
    """How many UIDs lie below an arc."""
    query = select(func.count()).select_from(ledger).where(*_begins_with(f"{prefix}."))
    return int(connection.execute(query).scalar_one())
