"""What the ledger holds of a UID: its place, whichever kind it is of, as was last decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Connection,
    LargeBinary,
    Select,
    bindparam,
    case,
    exists,
    func,
    select,
    type_coerce,
)

from registry.records import Kind, Origin, Place, Recorded
from registry.store import decided, schema
from registry.store.decided import PACKED
from registry.store.keyed import Keyed
from registry.store.packing import prefix_range
from registry.store.schema import MISUSED, USED, entries, ledger, series, studies, uses, words


class Listed(NamedTuple):
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
STUDY = func.coalesce(
    _said_of_series.c.study_uid,
    _OF_SERIES,
    _place.c.uid,
    _own_place.c.uid,
    schema.owners.c.study_uid,
    type_=PACKED,
)
MODALITY = func.coalesce(_modality.c.value, _own_modality.c.value)


def placed(inside: Any = None) -> Select[Any]:
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
            STUDY.label("study_uid"),
            series.c.uid.label("series_uid"),
            MODALITY.label("modality"),
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


def one(connection: Connection, uid: str) -> Listed | None:
    """What the ledger holds of one UID."""
    row = connection.execute(_ONE, {"uid": uid}).one_or_none()
    return None if row is None else as_listed(row)


_RECORDED = Keyed(placed(), ledger.c.uid)


def among(connection: Connection, uids: Iterable[str]) -> Iterator[Listed]:
    """What the ledger holds of each of some UIDs, for those that it knows."""
    return map(as_listed, _RECORDED.rows(connection, uids))


def known(connection: Connection, uids: Iterable[str]) -> list[str]:
    """Those of some UIDs that are in the ledger, sorted by their length."""
    return sorted((row.uid for row in _KNOWN.rows(connection, uids)), key=lambda uid: (len(uid), uid))


_KNOWN = Keyed(select(ledger.c.uid), ledger.c.uid)


def beginning(connection: Connection, prefix: str, most: int) -> list[str]:
    """UIDs that begin with some characters, so many at most."""
    low, high = prefix_range(prefix)
    key = type_coerce(ledger.c.uid, LargeBinary)
    query = select(ledger.c.uid).where(key >= low, key < high).order_by(key).limit(most)
    return list(connection.execute(query).scalars())


def recorded(connection: Connection, uids: Iterable[str]) -> dict[str, Recorded]:
    """The same, as findings tell it."""
    return {
        row.uid: Recorded(
            Place(row.kind, row.series_instance_uid, row.study_instance_uid, row.modality, row.sop_class_uid),
            row.state,
            row.at,
            row.actor,
            row.entry,
        )
        for row in among(connection, uids)
    }


# Queries that are run often are built once.
UID: BindParameter[Any] = bindparam("uid", type_=PACKED)
_ONE = placed().where(ledger.c.uid == UID)


_KINDS = {int(kind): kind for kind in Kind}
_ORIGINS = {int(origin): origin for origin in Origin}


def as_listed(row: Any) -> Listed:
    uid, kind, origin, *rest = row  # as ``placed`` selects them
    return Listed(uid, _KINDS[kind], _ORIGINS[origin], *rest)
