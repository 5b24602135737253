"""A registry that somebody tampers with: its owner, who knows SQL and drops what is in the way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, StaticPool, Table, create_engine, inspect

from registry.records import Kind
from registry.services.issuing import issue
from registry.services.opening import opened
from registry.services.requests import IssueRequest
from registry.services.withdrawing import withdraw
from registry.settings import Settings
from registry.store.schema import HISTORY
from registry.store.session import parse_url
from registry.store.tree import Head, head_of
from tests.databases import raw, run

Row = Mapping[str, Any]
"""A row as the database holds it."""

TAIL = 5
"""Acts after all others, none of which takes a free text out: they can be cut off without a trace."""


@dataclass(frozen=True)
class Scene:
    """The registry, open past its guards; ``head`` is what an outside checkpoint would say of it."""

    connection: Connection
    engine: str
    head: Head

    def run(self, statement: str, **values: object) -> Any:
        return run(self.connection, statement, **values)

    def rows(self, table: Table) -> list[Row]:
        """In the order of their keys."""
        keys = ", ".join(column.name for column in table.primary_key)
        found = self.run(f"SELECT * FROM {table.name} ORDER BY {keys}").mappings()
        return [dict(row) for row in found]

    def update(self, table: Table, row: Row, **new: object) -> None:
        """Give a row other values."""
        said = ", ".join(f"{name} = :new_{name}" for name in new)
        where, values = self._where(table, row)
        values |= {f"new_{name}": value for name, value in new.items()}
        changed = self.run(f"UPDATE {table.name} SET {said} WHERE {where}", **values).rowcount
        assert changed == 1, (table.name, row, new)

    def delete(self, table: Table, row: Row) -> None:
        where, values = self._where(table, row)
        assert self.run(f"DELETE FROM {table.name} WHERE {where}", **values).rowcount == 1

    def insert(self, table: Table, row: Row) -> None:
        self.run(f"INSERT INTO {table.name} ({', '.join(row)}) VALUES (:{', :'.join(row)})", **row)

    def _where(self, table: Table, row: Row) -> tuple[str, dict[str, object]]:
        keys = [column.name for column in table.primary_key]
        where = " AND ".join(f"{name} = :old_{name}" for name in keys)
        return where, {f"old_{name}": row[name] for name in keys}

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens in here never happened."""
        self.run("BEGIN")
        try:
            yield
        finally:
            self.run("ROLLBACK")


def lengthen(settings: Settings) -> None:
    """Add the acts of the tail."""
    with opened(settings) as registry:
        study = issue(registry, IssueRequest(Kind.STUDY, purpose="the last but four")).uids[0]
        series = issue(registry, IssueRequest(Kind.SERIES, study_instance_uid=study)).uids[0]
        for count in (3, 2):
            uids = issue(registry, IssueRequest(Kind.INSTANCE, series_instance_uid=series, count=count)).uids
        withdraw(registry, uids[:1], "the last")


@contextmanager
def scene(settings: Settings) -> Iterator[Scene]:
    """The registry of these settings without triggers, foreign keys and checks. An embedded one
    is copied into memory and stays as it is."""
    if parse_url(settings.database).get_backend_name() == "sqlite":
        with _in_memory(settings.database) as connection:
            for name in connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).scalars():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
            yield Scene(connection, "sqlite", head_of(connection))
        return
    with raw(settings) as connection:
        for table in HISTORY:
            for check in inspect(connection).get_check_constraints(table.name):
                run(connection, f"ALTER TABLE {table.name} DROP CONSTRAINT {check['name']}")
        run(connection, "SET session_replication_role = replica")  # no triggers, no foreign keys
        yield Scene(connection, "postgresql", head_of(connection))


@contextmanager
def _in_memory(file: str) -> Iterator[Connection]:
    memory = sqlite3.connect(":memory:", isolation_level=None)
    source = sqlite3.connect(file)
    source.backup(memory)
    source.close()
    engine = create_engine(
        "sqlite://", creator=lambda: memory, poolclass=StaticPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        yield connection
    engine.dispose()
