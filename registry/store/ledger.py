"""Putting UIDs into the ledger: one row each over all kinds, then their places.

The ledger rows go in first, all kinds in one insert sorted by key, and the
constraint decides who was first; studies and series rows hang on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, Table, bindparam, select

from registry.decision import NewRow, Standing
from registry.records import Kind, Origin
from registry.store import schema
from registry.store.act import Act
from registry.store.keyed import Keyed
from registry.store.packing import pack, pack_all
from registry.store.words import Words

_COLUMNS = (
    "uid",
    "kind",
    "origin",
    "series_id",
    "sop_class_id",
    "transfer_syntax_id",
    "content",
    "data_set",
)


def enter(act: Act, words: Words, rows: Sequence[NewRow], *, known_is_fine: bool = False) -> bool:
    """Put UIDs into the ledger; whether all of them went in.

    Their words must be written before, their parents be known or among them.
    With ``known_is_fine`` a UID that is there already makes the answer False, and
    the act must be given up; without it a taken UID raises ``UidCollision``.
    """
    numbers = {
        Kind.STUDY: _number(act, schema.studies, rows, Kind.STUDY),
        Kind.SERIES: _number(act, schema.series, rows, Kind.SERIES),
    }
    series_of = _parents(
        act.connection,
        schema.series,
        numbers[Kind.SERIES],
        (r.standing for r in rows if r.standing.kind is Kind.INSTANCE),
        "series_instance_uid",
    )
    inserted = act.insert_columns(
        schema.ledger,
        _COLUMNS,
        [
            (
                pack(standing.uid),
                int(standing.kind),
                int(standing.origin),
                series_of.get(standing.series_instance_uid or ""),
                words.id(standing.sop_class_uid),
                words.id(syntax),
                content,
                data_set,
            )
            for standing, syntax, content, data_set in rows
        ],
        known_is_fine=known_is_fine,
    )
    if inserted != len(rows):
        return False
    new_series = [row.standing for row in rows if row.standing.kind is Kind.SERIES]
    act.insert(schema.studies, [{"id": number, "uid": uid} for uid, number in numbers[Kind.STUDY].items()])
    study_of = _parents(act.connection, schema.studies, numbers[Kind.STUDY], new_series, "study_instance_uid")
    act.insert(
        schema.series,
        [
            {
                "id": numbers[Kind.SERIES][standing.uid],
                "uid": standing.uid,
                "study_id": study_of.get(standing.study_instance_uid or ""),
                "origin": int(standing.origin),
                "modality_id": words.id(standing.modality),
            }
            for standing in new_series
        ],
    )
    return True


@dataclass(frozen=True, slots=True)
class Issue:
    """UIDs of one kind, issued for one place."""

    kind: Kind
    uids: tuple[str, ...]
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    modality: str | None = None


def enter_issued(act: Act, words: Words, issue: Issue, nodes: dict[str, int]) -> None:
    """Put issued UIDs into the ledger, their parents being there already; ``nodes`` are
    the surrogate keys that are known, and learns new ones.

    Raises ``UidCollision`` where one is taken.
    """
    kind, study = issue.kind, issue.study_instance_uid
    series_id = _node(act, schema.series, issue.series_instance_uid, nodes)
    alike = {"kind": int(kind), "origin": int(Origin.ISSUED), "series_id": series_id}
    act.insert_alike(schema.ledger, [(alike, pack_all(issue.uids))])
    if kind is Kind.STUDY:
        numbers = act.next_ids(schema.studies, len(issue.uids))
        act.insert(
            schema.studies,
            [{"id": number, "uid": uid} for number, uid in zip(numbers, issue.uids, strict=True)],
        )
    elif kind is Kind.SERIES:
        numbers = act.next_ids(schema.series, len(issue.uids))
        nodes.update(zip(issue.uids, numbers, strict=True))
        place = {
            "study_id": _node(act, schema.studies, study, nodes),
            "origin": int(Origin.ISSUED),
            "modality_id": words.id(issue.modality),
        }
        act.insert(
            schema.series,
            [{"id": number, "uid": uid, **place} for number, uid in zip(numbers, issue.uids, strict=True)],
        )
    elif kind is not Kind.INSTANCE and study is not None:
        act.insert(schema.owners, [{"uid": uid, "study_uid": study} for uid in issue.uids])


def enter_alike(act: Act, words: Words, series: Mapping[str, tuple[str | None, Sequence[str]]]) -> int:
    """Put seen instances into the ledger that differ only in their UID: for each series,
    which is there already, their SOP Class and UIDs. How many there were.

    Raises ``UidCollision`` where one is taken.
    """
    numbers = node_ids(act.connection, schema.series, series)
    seen = {"kind": int(Kind.INSTANCE), "origin": int(Origin.OBSERVED)}
    keys = iter(pack_all([uid for _, instances in series.values() for uid in instances]))
    return act.insert_alike(
        schema.ledger,
        [
            (
                {**seen, "series_id": numbers[uid], "sop_class_id": words.id(sop_class)},
                islice(keys, len(instances)),
            )
            for uid, (sop_class, instances) in series.items()
        ],
    )


def _number(act: Act, table: Table, rows: Iterable[NewRow], kind: Kind) -> dict[str, int]:
    """A surrogate key for each new study or series."""
    uids = [row.standing.uid for row in rows if row.standing.kind is kind]
    if not uids:
        return {}
    return dict(zip(uids, act.next_ids(table, len(uids)), strict=True))


def _parents(
    connection: Connection, table: Table, new: dict[str, int], children: Iterable[Standing], level: str
) -> dict[str, int]:
    """The surrogate keys of the parents of some rows, new ones included."""
    wanted = {parent for child in children if (parent := getattr(child, level)) is not None}
    return new | node_ids(connection, table, wanted - new.keys())


def _node(act: Act, table: Table, uid: str | None, nodes: dict[str, int]) -> int | None:
    if uid is None:
        return None
    if uid not in nodes:
        nodes |= node_ids(act.connection, table, [uid])
    return nodes[uid]


def node_ids(connection: Connection, table: Table, uids: Iterable[str]) -> dict[str, int]:
    """The surrogate keys of some studies or series."""
    return {row.uid: row.id for row in _NODES[table].rows(connection, uids)}


def with_content(connection: Connection, uids: Iterable[str], context: str | None) -> set[str]:
    """Of some instances those of which a content is recorded, in the clinical context or another."""
    if context is not None:
        found = _CONTENTS_IN_CONTEXT.rows(connection, uids, context=context)
        return {row.uid for row in found}
    held = {row.uid: row.content for row in _HELD.rows(connection, uids)}
    bare = [uid for uid, has_content in held.items() if not has_content]
    later = {row.uid for row in _CONTENTS.rows(connection, bare)}
    return held.keys() - bare | later


_HELD = Keyed(
    select(schema.ledger.c.uid, schema.ledger.c.content.is_not(None).label("content")), schema.ledger.c.uid
)
_CONTENTS = Keyed(select(schema.content_claims.c.uid), schema.content_claims.c.uid)
_CONTENTS_IN_CONTEXT = Keyed(
    select(schema.context_contents.c.uid).where(schema.context_contents.c.context == bindparam("context")),
    schema.context_contents.c.uid,
)
_NODES = {
    table: Keyed(select(table.c.uid, table.c.id), table.c.uid) for table in (schema.studies, schema.series)
}
