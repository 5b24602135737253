"""Copies of a registry's database that can be restored.

An SQLite file is copied by SQLite itself while others write: the copy is the
state at one moment. A server's database is dumped by its own tools; here is how
they are called for the database that a connection leads to.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from registry.errors import BadRequest, DatabaseUnusable
from registry.placement import placed
from registry.store.session import Database, is_secret


@contextmanager
def sqlite_copy(database: Database, target: Path) -> Iterator[Path]:
    """A copy of an SQLite database under another name, to be looked at; when the block ends
    well it is on the disk as ``target``, readable by its owner alone. Never over a file.

    Raises ``BadRequest`` where ``target`` can't be written.
    """
    try:
        with placed(target) as written:
            try:
                _copy(database, written)
                yield written
            finally:  # who looks at it may leave these beside it
                for end in ("-wal", "-shm"):
                    written.with_name(written.name + end).unlink(missing_ok=True)
    except FileExistsError as error:
        raise BadRequest(f"{target} is there; a backup is never written over a file") from error
    except OSError as error:
        raise BadRequest(f"{target} can't be written: {error.strerror}") from error


def _copy(database: Database, target: Path) -> None:
    import sqlite3

    with database.reading() as connection, closing(sqlite3.connect(target)) as copy:
        try:
            _sqlite(connection).backup(copy)
        except sqlite3.Error as error:
            raise DatabaseUnusable(f"{database.name} can't be copied: {error}") from error


def damage(connection: Connection) -> list[str]:
    """What SQLite finds wrong with a file, page by page, index by index, key by key."""
    told = [str(text) for (text,) in connection.exec_driver_sql("PRAGMA integrity_check(5)")]
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
    return [text for text in told if text != "ok"] + [
        f"row {row[1]} of {row[0]} points to nothing in {row[2]}" for row in broken
    ]


def _sqlite(connection: Connection) -> Any:
    return cast("Any", connection.connection.driver_connection)


@dataclass(frozen=True, slots=True)
class DumpCommands:
    """How PostgreSQL's own tools dump a database, and restore it into a new one. No password in them."""

    dump: str
    create: str
    restore: str


def dump_commands(database: Database, connection: Connection, file: str) -> DumpCommands:
    """The commands for the database that a connection leads to, quoted for a shell.

    Raises ``BadRequest`` where a name would break out of its line.
    """
    place = _place(database.url, connection)
    name = str(connection.exec_driver_sql("SELECT current_database()").scalar_one())
    if not f"{name}{file}{''.join(place.values())}".isprintable():
        raise BadRequest("a name with control characters in it can't be written down for a shell")
    there = _conninfo(place)
    anew = _conninfo({**place, "dbname": name})
    maintenance = _conninfo({**place, "dbname": "postgres"})
    return DumpCommands(
        _shell("pg_dump", "--format=custom", f"--file={file}", f"--dbname={there}"),
        _shell("createdb", "--template=template0", f"--maintenance-db={maintenance}", name),
        _shell(
            "pg_restore",
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            "--single-transaction",
            f"--dbname={anew}",
            file,
        ),
    )


def _place(url: URL, connection: Connection) -> dict[str, str]:
    """Where the connection leads to, as the tools must be told: as in the URL, and what the
    environment gave. A service stays a service."""
    # Of several hosts it is the one that was reached.
    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    given = {**query, "host": url.host or query.get("host"), "port": url.port or query.get("port")}
    given |= {"user": url.username or query.get("user"), "dbname": url.database or query.get("dbname")}
    place = {name: str(value) for name, value in given.items() if value and not is_secret(name)}
    if "service" in place or os.environ.get("PGSERVICE"):
        place.setdefault("service", os.environ.get("PGSERVICE", ""))
        return place
    info = cast("Any", connection.connection.driver_connection).info
    found = {"host": info.host, "port": str(info.port), "user": info.user, "dbname": info.dbname}
    return {**{name: value for name, value in found.items() if value}, **place}


def _conninfo(place: Mapping[str, str]) -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo("", **place)


def _shell(*words: str) -> str:
    return " ".join(map(shlex.quote, words))
