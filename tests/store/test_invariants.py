"""What the database itself refuses, whoever asks: each invariant attacked with SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table

from registry.services.opening import OpenRegistry
from registry.services.registering import register
from registry.store import schema
from registry.store.packing import pack
from tests import databases
from tests.conftest import Registries
from tests.databases import REFUSED, run
from tests.objects import save_all, tiny


@pytest.fixture
def raw(registries: Registries) -> Iterator[Connection]:
    """A connection of somebody who knows SQL, on a registry where no table is empty. What is
    refused leaves it as it was, so that one is enough for all."""
    with databases.raw(registries.shared("filled")) as connection:
        yield connection


HISTORY = [table.name for table in schema.HISTORY]


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_never_updated(raw: Connection, table: str) -> None:
    assert run(raw, f"SELECT count(*) FROM {table}").scalar_one() > 0, "the fixture must fill it"
    with pytest.raises(REFUSED, match=f"tr_{table}_update"):
        run(raw, f"UPDATE {table} SET {first_column(table)} = {first_column(table)}")


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_never_deleted(raw: Connection, table: str) -> None:
    with pytest.raises(REFUSED, match=f"tr_{table}_delete"):
        run(raw, f"DELETE FROM {table}")


@pytest.mark.engine("postgresql")
@pytest.mark.parametrize("table", HISTORY)
def test_history_is_never_truncated(raw: Connection, table: str) -> None:
    with pytest.raises(REFUSED, match=r"tr_\w+_truncate"):
        run(raw, f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_never_replaced(raw: Connection, engine: str, table: str) -> None:
    before = run(raw, f"SELECT * FROM {table}").fetchall()
    if engine == "sqlite":
        replacing = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    else:
        keys = ", ".join(column.name for column in table_named(table).primary_key)
        one = first_column(table)
        replacing = (
            f"INSERT INTO {table} SELECT * FROM {table} "
            f"ON CONFLICT ({keys}) DO UPDATE SET {one} = excluded.{one}"
        )
    with pytest.raises(REFUSED, match=r"tr_\w+"):
        run(raw, replacing)
    assert run(raw, f"SELECT * FROM {table}").fetchall() == before


@pytest.mark.parametrize("table", [table.name for table in schema.SEALED])
def test_no_row_joins_an_entry_that_is_written(raw: Connection, table: str) -> None:
    row = dict(run(raw, f"SELECT * FROM {table} LIMIT 1").one()._mapping)
    keys = {c.name for c in table_named(table).primary_key if not c.foreign_keys} | {
        "value",
        "digest",
        "token",
    }
    for name in keys.intersection(row) - {"entry"} if table != "registry" else ():
        row[name] = another(row[name], name)
    # PostgreSQL looks after the rows are in; some could not be another row at all.
    only_one = raw.dialect.name == "postgresql" and table in (
        "decisions",
        "exports",
        "notes",
        "owners",
        "patient_aliases",
        "patient_decisions",
        "purges",
        "redactions",
        "registry",
        "scopes",
        "withdrawals",
    )
    refused = f"pk_{table}" if only_one else f"tr_{table}_sealed"
    if raw.dialect.name == "postgresql" and table in ("studies", "series"):
        refused = f"uq_{table}_uid"
    names = ", ".join(row)
    with pytest.raises(REFUSED, match=refused):
        run(raw, f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})", **row)


def another(value: object, name: str) -> object:
    """A value that the same column can have."""
    if isinstance(value, int):
        return value % 3 + 1 if name in ("state", "level") else value + 77_777
    if isinstance(value, bytes):
        return bytes(31) + b"7" if len(value) == 32 else pack("1.2.77.77")
    return "77"


def table_named(name: str) -> Table:
    return next(table for table in schema.HISTORY if table.name == name)


def first_column(table: str) -> str:
    return str(table_named(table).columns[0].name)


INTO_LEDGER = (
    "INSERT INTO ledger (entry, series_id, kind, origin, uid) VALUES (999, :series, :kind, :origin, :uid)"
)
INTO_SERIES = (
    "INSERT INTO series (id, uid, study_id, origin, entry) VALUES (9999, :uid, :study, :origin, 999)"
)


def ledger_row(uid: object, kind: int, *, origin: int = 2, series: int | None = None) -> dict[str, object]:
    key = pack(uid) if isinstance(uid, str) else uid
    return {"uid": key, "kind": kind, "origin": origin, "series": series}


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        pytest.param(ledger_row("1.2.3", 2), r"ledger\.uid|pk_ledger", id="a study's UID as a series"),
        pytest.param(ledger_row("1.2.3.4.1", 4), r"ledger\.uid|pk_ledger", id="an instance's UID as a frame"),
        pytest.param(ledger_row("1.2.77", 0), "ck_ledger_kind", id="no such kind"),
        pytest.param(ledger_row("1.2.77", 14), "ck_ledger_kind", id="no such kind either"),
        pytest.param(ledger_row("1.2.77", 1, origin=4), "ck_ledger_origin", id="no such origin"),
        pytest.param(ledger_row("1.2.77", 3, origin=1), "ck_ledger_parent", id="issued without series"),
        pytest.param(ledger_row("1.2.77", 3, origin=3), "ck_ledger_parent", id="foreign without series"),
        pytest.param(ledger_row("1.2.77", 1, series=1), "ck_ledger_parent_kind", id="study in a series"),
        pytest.param(ledger_row(b"\x1a" * 33, 1), "ck_ledger_uid", id="a key of 66 characters"),
        pytest.param(ledger_row(b"\x1f", 1), "ck_ledger_uid", id="a key of one component"),
    ],
)
def test_the_ledger_refuses(raw: Connection, row: dict[str, object], constraint: str) -> None:
    with pytest.raises(REFUSED, match=constraint):
        run(raw, INTO_LEDGER, **row)


@pytest.mark.engine("sqlite")
def test_a_key_is_never_text(raw: Connection) -> None:
    with pytest.raises(REFUSED, match="ck_ledger_uid_type"):
        run(raw, INTO_LEDGER, **{**ledger_row("1.2.77", 1), "uid": "1.2.77"})


@pytest.mark.parametrize("uid", ["1.2.3.4.1", "1.2.3", "1.2.88"])
def test_a_series_row_needs_a_ledger_row_of_its_kind(raw: Connection, uid: str) -> None:
    with pytest.raises(REFUSED, match="tr_series_kind"):
        run(raw, INTO_SERIES, uid=pack(uid), study=1, origin=2)


@pytest.mark.parametrize("uid", ["1.2.3.4.1", "1.2.3.4", "1.2.88"])
def test_a_study_row_needs_a_ledger_row_of_its_kind(raw: Connection, uid: str) -> None:
    with pytest.raises(REFUSED, match="tr_studies_kind"):
        run(raw, "INSERT INTO studies (id, uid, entry) VALUES (9999, :uid, 999)", uid=pack(uid))


@contextmanager
def undone(raw: Connection) -> Iterator[None]:
    """A transaction that is rolled back."""
    run(raw, "BEGIN")
    yield
    run(raw, "ROLLBACK")


@pytest.mark.parametrize(
    ("origin", "constraint"),
    [
        pytest.param(2, "tr_series_kind", id="as observed"),
        pytest.param(1, "ck_series_parent", id="as issued"),
    ],
)
def test_an_issued_series_has_a_study_and_cannot_say_it_was_observed(
    raw: Connection, origin: int, constraint: str
) -> None:
    with undone(raw):
        run(raw, INTO_LEDGER, **ledger_row("1.2.66", 2, origin=1))
        with pytest.raises(REFUSED, match=constraint):
            run(raw, INTO_SERIES, uid=pack("1.2.66"), study=None, origin=origin)


def write_entry(raw: Connection, seq: int, prev: int | None) -> None:
    run(
        raw,
        "INSERT INTO entries (id, seq, prev, ledger_size, at, event, outcome, actor, host, application, "
        "detail, rows, leaf) VALUES (999, :seq, :prev, 0, '', '', '', '', '', '', '{}', '{}', :leaf)",
        seq=seq,
        prev=prev,
        leaf=b"x" * 32,
    )


def newest(raw: Connection) -> int:
    return int(run(raw, "SELECT max(seq) FROM entries").scalar_one())


@pytest.mark.parametrize("kind", [1, 2])
def test_an_entry_cannot_be_written_while_a_study_or_series_lacks_its_row(raw: Connection, kind: int) -> None:
    place = newest(raw)
    with undone(raw):
        run(raw, INTO_LEDGER, **ledger_row("1.2.66", kind))
        with pytest.raises(REFUSED, match="tr_entries_nodes|tr_ledger_nodes"):
            write_entry(raw, place + 1, place)
            run(raw, "COMMIT")


def test_the_trail_has_no_gap(raw: Connection) -> None:
    last = newest(raw)
    for seq, prev in ((last + 2, last), (last + 1, None), (last, last - 1), (0, None), (-1, None)):
        with pytest.raises(REFUSED, match="gapless|UNIQUE|uq_entries_seq"):
            write_entry(raw, seq, prev)
    with pytest.raises(REFUSED, match="FOREIGN KEY|fk_entries_prev"):
        write_entry(raw, last + 3, last + 2)


def test_a_row_without_its_entry_is_never_committed(raw: Connection) -> None:
    with undone(raw):
        run(raw, INTO_LEDGER, **ledger_row("1.2.55", 4))
        with pytest.raises(REFUSED, match="FOREIGN KEY|fk_ledger_entry"):
            run(raw, "COMMIT")


def test_a_uid_of_64_characters_survives_whole(registry: OpenRegistry, tmp_path: Path) -> None:
    instance, series, study = (f"1.2.{digit * 60}" for digit in "345")
    register(registry, [str(path) for path in save_all([tiny(instance, series, study)], tmp_path)])
    with registry.database.reading() as connection:
        stored = set(connection.exec_driver_sql("SELECT uid FROM uids").scalars())
    assert stored == {instance, series, study}
    assert len(instance) == 64
