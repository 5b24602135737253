"""The migrations build what the program expects, in one transaction, and nothing else does."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from registry.errors import DatabaseUnusable, NoRegistry, SchemaOutdated, SchemaTooNew
from registry.keys import RegistryKey, put_ring
from registry.minting import Method
from registry.records import Kind
from registry.services.auditing import audit_log, audit_verify
from registry.services.initializing import init, upgrade_existing
from registry.services.issuing import issue
from registry.services.listing import listed
from registry.services.opening import OpenRegistry, opened
from registry.services.patients import say
from registry.services.querying import kept_findings
from registry.services.redacting import redact
from registry.services.requests import IssueRequest
from registry.services.resolving import claims, resolve
from registry.services.withdrawing import reinstate, withdraw
from registry.settings import Settings
from registry.store import migrating, schema, triggers
from registry.store.columns import metadata
from registry.store.listing import Filters
from registry.store.session import Database
from tests.conftest import Registries
from tests.databases import everything, raw, run

Description = dict[str, frozenset[str]]
"""For each table, index, trigger, function, sequence and view the parts of its definition."""


def described(settings: Settings) -> Description:
    with raw(settings) as connection:
        return _sqlite(connection) if connection.dialect.name == "sqlite" else _postgresql(connection)


def _sqlite(connection: Connection) -> Description:
    rows = run(connection, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
    return {name: frozenset(_parts(text)) for name, text in rows}


def _parts(text: str) -> list[str]:
    """A definition without its order: what stands between the commas of the outer parentheses."""
    plain = re.sub(r"\s+", " ", text).replace('"', "")
    before, inside, after = re.fullmatch(r"([^(]*)\((.*)\)([^)]*)", plain).groups()  # type: ignore[union-attr]
    parts, depth = [""], 0
    for character in inside:
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [before.strip(), after.strip(), *(part.strip() for part in parts)]


_OURS = "n.nspname = current_schema()"
_CATALOGUE = {
    "columns": f"""
        SELECT c.relname, concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            (SELECT collname FROM pg_collation o WHERE o.oid = a.attcollation),
            (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef d
             WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS} AND c.relkind = 'r' AND a.attnum > 0
            AND NOT a.attisdropped""",
    "constraints": f"""
        SELECT c.conname, concat_ws(' ', c.conrelid::regclass, pg_get_constraintdef(c.oid))
        FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
        WHERE {_OURS} AND c.contype <> 'n'""",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()",
    "triggers": f"""
        SELECT t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {_OURS} AND NOT t.tgisinternal""",
    "functions": f"""
        SELECT p.proname || '()', pg_get_functiondef(p.oid)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OURS}""",
    "sequences": "SELECT sequencename, data_type::text FROM pg_sequences WHERE schemaname = current_schema()",
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = current_schema()",
}


def _postgresql(connection: Connection) -> Description:
    found: dict[str, set[str]] = {}
    for query in _CATALOGUE.values():
        for name, text in connection.exec_driver_sql(query.replace("%", "%%")):
            found.setdefault(name, set()).add(text)
    return {name: frozenset(parts) for name, parts in found.items()}


@pytest.fixture
def migrated(registries: Registries) -> Settings:
    """A registry that has just been made."""
    settings = registries.empty()
    init(settings)
    return settings


def test_the_models_and_the_migrations_describe_the_same_schema(
    registries: Registries, migrated: Settings
) -> None:
    modelled = registries.empty()
    with Database(modelled.database) as database, database.writing() as connection:
        metadata.create_all(connection)
        connection.commit()
    models, migrations = described(modelled), described(migrated)
    extra = {name for name in migrations if re.match(r"tr_|history_\w+\(|\w+_ids$", name)}
    extra |= {"uids", "alembic_version", "alembic_version_pkc", "entry_tickets"}
    assert {name: parts for name, parts in migrations.items() if name not in extra} == models


@pytest.mark.engine("postgresql")
def test_uids_and_ids_compare_byte_by_byte(migrated: Settings) -> None:
    """A locale's collation may change under an index, and then two equal texts may stand in it."""
    with raw(migrated) as connection:
        compared = (
            connection.exec_driver_sql(
                "SELECT c.relname || '.' || a.attname "
                "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
                "JOIN pg_index i ON i.indrelid = c.oid AND a.attnum = ANY (i.indkey) "
                "JOIN pg_collation o ON o.oid = a.attcollation JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE n.nspname = current_schema() AND c.relname <> 'alembic_version' AND o.collname <> 'C'"
            )
            .scalars()
            .all()
        )
    assert compared == []


def test_every_history_table_is_protected_by_triggers(migrated: Settings, engine: str) -> None:
    actions = ("update", "delete") if engine == "sqlite" else ("update", "delete", "truncate")
    expected = {f"tr_{table.name}_{action}" for table in schema.HISTORY for action in actions}
    expected |= {f"tr_{table.name}_sealed" for table in schema.SEALED}
    expected |= {"tr_studies_kind", "tr_series_kind", "tr_replacements_taken", "tr_originals_purged"}
    expected |= {f"tr_originals_{action}" for action in actions}
    expected |= (
        {"tr_entries_nodes"}
        if engine == "sqlite"
        else {"tr_ledger_nodes", "tr_entries_tree", "tr_entries_account"}
    )
    found = {name for name in described(migrated) if name.startswith("tr_") and not name.endswith("()")}
    assert found == expected


def test_every_constraint_has_a_name_of_its_own() -> None:
    names = [
        str(constraint.name)
        for table in metadata.tables.values()
        for constraint in (*table.constraints, *table.indexes)
    ]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"(pk|uq|fk|ck|ix)_[a-z_]+", name) for name in names)
    assert max(map(len, names)) <= 63, "PostgreSQL cuts longer names"


def test_nothing_in_the_schema_cascades() -> None:
    for table in metadata.tables.values():
        assert all(key.ondelete is None and key.onupdate is None for key in table.foreign_keys)


def test_the_newest_migration_is_the_one_the_program_expects() -> None:
    config = Config(migrating.home() / "alembic.ini")
    assert ScriptDirectory.from_config(config).get_current_head() == schema.REVISION


def test_up_down_up_leaves_the_same_schema(registries: Registries, migrated: Settings) -> None:
    _downgrade(migrated, "base")
    assert set(described(migrated)) <= {"alembic_version", "alembic_version_pkc"}
    assert init(migrated).created
    fresh = registries.empty()
    init(fresh)
    assert described(migrated) == described(fresh)


@pytest.mark.parametrize("revision", ["0001", "0002", "0003"])
def test_a_full_registry_goes_down_and_up_whole(registries: Registries, revision: str) -> None:
    """What an older program wrote is there after the upgrade, and goes on being protected."""
    filled = registries.make("undecided")
    before, described_before = everything_in_tables(filled), described(filled)
    with opened(filled) as registry:
        trail = audit_verify(registry)
    _downgrade(filled, revision)
    with pytest.raises(SchemaOutdated), opened(filled):
        pass
    upgrade_existing(filled)
    after = everything_in_tables(filled)
    told = {"entries", "tree_nodes"}
    assert {name: rows for name, rows in after.items() if name not in told} == {
        name: rows for name, rows in before.items() if name not in told
    }
    assert set(before["tree_nodes"]) <= set(after["tree_nodes"])
    assert after["entries"][: len(before["entries"])] == before["entries"]
    assert described(filled) == described_before
    with opened(filled) as registry:
        verified = audit_verify(registry)
        assert verified.ok
        assert verified.size == trail.size + 1, "the upgrade is an act too"
        assert issue(registry, IssueRequest(Kind.STUDY)).uids
        decide_all(registry)


def decide_all(registry: OpenRegistry) -> None:
    """Everything that came with 0003, on what was recorded before."""
    found = {(finding.code, finding.uid) for finding in kept_findings(registry)}
    (about,) = {uid for code, uid in found if code == "UID301"} & {"1.2.3.4.1"}
    (content,) = (claim for claim in claims(registry, about) if claim.content_number == 2)
    assert resolve(registry, about, content.name, "the first was a copy").cleared
    (withdrawn,) = (each.uid for each in listed(registry, Filters(state="withdrawn")).items)
    assert reinstate(registry, [withdrawn], "by mistake").uids
    assert withdraw(registry, [withdrawn], "after all").uids
    (noted,) = (told.entry for told in audit_log(registry) if told.entry.note == "trial")
    redact(registry, noted.id, "a name")
    assert say(registry, [("P1", ""), ("P2", "")], same=True).ids == 2
    assert audit_verify(registry).ok


KEY_0002 = "5e156e84a4f18dc3cade7ac5a466a9153127a5958ec354320a5f06e283ae7603"
"""The key of the stored registry: of nobody but these tests."""


@pytest.mark.engine("sqlite")
def test_a_registry_that_the_program_of_0002_wrote(registries: Registries) -> None:
    """Not one that was downgraded: its very rows, triggers and entries (tests/stored)."""
    settings = registries.empty()
    file = Path(settings.database)
    with sqlite3.connect(file) as stored:
        stored.executescript((Path(__file__).parent / "stored" / "registry-0002.sql").read_text())
    stored.close()
    put_ring(file.with_name(f"{file.name}.key"), (RegistryKey(bytes.fromhex(KEY_0002)),))
    old = sqlite3.connect(file)
    tables = [name for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows = {table: old.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    old.close()
    with pytest.raises(SchemaOutdated), opened(settings):
        pass
    upgrade_existing(settings)
    after = everything_in_tables(settings)
    for table in set(tables) - {"alembic_version", "findings", "entries"}:
        assert sorted(map(tuple, rows[table]), key=str) == after[table], table
    assert [row[:11] for row in sorted(rows["findings"])] == [row[:11] for row in sorted(after["findings"])]
    assert len(after["entries"]) == len(rows["entries"]) + 1
    fresh = registries.empty()
    init(fresh)
    assert described(settings) == described(fresh)
    with opened(settings) as registry:
        assert audit_verify(registry).ok
        assert "UID306" in {finding.code for finding in kept_findings(registry)}
        decide_all(registry)
        assert "UID306" not in {finding.code for finding in kept_findings(registry)}


def _downgrade(settings: Settings, revision: str) -> None:
    with Database(settings.database) as database, database.writing() as connection:
        migrating.downgrade(connection, revision)
        connection.commit()


def everything_in_tables(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    """All rows; of the work, only what the first version kept: the rest is learned anew."""
    later = {"facts", "series_uid", "context"}
    names = {
        table.name: ", ".join(
            c.name for c in table.columns if table is not schema.findings or c.name not in later
        )
        for table in metadata.sorted_tables
    }
    with raw(settings) as connection:
        return {
            table.name: sorted(
                (tuple(row) for row in run(connection, f"SELECT {names[table.name]} FROM {table.name}")),
                key=str,
            )
            if table.name != "entries"
            else [tuple(row) for row in run(connection, "SELECT * FROM entries ORDER BY seq")]
            for table in metadata.sorted_tables
        }


def test_a_migration_that_fails_midway_leaves_nothing(
    registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = registries.empty()
    monkeypatch.setattr(triggers, "nodes", lambda dialect: iter(["CREATE TRIGGER nonsense"]))
    with pytest.raises(Exception, match="incomplete|syntax"):
        init(settings)
    assert described(settings) == {}
    monkeypatch.undo()
    assert init(settings).created


def stamped(settings: Settings, revision: str) -> Settings:
    with raw(settings) as connection:
        run(connection, "UPDATE alembic_version SET version_num = :revision", revision=revision)
    return settings


def test_an_older_database_is_refused_with_the_command_that_helps(migrated: Settings) -> None:
    with pytest.raises(SchemaOutdated, match="older") as refused, opened(stamped(migrated, "0000")):
        pass
    assert "db upgrade" in refused.value.advice


def test_a_newer_database_is_refused(migrated: Settings) -> None:
    settings = stamped(migrated, "9999")
    with pytest.raises(SchemaTooNew, match="newer"), opened(settings):
        pass
    with pytest.raises(SchemaTooNew):
        upgrade_existing(settings)


def test_upgrading_what_is_up_to_date_changes_nothing(migrated: Settings) -> None:
    before = everything(migrated)
    assert upgrade_existing(migrated).up_to_date
    assert everything(migrated) == before


def test_another_programs_database_is_refused(registries: Registries) -> None:
    settings = registries.empty()
    with raw(settings) as connection:
        run(connection, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(NoRegistry, match="holds no registry"), opened(settings):
        pass


def test_the_view_shows_uids_as_text(new_settings: Callable[[], Settings]) -> None:
    settings = new_settings()
    with opened(settings) as registry:
        issued = issue(registry, IssueRequest(Kind.STUDY, count=50))
    with raw(settings) as connection:
        shown = set(run(connection, "SELECT uid FROM uids").scalars())
    assert shown == set(issued.uids)


@pytest.mark.engine("sqlite")
def test_each_connection_is_set_up_for_durability_and_protection(migrated: Settings) -> None:
    with Database(migrated.database) as database, database.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("foreign_keys", "recursive_triggers", "synchronous", "journal_mode")
        }
    assert pragmas == {"foreign_keys": 1, "recursive_triggers": 1, "synchronous": 2, "journal_mode": "wal"}


@pytest.mark.engine("postgresql")
def test_each_session_is_set_up_so_that_nobody_waits_for_ever(migrated: Settings) -> None:
    with Database(migrated.database) as database, database.writing() as connection:
        shown = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in (
                "lock_timeout",
                "idle_in_transaction_session_timeout",
                "synchronous_commit",
                "transaction_isolation",
            )
        }
    assert shown == {
        "lock_timeout": "30s",
        "idle_in_transaction_session_timeout": "5min",
        "synchronous_commit": "on",
        "transaction_isolation": "read committed",
    }


@pytest.mark.engine("postgresql")
def test_a_reading_connection_sees_one_state_and_writes_nothing(migrated: Settings) -> None:
    with Database(migrated.database) as database:
        with database.reading() as connection:
            before = connection.exec_driver_sql("SELECT count(*) FROM entries").scalar_one()
            with opened(migrated) as registry:
                issue(registry, IssueRequest(Kind.STUDY, method=Method.UUID))
            assert connection.exec_driver_sql("SELECT count(*) FROM entries").scalar_one() == before
        with pytest.raises(DatabaseUnusable, match="read-only"), database.reading() as connection:
            connection.exec_driver_sql("DELETE FROM resume_marks")


@pytest.mark.engine("sqlite")
def test_threads_that_make_registries_at_once_dont_get_in_each_others_way(registries: Registries) -> None:
    places = [registries.empty() for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert all(made.created for made in threads.map(init, places))
