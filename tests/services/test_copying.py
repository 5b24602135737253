"""Backups: a copy made while others write, proved before it has its name; restored on both engines."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from registry.keys import load_ring
from registry.records import Kind
from registry.services.auditing import audit_verify
from registry.services.copying import backup
from registry.services.doctoring import doctor
from registry.services.granting import apply_roles
from registry.services.issuing import issue
from registry.services.opening import opened
from registry.services.registering import register
from registry.services.requests import IssueRequest
from registry.settings import Settings
from registry.store import schema
from tests import databases
from tests.conftest import Cli
from tests.databases import REFUSED, run
from tests.hammering import writing
from tests.objects import ct_slices, save_all
from tests.postgres import Server, database_of

SQLITE, POSTGRESQL = pytest.mark.engine("sqlite"), pytest.mark.engine("postgresql")


def works(settings: Settings, tmp_path: Path) -> None:
    """A restored registry is one: sound, with its key, its counters, its guards."""
    found = doctor(settings)
    assert found.ok, [check for check in found.checks if check.status]
    with opened(settings) as registry:
        before = audit_verify(registry)
        assert before.ok
        issued = issue(registry, IssueRequest(Kind.STUDY, count=3))
        issue(registry, IssueRequest(Kind.SERIES, study_instance_uid=issued.uids[0], modality="MR"))
        report = register(registry, [str(path) for path in save_all(ct_slices(2), tmp_path / "again")])
        assert report.findings == []
        assert audit_verify(registry).size == before.size + 3
    with databases.raw(settings) as connection:
        for table in schema.HISTORY:
            with pytest.raises(REFUSED, match="tr_"):
                run(connection, f"DELETE FROM {table.name}")


# --- SQLite --------------------------------------------------------------------------------


@SQLITE
def test_a_copy_made_while_others_write_is_the_state_of_one_moment(filled: Settings, tmp_path: Path) -> None:
    with writing(filled) as acknowledged, opened(filled) as registry:
        for number in range(5):
            before = set(acknowledged)
            made = backup(registry, str(tmp_path / f"{number}.db"))
            with opened(Settings(made.file), read_only=True) as copy:
                verified = audit_verify(copy)
                with copy.database.reading() as connection:
                    held = set(
                        connection.execute(
                            schema.ledger.select().with_only_columns(schema.ledger.c.uid)
                        ).scalars()
                    )
            assert (verified.ok, verified.size, verified.root_hash) == (True, made.entries, made.root_hash)
            assert before <= held, "what was acknowledged before is in it"
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {f"{number}.db" for number in range(5)}


@SQLITE
def test_a_copy_is_restored_with_its_key(filled: Settings, cli: Cli, tmp_path: Path) -> None:
    copied = cli("db", "backup", "--to", tmp_path / "b.db", "--database", filled.database, "--format", "json")
    assert copied.code == 0
    assert stat.S_IMODE((tmp_path / "b.db").stat().st_mode) == 0o600
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(tmp_path / "b.db", tmp_path / "elsewhere" / "registry.db")
    restored = Settings(str(tmp_path / "elsewhere" / "registry.db"), actor="t")
    verified = cli("audit", "verify", "--database", restored.database, "--format", "json").json
    assert (verified["size"], verified["root_hash"]) == (copied.json["entries"], copied.json["root_hash"])
    assert cli("doctor", "--database", restored.database).code == 3, "the key is not in it"
    installed = cli("db", "key", "--install", f"{filled.database}.key", "--database", restored.database)
    assert installed.code == 0
    works(restored, tmp_path)


@SQLITE
def test_what_it_says(filled: Settings, cli: Cli, tmp_path: Path) -> None:
    said = cli("db", "backup", "--to", tmp_path / "b.db", "--database", filled.database)
    assert (said.code, said.err) == (0, "")
    keys = load_ring(Path(f"{filled.database}.key"))
    assert "root hash" in said.out
    assert "not in it" in said.out
    for key in keys:
        assert key.secret.hex() not in said.out
        assert key.secret.hex().encode() not in (tmp_path / "b.db").read_bytes()
        assert key.secret not in (tmp_path / "b.db").read_bytes()


@SQLITE
@pytest.mark.parametrize("there", ["a file", "a folder", "a link to nothing", "no such folder"])
def test_nothing_is_written_over(settings: Settings, cli: Cli, tmp_path: Path, there: str) -> None:
    target = tmp_path / "b.db"
    if there == "a file":
        target.write_text("years of work")
    elif there == "a folder":
        target.mkdir()
    elif there == "a link to nothing":
        target.symlink_to(tmp_path / "nothing")
    else:
        target = tmp_path / "none" / "b.db"
    before = sorted(tmp_path.iterdir())
    result = cli("db", "backup", "--to", target)
    assert (result.code, result.out) == (2, "")
    assert sorted(tmp_path.iterdir()) == before
    assert there != "a file" or target.read_text() == "years of work"


@SQLITE
def test_a_registry_whose_trail_was_changed_is_not_backed_up(
    filled: Settings, cli: Cli, tmp_path: Path
) -> None:
    with databases.raw(filled) as connection:
        run(connection, "DROP TRIGGER tr_entries_update")
        run(connection, "UPDATE entries SET actor = 'nobody' WHERE seq = 3")
    result = cli("db", "backup", "--to", tmp_path / "b.db", "--database", filled.database)
    assert (result.code, result.out) == (5, "")
    assert list(tmp_path.iterdir()) == []


@SQLITE
def test_a_damaged_file_is_not_backed_up(filled: Settings, cli: Cli, tmp_path: Path) -> None:
    with closing(sqlite3.connect(filled.database)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_uses_entry'"
        ).fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(filled.database, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))
    result = cli("db", "backup", "--to", tmp_path / "b.db", "--database", filled.database)
    assert (result.code, result.out) == (3, ""), result.err
    assert list(tmp_path.iterdir()) == []
    assert cli("doctor", "--database", filled.database).code == 5


# --- PostgreSQL ---------------------------------------------------------------------------------


@pytest.fixture
def tools(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own tools, those of the server's version."""
    monkeypatch.setenv("PATH", f"{server.binaries}:{os.environ['PATH']}")


def sh(command: str) -> None:
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), command


@POSTGRESQL
def test_a_dump_is_restored_where_there_are_no_roles(
    filled: Settings, cli: Cli, server: Server, tools: None, tmp_path: Path
) -> None:
    prefix = f"r{os.urandom(4).hex()}"
    with opened(filled) as registry:
        apply_roles(registry, prefix)
        before = audit_verify(registry)
    file = tmp_path / "a file.dump"
    asked = ("db", "backup", "--to", file, "--database", filled.database)
    sh(cli(*asked).out)  # as it stands, for a shell
    commands = cli(*asked, "--format", "json").json
    assert (commands["entries"], commands["file"]) == (before.size, str(file))

    server.drop(database_of(filled.database))
    with server.connect() as connection:
        for role in ("owner", "writer", "auditor"):
            connection.execute(f"DROP ROLE {prefix}_{role}")
    sh(commands["create"])
    sh(commands["restore"])

    with opened(filled) as registry:
        after = audit_verify(registry)
    assert (after.ok, after.size, after.root_hash) == (True, before.size, before.root_hash)
    works(filled, tmp_path)
    with opened(filled) as registry:
        apply_roles(registry, prefix)
    server.drop(database_of(filled.database))
    with server.connect() as connection:
        for role in ("owner", "writer", "auditor"):
            connection.execute(f"DROP ROLE {prefix}_{role}")


@POSTGRESQL
def test_the_command_goes_where_the_connection_went(
    settings: Settings, server: Server, cli: Cli, tools: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = database_of(settings.database)
    service = tmp_path / "services"
    service.write_text(f"[registry]\nhost={server.folder}\ndbname={name}\nuser=postgres\n")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    sh(cli("db", "backup", "--to", tmp_path / "1", "--database", "postgresql:///?service=registry").out)
    monkeypatch.setenv("PGHOST", str(server.folder))
    monkeypatch.setenv("PGUSER", "postgres")
    monkeypatch.setenv("PGDATABASE", name)
    told = cli("db", "backup", "--to", tmp_path / "2", "--database", "postgresql://").out
    for variable in ("PGHOST", "PGUSER", "PGDATABASE", "PGSERVICEFILE"):
        monkeypatch.delenv(variable)
    sh(told)  # without the environment
    assert (tmp_path / "1").stat().st_size > 1000 < (tmp_path / "2").stat().st_size


@POSTGRESQL
def test_no_password_is_in_it(settings: Settings, cli: Cli, tmp_path: Path) -> None:
    url = (
        settings.database.replace("postgres@", "postgres:se%20cret@")
        + "&sslpassword=se cret&passfile=se cret"
    )
    for form in ("table", "json", "csv", "ndjson"):
        told = cli("db", "backup", "--to", tmp_path / "1", "--database", url, "--format", form)
        assert told.code == 0
        assert "cret" not in told.out + told.err


@POSTGRESQL
def test_no_name_breaks_out_of_its_line(settings: Settings, cli: Cli) -> None:
    result = cli("db", "backup", "--to", "x\ntouch y", "--database", settings.database)
    assert (result.code, result.out) == (2, "")


def test_a_registry_that_isnt_there_isnt_backed_up(settings: Settings, cli: Cli, tmp_path: Path) -> None:
    result = cli("db", "backup", "--to", tmp_path / "b", "--database", str(tmp_path / "none.db"))
    assert (result.code, result.out) == (3, "")
