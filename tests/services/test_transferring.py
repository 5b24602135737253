"""A registry in another database: the same rows, the same trail, and only one of the two that goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry.errors import (
    BadRequest,
    DatabaseUnusable,
    RegistryElsewhere,
    RegistryError,
    RightMissing,
    TrailBroken,
)
from registry.keys import load_ring
from registry.records import Kind
from registry.services import transferring
from registry.services.auditing import audit_log, audit_verify
from registry.services.checkpointing import checkpoint
from registry.services.issuing import issue
from registry.services.opening import key_path, opened, signing_key_path
from registry.services.requests import IssueRequest
from registry.services.transferring import Transfer, reopen, transfer_to
from registry.services.trusting import Handed, trusted
from registry.settings import Settings
from registry.store import transfer
from registry.store.columns import metadata
from registry.store.session import Database
from registry.store.signing import verifier_keys
from tests import databases
from tests.conftest import Cli, Registries
from tests.databases import run
from tests.postgres import Server, database_of
from tests.services.test_copying import works

ISSUED = IssueRequest(Kind.STUDY)

Places = Callable[[], Settings]


@pytest.fixture
def place(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    """Empty places to copy to, of the other engine; or of the same, for ``same_engine``."""
    other = (engine == "sqlite") is not ("same_engine" in request.fixturenames)
    made: list[str] = []
    server = request.getfixturevalue("server") if other else None

    def make() -> Settings:
        if server is None:
            return Settings(str(tmp_path / f"to-{len(list(tmp_path.iterdir()))}.db"), actor="tester")
        made.append(server.create())
        return Settings(server.url(made[-1]), actor="tester")

    yield make
    for name in made:
        server.drop(name)


@pytest.fixture
def same_engine() -> None:
    """Asks for places of the engine that is copied from."""


def contents(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, as they are stored."""
    with databases.raw(settings) as connection:
        found = {}
        for table in metadata.tables.values():
            names = ", ".join(column.name for column in table.columns)
            rows = run(connection, f"SELECT {names} FROM {table.name}")
            # As text: memoryviews of bytes and the like differ between the drivers, values don't.
            found[table.name] = sorted(
                repr(tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)) for row in rows
            )
        return found


def copied(settings: Settings, to: Settings, **options: Any) -> Transfer:
    with opened(settings, though_moved=True) as registry:
        return transfer_to(registry, to.database, **options)


def with_keys(settings: Settings, to: Settings, folder: Path) -> Settings:
    """The settings of a place, with the keys of the registry that was copied there."""
    there = replace(to, key_file=str(folder / "keys" / "key"))
    (folder / "keys").mkdir()
    with Database(settings.database) as before, Database(to.database) as after:
        for path in (key_path, signing_key_path):
            shutil.copy(path(settings, before, ""), path(there, after, ""))
    return there


# --- what is there -------------------------------------------------------------------------


def test_every_table_is_equal_row_by_row(filled: Settings, place: Places) -> None:
    to = place()
    with databases.raw(filled) as connection:  # where the filled one has none
        run(connection, "INSERT INTO pending_references SELECT uid, set_id FROM reference_claims")
        for table, values in (("resume_marks", ":a, :b"), ("labels", ":a, :b, :b")):
            run(connection, f"INSERT INTO {table} VALUES ({values})", a=b"\x12\xaf", b=b"\x00\xff")
    made = copied(filled, to)
    before, after = contents(filled), contents(to)
    assert [name for name, rows in before.items() if not rows] == [], "what is empty proves nothing"
    assert after == before
    assert made.rows == sum(map(len, before.values()))
    assert made.originals == len(before["originals"])


@pytest.mark.usefixtures("same_engine")
def test_and_so_they_are_within_one_engine(filled: Settings, place: Places) -> None:
    to = place()
    copied(filled, to)
    assert contents(to) == contents(filled)


def test_an_old_checkpoint_holds_for_the_copy(filled: Settings, place: Places) -> None:
    to = place()
    with opened(filled) as registry:
        note = checkpoint(registry).note
        issue(registry, ISSUED)
        made = transfer_to(registry, to.database)
        with registry.database.reading() as connection:
            keys = verifier_keys(connection)
    with opened(to) as copy:
        old = trusted(copy, Handed("old", str(note).encode()), keys)
        found = audit_verify(copy, [old])
    assert (found.ok, found.size, found.root_hash) == (True, made.entries, made.root_hash)


def test_a_registry_that_was_moved_goes_on_there(filled: Settings, place: Places, tmp_path: Path) -> None:
    to = place()
    copied(filled, to, move=True)
    there = with_keys(filled, to, tmp_path)
    with opened(there) as registry:
        entry = issue(registry, ISSUED).entry
    with databases.raw(there) as connection:
        newest, before = run(connection, "SELECT id FROM entries ORDER BY seq DESC LIMIT 2").scalars()
    assert (before + 1, newest) == (entry, entry), "what comes next gets the next number"
    works(there, tmp_path)
    with opened(there) as registry:
        (told,) = [each.entry for each in audit_log(registry) if each.entry.event == "database:move"]
        assert set(told.detail) == {"to", "place"}
        assert str(tmp_path) not in str(told.detail)


def test_and_back_again(filled: Settings, place: Places, registries: Registries, tmp_path: Path) -> None:
    there = with_keys(filled, place(), tmp_path)
    copied(replace(filled, key_file=there.key_file), there, move=True)
    with opened(there) as registry:
        issue(registry, ISSUED)
    home = replace(registries.empty(), key_file=there.key_file)
    copied(there, home, move=True)
    assert contents(home) == contents(there)


def test_the_order_of_the_tables_is_that_of_their_keys() -> None:
    order = [table.name for table in transfer.in_order()]
    assert sorted(order) == sorted(metadata.tables)
    for table in metadata.tables.values():
        for key in table.foreign_keys:
            if not key.deferrable and key.column.table is not table:
                assert order.index(key.column.table.name) < order.index(table.name)


# --- one of the two ------------------------------------------------------------------------


def test_what_was_moved_refuses_and_says_where_it_is(
    filled: Settings, place: Places, cli: Cli, engine: str
) -> None:
    to = place()
    with opened(filled) as before:  # a program that runs on
        copied(filled, to, move=True)
        was = contents(filled)
        with pytest.raises(RegistryElsewhere, match="was moved to"):
            issue(before, ISSUED)
    at = ("--database", filled.database)
    for command in (["show", "1.2.3"], ["issue", "study"], ["check", "."], ["stats"], ["init"]):
        told = cli(*command, *at)
        assert (told.code, told.out) == (3, ""), command
        name = "to-" if str(to.database).startswith("/") else database_of(to.database)
        assert f"was moved to {'sqlite:' if name == 'to-' else 'postgresql:'}" in told.err
        assert name in told.err
        assert "--database" in told.err
    assert contents(filled) == was
    verified = cli("audit", "verify", *at)
    assert verified.code == 0
    assert "isn't recorded" in verified.err
    assert cli("audit", "log", *at).code == 3
    assert "database:move" in cli("audit", "log", *at, "--unrecorded").out
    assert cli("doctor", *at).code == 3
    assert contents(filled) == was


def test_a_copy_answers_and_takes_nothing(filled: Settings, place: Places, cli: Cli) -> None:
    to = place()
    made = copied(filled, to)
    was = contents(to)
    at = ("--database", to.database)
    assert cli("show", "1.2.826.0.99.1", *at).code == 0
    told = cli("withdraw", "1.2.826.0.99.1", "--reason", "x", *at)
    assert (told.code, told.out) == (3, "")
    assert f"for reading, as of {made.entries:,} entries" in told.err
    assert cli("audit", "verify", *at).code == 0
    assert contents(to) == was
    with opened(filled) as registry:
        issue(registry, ISSUED)


def test_a_copy_is_taken_up_with_a_reason(filled: Settings, place: Places, tmp_path: Path) -> None:
    to = with_keys(filled, place(), tmp_path)
    copied(filled, to)
    with opened(to) as registry:
        entry = reopen(registry, "the server's disk is lost")
    with opened(to) as registry:
        (told,) = [each.entry for each in audit_log(registry, entry=entry)]
        assert (told.event, told.note) == ("database:reopen", "the server's disk is lost")
        with pytest.raises(BadRequest, match="neither moved nor"):
            reopen(registry, "again")


@pytest.mark.engine("sqlite")
def test_and_so_is_what_was_moved(filled: Settings, place: Places, cli: Cli) -> None:
    copied(filled, place(), move=True)
    at = ("--database", filled.database)
    assert cli("db", "reopen", "--reason", "the new server burnt down", *at).code == 0
    assert cli("issue", "study", *at).code == 0
    assert cli("audit", "verify", *at).code == 0


@pytest.mark.engine("postgresql")
def test_of_a_file_that_cant_be_made_whole_nothing_stays(
    filled: Settings, place: Places, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    to = place()
    with monkeypatch.context() as patch:
        patch.setattr("registry.store.transfer.proved", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            copied(filled, to, move=True)
    assert list(tmp_path.iterdir()) == []
    with opened(filled) as registry:
        issue(registry, ISSUED)


# --- again, and what goes wrong ------------------------------------------------------------


@pytest.mark.engine("sqlite")
def test_a_move_is_safe_to_repeat(filled: Settings, place: Places) -> None:
    to = place()
    made = copied(filled, to, move=True)
    was = contents(to)
    again = copied(filled, to, move=True)
    assert (again.done_before, again.rows) == (True, None)
    assert (again.entries, again.root_hash) == (made.entries, made.root_hash)
    assert contents(to) == was
    with pytest.raises(RegistryElsewhere, match="was moved to"):
        copied(filled, place(), move=True)


@pytest.mark.engine("sqlite")
def test_a_move_that_was_cut_off_goes_on(
    filled: Settings, place: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = place()
    with monkeypatch.context() as patch:
        patch.setattr("registry.services.transferring._made", lambda *_: 1 / 0)
        patch.setattr("registry.services.transferring._say_failed", lambda *_: None)  # it was killed
        with pytest.raises(ZeroDivisionError):
            copied(filled, to, move=True)
    with pytest.raises(RegistryElsewhere), opened(filled):
        pass
    made = copied(filled, to, move=True)
    assert not made.done_before
    assert contents(to) == contents(filled)


@pytest.mark.engine("sqlite")
def test_what_may_be_there_isnt_said_to_have_failed(
    filled: Settings, place: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    to, commit = place(), transferring._commit

    def cut_off(*arguments: Any) -> None:
        commit(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(transferring, "_commit", cut_off)
        with pytest.raises(KeyboardInterrupt):
            copied(filled, to, move=True)
    with pytest.raises(RegistryElsewhere), opened(filled):
        pass
    assert copied(filled, to, move=True).done_before


@pytest.mark.engine("sqlite")
def test_where_no_copy_comes_of_it_all_is_as_before(
    filled: Settings, place: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = place()

    def fails(*_: object) -> None:
        raise DatabaseUnusable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("registry.store.transfer.proved", fails)
        for move in (False, True):
            with pytest.raises(DatabaseUnusable):
                copied(filled, to, move=move)
    with opened(filled) as registry:
        issue(registry, ISSUED)
        told = [(each.entry.event, each.entry.outcome) for each in audit_log(registry)][-5:-1]
        assert audit_verify(registry).ok
    assert told == [(f"database:{verb}", how) for verb in ("copy", "move") for how in ("done", "failed")]
    with pytest.raises(RegistryError), opened(to):
        pass
    copied(filled, to, move=True)


@pytest.mark.engine("sqlite")
def test_a_trail_that_was_changed_is_not_copied(filled: Settings, place: Places, engine: str) -> None:
    to = place()
    with databases.raw(filled) as connection:
        run(connection, "DROP TRIGGER tr_ledger_update" + (" ON ledger" if engine == "postgresql" else ""))
        run(connection, "UPDATE ledger SET origin = 1 WHERE kind = 5 AND origin <> 1")
        run(connection, "UPDATE ledger SET content = NULL, data_set = NULL WHERE content IS NOT NULL")
    with pytest.raises(TrailBroken, match="given up"):
        copied(filled, to, move=True)
    with opened(filled) as registry:
        issue(registry, ISSUED)


@pytest.mark.engine("sqlite")
def test_nothing_is_written_over(filled: Settings, place: Places, registries: Registries) -> None:
    to = place()
    copied(filled, to)
    was, before = contents(to), contents(filled)
    for move in (False, True):
        with pytest.raises(BadRequest, match="never written over|nothing is written over"):
            copied(filled, to, move=move)
        with pytest.raises(BadRequest, match="this is the database"):
            copied(filled, filled, move=move)
    assert contents(to) == was
    assert contents(filled) == before, "what can't begin leaves no entry"


@pytest.mark.engine("sqlite")
def test_keys_come_along_with_a_move_alone(
    filled: Settings, server: Server, cli: Cli, tmp_path: Path
) -> None:
    name, other = server.create(), server.create()
    at = ("--database", filled.database)
    said = cli("db", "copy", *at, "--to", server.url(other))
    assert said.code == 0
    assert "for reading" in said.out
    assert list(Path.home().rglob("*.key")) == []
    told = cli("db", "copy", *at, "--to", server.url(name), "--move", "--format", "json")
    assert told.code == 0, told.err
    assert [key["found"] for key in told.json["keys"]] == ["put there now", "put there now"]
    ring, before = (
        load_ring(Path(path)) for path in (told.json["keys"][0]["file"], f"{filled.database}.key")
    )
    assert ring == before
    to = ("--database", server.url(name))
    assert cli("issue", "study", *to).code == 0
    assert cli("audit", "checkpoint", *to).code == 0
    assert cli("doctor", *to).code == 0
    for made in (name, other):
        server.drop(made)


@pytest.mark.engine("sqlite")
def test_who_may_make_no_tables_is_told_before_anything_is_said(filled: Settings, server: Server) -> None:
    name = server.create()
    with server.connect() as connection:
        connection.execute("CREATE ROLE stranger LOGIN")
    before = contents(filled)
    try:
        for move in (False, True):
            with pytest.raises(RightMissing, match=f"{name}.* lets this user make no tables") as told:
                copied(filled, Settings(server.url(name, "stranger")), move=move)
            assert "createdb --owner" in told.value.advice
    finally:
        server.drop(name)
        with server.connect() as connection:
            connection.execute("DROP ROLE stranger")
    assert contents(filled) == before
