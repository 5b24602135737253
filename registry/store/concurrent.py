"""What others recorded while an act was deciding.

Constraints keep two acts from recording one UID as two things. They don't keep
them from overlooking each other: one records an object that refers to an image,
the other that image, and neither sees the other's rows, so that nobody finds
that the two share a series. SQLite has one writer at a time. On PostgreSQL an
act therefore looks once more, after it has written and before its entry: if
another act has meanwhile said something about what it looked at, it is given up
and begun again. What could still come in between, the entry itself refuses
(``Writer.append``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import Column, Connection, select

from registry.store import links, schema
from registry.store.act import Act
from registry.store.keyed import Keyed
from registry.store.retrying import LostRace
from registry.store.schema import entries

_COLUMNS: tuple[Column[str], ...] = (
    schema.ledger.c.uid,
    schema.refused_claims.c.uid,
    schema.uses.c.uid,
    schema.content_claims.c.uid,
    schema.series_claims.c.series_uid,
    schema.patient_claims.c.uid,
    schema.reference_claims.c.uid,
    schema.derivations.c.source_series_uid,
    schema.traits.c.uid,
    schema.frames.c.uid,
    schema.registrations.c.frame_uid,
    schema.registrations.c.other_uid,
    schema.context_contents.c.uid,
    schema.context_patients.c.uid,
    schema.decisions.c.uid,
    schema.withdrawals.c.uid,
)
_SAID_ABOUT = tuple(
    Keyed(select(column).limit(1), column, others=column.table.c.entry) for column in _COLUMNS
)
"""Where an act says something about a UID."""

_FINGERPRINTED = Keyed(
    select(schema.fingerprints.c.subject).limit(1),
    schema.fingerprints.c.subject,
    others=schema.fingerprints.c.entry,
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a decision rests on."""

    uids: frozenset[str]  # all that was looked at
    awaited: dict[str, set[int]] = field(default_factory=dict)  # who waited for what comes now
    subjects: frozenset[bytes] = frozenset()  # whose fingerprints were compared
    everything: bool = False  # it asked questions that no list of UIDs covers

    def and_of(self, others: Iterable[Ground]) -> Ground:
        """What several decisions about the same batch rest on."""
        grounds = [self, *others]
        return replace(
            self,
            uids=frozenset().union(*(each.uids for each in grounds)),
            subjects=frozenset().union(*(each.subjects for each in grounds)),
            everything=any(each.everything for each in grounds),
        )


def confirm(act: Act, ground: Ground) -> None:
    """Raise ``LostRace`` if what a decision rests on has changed since the act began."""
    if act.began_after is None:
        return
    newest, others, everybody = _others(act.connection, act.began_after)
    if others and (everybody or ground.everything or _changed(act.connection, others, ground)):
        raise LostRace
    act.confirmed(newest)


_SINCE = f"SELECT seq, id, rows FROM {entries.name} WHERE seq > %(since)s"
"""Only ever asked of PostgreSQL, and before each entry there: as text, it isn't composed anew."""


def _others(connection: Connection, since: int) -> tuple[int, list[int], bool]:
    """The newest place in the trail, the acts after ``since`` that made rows, and whether one
    of them concerns everybody: it said which patients are one, which no list of UIDs covers."""
    rows = connection.exec_driver_sql(_SINCE, {"since": since}).all()
    newest = max((row.seq for row in rows), default=since)
    patients = any(schema.patient_decisions.name in row.rows for row in rows)
    return newest, [row.id for row in rows if row.rows != "{}"], patients


def _changed(connection: Connection, others: list[int], ground: Ground) -> bool:
    return (
        _spoken_of(connection, others, ground.uids)
        or any(True for _ in _FINGERPRINTED.rows(connection, ground.subjects, others=others))
        or links.awaiting(connection, ground.awaited)
        != {uid: sets for uid, sets in ground.awaited.items() if sets}
    )


def _spoken_of(connection: Connection, others: list[int], uids: Iterable[str]) -> bool:
    listed = list(uids)
    return any(
        found is not None for query in _SAID_ABOUT for found in query.rows(connection, listed, others=others)
    )
