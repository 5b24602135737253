"""Doctor: one thing at a time is broken, and that thing is what it tells."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from registry.errors import RegistryError
from registry.services import filecondition, servercondition
from registry.services.checkup import Check, State
from registry.services.doctoring import Diagnosis, doctor
from registry.settings import Settings
from registry.store import act, schema, sqlite
from registry.store.description import plain
from tests import databases
from tests.conftest import Cli, Registries
from tests.databases import run
from tests.postgres import Server, database_of

SQLITE, POSTGRESQL = pytest.mark.engine("sqlite"), pytest.mark.engine("postgresql")


def check(found: Diagnosis, name: str) -> Check:
    (one,) = (each for each in found.checks if each.name == name)
    return one


def wrong(found: Diagnosis) -> dict[str, State]:
    """What isn't fine; the test server leaves out the syncs, and we are its superuser."""
    usual = {"durability", "rights"}
    return {
        each.name: each.state
        for each in found.checks
        if each.state in (State.WARNING, State.FAILURE) and each.name not in usual
    }


def sql(settings: Settings, *statements: str) -> None:
    with databases.raw(settings) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


# --- nothing is wrong ----------------------------------------------------------------------


def test_a_sound_registry_is_found_sound(filled: Settings, cli: Cli, engine: str) -> None:
    found = doctor(filled)
    assert wrong(found) == {}
    assert (found.ok, found.status) == (True, 0)
    assert all(each.advice is None for each in found.checks if each.state is State.OK)
    assert all(each.advice for each in found.checks if each.state in (State.WARNING, State.FAILURE))
    names = [each.name for each in found.checks]
    assert len(names) == len(set(names))


def test_it_changes_nothing(filled: Settings) -> None:
    before = databases.everything(filled)
    doctor(filled)
    assert databases.everything(filled) == before


def test_each_format_tells_it(cli: Cli, engine: str) -> None:
    document = cli("doctor", "--format", "json").json
    assert set(document) == {"database", "ok", "checks"}
    assert set(document["checks"][0]) == {"name", "state", "seen", "advice"}
    *lines, last = cli("doctor", "--format", "ndjson").ndjson
    assert lines == document["checks"]
    assert last == {"summary": {"database": document["database"], "ok": True}}
    assert cli("doctor", "--format", "csv").out.splitlines()[0] == "name,state,seen,advice"
    table = cli("doctor").out
    assert all(each["name"] in table for each in document["checks"])
    assert table.splitlines()[-1].startswith(f"{document['database']}: 0 failures")


def test_warnings_fail_the_run_where_asked_for(cli: Cli, settings: Settings, engine: str) -> None:
    sql(settings, "DROP INDEX ix_uses_entry")
    assert cli("doctor").code == 0
    assert cli("doctor", "--fail-on", "warning").code == 1
    assert cli("doctor", "--fail-on", "nothing").code == 2


# --- what the database consists of -------------------------------------------------------------


SAME = "BEGIN RETURN NULL; END"
BROKEN = {
    "sqlite": [
        ("triggers", "DROP TRIGGER tr_ledger_update"),
        ("triggers", "DROP TRIGGER tr_studies_kind"),
        (
            "triggers",
            "DROP TRIGGER tr_words_delete",
            "CREATE TRIGGER tr_words_delete BEFORE DELETE ON words WHEN 0 BEGIN SELECT 1; END",
        ),
        ("triggers", "CREATE TRIGGER more BEFORE INSERT ON ledger BEGIN SELECT RAISE(IGNORE); END"),
        ("tables", "DROP VIEW uids"),
        ("tables", "DROP TABLE resume_marks"),
        ("tables", "ALTER TABLE words RENAME COLUMN value TO worth"),
        ("indexes", "DROP INDEX ix_uses_entry"),
    ],
    "postgresql": [
        ("triggers", "DROP TRIGGER tr_ledger_update ON ledger"),
        ("triggers", "ALTER TABLE ledger DISABLE TRIGGER tr_ledger_update"),
        ("triggers", "ALTER TABLE ledger ENABLE REPLICA TRIGGER tr_ledger_update"),
        (
            "triggers",
            f"CREATE OR REPLACE FUNCTION history_refuse() RETURNS trigger LANGUAGE plpgsql AS '{SAME}'",
        ),
        ("triggers", "ALTER FUNCTION history_sealed() SECURITY DEFINER"),
        ("triggers", "CREATE RULE more AS ON DELETE TO ledger DO INSTEAD NOTHING"),
        ("triggers", "CREATE TRIGGER more BEFORE INSERT ON ledger EXECUTE FUNCTION history_refuse()"),
        ("constraints", "ALTER TABLE ledger DROP CONSTRAINT ck_ledger_kind"),
        ("constraints", "ALTER TABLE uses DROP CONSTRAINT fk_uses_uid"),
        (
            "constraints",
            "ALTER TABLE ledger DROP CONSTRAINT ck_ledger_kind",
            "ALTER TABLE ledger ADD CONSTRAINT ck_ledger_kind CHECK (kind > 0)",
        ),
        ("constraints", "ALTER TABLE words DROP CONSTRAINT uq_words_value"),
        ("constraints", "ALTER TABLE entries ALTER CONSTRAINT fk_entries_prev DEFERRABLE"),
        ("tables", "DROP VIEW uids"),
        ("tables", "DROP TABLE resume_marks"),
        ("tables", "DROP SEQUENCE words_ids"),
        ("tables", "ALTER TABLE resume_marks SET UNLOGGED"),
        ("tables", "ALTER TABLE ledger ALTER kind DROP NOT NULL"),
        ("tables", 'ALTER TABLE findings ALTER uid TYPE text COLLATE "POSIX"'),
        ("indexes", "DROP INDEX ix_uses_entry"),
        ("indexes", "DROP INDEX ix_series_entry", "CREATE INDEX ix_series_entry ON series (id)"),
    ],
}


def cases(engine: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("broken", BROKEN[engine], ids=[case[1][:60] for case in BROKEN[engine]])


def missed(settings: Settings, cli: Cli, name: str, *statements: str) -> None:
    sql(settings, *statements)
    state, status = (State.WARNING, 0) if name == "indexes" else (State.FAILURE, 5)
    found = wrong(doctor(settings))
    assert found[name] is state
    assert set(found) == {name} or name == "tables", "with a table goes what it has"
    assert cli("doctor").code == status


@SQLITE
@cases("sqlite")
def test_what_the_migrations_made_is_missed_in_a_file(
    settings: Settings, cli: Cli, broken: tuple[str, ...]
) -> None:
    missed(settings, cli, *broken)


@POSTGRESQL
@cases("postgresql")
def test_what_the_migrations_made_is_missed_on_a_server(
    settings: Settings, cli: Cli, broken: tuple[str, ...]
) -> None:
    missed(settings, cli, *broken)


@SQLITE
def test_a_dropped_check_is_missed_on_sqlite(settings: Settings) -> None:
    without = "WHEN name = 'uses' THEN replace(sql, 'CHECK (state BETWEEN 1 AND 3)', 'CHECK (1)')"
    sql(
        settings,
        "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_master SET sql = CASE {without} ELSE sql END WHERE type = 'table'",
        "PRAGMA writable_schema = OFF",
    )
    assert wrong(doctor(settings)) == {"constraints": State.FAILURE}


@POSTGRESQL
def test_keys_that_were_switched_off_are_missed(settings: Settings) -> None:
    sql(settings, "ALTER TABLE uses DISABLE TRIGGER ALL")
    assert wrong(doctor(settings)) == {"triggers": State.FAILURE, "constraints": State.FAILURE}


@POSTGRESQL
def test_a_user_for_whom_no_trigger_fires_is_told(settings: Settings, server: Server, cli: Cli) -> None:
    name = database_of(settings.database)
    sql(settings, f"ALTER DATABASE {name} SET session_replication_role = replica")
    assert wrong(doctor(settings)) == {"triggers fire": State.FAILURE}
    assert cli("doctor").code == 5


def test_what_else_is_in_the_database_is_nobodys_harm(settings: Settings, engine: str) -> None:
    sql(settings, "CREATE TABLE other (id int)", "CREATE INDEX more ON uses (state)")
    assert wrong(doctor(settings)) == {}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("kind BETWEEN 1 AND 13", "CHECK (kind >= 1 AND kind <= 13)".removeprefix("CHECK ")),
        ("policy IN ('a', 'B')", "policy::text = ANY (ARRAY['a'::character varying, 'B'::text]::text[])"),
        ("A != 'x)(  y'", "a <> 'x)(  y'::text"),
    ],
)
def test_postgresqls_own_way_of_writing_says_the_same(ours: str, theirs: str) -> None:
    assert plain(ours) == plain(theirs)


def test_literals_keep_their_case_and_brackets() -> None:
    assert plain("a = 'X'") != plain("a = 'x'")
    assert plain("a = '(x)'") != plain("a = 'x'")


# --- which registry, which schema ----------------------------------------------------------------


@pytest.mark.parametrize(("revision", "told"), [("0000", "older"), ("9999", "newer")])
def test_another_schema_is_told(settings: Settings, cli: Cli, engine: str, revision: str, told: str) -> None:
    sql(settings, f"UPDATE alembic_version SET version_num = '{revision}'")
    found = doctor(settings)
    assert wrong(found) == {"schema": State.FAILURE}
    assert told in check(found, "schema").seen
    assert cli("doctor").code == 3


def test_a_database_without_a_registry_is_told(registries: Registries, engine: str) -> None:
    settings = registries.empty()
    if engine == "sqlite":
        sql(settings, "CREATE TABLE recipes (name TEXT)")
    found = doctor(settings)
    assert check(found, "schema").state is State.FAILURE
    assert found.status == 3


def test_another_registry_than_the_pinned_is_told(
    settings: Settings, cli: Cli, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "uid-registry.toml").write_text('origin = "dicom-uid-registry/000000000000"\n')
    monkeypatch.chdir(tmp_path)
    result = cli("doctor")
    assert result.code == 3
    assert "pinned" in result.out


def test_a_registry_that_was_never_initialised_is_told(settings: Settings, engine: str) -> None:
    drop = "DROP TRIGGER tr_registry_delete" + (" ON registry" if engine == "postgresql" else "")
    sql(settings, drop, "DELETE FROM registry")
    assert wrong(doctor(settings)) == {"triggers": State.FAILURE, "registry": State.FAILURE}


# --- what can't be reached ------------------------------------------------------------------------


@SQLITE
def test_a_file_that_isnt_there_is_told(cli: Cli, tmp_path: Path) -> None:
    result = cli("doctor", "--database", tmp_path / "none.db", "--format", "json")
    states = {each["name"]: each["state"] for each in result.json["checks"]}
    assert (result.code, states["database"], states["the rest"]) == (3, "failure", "skipped")
    assert states["free space"] == "ok", "what can be asked is asked"
    assert not (tmp_path / "none.db").exists()


@SQLITE
def test_a_file_that_is_something_else_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "thesis").write_bytes(b"years of work" * 1000)
    assert cli("doctor", "--database", tmp_path / "thesis").code == 3


@POSTGRESQL
def test_a_server_that_is_down_is_told(settings: Settings, cli: Cli) -> None:
    server = Server()
    url = server.url(server.create())
    server.stop()
    result = cli("doctor", "--database", url)
    server.close()
    assert result.code == 3
    assert "failure  database" in result.out


@POSTGRESQL
@pytest.mark.parametrize("change", ["t_none?", "nobody@"])
def test_a_database_or_user_that_there_isnt_is_told(settings: Settings, cli: Cli, change: str) -> None:
    url = settings.database
    url = url.replace("postgres@", change) if "@" in change else url.replace(f"{database_of(url)}?", change)
    assert cli("doctor", "--database", url).code == 3


# --- the file ----------------------------------------------------------------------------------


@SQLITE
@pytest.mark.parametrize(
    ("kind", "state", "status"),
    [
        ("nfs4", State.FAILURE, 3),
        ("cifs", State.FAILURE, 3),
        ("smb3", State.FAILURE, 3),
        ("fuse.sshfs", State.FAILURE, 3),
        ("9p", State.WARNING, 0),
        ("virtiofs", State.WARNING, 0),
        ("ext4", State.OK, 0),
        ("fuseblk", State.OK, 0),
    ],
)
def test_a_network_file_system_is_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, state: State, status: int
) -> None:
    folder = Path(settings.database).parent
    mounts = tmp_path / "mounts"
    place = str(folder.resolve()).replace(" ", r"\040")
    mounts.write_text(f"/dev/sda / xfs rw 0 0\nserver:/x {place} {kind} rw 0 0\nnone {place}/x nfs rw 0 0\n")
    monkeypatch.setattr(filecondition, "MOUNTS", mounts)
    found = check(doctor(settings), "file system")
    assert (found.state, found.status) == (state, status)
    assert kind in found.seen


@SQLITE
def test_a_link_leads_to_where_the_file_is(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path(settings.database)
    (tmp_path / "mounts").write_text(f"/ / ext4 rw 0 0\nserver:/x {real.parent.resolve()} nfs4 rw 0 0\n")
    monkeypatch.setattr(filecondition, "MOUNTS", tmp_path / "mounts")
    (tmp_path / "link.db").symlink_to(real)
    found = doctor(Settings(str(tmp_path / "link.db"), key_file=f"{real}.key"))
    assert check(found, "file system").state is State.FAILURE


@SQLITE
def test_a_system_that_tells_no_mounts_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(filecondition, "MOUNTS", tmp_path / "none")
    assert check(doctor(settings), "file system").state is State.SKIPPED


@SQLITE
def test_little_room_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2**20))
    assert wrong(doctor(settings)) == {"free space": State.WARNING}


@SQLITE
@pytest.mark.parametrize("mode", [0o644, 0o666])
def test_a_file_open_to_everybody_is_told(settings: Settings, mode: int) -> None:
    Path(settings.database).chmod(mode)
    assert wrong(doctor(settings)) == {"modes": State.WARNING}


@SQLITE
@pytest.mark.parametrize(
    ("pragma", "value", "state", "status"),
    [
        ("foreign_keys", 0, State.FAILURE, 5),
        ("recursive_triggers", 0, State.FAILURE, 5),
        ("synchronous", 1, State.FAILURE, 5),
    ],
)
def test_a_connection_that_isnt_set_up_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, pragma: str, value: int, state: State, status: int
) -> None:
    set_up = sqlite._set_up

    def otherwise(connection: object, record: object) -> None:
        set_up(connection, record)
        connection.execute(f"PRAGMA {pragma} = {value}")  # type: ignore[attr-defined]

    monkeypatch.setattr(sqlite, "_set_up", otherwise)
    found = doctor(settings)
    assert wrong(found) == {"connection": state}
    assert found.status == status


@SQLITE
def test_a_file_that_isnt_in_wal_mode_is_told(settings: Settings) -> None:
    sql(settings, "PRAGMA journal_mode = DELETE")
    assert wrong(doctor(settings)) == {"connection": State.WARNING}


@SQLITE
def test_damaged_pages_are_told(filled: Settings) -> None:
    with databases.raw(filled) as connection:
        run(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
        size = run(connection, "PRAGMA page_size").scalar_one()
        page = run(connection, "SELECT rootpage FROM sqlite_master WHERE name = 'ix_uses_entry'").scalar_one()
    with open(filled.database, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))
    found = doctor(filled)
    assert (wrong(found), found.status) == ({"integrity": State.FAILURE}, 5)


@SQLITE
def test_a_large_file_isnt_read_from_end_to_end(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filecondition, "MOST", 1000)
    assert check(doctor(settings), "integrity").state is State.SKIPPED


# --- the server ----------------------------------------------------------------------------------


@POSTGRESQL
def test_a_server_that_may_lose_what_it_acknowledged_is_told(settings: Settings) -> None:
    found = check(doctor(settings), "durability")  # the test server leaves out the syncs
    assert found.state is State.WARNING
    assert "fsync and full_page_writes off" in found.seen


@pytest.fixture
def durable() -> Iterator[Server]:
    server = Server(durable=True)
    yield server
    server.close()


@POSTGRESQL
def test_a_standby_and_a_durable_server_are_told(
    durable: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = durable.url("postgres")
    assert check(doctor(Settings(url)), "durability").state is State.OK
    durable.stop("fast")
    (durable.folder / "standby.signal").touch()
    durable.start()
    found = check(doctor(Settings(url)), "writable")
    assert (found.state, "standby" in found.seen) == (State.WARNING, True)


@POSTGRESQL
@pytest.mark.parametrize(
    ("options", "statement", "name"),
    [
        ("ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'", None, "encoding"),
        (
            "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'",
            "UPDATE pg_database SET datcollversion = '0' WHERE datname = '{}'",
            "collation",
        ),
        ("", "ALTER DATABASE {} SET default_transaction_read_only = on", "writable"),
    ],
)
def test_a_database_that_was_made_otherwise_is_told(
    server: Server, engine: str, options: str, statement: str | None, name: str
) -> None:
    with server.connect() as connection:
        connection.execute("DROP DATABASE IF EXISTS t_otherwise")
        connection.execute(f"CREATE DATABASE t_otherwise TEMPLATE template0 {options}")
        if statement:
            connection.execute(statement.format("t_otherwise"))
    found = check(doctor(Settings(server.url("t_otherwise"))), name)
    server.drop("t_otherwise")
    assert found.state is State.WARNING


# --- clocks ---------------------------------------------------------------------------------------


@POSTGRESQL
@pytest.mark.parametrize("seconds", [-60, 60])
def test_a_server_whose_clock_is_wrong_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    wrong_time = lambda _: datetime.now(UTC) + timedelta(seconds=seconds)  # noqa: E731
    monkeypatch.setattr(servercondition, "server_clock", wrong_time)
    found = doctor(settings)
    assert wrong(found) == {"clock": State.WARNING}
    assert ("ahead" if seconds > 0 else "behind") in check(found, "clock").seen


def test_an_entry_of_tomorrow_is_told(
    settings: Settings, cli: Cli, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamped = act.timestamp
    monkeypatch.setattr(act, "timestamp", lambda moment: stamped(moment + timedelta(days=1)))
    assert cli("issue", "study").code == 0
    monkeypatch.undo()
    assert wrong(doctor(settings)) == {"newest entry": State.WARNING}


# --- a question that fails keeps no other from being asked --------------------------------------------


def test_what_cant_be_asked_is_told_and_the_rest_is_asked(settings: Settings, engine: str) -> None:
    cascade = " CASCADE" if engine == "postgresql" else ""
    sql(settings, "PRAGMA foreign_keys = OFF") if engine == "sqlite" else None
    with databases.raw(settings) as connection:
        if engine == "sqlite":
            run(connection, "PRAGMA foreign_keys = OFF")
        run(connection, f"DROP TABLE entries{cascade}")
    found = doctor(settings)
    assert check(found, "newest entry").state is State.FAILURE
    assert check(found, "key").state in (State.OK, State.SKIPPED)
    assert found.status == 5
    assert all(not isinstance(each, RegistryError) for each in found.checks)


def test_names_are_told_alike_on_both_engines(new_settings: Callable[[], Settings], engine: str) -> None:
    assert {"database", "schema", "tables", "triggers", "registry", "key"} <= {
        each.name for each in doctor(new_settings()).checks
    }
    assert check(doctor(new_settings()), "schema").seen == schema.REVISION
