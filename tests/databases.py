"""A database as somebody who knows SQL meets it, past the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError

from registry.settings import Settings
from registry.store.session import parse_url

REFUSED = DBAPIError
"""What a database raises, whichever it is; its text names the constraint or trigger."""


@contextmanager
def raw(settings: Settings) -> Iterator[Connection]:
    """A connection with the guards that every connection of the program has, and nothing
    else of it; each statement is a transaction of its own unless one is begun."""
    url = parse_url(settings.database)
    if url.get_backend_name() == "postgresql":
        engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    else:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        event.listen(engine, "connect", _guard)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _guard(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA recursive_triggers = ON")


def run(connection: Connection, statement: str, **values: object) -> Any:
    """One statement; text that is a UID's key goes in as ``pack(uid)``."""
    return connection.execute(text(statement), values)


def keep_out(connection: Connection) -> None:
    """From now on no entry can be written."""
    if connection.dialect.name == "sqlite":
        run(
            connection,
            "CREATE TRIGGER tr_full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'tr_full'); END",
        )
        return
    run(
        connection,
        "CREATE FUNCTION tr_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full' "
        "USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'tr_full'; END $$",
    )
    run(connection, "CREATE TRIGGER tr_full BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION tr_full()")


def everything(settings: Settings) -> bytes:
    """All that a database holds, for searching."""
    url = parse_url(settings.database)
    if url.get_backend_name() == "sqlite":
        folder = Path(str(url.database)).parent
        return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))
    with raw(settings) as connection:
        tables = inspect(connection).get_table_names()
        return "".join(
            f"{tuple(row)}" for table in sorted(tables) for row in run(connection, f"SELECT * FROM {table}")
        ).encode("utf-8", "surrogateescape")
