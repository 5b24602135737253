"""A fence around a trail: of several databases with one trail, all but one take no entry.

A registry that was moved, and a copy that is only for reading, have the head of a trail that
goes on elsewhere: two continuations of it could never be joined again. So the fence is a
trigger, which holds for every program, and its text says where the trail goes on.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection

from registry.errors import RegistryElsewhere
from registry.store.catalogue import SCHEMA

PREFIX = "tr_entries_fence_"
"""How the triggers begin: no part of what the migrations make, and nobody's harm."""


class Sort(StrEnum):
    """What a database behind a fence is."""

    MOVED = "moved"  # what it was: nothing is asked of it any more
    COPY = "copy"  # answers, as of when it was made


_ADVICE = {
    Sort.MOVED: "Name the database that it was moved to, with --database or UID_REGISTRY_DATABASE. If that "
    'one is lost for good: `uid-registry db reopen --reason "..."`.',
    Sort.COPY: "Record in the registry itself; name it with --database or UID_REGISTRY_DATABASE.",
}


class Fence(NamedTuple):
    """A fence, and what it tells those who meet it."""

    sort: Sort
    said: str

    def error(self) -> RegistryElsewhere:
        """What to raise for them."""
        return RegistryElsewhere(self.said, advice=_ADVICE[self.sort])


def told_by(trigger: str, message: str) -> RegistryElsewhere:
    """The error for an entry that a fence refused, from the database's message."""
    return Fence(Sort(trigger.removeprefix(PREFIX)), message.removeprefix(f"{trigger}: ")).error()


_ON_SQLITE = f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{PREFIX}%'"
_ON_POSTGRESQL = (
    "SELECT tgname, tgargs FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid "
    f"WHERE tgname ~ '^{PREFIX}' AND c.relname = 'entries' AND c.relnamespace = {SCHEMA}"
)


def fence_of(connection: Connection) -> Fence | None:
    """The fence around the trail of a database, if there is one."""
    embedded = connection.dialect.name == "sqlite"
    row = connection.exec_driver_sql(_ON_SQLITE if embedded else _ON_POSTGRESQL).first()
    if row is None:
        return None
    name, told = row
    if embedded:
        found = re.search(rf"ABORT, '{name}: (.*)'\)", told, re.DOTALL)
        said = found[1].replace("''", "'") if found else ""
    else:
        said = bytes(told).rstrip(b"\0").decode("utf-8", "replace")
    return Fence(Sort(name.removeprefix(PREFIX)), said)


def put_up(connection: Connection, sort: Sort, said: str) -> None:
    """Let no more entries in from the end of this transaction on, but one that says it was moved."""
    name = PREFIX + sort
    when = "BEFORE INSERT ON entries"
    if connection.dialect.name == "sqlite":
        told = _literal(f"{name}: {said}")
        _run(
            connection,
            f"CREATE TRIGGER {name} {when} WHEN NEW.event <> 'database:move' "
            f"BEGIN SELECT RAISE(ABORT, {told}); END",
        )
        return
    _run(
        connection,
        "CREATE FUNCTION entries_fence() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation', "
        "CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END $$",
    )
    _run(
        connection,
        f"CREATE TRIGGER {name} {when} FOR EACH ROW WHEN (NEW.event <> 'database:move') "
        f"EXECUTE FUNCTION entries_fence({_literal(said)})",
    )


def take_down(connection: Connection, sort: Sort) -> None:
    """Let entries in again."""
    if connection.dialect.name == "sqlite":
        _run(connection, f"DROP TRIGGER {PREFIX}{sort}")
        return
    _run(connection, f"DROP TRIGGER {PREFIX}{sort} ON entries")
    _run(connection, "DROP FUNCTION entries_fence()")


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
