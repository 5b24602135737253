"""What a database must consist of follows from the migrations, whatever later ones do."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from registry.settings import Settings
from registry.store import migrating
from registry.store.columns import metadata
from registry.store.description import described, plain, unqualified
from registry.store.expectation import differences, expected
from registry.store.session import Database
from tests import databases

LATER = [
    "DROP TRIGGER tr_studies_kind ON studies",
    "DROP FUNCTION tr_studies_kind()",
    (
        "CREATE FUNCTION tr_later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n  IF NEW.kind = 1 THEN "
        "RAISE EXCEPTION '%', TG_NAME; END IF; RETURN NULL; END $$"
    ),
    (
        "CREATE CONSTRAINT TRIGGER tr_later AFTER INSERT ON ledger DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW WHEN (NEW.kind IN (1, 2)) EXECUTE FUNCTION tr_later()"
    ),
    (
        "CREATE OR REPLACE FUNCTION history_refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS "
        "$$ BEGIN RAISE EXCEPTION 'no'; END $$"
    ),
    "DROP VIEW uids",
    "CREATE VIEW uids AS SELECT kind FROM ledger WHERE origin BETWEEN 1 AND 2",
    "CREATE SEQUENCE more_ids",
]


def test_nothing_differs_where_nothing_was_done(settings: Settings, engine: str) -> None:
    with Database(settings.database) as database, database.reading() as connection:
        found = described(connection)
    assert differences(expected(engine), found) == []
    assert found.keys() == expected(engine).keys()


@pytest.mark.engine("postgresql")
def test_later_migrations_replace_what_earlier_ones_made(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    so_far = migrating.statements("postgresql")
    later = so_far + "".join(f"{statement};\n\n" for statement in LATER)
    monkeypatch.setattr(migrating, "statements", lambda dialect: later)
    with databases.raw(settings) as connection:
        assert len(differences(expected("postgresql"), described(connection))) >= len(LATER) - 2
        for statement in LATER:
            connection.exec_driver_sql(statement.replace("%", "%%"))
        assert differences(expected("postgresql"), described(connection)) == []


def test_asking_what_is_expected_leaves_the_models_as_they_are() -> None:
    def written() -> list[str]:
        return [
            str(CreateTable(table).compile(dialect=sqlite.dialect())) for table in metadata.tables.values()
        ]

    before = written()
    expected("postgresql")
    assert written() == before


def test_migrations_are_written_out_without_a_database() -> None:
    for dialect in ("sqlite", "postgresql"):
        assert "CREATE TABLE ledger" in migrating.statements(dialect)
    assert "RAISE EXCEPTION '%', TG_NAME" in migrating.statements("postgresql")


@pytest.mark.engine("postgresql")
def test_a_view_is_the_same_on_each_version_of_the_server() -> None:
    until_15 = """ SELECT
    replace(rtrim(upper(encode(ledger.uid, 'hex'::text)), 'F'::text), 'A'::text, '.'::text) AS uid,
    ledger.kind,
    ledger.origin,
    ledger.entry
   FROM ledger;"""
    assert plain(unqualified(until_15)) == expected("postgresql")["view", "uids"]
    assert plain(unqualified(until_15.replace("ledger.", ""))) == expected("postgresql")["view", "uids"]
    narrowed = until_15.replace("FROM ledger;", "FROM ledger\n  WHERE ledger.kind > 1;")
    assert plain(unqualified(narrowed)) != expected("postgresql")["view", "uids"]
