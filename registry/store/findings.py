"""Findings as they are kept: one row for each key, seen first, last and how often.

This is work, not history: all of it follows from the claims, and what became
known later may clear one (two Patient IDs turn out to be one person's).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from registry.records import Finding, Kind, Severity
from registry.store.act import Act
from registry.store.schema import findings

_AT_ONCE = 500


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


def save(act: Act, found: Iterable[Finding], evaluated: Iterable[str], retractable: set[str]) -> None:
    """Keep what was found, and clear what is no longer found.

    ``evaluated`` are the UIDs that the rules were asked about, ``retractable`` the
    codes of rules whose findings may go when more is known.
    """
    unique: dict[tuple[str, str, str], Finding] = {}
    for finding in found:
        if finding.uid is not None:
            unique.setdefault((finding.code, finding.uid, finding.counterpart or ""), finding)
    _clear(act, evaluated, retractable, unique.keys())
    if not unique:
        return
    insert = (
        postgresql.insert(findings)
        if act.connection.dialect.name == "postgresql"
        else sqlite.insert(findings)
    )
    statement = insert.on_conflict_do_update(
        index_elements=["code", "uid", "counterpart"],
        set_={
            "severity": insert.excluded.severity,
            "message": insert.excluded.message,
            "related": insert.excluded.related,
            "last_entry": insert.excluded.last_entry,
            "seen": findings.c.seen + 1,
            "cleared_entry": None,
        },
    )
    act.connection.execute(
        statement,
        [
            {
                "code": code,
                "uid": uid,
                "counterpart": counterpart,
                "severity": int(finding.severity),
                "kind": None if finding.kind is None else int(finding.kind),
                "message": finding.message,
                "related": json.dumps(finding.related),
                "first_entry": act.entry,
                "last_entry": act.entry,
                "seen": 1,
                "cleared_entry": None,
            }
            for (code, uid, counterpart), finding in sorted(unique.items(), key=lambda item: item[0])
        ],
    )


def _clear(
    act: Act, evaluated: Iterable[str], retractable: set[str], found: Iterable[tuple[str, str, str]]
) -> None:
    still = set(found)
    query = select(findings.c.code, findings.c.uid, findings.c.counterpart).where(
        findings.c.cleared_entry.is_(None),
        findings.c.code.in_(sorted(retractable)),
        findings.c.uid.in_(bindparam("uids", expanding=True)),
    )
    listed = sorted(set(evaluated))
    for start in range(0, len(listed), _AT_ONCE):
        rows = act.connection.execute(query, {"uids": listed[start : start + _AT_ONCE]})
        for row in [row for row in rows if tuple(row) not in still]:
            mine = (findings.c.code == row.code) & (findings.c.uid == row.uid)
            gone = update(findings).where(mine, findings.c.counterpart == row.counterpart)
            act.connection.execute(gone.values(cleared_entry=act.entry))


def open_about(connection: Connection, uids: Iterable[str]) -> list[KeptFinding]:
    """The findings about some UIDs that aren't cleared."""
    listed = sorted(uids)
    query = _select().where(findings.c.uid.in_(bindparam("uids", expanding=True)))
    return [
        _kept(row)
        for start in range(0, len(listed), _AT_ONCE)
        for row in connection.execute(query, {"uids": listed[start : start + _AT_ONCE]})
    ]


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


def _select() -> Select[Any]:
    return select(findings).where(findings.c.cleared_entry.is_(None))


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
    )
