"""Connections that are lost, and servers that are away: told as what they are, and waited for."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from registry.errors import DatabaseBusy, DatabaseGone
from registry.records import Kind
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry
from registry.services.requests import IssueRequest
from registry.store import exchange, retrying
from registry.store.act import Act
from registry.store.session import Database
from registry.store.settling import settled
from tests.postgres import Server, database_of

ENDED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


def failing(times: int, error: Exception) -> object:
    """An attempt that fails so often, and what it was told of the tries before."""
    told: list[int] = []

    def attempt(tried: int) -> list[int]:
        told.append(tried)
        if len(told) <= times:
            raise error
        return told

    return attempt


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "_LONGEST_PAUSE", 0.001)


def test_a_restart_is_waited_for_however_often_it_is_asked(quick: None) -> None:
    told = retrying.again(failing(40, DatabaseGone("down")))  # type: ignore[arg-type]
    assert told == [0] * 41  # nobody was in the way


def test_others_in_the_way_are_waited_for_a_bounded_number_of_times(quick: None) -> None:
    with pytest.raises(DatabaseBusy, match=r"busy \(tried 12 times"):
        retrying.again(failing(40, DatabaseBusy("busy")))  # type: ignore[arg-type]


def test_the_advice_outlives_the_tries(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "_SECONDS", 0.01)
    with pytest.raises(DatabaseGone) as raised:
        retrying.again(failing(10_000, DatabaseGone("down", advice="Start it.")))  # type: ignore[arg-type]
    assert raised.value.advice == "Start it."


@pytest.mark.engine("postgresql")
def test_a_session_that_ended_before_an_act_began_is_told_as_gone(
    registry: OpenRegistry, server: Server
) -> None:
    with server.connect() as administrator:
        administrator.execute(ENDED, [database_of(registry.settings.database)])
    with pytest.raises(DatabaseGone, match="went away"), registry.act("uid:issue"):
        pass
    assert issue(registry, IssueRequest(Kind.STUDY)).uids  # the pool is as good as new


@pytest.mark.engine("postgresql")
def test_a_server_that_is_down_is_told_as_such(registry: OpenRegistry, server: Server) -> None:
    url = registry.settings.database.replace(str(server.folder), f"{server.folder}/nowhere")
    with Database(url) as database, pytest.raises(DatabaseGone, match="can't be reached") as raised:
        database.require()
    assert "Is the server running" in raised.value.advice


@pytest.mark.engine("postgresql")
def test_only_the_entry_itself_says_that_it_was_written(registry: OpenRegistry) -> None:
    """A server that crashed gives numbers again; another act's entry is not ours."""
    other = issue(registry, IssueRequest(Kind.STUDY)).entry
    with registry.database.reading() as connection:
        asked = f"SELECT leaf, seq, xmin::text FROM entries WHERE id = {other}"
        leaf, seq, transaction = connection.exec_driver_sql(asked).one()
    lost = OperationalError("COMMIT", {}, Exception("the connection is lost"))
    engine = registry.database.engine
    assert settled(engine, transaction, {"id": other, "leaf": leaf}, lost) == seq
    for number in (transaction, "4000000000"):  # given again; not given yet
        with pytest.raises(OperationalError, match="lost"):
            settled(engine, number, {"id": other, "leaf": b"of another act"}, lost)


@pytest.mark.engine("postgresql")
def test_a_database_that_an_administrator_made_read_only_stays_so(
    registry: OpenRegistry, server: Server
) -> None:
    with server.connect() as administrator:
        name = database_of(registry.settings.database)
        administrator.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        registry.database.close()
        with registry.database.reading() as connection:
            connection.exec_driver_sql("SELECT 1")
        with registry.database.writing() as connection:
            assert connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on"


def test_what_fails_as_an_act_begins_leaves_its_session(
    registry: OpenRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patched:
        writer = type(registry.database.writer(None))  # type: ignore[arg-type]
        patched.setattr(writer, "begin", broken)
        with pytest.raises(OSError, match="disk"):
            Act(registry.database, "uid:issue", "tester").__enter__()
    pool = registry.database.engine.pool
    assert pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.engine("postgresql")
def test_statements_that_somebody_gave_up_are_prepared_anew(registry: OpenRegistry) -> None:
    """A pooler between us and the server may do so."""
    issue(registry, IssueRequest(Kind.STUDY))
    with registry.database.writing() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar_one()
        connection.exec_driver_sql("DEALLOCATE ALL")
        connection.commit()
    assert issue(registry, IssueRequest(Kind.STUDY)).uids


@pytest.mark.engine("postgresql")
def test_an_interruption_stays_one(registry: OpenRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever presses Ctrl-C while the server works isn't told of a lost connection, nor tried again."""
    issue(registry, IssueRequest(Kind.STUDY))

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(exchange, "_answers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        issue(registry, IssueRequest(Kind.STUDY))
    monkeypatch.undo()
    assert issue(registry, IssueRequest(Kind.STUDY)).uids
