"""Findings as they are kept: one row for each key, seen first, last and how often.

This is work, not history: all of it follows from the claims, and what became
known later may clear one (two Patient IDs turn out to be one person's).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, text

from registry.records import Finding, Kind, Severity
from registry.store.act import Act
from registry.store.keyed import Keyed
from registry.store.schema import findings

_KEEP = """
    INSERT INTO findings
        (code, uid, counterpart, severity, kind, message, related, first_entry, last_entry, seen, context)
    VALUES (:code, :uid, :counterpart, :severity, :kind, :message, :related, :entry, :entry, 1, :context)
    ON CONFLICT (code, uid, counterpart) DO UPDATE SET severity = excluded.severity,
        message = excluded.message, related = excluded.related, last_entry = excluded.last_entry,
        seen = findings.seen + 1, cleared_entry = NULL,
        context = CASE WHEN findings.cleared_entry IS NULL AND findings.context IS NULL
            THEN NULL ELSE excluded.context END"""

_CLEAR = """
    UPDATE findings SET cleared_entry = :entry
    WHERE code = :code AND uid = :uid AND counterpart = :counterpart"""


def _select() -> Select[Any]:
    return select(findings).where(findings.c.cleared_entry.is_(None))


_OPEN_ABOUT = Keyed(_select(), findings.c.uid)
_CLEARABLE = Keyed(
    select(findings.c.code, findings.c.uid, findings.c.counterpart, findings.c.context).where(
        findings.c.cleared_entry.is_(None), findings.c.code.in_(bindparam("codes", expanding=True))
    ),
    findings.c.uid,
)


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
    cleared_entry: int | None
    context: str | None = None  # None: clinical


def save(
    act: Act,
    found: Iterable[Finding],
    evaluated: Iterable[str],
    retractable: AbstractSet[str],
    context: str | None = None,
) -> None:
    """Keep what was found, and clear what is no longer found.

    ``evaluated`` are the UIDs that the rules were asked about, ``retractable`` the
    codes of rules whose findings may go when more is known; those of another context
    than this one stay (None: the clinical one).
    """
    unique: dict[tuple[str, str, str], Finding] = {}
    for finding in found:
        if finding.uid is not None:
            unique.setdefault((finding.code, finding.uid, finding.counterpart or ""), finding)
    _clear(act, evaluated, retractable, unique.keys(), context)
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
                "entry": act.entry,
                "context": context,
            }
            for (code, uid, counterpart), finding in sorted(unique.items(), key=lambda item: item[0])
        ],
    )


def _clear(
    act: Act,
    evaluated: Iterable[str],
    retractable: AbstractSet[str],
    found: Iterable[tuple[str, str, str]],
    context: str | None,
) -> None:
    still = set(found)
    rows = _CLEARABLE.rows(act.connection, evaluated, codes=sorted(retractable))
    retract(act, [key for *key, of in rows if of == context and tuple(key) not in still])


def retract(act: Act, gone: Iterable[Sequence[str | None]]) -> None:
    """Clear findings, each named by its key."""
    rows = [
        {"code": code, "uid": uid, "counterpart": counterpart or "", "entry": act.entry}
        for code, uid, counterpart in gone
    ]
    if rows:
        act.connection.execute(text(_CLEAR), rows)


def open_about(connection: Connection, uids: Iterable[str]) -> list[KeptFinding]:
    """The findings about some UIDs that aren't cleared."""
    return [_kept(row) for row in _OPEN_ABOUT.rows(connection, uids)]


def listing(
    connection: Connection,
    *,
    code: str | None = None,
    uid: str | None = None,
    after: int = 0,
    most: int | None = None,
) -> list[KeptFinding]:
    """The open findings, those of a code or about a UID, in a stable order."""
    query = _select()
    if code is not None:
        query = query.where(findings.c.code == code)
    if uid is not None:
        query = query.where((findings.c.uid == uid) | (findings.c.counterpart == uid))
    query = query.order_by(findings.c.code, findings.c.uid, findings.c.counterpart).offset(after).limit(most)
    return [_kept(row) for row in connection.execute(query)]


def open_subjects(connection: Connection, codes: Iterable[str]) -> set[str]:
    """The UIDs that open findings of some codes are about."""
    query = select(findings.c.uid).where(
        findings.c.cleared_entry.is_(None), findings.c.code.in_(sorted(codes))
    )
    return set(connection.execute(query).scalars())


def counts(connection: Connection) -> dict[str, int]:
    """How many open findings there are of each code."""
    query = (
        select(findings.c.code, func.count())
        .where(findings.c.cleared_entry.is_(None))
        .group_by(findings.c.code)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _kept(row: Any) -> KeptFinding:
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
        row.cleared_entry,
        row.context,
    )
