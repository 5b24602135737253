"""The migrations build what the program expects, in one transaction, and nothing else does."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from registry.errors import NoRegistry, SchemaOutdated, SchemaTooNew
from registry.records import Kind
from registry.services.initializing import init, upgrade_existing
from registry.services.issuing import issue
from registry.services.opening import opened
from registry.services.requests import IssueRequest
from registry.settings import Settings
from registry.store import migrating, schema, triggers
from registry.store.columns import metadata
from registry.store.session import Database


def described(file: Path) -> dict[str, frozenset[str]]:
    """What a database consists of: for each table, index and trigger the parts of its definition."""
    with closing(sqlite3.connect(file)) as connection, connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
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


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    init(Settings(str(tmp_path / "migrated.db"), actor="t"))
    return tmp_path / "migrated.db"


def test_the_models_and_the_migrations_describe_the_same_schema(migrated: Path, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/models.db")
    metadata.create_all(engine)
    engine.dispose()
    models, migrations = described(tmp_path / "models.db"), described(migrated)
    extra = {name for name in migrations if name.startswith("tr_")} | {"uids", "alembic_version"}
    assert {name: parts for name, parts in migrations.items() if name not in extra} == models


def test_every_history_table_is_protected_by_triggers(migrated: Path) -> None:
    expected = {f"tr_{table.name}_{action}" for table in schema.HISTORY for action in ("update", "delete")}
    expected |= {f"tr_{table.name}_sealed" for table in schema.SEALED}
    expected |= {"tr_studies_kind", "tr_series_kind", "tr_entries_nodes"}
    with closing(sqlite3.connect(migrated)) as connection, connection:
        found = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        }
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


def test_up_down_up_leaves_the_same_schema(migrated: Path) -> None:
    with Database(str(migrated)) as database, database.writing() as connection:
        migrating.downgrade(connection, "base")
        connection.commit()
    assert set(described(migrated)) == {"alembic_version"}
    assert init(Settings(str(migrated), actor="t")).created
    fresh = migrated.with_name("fresh.db")
    init(Settings(str(fresh), actor="t"))
    assert described(migrated) == described(fresh)


def test_a_migration_that_fails_midway_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggers, "nodes", lambda dialect: iter(["CREATE TRIGGER nonsense"]))
    with pytest.raises(Exception, match="incomplete|syntax"):
        init(Settings(str(tmp_path / "half.db"), actor="t"))
    assert described(tmp_path / "half.db") == {}
    monkeypatch.undo()
    assert init(Settings(str(tmp_path / "half.db"), actor="t")).created


def stamped(file: Path, revision: str) -> Settings:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    return Settings(str(file), actor="t")


def test_an_older_database_is_refused_with_the_command_that_helps(migrated: Path) -> None:
    with pytest.raises(SchemaOutdated, match="older") as refused, opened(stamped(migrated, "0000")):
        pass
    assert "db upgrade" in refused.value.advice


def test_a_newer_database_is_refused(migrated: Path) -> None:
    settings = stamped(migrated, "9999")
    with pytest.raises(SchemaTooNew, match="newer"), opened(settings):
        pass
    with pytest.raises(SchemaTooNew):
        upgrade_existing(settings)


def test_upgrading_what_is_up_to_date_changes_nothing(migrated: Path) -> None:
    before = migrated.read_bytes()
    assert upgrade_existing(Settings(str(migrated), actor="t")).up_to_date
    assert migrated.read_bytes() == before


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection, connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    settings = Settings(str(tmp_path / "other.db"))
    with pytest.raises(NoRegistry, match="holds no registry"), opened(settings):
        pass


def test_the_view_shows_uids_as_text(new_settings: Callable[[], Settings]) -> None:
    settings = new_settings()
    with opened(settings) as registry:
        issued = issue(registry, IssueRequest(Kind.STUDY, count=50))
    with closing(sqlite3.connect(settings.database)) as connection, connection:
        shown = {uid for (uid,) in connection.execute("SELECT uid FROM uids")}
    assert shown == set(issued.uids)


def test_each_connection_is_set_up_for_durability_and_protection(migrated: Path) -> None:
    with Database(str(migrated)) as database, database.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("foreign_keys", "recursive_triggers", "synchronous", "journal_mode")
        }
    assert pragmas == {"foreign_keys": 1, "recursive_triggers": 1, "synchronous": 2, "journal_mode": "wal"}
