"""The tree of a study: its series, what they hold and what they are derived from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    LargeBinary,
    Select,
    bindparam,
    func,
    or_,
    select,
    type_coerce,
    union,
)

from registry.store import decided, schema
from registry.store.decided import PACKED
from registry.store.keyed import Keyed
from registry.store.packing import pack
from registry.store.queries import STATE
from registry.store.schema import ledger, series, words

_UID: BindParameter[Any] = bindparam("uid", type_=PACKED)
_SERIES_IN = union(*decided.series_in(_UID))
_INSTANCES_IN = union(*decided.instances_in([_UID]))
_HELD = select(func.count()).select_from(_INSTANCES_IN.subquery())


def children(connection: Connection, uid: str) -> int:
    """How many series and instances a study or series holds."""
    inside = list(connection.execute(_SERIES_IN, {"uid": uid}).scalars())
    return len(inside) + sum(_held(connection, each) for each in (uid, *inside))


def _held(connection: Connection, series_uid: str) -> int:
    return int(connection.execute(_HELD, {"uid": series_uid}).scalar_one())


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


def instances_of(connection: Connection, series_uid: str) -> list[str]:
    """The instances of a series, in the order of their keys."""
    return list(connection.execute(_INSTANCES_IN_ORDER, {"uid": series_uid}).scalars())


_INSTANCES_IN_ORDER = (
    select(ledger.c.uid)
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
