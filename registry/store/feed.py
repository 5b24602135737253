"""The trail as a stream for other systems: whole entries in their order, with the UIDs they touched.

It goes through the trail page by page, so memory is that of one page however
long the trail is; an act is a batch, so its UIDs are bounded too.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, func, null, select

from registry.records import Kind
from registry.store import schema
from registry.store.entries import UID_TABLES
from registry.store.schema import entries, notes, redactions
from registry.trail import FIELDS

_PAGE = 500  # entries
_ROWS = 20_000  # of all entries whose UIDs are fetched at once
_APART = 4  # so many times as many numbers as entries, and they are no neighbours

_Key = tuple[str, bool]  # a UID, and whether what was claimed of it was refused


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: ``event`` may end with ``:`` for all of a noun, ``since`` and ``until`` are
    moments as the trail writes them, ``ids`` are entries by number."""

    event: str | None = None
    actor: str | None = None
    since: str | None = None
    until: str | None = None
    ids: Collection[int] | None = None


@dataclass(frozen=True, slots=True)
class Touched:
    """A UID of an act, and where it stands; what isn't known, or wasn't asked for, is None."""

    uid: str
    kind: Kind | None = None
    study: str | None = None
    series: str | None = None
    sop_class: str | None = None
    refused: bool = False  # what was claimed of it didn't come into the ledger


@dataclass(frozen=True)
class Whole:
    """An entry with all that is known of it. ``fields`` are what its leaf hash covers."""

    seq: int
    form: int
    leaf: bytes
    fields: Mapping[str, Any]  # trail.FIELDS of its form
    note: str | None  # the free text; None where there is none, or none any more
    redacted_in: int | None  # the entry that took the free text out
    touched: tuple[Touched, ...]  # by UID, as text sorts; one that was refused too is there twice

    @property
    def event(self) -> str:
        return str(self.fields["event"])

    @property
    def outcome(self) -> str:
        return str(self.fields["outcome"])

    @cached_property
    def uids(self) -> tuple[str, ...]:
        """The UIDs that the act touched, as text sorts."""
        return tuple(dict.fromkeys(touched.uid for touched in self.touched))

    @cached_property
    def detail(self) -> dict[str, Any]:
        """What the act said of itself."""
        found: dict[str, Any] = json.loads(self.fields["detail"])
        return found


def feed(
    connection: Connection, wanted: Wanted, *, after: int = -1, most: int | None = None, placed: bool = True
) -> Iterator[Whole]:
    """The entries that are wanted, in the order of the trail, beyond the place ``after``,
    ``most`` of them; unless ``placed``, of their UIDs nothing more than that."""
    while most is None or most > 0:
        size = _PAGE if most is None else min(_PAGE, most)
        page = connection.execute(_query(wanted, after).limit(size)).all()
        for some in _bounded(page):
            touched = _touched(connection, some, placed)
            yield from (_whole(row, touched.get(row.id, {})) for row in some)
        if len(page) < size:
            return
        after, most = page[-1].seq, None if most is None else most - size


def leaf_at(connection: Connection, seq: int) -> bytes | None:
    """The leaf hash at a place of the trail; None beyond its end."""
    found = connection.execute(select(entries.c.leaf).where(entries.c.seq == seq)).scalar_one_or_none()
    return None if found is None else bytes(found)


def _query(wanted: Wanted, after: int) -> Select[Any]:
    query = (
        select(entries, notes.c.text.label("note"), redactions.c.entry.label("redacted_in"))
        .join_from(entries, notes, entries.c.id == notes.c.entry, isouter=True)
        .join(redactions, redactions.c.note == notes.c.entry, isouter=True)
        .where(entries.c.seq > after)
        .order_by(entries.c.seq)
    )
    if wanted.event is not None:
        all_of_noun = wanted.event.endswith(":")
        event = entries.c.event
        query = query.where(
            event.startswith(wanted.event, autoescape=True) if all_of_noun else event == wanted.event
        )
    if wanted.actor is not None:
        query = query.where(entries.c.actor == wanted.actor)
    if wanted.since is not None:
        query = query.where(entries.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(entries.c.at < wanted.until)
    if wanted.ids is not None:
        query = query.where(entries.c.id.in_(sorted(wanted.ids)))
    return query


def _whole(row: Any, touched: Mapping[_Key, Touched]) -> Whole:
    said = {**row._mapping, "note_hash": None if row.note_hash is None else bytes(row.note_hash).hex()}
    return Whole(
        row.seq,
        row.format,
        bytes(row.leaf),
        {name: said[name] for name in FIELDS[row.format]},
        None if row.redacted_in is not None else row.note,
        row.redacted_in,
        tuple(touched[key] for key in sorted(touched)),
    )


def _bounded(page: Sequence[Any]) -> Iterator[list[Any]]:
    """A page in parts that made no more than so many rows, or are one entry."""
    part: list[Any] = []
    rows = 0
    for row in page:
        made = sum(count for count, _ in json.loads(row.rows).values()) if row.rows != "{}" else 0
        if part and rows + made > _ROWS:
            yield part
            part, rows = [], 0
        part.append(row)
        rows += made
    if part:
        yield part


_TABLES: tuple[Table, ...] = (*UID_TABLES, schema.acknowledgements)


def _touched(connection: Connection, part: Sequence[Any], placed: bool) -> dict[int, dict[_Key, Touched]]:
    """Entry -> its UIDs -> what each is."""
    made = {row.id: json.loads(row.rows) for row in part if row.rows != "{}"}
    found: dict[int, dict[_Key, Touched]] = {}
    for table in _TABLES:
        # Its digests say in which tables an entry has rows, so nothing else is looked through.
        ids = sorted(entry for entry, rows in made.items() if table.name in rows)
        if not ids:
            continue
        refused = table is schema.refused_claims
        # Neighbours by their range: on PostgreSQL the ledger's index knows ranges alone.
        together = ids[-1] - ids[0] < _APART * len(ids)
        query = _uids(table, placed, together)
        asked = {"first": ids[0], "last": ids[-1]} if together else {"ids": ids}
        for row in connection.execute(query, asked):
            if row.entry not in made:
                continue
            of_entry = found.setdefault(row.entry, {})
            if (row.uid, refused) not in of_entry:
                one = _one(row, refused) if placed else Touched(row.uid, refused=refused)
                of_entry[row.uid, refused] = one
    return found


def _one(row: Any, refused: bool) -> Touched:
    kind = None if row.kind is None else Kind(row.kind)
    study = row.uid if kind is Kind.STUDY else row.study
    series = row.uid if kind is Kind.SERIES else row.series
    return Touched(row.uid, kind, study or None, series or None, row.sop_class, refused)


@cache
def _uids(table: Table, placed: bool, together: bool) -> Select[Any]:
    """A query for the UIDs of entries in one table; if ``placed``, with what they are and belong to;
    of those from the ``first`` to the ``last`` if they are ``together``, else of some ``ids``."""
    entry = table.c.entry
    some = entry.between(bindparam("first"), bindparam("last"))
    query = select(entry, table.c.uid).where(
        some if together else entry.in_(bindparam("ids", expanding=True))
    )
    if not placed:
        return query
    words = schema.words
    if table is schema.refused_claims:  # what was claimed, not what stands
        query = query.add_columns(
            table.c.kind, table.c.study_uid.label("study"), table.c.series_uid.label("series")
        )
        sop_class = table.c.sop_class_id
    elif table is schema.acknowledgements:  # its UIDs needn't be keys of the ledger
        return query.add_columns(*(null().label(name) for name in ("kind", "study", "series", "sop_class")))
    else:
        ledger, parent, itself = schema.ledger, schema.series.alias("parent"), schema.series.alias("itself")
        studies, known = schema.studies, table
        if table is not ledger:
            known = table.outerjoin(ledger, ledger.c.uid == table.c.uid)  # type: ignore[assignment]
        known = (
            known.outerjoin(parent, parent.c.id == ledger.c.series_id)  # type: ignore[assignment]
            .outerjoin(itself, itself.c.uid == table.c.uid)
            .outerjoin(studies, studies.c.id == func.coalesce(parent.c.study_id, itself.c.study_id))
        )
        kind = ledger.c.kind if "kind" not in table.c else func.coalesce(ledger.c.kind, table.c.kind)
        query = query.select_from(known).add_columns(
            kind.label("kind"), studies.c.uid.label("study"), parent.c.uid.label("series")
        )
        sop_class = ledger.c.sop_class_id
    return query.outerjoin(words, words.c.id == sop_class).add_columns(words.c.value.label("sop_class"))
