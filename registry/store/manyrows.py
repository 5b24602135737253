"""Many rows in one statement of the embedded engine, what they all share bound once.

For each row that ``executemany`` binds SQLite begins and ends a statement, which costs
more than the row itself: into the ledger 5.6 µs of the processor a row, so 2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

from sqlalchemy import Connection, Table

from registry.store.writer import Row, statement

AT_ONCE = 500
"""Rows in a statement; a table has some ten columns, SQLite takes 32,766 values (since 3.32)."""

_FEW = 4
"""Fewer are not worth a statement of their own."""


def insert(connection: Connection, table: Table, rows: Sequence[Row], known_is_fine: bool) -> int:
    """Insert whole rows, in their order; how many went in."""
    return sum(
        _insert(connection, table, rows[start : start + AT_ONCE], known_is_fine)
        for start in range(0, len(rows), AT_ONCE)
    )


def _insert(connection: Connection, table: Table, rows: Sequence[Row], known_is_fine: bool) -> int:
    columns = list(zip(*rows, strict=True)) if len(rows) >= _FEW else []
    alike = tuple(values.count(values[0]) == len(values) for values in columns)
    if not any(alike) or all(alike):
        return connection.exec_driver_sql(statement(table, "?", known_is_fine), list(rows)).rowcount
    shared = [values[0] for values, same in zip(columns, alike, strict=True) if same]
    varied = [values for values, same in zip(columns, alike, strict=True) if not same]
    bound = (*shared, *chain.from_iterable(zip(*varied, strict=True)))
    return connection.exec_driver_sql(_statement(table, alike, len(rows), known_is_fine), bound).rowcount


@lru_cache(maxsize=128)
def _statement(table: Table, alike: tuple[bool, ...], count: int, known_is_fine: bool) -> str:
    """An insert of so many rows that differ in some columns. It gives SQLite the shared values
    once, beside the rows in the order in which they are bound."""
    places = {True: 0, False: 0}
    picked = []
    for same in alike:
        places[same] += 1
        picked.append(f"{'shared' if same else 'each'}.column{places[same]}")
    names = ", ".join(column.name for column in table.columns)
    one = f"({', '.join('?' * places[False])})"
    # Without a WHERE the ON of the conflict would be taken for that of the join.
    rest = " WHERE true ON CONFLICT DO NOTHING" if known_is_fine else ""
    return (
        f"INSERT INTO {table.name} ({names}) SELECT {', '.join(picked)} "
        f"FROM (VALUES ({', '.join('?' * places[True])})) AS shared "
        f"CROSS JOIN (VALUES {', '.join([one] * count)}) AS each{rest}"
    )
