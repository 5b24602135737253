"""The tree of a study: its series, what they hold and what they are derived from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Connection,
    LargeBinary,
    Select,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
    union,
)

from registry.records import Kind
from registry.store import decided, findings, schema
from registry.store.decided import PACKED
from registry.store.findings import KeptFinding
from registry.store.keyed import Keyed
from registry.store.packing import pack
from registry.store.queries import STATE
from registry.store.schema import WITHDRAWN, ledger, series, uses, words

_UID: BindParameter[Any] = bindparam("uid", type_=PACKED)
_SERIES_IN = union(*decided.series_in(_UID))
_INSTANCES_IN = union(*decided.instances_in([_UID]))


def children(connection: Connection, uid: str) -> int:
    """How many series and instances a study or series holds."""
    inside = list(connection.execute(_SERIES_IN, {"uid": uid}).scalars())
    return len(inside) + sum(_held(connection, each) for each in (uid, *inside))


def _held(connection: Connection, series_uid: str) -> int:
    """How many instances a series holds, by an index of them alone; decisions, which are few, correct it."""
    moved = moves(connection, series_uid)
    counted = connection.execute(_COUNTED, {"uid": series_uid}).scalar_one()
    return int(counted) + len(moved.here) - len(moved.away)


class Moves(NamedTuple):
    """Instances that decisions put into a series, and that they took out of it."""

    here: frozenset[str]
    away: frozenset[str]


def moves(connection: Connection, series_uid: str) -> Moves:
    """The instances of a series that are elsewhere than their row says."""
    here, away = set(), set()
    for row in connection.execute(_MOVED, {"uid": series_uid}):
        if row.decided == series_uid and row.series_uid != series_uid:
            here.add(row.uid)
        elif row.decided != series_uid and row.series_uid == series_uid:
            away.add(row.uid)
    return Moves(frozenset(here), frozenset(away))


_row_series, _put = series.alias("row_series"), decided.latest()
_COUNTED = (
    select(func.count())
    .select_from(ledger)
    .where(ledger.c.series_id == select(series.c.id).where(series.c.uid == _UID).scalar_subquery())
)
_MOVED = (
    select(_put.c.uid, _put.c.series_uid.label("decided"), _row_series.c.uid.label("series_uid"))
    .join_from(_put, ledger, ledger.c.uid == _put.c.uid)
    .join(_row_series, _row_series.c.id == ledger.c.series_id, isouter=True)
    .where(_put.c.series_uid.is_not(None), (_put.c.series_uid == _UID) | (_row_series.c.uid == _UID))
)


def found_in(connection: Connection, series_uid: str) -> list[KeptFinding]:
    """The findings about a series and about what it holds that are neither cleared nor resolved, in
    the order of their keys."""
    moved = moves(connection, series_uid)
    about = [each for each in findings.open_in(connection, series_uid) if each.uid not in moved.away]
    kept = {each.key: each for each in [*about, *findings.open_about(connection, moved.here)]}
    return [kept[key] for key in sorted(kept)]


def withdrawn_in(connection: Connection, study: str) -> dict[str, int]:
    """How many instances are withdrawn of each series of a study that holds such."""
    return dict(map(tuple, connection.execute(_WITHDRAWN_IN, {"uid": study})))


@dataclass(frozen=True, slots=True)
class Branch:
    """A series in the tree of a study."""

    series_instance_uid: str
    modality: str | None
    state: str
    instances: int
    sources: tuple[str, ...]  # series that objects of this one refer to or are derived from


def branches(connection: Connection, study: str) -> list[Branch]:
    """The series of a study, with what they are derived from."""
    return [
        Branch(row.uid, row.modality, row.state, _held(connection, row.uid), _sources(connection, row.uid))
        for row in connection.execute(_BRANCHES, {"uid": study}).all()
    ]


_gone, _moved_to = uses.alias("gone"), decided.latest()
_place = series.alias("place")
_PLACED = func.coalesce(_moved_to.c.series_uid, _place.c.uid, type_=PACKED)
_WITHDRAWN_IN = (
    select(_PLACED.label("series_uid"), func.count())
    .join_from(_gone, ledger, ledger.c.uid == _gone.c.uid)
    .join(_place, _place.c.id == ledger.c.series_id, isouter=True)
    .join(_moved_to, _moved_to.c.uid == ledger.c.uid, isouter=True)
    .where(
        _gone.c.state == literal_column(str(WITHDRAWN)),
        ledger.c.kind == int(Kind.INSTANCE),
        decided.withdrawn(ledger.c.uid),
        _PLACED.in_(_SERIES_IN),
    )
    .group_by(_PLACED)
)

_own, _modality, _said = series.alias("own"), words.alias("modality"), decided.latest()
_BRANCHES = (
    select(_own.c.uid, _modality.c.value.label("modality"), STATE.label("state"))
    .join_from(_own, ledger, ledger.c.uid == _own.c.uid)
    .join(_said, _said.c.uid == _own.c.uid, isouter=True)
    .join(
        _modality,
        func.coalesce(_said.c.modality_id, _own.c.modality_id) == _modality.c.id,
        isouter=True,
    )
    .where(_own.c.uid.in_(_SERIES_IN))
    .order_by(_own.c.id)
)


def _sources(connection: Connection, series_uid: str) -> tuple[str, ...]:
    """The series that a series, or an object in it, refers to."""
    return tuple(sorted(connection.execute(_SOURCES, {"uid": series_uid}).scalars()))


def _leading() -> Select[Any]:
    claims, derivations = schema.reference_claims, schema.derivations
    itself = select(series.c.uid).where(series.c.uid == _UID)
    return (
        select(derivations.c.source_series_uid)
        .distinct()
        .join_from(claims, derivations, claims.c.set_id == derivations.c.set_id)
        .where(claims.c.uid.in_(union(itself, *decided.instances_in([_UID]))))
        .where(derivations.c.source_series_uid != _UID)
    )


_SOURCES = _leading()


@dataclass(frozen=True, slots=True)
class Held:
    """An instance in the tree of its study."""

    sop_instance_uid: str
    state: str


def instances_of(connection: Connection, series_uid: str, most: int | None = None) -> list[Held]:
    """The instances of a series, in the order of their keys; the first so many."""
    rows = connection.execute(_INSTANCES_IN_ORDER.limit(most), {"uid": series_uid})
    return [Held(row.uid, row.state) for row in rows]


_INSTANCES_IN_ORDER = (
    select(ledger.c.uid, STATE.label("state"))
    .where(ledger.c.uid.in_(_INSTANCES_IN))
    .order_by(type_coerce(ledger.c.uid, LargeBinary))
)


def from_elsewhere(connection: Connection, study: str, inside: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What refers to series of a study, its row being in another or none: the series, and who does.

    A decision may have put who does somewhere else since, the study itself included.
    """
    for row in _FROM_ELSEWHERE.rows(connection, inside, study=pack(study)):
        yield row.source_series_uid, row.uid


def _elsewhere() -> Keyed:
    claims, derivations, studies = schema.reference_claims, schema.derivations, schema.studies
    query = (
        select(derivations.c.source_series_uid, claims.c.uid)
        .join_from(derivations, claims, claims.c.set_id == derivations.c.set_id)
        .join(ledger, ledger.c.uid == claims.c.uid)
        .join(series, series.c.id == ledger.c.series_id, isouter=True)
        .join(studies, studies.c.id == series.c.study_id, isouter=True)
        .where(or_(studies.c.uid.is_(None), studies.c.uid != bindparam("study", type_=LargeBinary)))
    )
    return Keyed(query, derivations.c.source_series_uid)


_FROM_ELSEWHERE = _elsewhere()
