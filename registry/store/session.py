"""The database: how it is opened, what a connection is set to, whether it is a registry.

SQLite: one writer at a time takes the lock at the start (BEGIN IMMEDIATE), so
nobody decides on what another is about to change; each commit is on the disk
before it returns (WAL, synchronous=FULL). PostgreSQL: READ COMMITTED.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from registry.errors import (
    BadSetting,
    DatabaseUnusable,
    NoRegistry,
    OtherRegistry,
    SchemaOutdated,
    SchemaTooNew,
)
from registry.store import schema

__all__ = [
    "Connection",  # so that services can speak of one without knowing SQLAlchemy
    "Database",
    "Identity",
    "identity_of",
    "open_engine",
    "revision_of",
]

_BUSY_MILLISECONDS = 30_000
_CACHE_KIB = 65_536
_WRITES = "registry_writes"
_NAMED_IN_MESSAGES = 300


@dataclass(frozen=True, slots=True)
class Identity:
    """Which registry a database holds."""

    origin: str
    key_id: str
    key_check: bytes


class Database:
    """An opened database. Close it, or use it in a ``with`` block."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        """``url`` is an SQLAlchemy URL or the path of an SQLite file.

        ``read_only`` opens it so that nothing at all can be written.
        """
        self.url = parse_url(url)
        self.engine = open_engine(url, read_only=read_only)
        self.dialect = self.engine.dialect.name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self.engine.dispose()

    @property
    def name(self) -> str:
        """How messages name it: no password in it."""
        return self.url.render_as_string(hide_password=True)

    @property
    def sqlite_file(self) -> Path | None:
        """The file of an embedded database."""
        return sqlite_path(self.url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the registry and writes nothing."""
        with self._connection(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction of its own; what isn't committed is rolled back."""
        with self._connection(writes=True) as connection:
            yield connection

    @contextmanager
    def _connection(self, *, writes: bool) -> Iterator[Connection]:
        # Closing rolls back whatever was not committed.
        with (
            refused_as_unusable(self.name),
            self.engine.connect().execution_options(**{_WRITES: writes}) as connection,
        ):
            connection.begin()
            yield connection

    def require(self, pinned_origin: str | None = None) -> Identity:
        """The identity of the registry in this database.

        Raises ``NoRegistry``, ``SchemaOutdated``, ``SchemaTooNew`` or, where
        another origin is pinned, ``OtherRegistry``.
        """
        if self.sqlite_file is not None and not self.sqlite_file.is_file():
            raise NoRegistry(f"there is no registry at {self.name}")
        with self.reading() as connection:
            found = revision_of(connection)
            if found is None:
                raise NoRegistry(f"{self.name} is a database, but holds no registry")
            if found != schema.REVISION:
                older = found < schema.REVISION
                kind = SchemaOutdated if older else SchemaTooNew
                relation = "older" if older else "newer"
                raise kind(
                    f"the schema of {self.name} is {found}, {relation} than {schema.REVISION} of this program"
                )
            identity = identity_of(connection)
        if identity is None:
            raise NoRegistry(f"the registry at {self.name} was never initialised")
        if pinned_origin is not None and pinned_origin != identity.origin:
            raise OtherRegistry(
                f"{self.name} holds the registry {identity.origin}; this project is pinned to {pinned_origin}"
            )
        return identity


def parse_url(url: str) -> URL:
    """A database URL; a text without a scheme is the path of an SQLite file."""
    try:
        return make_url(url if "://" in url else f"sqlite:///{url}")
    except ArgumentError as error:
        raise BadSetting(
            "the database URL can't be understood", advice="E.g. sqlite:////path/file.db"
        ) from error


def sqlite_path(url: URL) -> Path | None:
    """The file of an SQLite URL, None for a server's."""
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database:
        raise BadSetting("an SQLite registry needs a file", advice="E.g. --database sqlite:////path/file.db")
    return Path(url.database).expanduser().absolute()


def open_engine(url: str, *, read_only: bool = False) -> Engine:
    """An engine whose connections are set up as this module's docstring says."""
    parsed = parse_url(url)
    path = sqlite_path(parsed)
    if path is None:
        try:
            engine = create_engine(parsed, isolation_level="READ COMMITTED")
        except (NoSuchModuleError, ImportError) as error:
            raise BadSetting(
                f"there is no driver for {parsed.drivername!r} databases here",
                advice="`pip install dicom-uid-registry[postgresql]` brings PostgreSQL's.",
            ) from error
        if read_only:
            event.listen(
                engine, "begin", lambda connection: connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            )
        return engine
    engine = create_engine(_sqlite_url(path, read_only))
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "connect", _query_only if read_only else _write_ahead)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _sqlite_url(path: Path, read_only: bool) -> URL:
    query = {"mode": "rwc", "uri": "true"}
    if read_only:
        # Beside a database in WAL mode SQLite keeps two small files while it is open.
        # Whoever could write takes them away again; on a read-only medium, where
        # nobody else changes the database, it does without them.
        writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
        query["mode"] = "rw" if writable else "ro"
        if not writable and not _unmerged(path):
            query["immutable"] = "1"
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return URL.create("sqlite", database=f"file:{quoted}", query=query)


def _unmerged(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin in _begin_sqlite
    for pragma in (
        f"busy_timeout = {_BUSY_MILLISECONDS}",
        "foreign_keys = ON",
        "recursive_triggers = ON",  # else INSERT OR REPLACE deletes history past its trigger
        "synchronous = FULL",
        f"cache_size = -{_CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: Any, _record: object) -> None:
    # Who reads doesn't wait for who writes; a commit is one write and one sync.
    connection.execute("PRAGMA journal_mode = WAL")


def _query_only(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA query_only = ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def identity_of(connection: Connection) -> Identity | None:
    """Which registry a database of the right schema holds; None before it was initialised."""
    row = connection.execute(select(schema.registry)).one_or_none()
    return None if row is None else Identity(row.origin, row.key_id, bytes(row.key_check))


def revision_of(connection: Connection) -> str | None:
    """The migration that a database stands at; None where it was never migrated."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


@contextmanager
def refused_as_unusable(name: str) -> Iterator[None]:
    """Turn what says that the database can't be used into ``DatabaseUnusable``."""
    try:
        yield
    except OperationalError as error:
        raise unusable(name, error) from error
    except DBAPIError as error:
        if type(error.orig).__name__ == "DatabaseError":  # SQLite: "file is not a database"
            raise unusable(name, error) from error
        raise


def unusable(name: str, error: DBAPIError) -> DatabaseUnusable:
    """What is wrong with the database, in the driver's words, and what helps."""
    reason = " ".join(str(error.orig).split())[:_NAMED_IN_MESSAGES]
    advice = None
    if "not a database" in reason:
        advice = "This file is something else; name the registry's with --database."
    elif "readonly" in reason or "read-only" in reason:
        advice = "It is opened or stored read-only; `check`, `show` and `list` work, acts that write don't."
    elif "unable to open" in reason:
        advice = "May you write in its folder? On a read-only one `check`, `show` and `list` work."
    elif "locked" in reason:
        advice = "Another program is writing; try again when it is done."
    return DatabaseUnusable(f"{name} can't be used: {reason}", advice=advice)
