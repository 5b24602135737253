"""Questions about the state of a database, beside what it consists of (store/description.py)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from registry.errors import DatabaseUnusable
from registry.store.catalogue import SCHEMA
from registry.store.roles import writer_rights
from registry.store.schema import HISTORY, entries
from registry.store.session import Database
from registry.store.sqlite import PRAGMAS


@contextmanager
def asking(database: Database) -> Iterator[Connection]:
    """A connection for a question to a database that may be in any state: whatever it
    refuses is told as ``DatabaseUnusable``, never as a bug."""
    try:
        with database.reading() as connection:
            yield connection
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise DatabaseUnusable(f"{database.name} can't answer: {reason}") from error


def version(connection: Connection) -> str:
    """The engine and its version."""
    if connection.dialect.name == "sqlite":
        return f"SQLite {connection.exec_driver_sql('SELECT sqlite_version()').scalar_one()}"
    return f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar_one()}"


def newest_entry(connection: Connection) -> str | None:
    """When the newest entry was written, as the trail tells it."""
    newest = select(entries.c.at).order_by(entries.c.seq.desc()).limit(1)
    return connection.execute(newest).scalar_one_or_none()


# --- SQLite ------------------------------------------------------------------------


def pragmas(connection: Connection) -> dict[str, object]:
    """What a connection of the program is set to, where history or durability hang on it."""
    names = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
    return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names}


WANTED_PRAGMAS: Mapping[str, object] = {
    "journal_mode": "wal",
    **{name: PRAGMAS[name] for name in ("synchronous", "foreign_keys", "recursive_triggers")},
}


def quick_check(connection: Connection) -> list[str]:
    """What SQLite finds wrong with the pages of a file."""
    told = connection.exec_driver_sql("PRAGMA quick_check(5)")
    return [str(text) for (text,) in told if text != "ok"]


# --- PostgreSQL --------------------------------------------------------------------


class ServerState(NamedTuple):
    """What a server says of itself, and how a new session begins."""

    place: str
    encoding: str
    fsync: str
    full_page_writes: str
    read_only: str  # default_transaction_read_only of a new session: ours is set
    replication_role: str
    in_recovery: bool
    version: int


def server_state(connection: Connection) -> ServerState:
    """How the server of a connection is set."""
    row = connection.exec_driver_sql(
        "SELECT current_database() || ' as ' || current_user, pg_encoding_to_char(encoding), "
        "current_setting('fsync'), current_setting('full_page_writes'), "
        "(SELECT reset_val FROM pg_settings WHERE name = 'default_transaction_read_only'), "
        "current_setting('session_replication_role'), pg_is_in_recovery(), "
        "current_setting('server_version_num')::int FROM pg_database WHERE datname = current_database()"
    ).one()
    return ServerState(*row)


def server_clock(connection: Connection) -> datetime:
    """The server's clock now, not that of the transaction."""
    return connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()  # type: ignore[no-any-return]


def collation_versions(connection: Connection) -> tuple[str | None, str | None]:
    """The version of the collation that the database was made with, and that of the library now."""
    row = connection.exec_driver_sql(
        "SELECT datcollversion, pg_database_collation_actual_version(oid) "
        "FROM pg_database WHERE datname = current_database()"
    ).one()
    return row[0], row[1]


@dataclass(frozen=True, slots=True)
class UserRights:
    """What the user of a connection may do."""

    user: str
    superuser: bool
    owner: bool
    temporary: bool  # tables of the session's own
    restricted: bool  # row security is on for the entries
    tables: Mapping[str, frozenset[str]]
    sequences: Mapping[str, frozenset[str]]

    @property
    def against_history(self) -> list[str]:
        """Rights to change or take away what must stay, told for one table each."""
        found: dict[str, str] = {}
        allowed = writer_rights()
        for table in HISTORY:
            for right in self.tables.get(table.name, frozenset()) - allowed[table.name]:
                found.setdefault(right, table.name)
        return [f"{right} on {table}" for right, table in sorted(found.items())]


_TABLE_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER")


def user_rights(connection: Connection) -> UserRights:
    """What the user may do with each table and sequence of the registry's schema."""
    user, superuser, temporary = connection.exec_driver_sql(
        "SELECT rolname, rolsuper, has_database_privilege(current_database(), 'TEMPORARY') "
        "FROM pg_roles WHERE rolname = current_user"
    ).one()
    tables, sequences, owned, restricted = {}, {}, True, False
    rights = ", ".join(f"has_table_privilege(oid, '{right}')" for right in _TABLE_RIGHTS)
    query = f"""SELECT relname, relrowsecurity, pg_has_role(relowner, 'USAGE'), {rights}
        FROM pg_class WHERE relkind IN ('r', 'p', 'v') AND relnamespace = {SCHEMA}"""
    for name, secured, owns, *allowed in connection.exec_driver_sql(query):
        tables[name] = _those(_TABLE_RIGHTS, allowed)
        restricted |= secured and name == entries.name
        owned &= owns
    query = f"""SELECT relname, has_sequence_privilege(oid, 'USAGE'), has_sequence_privilege(oid, 'UPDATE')
        FROM pg_class WHERE relkind = 'S' AND relnamespace = {SCHEMA}"""
    for name, *allowed in connection.exec_driver_sql(query):
        sequences[name] = _those(("USAGE", "UPDATE"), allowed)
    return UserRights(user, superuser, owned, temporary, restricted, tables, sequences)


def _those(names: tuple[str, ...], allowed: list[bool]) -> frozenset[str]:
    return frozenset(name for name, may in zip(names, allowed, strict=True) if may)
