"""The ledger in numbers, without looking at each of its rows.

Most of a ledger are instances that were merely observed. Their number is what remains of the
whole, which the trail tells, when all else is counted by an index that leaves them out.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Connection, func, literal_column, select

from registry.records import Kind, Origin
from registry.store import decided, schema
from registry.store.entries import ledger_size
from registry.store.packing import prefix_range
from registry.store.schema import MISUSED, USED, WITHDRAWN, ledger, series, uses, words

Counted = Counter[tuple[Kind, Origin]]

_STATES = {Origin.ISSUED: "issued", Origin.OBSERVED: "registered", Origin.FOREIGN: "foreign"}
"""What a UID is of which nothing else is known."""


def by_state(connection: Connection) -> dict[Kind, dict[str, int]]:
    """How many UIDs there are of each kind in each state."""
    there = _counted(connection, select(ledger.c.kind, ledger.c.origin, func.count()).where(schema.APART))
    there[Kind.INSTANCE, Origin.OBSERVED] = ledger_size(connection) - there.total()
    gone, seen = _counted(connection, _WITHDRAWN), _counted(connection, _SEEN)
    found: Counter[tuple[Kind, str]] = Counter()
    for (kind, origin), count in there.items():
        found[kind, "withdrawn"] += gone[kind, origin]
        found[kind, "registered"] += seen[kind, origin]
        found[kind, _STATES[origin]] += count - gone[kind, origin] - seen[kind, origin]
    counts: dict[Kind, dict[str, int]] = {}
    for (kind, state), count in sorted(found.items()):
        if count:
            counts.setdefault(kind, {})[state] = count
    return counts


def _counted(connection: Connection, query: Any) -> Counted:
    rows = connection.execute(query.group_by(ledger.c.kind, ledger.c.origin))
    return Counter({(Kind(kind), Origin(origin)): count for kind, origin, count in rows})


_said = uses.alias("said")  # another one than that in which it is looked up whether it is withdrawn
_gone = decided.withdrawn(_said.c.uid)
_WITHDRAWN = (
    select(ledger.c.kind, ledger.c.origin, func.count())
    .join_from(_said, ledger, ledger.c.uid == _said.c.uid)
    .where(_said.c.state == literal_column(str(WITHDRAWN)), _gone)
)
# Observed ones were seen anyway.
_SEEN = (
    select(ledger.c.kind, ledger.c.origin, func.count(_said.c.uid.distinct()))
    .join_from(_said, ledger, ledger.c.uid == _said.c.uid)
    .where(_said.c.state.in_((USED, MISUSED)), ledger.c.origin != int(Origin.OBSERVED), ~_gone)
)


def by_modality(connection: Connection) -> dict[str | None, int]:
    """How many series there are of each modality, as was last decided."""
    said = decided.latest()
    modality = func.coalesce(said.c.modality_id, series.c.modality_id)
    query = (
        select(words.c.value, func.count())
        .join_from(series, said, said.c.uid == series.c.uid, isouter=True)
        .join(words, words.c.id == modality, isouter=True)
        .group_by(words.c.value)
        .order_by(words.c.value)
    )
    return dict(map(tuple, connection.execute(query)))


def below(connection: Connection, prefix: str) -> int:
    """How many UIDs lie below an arc."""
    low, high = prefix_range(f"{prefix}.")
    query = "SELECT count(*) FROM ledger WHERE uid >= {0} AND uid < {0}"
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    return int(connection.exec_driver_sql(query.format(mark), (low, high)).scalar_one())
