"""What the database itself refuses, whoever asks: each invariant attacked with SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.services.opening import OpenRegistry
from registry.services.registering import register
from registry.settings import Settings
from registry.store import schema
from registry.store.packing import pack
from tests.objects import save_all, tiny


@pytest.fixture
def raw(filled: Settings) -> Iterator[sqlite3.Connection]:
    """A connection of somebody who knows SQL, with the pragmas that the program sets."""
    connection = sqlite3.connect(filled.database, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA recursive_triggers = ON")
    yield connection
    connection.close()


HISTORY = [table.name for table in schema.HISTORY]


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_never_updated(raw: sqlite3.Connection, table: str) -> None:
    assert raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0] > 0, "the fixture must fill it"
    with pytest.raises(sqlite3.IntegrityError, match=f"tr_{table}_update"):
        raw.execute(f"UPDATE {table} SET {first_column(table)} = {first_column(table)}")


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_never_deleted(raw: sqlite3.Connection, table: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=f"tr_{table}_delete"):
        raw.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_never_replaced(raw: sqlite3.Connection, table: str) -> None:
    before = raw.execute(f"SELECT * FROM {table}").fetchall()
    with pytest.raises(sqlite3.IntegrityError, match=r"tr_\w+"):
        raw.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    assert raw.execute(f"SELECT * FROM {table}").fetchall() == before


@pytest.mark.parametrize("table", [table.name for table in schema.SEALED])
def test_no_row_joins_an_entry_that_is_written(raw: sqlite3.Connection, table: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=f"tr_{table}_sealed"):
        raw.execute(f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1")


def first_column(table: str) -> str:
    return next(t for t in schema.HISTORY if t.name == table).columns[0].name


def ledger_row(
    uid: str, kind: int, *, origin: int = 2, series: object = None, entry: int = 999
) -> tuple[object, ...]:
    return (entry, series, kind, origin, pack(uid))


INTO_LEDGER = "INSERT INTO ledger (entry, series_id, kind, origin, uid) VALUES (?, ?, ?, ?, ?)"
INTO_SERIES = "INSERT INTO series (id, uid, study_id, origin, entry) VALUES (9999, ?, ?, ?, 999)"


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        pytest.param(ledger_row("1.2.3", 2), "ledger.uid", id="a study's UID as a series"),
        pytest.param(ledger_row("1.2.3.4.1", 4), "ledger.uid", id="an instance's UID as a frame"),
        pytest.param(ledger_row("1.2.77", 0), "ck_ledger_kind", id="no such kind"),
        pytest.param(ledger_row("1.2.77", 14), "ck_ledger_kind", id="no such kind either"),
        pytest.param(ledger_row("1.2.77", 1, origin=4), "ck_ledger_origin", id="no such origin"),
        pytest.param(ledger_row("1.2.77", 3, origin=1), "ck_ledger_parent", id="issued without series"),
        pytest.param(ledger_row("1.2.77", 3, origin=3), "ck_ledger_parent", id="foreign without series"),
        pytest.param(ledger_row("1.2.77", 1, series=1), "ck_ledger_parent_kind", id="study in a series"),
        pytest.param((999, None, 1, 2, "1.2.77"), "ck_ledger_uid_type", id="text where a key belongs"),
        pytest.param((999, None, 1, 2, b"\x1a" * 33), "ck_ledger_uid", id="a key of 66 characters"),
        pytest.param((999, None, 1, 2, b"\x1f"), "ck_ledger_uid", id="a key of one component"),
    ],
)  # fmt: skip
def test_the_ledger_refuses(raw: sqlite3.Connection, row: tuple[object, ...], constraint: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=constraint):
        raw.execute(INTO_LEDGER, row)


@pytest.mark.parametrize("uid", ["1.2.3.4.1", "1.2.3", "1.2.88"])
def test_a_series_row_needs_a_ledger_row_of_its_kind(raw: sqlite3.Connection, uid: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="tr_series_kind"):
        raw.execute(INTO_SERIES, (pack(uid), 1, 2))


@pytest.mark.parametrize("uid", ["1.2.3.4.1", "1.2.3.4", "1.2.88"])
def test_a_study_row_needs_a_ledger_row_of_its_kind(raw: sqlite3.Connection, uid: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="tr_studies_kind"):
        raw.execute("INSERT INTO studies (id, uid, entry) VALUES (9999, ?, 999)", (pack(uid),))


def test_an_issued_series_has_a_study_and_cannot_say_it_was_observed(raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN")
    raw.execute(INTO_LEDGER, ledger_row("1.2.66", 2, origin=1))
    with pytest.raises(sqlite3.IntegrityError, match="tr_series_kind"):
        raw.execute(INTO_SERIES, (pack("1.2.66"), None, 2))
    with pytest.raises(sqlite3.IntegrityError, match="ck_series_parent"):
        raw.execute(INTO_SERIES, (pack("1.2.66"), None, 1))
    raw.execute("ROLLBACK")


def write_entry(raw: sqlite3.Connection, seq: int, prev: int | None) -> None:
    raw.execute(
        "INSERT INTO entries (id, seq, prev, ledger_size, at, event, outcome, actor, host, application, "
        "detail, rows, leaf) VALUES (999, ?, ?, 0, '', '', '', '', '', '', '{}', '{}', ?)",
        (seq, prev, b"x" * 32),
    )


def newest(raw: sqlite3.Connection) -> int:
    return int(raw.execute("SELECT max(seq) FROM entries").fetchone()[0])


@pytest.mark.parametrize("kind", [1, 2])
def test_an_entry_cannot_be_written_while_a_study_or_series_lacks_its_row(
    raw: sqlite3.Connection, kind: int
) -> None:
    raw.execute("BEGIN")
    raw.execute(INTO_LEDGER, ledger_row("1.2.66", kind))
    with pytest.raises(sqlite3.IntegrityError, match="tr_entries_nodes"):
        write_entry(raw, newest(raw) + 1, newest(raw))
    raw.execute("ROLLBACK")


def test_the_trail_has_no_gap(raw: sqlite3.Connection) -> None:
    last = newest(raw)
    for seq, prev in ((last + 2, last), (last + 1, None), (last, last - 1), (0, None), (-1, None)):
        with pytest.raises(sqlite3.IntegrityError, match="gapless|UNIQUE"):
            write_entry(raw, seq, prev)
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        write_entry(raw, last + 3, last + 2)


def test_a_row_without_its_entry_is_never_committed(raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN")
    raw.execute(INTO_LEDGER, ledger_row("1.2.55", 4))
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        raw.execute("COMMIT")
    raw.execute("ROLLBACK")


def test_a_uid_of_64_characters_survives_whole(registry: OpenRegistry, tmp_path: Path) -> None:
    instance, series, study = (f"1.2.{digit * 60}" for digit in "345")
    register(registry, [str(path) for path in save_all([tiny(instance, series, study)], tmp_path)])
    with registry.database.reading() as connection:
        stored = set(connection.exec_driver_sql("SELECT uid FROM uids").scalars())
    assert stored == {instance, series, study}
    assert len(instance) == 64
