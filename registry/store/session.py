"""The database: how it is opened, named and asked which registry it holds."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self, cast

from sqlalchemy import Connection, Engine, inspect, make_url, select, text, true
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError

from registry.epochs import Epoch
from registry.errors import BadSetting, NoRegistry, OtherRegistry, SchemaOutdated, SchemaTooNew
from registry.store import schema, sqlite
from registry.store.failures import is_gone, told_in_our_words
from registry.store.fence import fence_of
from registry.store.forking import survives_forks
from registry.store.writer import Writer

__all__ = [
    "Connection",  # so that services can speak of one without knowing SQLAlchemy
    "Database",
    "Identity",
    "KnownKey",
    "identity_of",
    "open_engine",
    "revision_of",
]

# What it logs when a connection is lost, or a command interrupted, is told by the error that comes of
# it; it goes to whoever asked for logs, and not by default to stderr.
logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())

_SECRET = re.compile("pass|secret|scram", re.IGNORECASE)  # password, sslpassword, oauth_client_secret, ...
_CONNINFO = re.compile(
    r"postgres\w*:|[^/]*:[^/]*@|(.*\s)?(password|passfile|host|dbname|service)\s*=", re.DOTALL
)


_CAN_WRITE = (
    "SELECT NOT pg_is_in_recovery() AND has_table_privilege('entries', 'INSERT') AND NOT (SELECT "
    # What it is set back to is what the administrator has set, whatever this session did.
    "reset_val::boolean FROM pg_settings WHERE name = 'default_transaction_read_only')"
)


class KnownKey(NamedTuple):
    """A key that a registry has or had, without the secret."""

    id: str
    check: bytes
    since: int  # the entry that brought it


@dataclass(frozen=True, slots=True)
class Identity:
    """Which registry a database holds."""

    origin: str
    keys: tuple[KnownKey, ...]  # the one that it was made with first

    @property
    def key(self) -> KnownKey:
        """The one that is written with."""
        return self.keys[-1]

    def epochs(self, context: str | None) -> tuple[Epoch, ...]:
        """The times of its keys within a context, the present one first."""
        ends = [*(key.since for key in self.keys[1:]), None]
        # What is under the first key may be older than the entry that named it.
        begins = [0, *(key.since for key in self.keys[1:])]
        times = zip(begins, ends, strict=True)
        return tuple(Epoch(context, n, since, until) for n, (since, until) in enumerate(times, 1))[::-1]


class Database:
    """An opened database. Close it, or use it in a ``with`` block."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        """``url`` is an SQLAlchemy or libpq URL, or the path of an SQLite file.

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
        return shown(self.url)

    @property
    def sqlite_file(self) -> Path | None:
        """The file of an embedded database."""
        return sqlite_path(self.url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the registry and writes nothing."""
        with told_in_our_words(self.name), self._reader() as connection:
            yield connection

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        if self.dialect == "sqlite":
            with self.engine.connect().execution_options(**{sqlite.WRITES: False}) as connection:
                connection.begin()
                yield connection
            return
        connection = self.engine.connect()
        try:
            # A connection from the pool may have died while nobody used it.
            connection = _one_state(connection)
        except DBAPIError as error:
            connection.close()
            if not is_gone(error):
                raise
            connection = _one_state(self.engine.connect())
        with connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction of its own; what isn't committed is rolled back."""
        with told_in_our_words(self.name), self.engine.connect() as connection:
            connection.begin()
            yield connection

    def writer(self, connection: Connection) -> Writer:
        """The writing side of a transaction, as this engine does it best."""
        if self.dialect == "sqlite":
            return sqlite.SqliteWriter(connection)
        from registry.store.postgresql import PostgresWriter

        return PostgresWriter(connection)

    def reached(self) -> str:
        """Where the database is, whatever the URL leaves to the environment: no user, no password."""
        if self.sqlite_file is not None:
            return place_of(self.url)
        with self.reading() as connection:
            info = cast("Any", connection.connection.driver_connection).info
        host, query = (None, {"host": info.host}) if info.host.startswith("/") else (info.host, {})
        return place_of(
            URL.create("postgresql", host=host, port=info.port, database=info.dbname, query=query)
        )

    def can_write(self) -> bool:
        """Whether an entry could be written here: by the modes of the file, or by what the
        server and its administrator let this user do; and not behind a fence."""
        file = self.sqlite_file
        if file is not None and not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)):
            return False
        with self.reading() as connection:
            if file is None and not connection.exec_driver_sql(_CAN_WRITE).scalar_one():
                return False
            return fence_of(connection) is None

    def require(
        self,
        pinned_origin: str | None = None,
        further: Callable[[Connection, Identity], None] = lambda *_: None,
    ) -> Identity:
        """The identity of the registry in this database.

        Raises ``NoRegistry``, ``SchemaOutdated``, ``SchemaTooNew``, where another origin
        is pinned ``OtherRegistry``, and what ``further`` raises, which is asked last.
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
                    f"{self.name} holds the registry {identity.origin}; "
                    f"this project is pinned to {pinned_origin}"
                )
            further(connection, identity)
            return identity


def parse_url(url: str) -> URL:
    """A database URL; a text without a scheme is the path of an SQLite file."""
    advice = "E.g. postgresql://user@host/registry, or sqlite:////path/file.db"
    if "://" not in url and _CONNINFO.match(url):
        # As the name of a file it would be told to everybody, with the password that may be in it.
        raise BadSetting(
            "the database URL can't be understood: it is neither a URL nor a file", advice=advice
        )
    try:
        parsed = make_url(url if "://" in url else f"sqlite:///{url}")
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise BadSetting("the database URL can't be understood", advice=advice) from error
    if backend == "postgres":  # libpq takes both
        parsed, backend = parsed.set(drivername="postgresql"), "postgresql"
    if backend not in ("sqlite", "postgresql"):
        raise BadSetting(f"a registry can't be kept in {backend!r}", advice=advice)
    if "@" in (parsed.host or ""):
        raise BadSetting(
            "the database URL can't be understood: there are two @ in it",
            advice="In a user name or password write %40 for @; better, keep the password in ~/.pgpass.",
        )
    return parsed


def shown(url: URL) -> str:
    """A URL as messages may name it: no password, wherever it stood."""
    query = {name: "***" if is_secret(name) else value for name, value in url.query.items()}
    return re.sub("%2F", "/", url.set(query=query).render_as_string(hide_password=True), flags=re.IGNORECASE)


def place_of(url: URL) -> str:
    """Where a database is, whoever asks and by whatever name: no user and no password in it."""
    if (file := sqlite_path(url)) is not None:
        return str(file.resolve())
    rest = {name: value for name, value in url.query.items() if name != "user" and not is_secret(name)}
    return shown(URL.create(url.drivername, host=url.host, port=url.port, database=url.database, query=rest))


def is_secret(option: str) -> bool:
    """Whether the value of a connection's option is for nobody to see."""
    return _SECRET.search(option) is not None


def sqlite_path(url: URL) -> Path | None:
    """The file of an SQLite URL, None for a server's."""
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database:
        raise BadSetting("an SQLite registry needs a file", advice="E.g. --database sqlite:////path/file.db")
    return Path(url.database).expanduser().absolute()


def open_engine(url: str, *, read_only: bool = False) -> Engine:
    """An engine whose connections are set up as those of its kind must be."""
    parsed = parse_url(url)
    path = sqlite_path(parsed)
    if path is not None:
        return survives_forks(sqlite.open_engine(path, read_only=read_only))
    try:
        from registry.store import postgresql
    except ImportError as error:  # without a name where it is there, but not the library under it
        if error.name not in ("psycopg", None):
            raise
        raise BadSetting(
            "the driver for PostgreSQL isn't installed, or not whole",
            advice="`pip install 'dicom-uid-registry[postgresql]'` brings it.",
        ) from error
    return survives_forks(postgresql.open_engine(parsed, read_only=read_only))


def _one_state(connection: Connection) -> Connection:
    """A connection whose statements all see the state at the first one."""
    connection = connection.execution_options(isolation_level="REPEATABLE READ")
    # Not by SQLAlchemy's option: that leaves READ WRITE behind on a connection of the pool,
    # past what an administrator has set to keep a database as it is. And questions may be
    # of any kind, so the planner has a free hand again (store/postgresql.py).
    connection.exec_driver_sql(
        "SET TRANSACTION READ ONLY; SET LOCAL plan_cache_mode = auto; SET LOCAL enable_seqscan = on; SELECT 1"
    )
    return connection


_IDENTITY = (
    select(
        schema.registry,
        schema.key_rotations.c.key_id.label("new_id"),
        schema.key_rotations.c.key_check.label("new_check"),
        schema.key_rotations.c.entry.label("since"),
    )
    .join_from(schema.registry, schema.key_rotations, true(), isouter=True)
    .order_by(schema.key_rotations.c.entry)
)


def identity_of(connection: Connection) -> Identity | None:
    """Which registry a database of the right schema holds; None before it was initialised."""
    rows = connection.execute(_IDENTITY).all()
    if not rows:
        return None
    first = KnownKey(rows[0].key_id, bytes(rows[0].key_check), rows[0].entry)
    rotated = [KnownKey(row.new_id, bytes(row.new_check), row.since) for row in rows if row.since is not None]
    return Identity(rows[0].origin, (first, *rotated))


def revision_of(connection: Connection) -> str | None:
    """The migration that a database stands at; None where it was never migrated."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
