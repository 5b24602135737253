"""Findings as they are kept: one row for each key, seen first, last and how often.

This is work, not history: all of it follows from the claims, and what became
known later may clear one (two Patient IDs turn out to be one person's). What
people say of findings is history (store/acknowledgements.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, and_, func, literal_column, select, text, tuple_, union

from registry.acknowledgement import Said, State, Word, state_of
from registry.records import Finding, Kind, Severity
from registry.store import decided
from registry.store.acknowledgements import Key, reason_of
from registry.store.act import Act, timestamp
from registry.store.keyed import Keyed
from registry.store.packing import Written
from registry.store.schema import acknowledgements, entries, findings, notes

_KEEP = """
    INSERT INTO findings
        (code, uid, counterpart, severity, kind, message, related, facts, series_uid,
         first_entry, last_entry, seen, context)
    VALUES (:code, :uid, :counterpart, :severity, :kind, :message, :related, :facts, :series_uid,
         :entry, :entry, 1, :context)
    ON CONFLICT (code, uid, counterpart) DO UPDATE SET severity = excluded.severity,
        message = excluded.message, related = excluded.related, facts = excluded.facts,
        series_uid = coalesce(excluded.series_uid, findings.series_uid), last_entry = excluded.last_entry,
        seen = findings.seen + 1, cleared_entry = NULL,
        context = CASE WHEN findings.cleared_entry IS NULL AND findings.context IS NULL
            THEN NULL ELSE excluded.context END"""

_CLEAR = """
    UPDATE findings SET cleared_entry = :entry
    WHERE code = :code AND uid = :uid AND counterpart = :counterpart"""

_AT_ONCE = 1000

_first, _last, _said_in = entries.alias("first"), entries.alias("last"), entries.alias("said_in")


def same(table: Any) -> Any:
    """The condition that a row of a table is about the finding."""
    names = ("code", "uid", "counterpart")
    return and_(*(table.c[name] == findings.c[name] for name in names))


def _select() -> Select[Any]:
    """The findings that aren't cleared, each with the last that was said of it."""
    said, every = acknowledgements, acknowledgements.alias("every")
    last = select(func.max(every.c.entry)).where(same(every)).correlate(findings).scalar_subquery()
    return (
        select(
            findings,
            _first.c.at.label("first_seen"),
            _last.c.at.label("last_seen"),
            said.c.state,
            said.c.until,
            said.c.facts.label("said_facts"),
            _said_in.c.actor.label("said_by"),
            _said_in.c.at.label("said_at"),
            notes.c.text,
        )
        .join_from(findings, _first, _first.c.id == findings.c.first_entry)
        .join(_last, _last.c.id == findings.c.last_entry)
        .join(said, same(said) & (said.c.entry == last), isouter=True)
        .join(_said_in, _said_in.c.id == said.c.entry, isouter=True)
        .join(notes, notes.c.entry == said.c.entry, isouter=True)
        .where(findings.c.cleared_entry.is_(None))
    )


_OPEN_ABOUT = Keyed(_select(), findings.c.uid)
_CLEARABLE = Keyed(
    select(findings.c.code, findings.c.uid, findings.c.counterpart, findings.c.context).where(
        findings.c.cleared_entry.is_(None)
    ),
    findings.c.uid,
)
"""Whatever their code: SQLite would look for each UID once under each of the codes."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which findings are meant; None narrows nothing."""

    code: str | None = None
    uid: str | None = None  # the subject, or the counterpart
    subject: str | None = None
    counterpart: str | None = None
    series: str | None = None  # about the series itself, or an instance in it
    under: str | None = None  # an arc
    severity: Severity | None = None
    since: str | None = None  # seen from this moment on, as the trail writes it
    until: str | None = None  # first seen before it
    actor: str | None = None  # whose act first showed it
    study: str | None = None  # about the study itself, a series in it, or an instance in one
    modality: str | None = None  # about series of it, or instances in one


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A finding in the registry."""

    code: str
    uid: str
    counterpart: str | None
    severity: Severity
    kind: Kind | None
    message: str
    related: tuple[str, ...]
    first_entry: int
    last_entry: int
    seen: int
    first_seen: str
    last_seen: str
    facts: bytes | None
    state: State
    said: Said | None  # the last that somebody said of it, whether it still counts or not
    said_by: str | None
    said_at: str | None
    reason: str | None
    context: str | None = None  # None: clinical

    @property
    def key(self) -> Key:
        return (self.code, self.uid, self.counterpart or "")


def save(
    act: Act,
    found: Iterable[Finding],
    evaluated: Mapping[str, AbstractSet[str]],
    context: str | None = None,
) -> None:
    """Keep what was found, and clear what is no longer found.

    ``evaluated`` tells for each rule whose findings may go when more is known the UIDs
    that it was asked about; findings of another context than this one stay (None: the
    clinical one).
    """
    unique: dict[Key, Finding] = {}
    for finding in found:
        if finding.uid is not None:
            unique.setdefault((finding.code, finding.uid, finding.counterpart or ""), finding)
    _clear(act, evaluated, unique.keys(), context)
    if not unique:
        return
    act.connection.execute(
        text(_KEEP),
        [
            {
                "code": code,
                "uid": uid,
                "counterpart": counterpart,
                "severity": int(finding.severity),
                "kind": None if finding.kind is None else int(finding.kind),
                "message": finding.message,
                "related": json.dumps(finding.related),
                "facts": finding.facts,
                "series_uid": finding.series_instance_uid,
                "entry": act.entry,
                "context": context,
            }
            for (code, uid, counterpart), finding in sorted(unique.items(), key=lambda item: item[0])
        ],
    )


def _clear(
    act: Act,
    evaluated: Mapping[str, AbstractSet[str]],
    found: Iterable[Key],
    context: str | None,
) -> None:
    still = set(found)
    uids = set().union(*evaluated.values())
    rows = _CLEARABLE.rows(act.connection, uids)
    retract(
        act,
        [
            key
            for *key, of in rows
            if of == context and key[1] in evaluated.get(key[0], ()) and tuple(key) not in still
        ],
    )


def retract(act: Act, gone: Iterable[Sequence[str | None]]) -> None:
    """Clear findings, each named by its key."""
    rows = [
        {"code": code, "uid": uid, "counterpart": counterpart or "", "entry": act.entry}
        for code, uid, counterpart in gone
    ]
    if rows:
        act.connection.execute(text(_CLEAR), rows)


def open_about(connection: Connection, uids: Iterable[str]) -> list[KeptFinding]:
    """The findings about some UIDs that are neither cleared nor resolved."""
    now = timestamp(datetime.now(UTC))
    about = (_kept(row, now) for row in _OPEN_ABOUT.rows(connection, uids))
    return [finding for finding in about if finding.state is not State.RESOLVED]


def open_in(connection: Connection, series_uid: str) -> list[KeptFinding]:
    """The same about a series, and about what was found in it."""
    return listing(connection, Which(series=series_uid), (State.OPEN, State.ACKNOWLEDGED))


def open_codes(connection: Connection, uids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The codes of those findings, sorted, for each of some UIDs that has any."""
    codes: dict[str, set[str]] = {}
    for finding in open_about(connection, uids):
        codes.setdefault(finding.uid, set()).add(finding.code)
    return {uid: tuple(sorted(found)) for uid, found in codes.items()}


def listing(
    connection: Connection,
    which: Which,
    states: Iterable[State],
    *,
    now: datetime | None = None,
    most: int | None = None,
    after: Key | None = None,
) -> list[KeptFinding]:
    """The findings that are meant, as far as they are in one of some states, in the order of their
    keys; those ``after`` one."""
    key = (findings.c.code, findings.c.uid, findings.c.counterpart)
    query = narrowed(_select(), which).order_by(*key)
    if after is not None:
        query = query.where(tuple_(*key) > after)
    wanted, moment = frozenset(states), timestamp(now or datetime.now(UTC))
    with connection.execution_options(yield_per=_AT_ONCE).execute(query) as rows:
        kept = (_kept(row, moment) for row in rows)
        return list(islice((finding for finding in kept if finding.state in wanted), most))


def narrowed(query: Select[Any], which: Which) -> Select[Any]:
    """A query for findings, for those that are meant alone."""
    severity = None if which.severity is None else int(which.severity)
    for column, value in (
        (findings.c.code, which.code),
        (findings.c.uid, which.subject),
        (findings.c.counterpart, which.counterpart),
        (findings.c.severity, severity),
        (_first.c.actor, which.actor),
    ):
        if value is not None:
            query = query.where(column == value)
    if which.since is not None:
        query = query.where(_last.c.at >= which.since)
    if which.until is not None:
        query = query.where(_first.c.at < which.until)
    return query.where(*_places(which))


def _places(which: Which) -> Iterator[Any]:
    """The conditions that a finding is about something in some place."""
    if which.uid is not None:
        other = findings.c.counterpart
        # As the index of those that have one says it (store/schema/work.py).
        counterpart = and_(other == which.uid, other != literal_column("''"))
        yield (findings.c.uid == which.uid) | counterpart
    if which.series is not None:
        yield (findings.c.uid == which.series) | (findings.c.series_uid == which.series)
    if which.under is not None:
        # From the arc's dot to the character behind it: a range of an index, as LIKE isn't everywhere.
        below = and_(findings.c.uid > f"{which.under}.", findings.c.uid < f"{which.under}/")
        yield below | (findings.c.uid == which.under)
    if which.study is not None:
        yield (findings.c.uid == which.study) | _about(decided.series_in(which.study))
    if which.modality is not None:
        yield _about(decided.series_of(which.modality))


def _about(series: Iterable[Select[Any]]) -> Any:
    """The condition that a finding is about one of some series, or about what is in it."""
    those = union(*series).subquery()
    written = select(Written(those.c.uid))
    return findings.c.uid.in_(written) | findings.c.series_uid.in_(written)


def open_subjects(connection: Connection, codes: Iterable[str]) -> set[str]:
    """The UIDs that findings of some codes are about, whatever was said of them."""
    query = select(findings.c.uid).where(
        findings.c.cleared_entry.is_(None), findings.c.code.in_(sorted(codes))
    )
    return set(connection.execute(query).scalars())


def _kept(row: Any, now: str) -> KeptFinding:
    said = None if row.state is None else Said(Word(row.state), row.said_facts, row.until)
    return KeptFinding(
        row.code,
        row.uid,
        row.counterpart or None,
        Severity(row.severity),
        None if row.kind is None else Kind(row.kind),
        row.message,
        tuple(json.loads(row.related)),
        row.first_entry,
        row.last_entry,
        row.seen,
        row.first_seen,
        row.last_seen,
        row.facts,
        state_of(said, row.facts, now),
        said,
        row.said_by,
        row.said_at,
        None if said is None else reason_of(row),
        row.context,
    )
