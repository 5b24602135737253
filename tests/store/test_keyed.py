"""Many keys are asked for at once, as text that the driver takes: it answers what SQLAlchemy would."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, bindparam, select

from registry.services.opening import opened
from registry.store import findings, lookups, schema
from registry.store.keyed import Keyed, once
from tests.conftest import Registries

_LEDGER = Keyed(select(schema.ledger), schema.ledger.c.uid)
_OF_KINDS = Keyed(select(schema.ledger.c.uid), schema.ledger.c.uid, kinds=schema.ledger.c.kind)
_BEFORE = Keyed(
    select(schema.ledger.c.uid).where(schema.ledger.c.entry < bindparam("until")), schema.ledger.c.uid
)
_UNKNOWN = [f"2.999.{number}" for number in range(1300)]


@pytest.fixture
def connection(registries: Registries) -> Iterator[Connection]:
    with opened(registries.shared("filled")) as registry, registry.database.reading() as connection:
        yield connection


def uids(connection: Connection) -> list[str]:
    return sorted(connection.execute(select(schema.ledger.c.uid)).scalars())


@pytest.mark.parametrize("count", [0, 1, 2, 8, 9, None])
@pytest.mark.parametrize("unknown", [0, 5, 1300])
def test_each_row_comes_once_however_many_keys_there_are(
    connection: Connection, count: int | None, unknown: int
) -> None:
    some = uids(connection)[:count]
    assert sorted(row.uid for row in _LEDGER.rows(connection, [*some, *_UNKNOWN[:unknown], *some])) == some


QUERIES = {name: query for name, query in vars(lookups).items() if isinstance(query, Keyed)}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_every_look_up_answers_what_the_same_query_does(connection: Connection, name: str) -> None:
    query, column = QUERIES[name]._query, QUERIES[name]._lists["keys"]
    keys = set(connection.execute(select(column)).scalars()) or {"2.999.1"}  # nobody has asked for labels
    said = {"context": "teaching", "until": 5}
    values = {each: said[each] for each in said if f":{each}" in str(query)}
    asked = connection.execute(query.where(column.in_(sorted(keys))), values)
    expected = [tuple(row) for row in asked]
    found = [tuple(row) for row in QUERIES[name].rows(connection, keys, **values)]
    assert sorted(map(repr, found)) == sorted(map(repr, expected)) or sorted(found) == sorted(expected)


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("name", [*sorted(QUERIES.keys() - {"BESIDE"}), "CLEARABLE"])
def test_every_look_up_goes_by_its_key_alone(connection: Connection, name: str) -> None:
    query = findings._CLEARABLE if name == "CLEARABLE" else QUERIES[name]
    text, parameters = query._as_lists({"keys": ["1.2.3"] * 500, "context": "teaching", "until": 5})
    plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)]  # type: ignore[arg-type]
    assert not [step for step in plan if step.startswith("SCAN") or "code=?" in step]


def test_a_further_list_narrows_what_is_found(connection: Connection) -> None:
    everything = uids(connection)
    studies = {row.uid for row in _OF_KINDS.rows(connection, everything, kinds=[1])}
    more = {row.uid for row in _OF_KINDS.rows(connection, everything, kinds=[1, 2])}
    assert studies
    assert studies < more < set(everything)
    assert list(_OF_KINDS.rows(connection, everything, kinds=[])) == []


def test_what_else_is_given_counts(connection: Connection) -> None:
    everything = uids(connection)
    newest = max(row.entry for row in _LEDGER.rows(connection, everything))
    earlier = {row.uid for row in _BEFORE.rows(connection, everything, until=newest)}
    assert earlier
    assert earlier < set(everything)


def test_a_query_for_one_question_finds_the_same(connection: Connection) -> None:
    everything = uids(connection)
    found = once(connection, select(schema.ledger.c.uid), schema.ledger.c.uid, [*everything, *_UNKNOWN])
    assert sorted(row.uid for row in found) == everything
