"""Many rows in one statement: the same rows as one by one, and the same word on those that are taken."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text, create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from registry.store import manyrows
from registry.store.manyrows import AT_ONCE
from registry.store.writer import Row, statement

TABLE = Table(
    "t",
    MetaData(),
    Column("entry", Integer, nullable=False),
    Column("name", Text),
    Column("uid", LargeBinary, primary_key=True),
    Column("number", Integer),
)

keys = st.integers(0, 40).map(lambda number: b"%d" % number)
few_numbers = st.sampled_from([None, 0, 7])
rows = st.lists(st.tuples(st.just(3), st.sampled_from([None, "", "a"]), keys, few_numbers), max_size=12)


def stored(connection: Connection) -> list[Row]:
    return [tuple(row) for row in connection.exec_driver_sql("SELECT *, typeof(uid) FROM t ORDER BY uid")]


@given(rows, rows)
@example([(3, None, b"%d" % n, None) for n in range(AT_ONCE * 2 + 7)], [])
@example(
    [(3, None, b"%d" % n, n) for n in range(AT_ONCE)], [(3, "a", b"%d" % n, 7) for n in range(0, 900, 2)]
)
@example([(n, str(n), b"%d" % n, n) for n in range(9)], [])
@example([(3, "a", b"1", 7)] * 5, [])
def test_the_same_rows_go_in_as_one_by_one_and_none_twice(first: list[Row], then: list[Row]) -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        told = []
        for insert in (manyrows.insert, one_by_one):
            TABLE.create(connection)
            told.append(
                ([insert(connection, TABLE, some, True) for some in (first, then)], stored(connection))
            )
            TABLE.drop(connection)
    engine.dispose()
    assert told[0] == told[1]


def one_by_one(connection: Connection, table: Table, some: list[Row], known_is_fine: bool) -> int:
    return sum(connection.exec_driver_sql(statement(table, "?", known_is_fine), row).rowcount for row in some)


def test_a_row_that_is_taken_is_refused_by_its_constraint() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        TABLE.create(connection)
        manyrows.insert(connection, TABLE, [(1, None, b"250", None)], False)
        with pytest.raises(IntegrityError, match=r"UNIQUE constraint failed: t\.uid"):
            manyrows.insert(connection, TABLE, [(2, None, b"%d" % n, None) for n in range(400)], False)
        assert stored(connection) == [(1, None, b"250", None, "blob")]  # none of that statement
    engine.dispose()
