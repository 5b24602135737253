"""How many findings there are of each rule, severity and state, without reading each of them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from registry.acknowledgement import Said, State, Word, state_of
from registry.records import Severity
from registry.store.act import timestamp
from registry.store.findings import Which, narrowed, same
from registry.store.schema import acknowledgements, findings


class Sort(NamedTuple):
    """What findings that are counted as one have in common."""

    code: str
    severity: Severity
    state: State


def tally(connection: Connection, which: Which | None = None, now: datetime | None = None) -> Counter[Sort]:
    """How many findings there are of each sort that aren't cleared."""
    moment, meant = timestamp(now or datetime.now(UTC)), which or Which()
    counted: Counter[Sort] = Counter()
    for code, severity, number in connection.execute(narrowed(_ALL, meant)):
        counted[Sort(code, Severity(severity), State.OPEN)] = number
    for row in connection.execute(narrowed(_spoken_of(moment), meant)):
        said = Said(Word(row.state), _THEN, moment if row.over else None)
        state = state_of(said, _THEN if row.as_then else None, moment)
        counted[Sort(row.code, Severity(row.severity), State.OPEN)] -= row.number
        counted[Sort(row.code, Severity(row.severity), state)] += row.number
    return +counted


def counts(connection: Connection) -> dict[str, int]:
    """How many findings there are of each code that are neither cleared nor resolved."""
    standing: Counter[str] = Counter()
    for sort, number in tally(connection).items():
        if sort.state is not State.RESOLVED:
            standing[sort.code] += number
    return dict(sorted(standing.items()))


_ALL = (
    select(findings.c.code, findings.c.severity, func.count())
    .where(findings.c.cleared_entry.is_(None))
    .group_by(findings.c.code, findings.c.severity)
)

_THEN = b"then"
"""Stands for the facts of which something was said."""


def _spoken_of(now: str) -> Select[Any]:
    """How many there are of those of which something was said, by what tells their state: the last
    that was, whether the facts are those of then, whether its time is over."""
    said, every = acknowledgements, acknowledgements.alias("every")
    last = select(func.max(every.c.entry)).where(same(every)).correlate(findings).scalar_subquery()
    same_facts = or_(
        said.c.facts == findings.c.facts, and_(said.c.facts.is_(None), findings.c.facts.is_(None))
    )
    as_then, over = case((same_facts, 1), else_=0), case((said.c.until <= now, 1), else_=0)
    by = (findings.c.code, findings.c.severity, said.c.state, as_then.label("as_then"), over.label("over"))
    return (
        select(*by, func.count().label("number"))
        .join_from(said, findings, same(said) & (said.c.entry == last))
        .where(findings.c.cleared_entry.is_(None))
        .group_by(findings.c.code, findings.c.severity, said.c.state, "as_then", "over")
    )
