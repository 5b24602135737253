"""What people decided of a UID: which of several claims holds. The latest decision counts.

The row of the ledger never changes; a decision lies over it. There are few of
them, so every question looks them up beside the rows that it asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, exists, select

from registry.records import Kind
from registry.store import schema
from registry.store.keyed import Keyed, once
from registry.store.packing import PackedUid
from registry.store.words import Words


@dataclass(frozen=True, slots=True)
class Decided:
    """What was last decided of a UID."""

    entry: int
    kind: Kind
    series_instance_uid: str | None
    study_instance_uid: str | None
    sop_class_uid: str | None
    modality: str | None
    content: bytes | None


def latest() -> Any:
    """The latest decision about each UID, to be joined to what it is about."""
    one, later = schema.decisions.alias(), schema.decisions.alias()
    overruled = exists().where(later.c.uid == one.c.uid, later.c.entry > one.c.entry)
    return select(one).where(~overruled).subquery()


_LATEST = latest()
_ABOUT = Keyed(select(_LATEST), _LATEST.c.uid)


def decided(connection: Connection, words: Words, uids: Iterable[str]) -> Iterator[tuple[str, Decided]]:
    """What was last decided of some UIDs."""
    for row in _ABOUT.rows(connection, uids):
        yield (
            row.uid,
            Decided(
                row.entry,
                Kind(row.kind),
                row.series_uid,
                row.study_uid,
                words.value(row.sop_class_id),
                words.value(row.modality_id),
                row.content,
            ),
        )


def series_in(study: Any) -> tuple[Select[Any], Select[Any]]:
    """Queries for the UIDs of the series in a study: by their row, unless moved, and by decision."""
    series, studies, left, came = schema.series.alias(), schema.studies.alias(), latest(), latest()
    moved = exists().where(left.c.uid == series.c.uid, left.c.study_uid != study)
    return (
        select(series.c.uid)
        .join_from(series, studies, series.c.study_id == studies.c.id)
        .where(studies.c.uid == study, ~moved),
        select(came.c.uid).where(came.c.study_uid == study, came.c.kind == int(Kind.SERIES)),
    )


def series_of(modality: str) -> tuple[Select[Any], Select[Any]]:
    """Queries for the UIDs of the series of a modality: by their row, unless changed, and by decision."""
    series, words, changed, came = schema.series.alias(), schema.words, latest(), latest()
    word = select(words.c.id).where(words.c.value == modality).scalar_subquery()
    otherwise = exists().where(changed.c.uid == series.c.uid, changed.c.modality_id.is_not(None))
    return (
        select(series.c.uid).where(series.c.modality_id == word, ~otherwise),
        select(came.c.uid).where(came.c.modality_id == word, came.c.kind == int(Kind.SERIES)),
    )


def instances_in(those: Any) -> tuple[Select[Any], Select[Any]]:
    """Queries for the UIDs of the instances in some series, which a query or a list names."""
    ledger, series, left, came = schema.ledger.alias(), schema.series.alias(), latest(), latest()
    moved = exists().where(left.c.uid == ledger.c.uid, left.c.series_uid != series.c.uid)
    return (
        select(ledger.c.uid)
        .join_from(ledger, series, ledger.c.series_id == series.c.id)
        .where(series.c.uid.in_(those), ~moved),
        select(came.c.uid).where(came.c.series_uid.in_(those)),
    )


def unplaced(series: str, study: str) -> Select[Any]:
    """A query for the claims that put an instance into a series of a study, of instances that are nowhere."""
    ledger, claims, decisions = schema.ledger, schema.refused_claims, schema.decisions
    return (
        select(claims)
        .join_from(claims, ledger, ledger.c.uid == claims.c.uid)
        .where(
            claims.c.series_uid == series,
            claims.c.study_uid == study,
            claims.c.kind == int(Kind.INSTANCE),
            ledger.c.kind == int(Kind.INSTANCE),
            ledger.c.series_id.is_(None),
            ~exists().where(decisions.c.uid == claims.c.uid),
        )
        .order_by(claims.c.uid, claims.c.entry)
    )


def withdrawn(uid: Any) -> Any:
    """The condition that a UID is withdrawn: it was once, and what was last said isn't that it is in use."""
    uses, withdrawals = schema.uses, schema.withdrawals.alias()
    later = schema.withdrawals.alias()
    reinstated = exists().where(
        withdrawals.c.uid == uid,
        withdrawals.c.withdrawn == 0,
        ~exists().where(later.c.uid == withdrawals.c.uid, later.c.entry > withdrawals.c.entry),
    )
    return exists().where(uses.c.uid == uid, uses.c.state == schema.WITHDRAWN) & ~reinstated


PACKED = PackedUid()
"""The type of what is put together from several columns of UIDs."""


def instances_among(connection: Connection, series: Iterable[str]) -> set[str]:
    """The instances that are in some series, or were until somebody decided otherwise."""
    ledger, rows, decisions = schema.ledger, schema.series, schema.decisions
    listed = set(series)
    held = select(ledger.c.uid).join_from(ledger, rows, ledger.c.series_id == rows.c.id)
    queries = ((held, rows.c.uid), (select(decisions.c.uid), decisions.c.series_uid))
    return {row.uid for query, column in queries for row in once(connection, query, column, listed)}


def once_withdrawn(connection: Connection, uids: Iterable[str]) -> set[str]:
    """Those among some UIDs that were withdrawn before, whatever they are now."""
    uses = schema.uses
    query = select(uses.c.uid).where(uses.c.state == schema.WITHDRAWN)
    return {row.uid for row in once(connection, query, uses.c.uid, uids)}
