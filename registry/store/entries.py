"""The audit entries, for reading: who did what and when, and which UIDs it touched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select, text, union_all

from registry.store import schema
from registry.store.keyed import Keyed
from registry.store.redacting import Redaction
from registry.store.schema import entries, notes, redactions


@dataclass(frozen=True, slots=True)
class Entry:
    """One act, as the trail tells it."""

    id: int
    seq: int
    at: str
    event: str
    outcome: str
    actor: str  # as was said
    account: str | None  # as the database or the system knew it; None before format 2
    role: str | None
    host: str
    application: str
    request_id: str | None
    detail: dict[str, Any]
    rows: dict[str, int]  # how many it made in each table
    note: str | None  # the free text given with it
    format: int  # of its canonical bytes
    redacted: Redaction | None = None  # who took that out

    @property
    def text(self) -> str | None:
        """The free text, or what became of it."""
        return str(self.redacted) if self.redacted else self.note


def ledger_size(connection: Connection) -> int:
    """UIDs in the ledger, as the newest entry says: no counting."""
    place = select(func.max(entries.c.seq)).scalar_subquery()
    newest = select(entries.c.ledger_size).where(entries.c.seq == place)
    return connection.execute(newest).scalar_one_or_none() or 0


def trail_size(connection: Connection) -> int:
    """Entries in the trail."""
    newest = connection.execute(select(func.max(entries.c.seq))).scalar_one_or_none()
    return 0 if newest is None else newest + 1


def moments(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """When some acts were done."""
    rows = connection.execute(select(entries.c.id, entries.c.at).where(entries.c.id.in_(sorted(set(ids)))))
    return {row.id: row.at for row in rows}


def log(
    connection: Connection,
    *,
    event: str | None = None,
    actor: str | None = None,
    since: str | None = None,
    until: str | None = None,
    ids: Iterable[int] | None = None,
    newest: int | None = None,
    but: int | None = None,
    after: int | None = None,
    most: int | None = None,
) -> Iterator[Entry]:
    """Entries in their order; the ``newest`` so many of them, or the first ``most`` that come
    ``after`` a place, or all; all ``but`` that one.

    ``since`` and ``until`` are moments as the trail writes them; ``event`` may end
    with ``:`` for all events of a noun.
    """
    query = _select()
    if event is not None:
        query = query.where(
            entries.c.event.startswith(event, autoescape=True)
            if event.endswith(":")
            else entries.c.event == event
        )
    if actor is not None:
        query = query.where(entries.c.actor == actor)
    if since is not None:
        query = query.where(entries.c.at >= since)
    if until is not None:
        query = query.where(entries.c.at < until)
    if ids is not None:
        query = query.where(entries.c.id.in_(sorted(set(ids))))
    if but is not None:
        query = query.where(entries.c.id != but)
    if after is not None:
        query = query.where(entries.c.seq > after)
    if newest is None:
        rows: Iterable[Any] = connection.execute(query.order_by(entries.c.seq).limit(most))
    else:
        rows = reversed(connection.execute(query.order_by(entries.c.seq.desc()).limit(newest)).all())
    return map(_entry, rows)


_redacting = entries.alias("redacting")


def _select() -> Select[Any]:
    return (
        select(
            entries,
            notes.c.text.label("note"),
            _redacting.c.actor.label("redacted_by"),
            _redacting.c.id.label("redacted_in"),
        )
        .join_from(entries, notes, entries.c.id == notes.c.entry, isouter=True)
        .join(redactions, redactions.c.note == notes.c.entry, isouter=True)
        .join(_redacting, _redacting.c.id == redactions.c.entry, isouter=True)
    )


def texts(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The free texts of some acts, or what became of them, for those that have one."""
    found = {}
    for row in _TEXTS.rows(connection, ids):
        gone = None if row.redacted_in is None else Redaction(row.redacted_by, row.redacted_in)
        found[row.note] = str(gone) if gone else row.text
    return found


_TEXTS = Keyed(
    select(
        notes.c.entry.label("note"),
        notes.c.text,
        _redacting.c.actor.label("redacted_by"),
        _redacting.c.id.label("redacted_in"),
    )
    .join_from(notes, redactions, redactions.c.note == notes.c.entry, isouter=True)
    .join(_redacting, _redacting.c.id == redactions.c.entry, isouter=True),
    notes.c.entry,
)


def _entry(row: Any) -> Entry:
    return Entry(
        row.id,
        row.seq,
        row.at,
        row.event,
        row.outcome,
        row.actor,
        row.account,
        row.role,
        row.host,
        row.application,
        row.request_id,
        json.loads(row.detail),
        {name: counted[0] for name, counted in json.loads(row.rows).items()},
        None if row.redacted_in else row.note,
        row.format,
        Redaction(row.redacted_by, row.redacted_in) if row.redacted_in else None,
    )


UID_TABLES: tuple[Table, ...] = (
    schema.ledger,
    schema.uses,
    schema.refused_claims,
    schema.content_claims,
    schema.context_contents,
    schema.decisions,
    schema.withdrawals,
    schema.exported,
    schema.replacements,
)
"""Where an act leaves the UIDs that it touched."""


def uids_of(connection: Connection, entry: int, most: int | None = None) -> list[str]:
    """The UIDs that an act touched, sorted as keys."""
    query = union_all(*(select(t.c.uid).where(t.c.entry == entry) for t in UID_TABLES)).subquery()
    rows = connection.execute(select(query.c.uid).distinct().order_by(query.c.uid).limit(most))
    said = schema.acknowledgements
    spoken_of = select(said.c.uid).where(said.c.entry == entry).distinct().order_by(said.c.uid).limit(most)
    found = dict.fromkeys([*rows.scalars(), *connection.execute(spoken_of).scalars()])
    return list(found)[:most]


def entries_about(connection: Connection, uid: str) -> set[int]:
    """The acts that touched a UID."""
    tables = (*UID_TABLES, schema.acknowledgements)
    query = union_all(*(select(t.c.entry).where(t.c.uid == uid) for t in tables))
    return {*connection.execute(query).scalars(), *(entry.id for entry in refusals_about(connection, uid))}


def refusals_about(connection: Connection, uid: str) -> list[Entry]:
    """The acts about a UID that were refused: they left no rows, so it stands in what they say."""
    says = entries.c.detail.contains(uid, autoescape=True)
    rows = connection.execute(
        _select().where(entries.c.outcome == text("'refused'"), says).order_by(entries.c.seq)
    )
    whole = re.compile(rf"(?<![0-9.]){re.escape(uid)}(?![0-9]|\.[0-9])")
    return [_entry(row) for row in rows if whole.search(row.detail)]


def has_actor(connection: Connection, actor: str) -> bool:
    """Whether somebody of that name has ever done anything."""
    return (
        connection.execute(select(entries.c.id).where(entries.c.actor == actor).limit(1)).first() is not None
    )
