"""Everything that one database holds into another one, of whichever engine.

The rows are copied as they are stored: ids, packed UIDs, hashes. So each digest of the trail
holds for the copy as it does for what was copied. It all happens in one transaction of the
target, which is verified before it commits: who looks there finds the whole registry or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from graphlib import TopologicalSorter
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection, Table, inspect

from registry.errors import BadRequest, DatabaseUnusable, RightMissing, TrailBroken
from registry.store import migrating, schema
from registry.store.catalogue import SCHEMA
from registry.store.columns import metadata
from registry.store.failures import told_in_our_words
from registry.store.session import Database, revision_of
from registry.store.streams import Raw, stream
from registry.store.tree import Head, head_of
from registry.store.verification import Verification, verify

_AT_ONCE = 10_000
"""Rows that are sent at once."""

Progress = Callable[[int, int], None]
"""Is told how many rows are there, and of how many."""


class Loaded(NamedTuple):
    """What is in a copy."""

    rows: int
    originals: int  # what replacements stand for: the key to who is behind de-identified copies
    head: Head


@cache
def in_order() -> tuple[Table, ...]:
    """The tables, each behind those that its rows refer to at once."""
    before = {
        table: {
            key.column.table
            for key in table.foreign_keys
            if not key.deferrable and key.column.table is not table
        }
        for table in metadata.tables.values()
    }
    return tuple(TopologicalSorter(before).static_order())


def require_empty(connection: Connection, name: str) -> None:
    """Raise ``BadRequest`` where a database holds a registry, or anything of one; ``RightMissing``
    where no tables can be made in it."""
    there = {*inspect(connection).get_table_names()} & {*metadata.tables}
    if revision_of(connection) is not None or there:
        raise BadRequest(
            f"{name} holds a registry already; nothing is written over it",
            advice="Name an empty database: `createdb NAME` makes one.",
        )
    if connection.dialect.name == "postgresql" and not connection.exec_driver_sql(_MAY_MAKE).scalar_one():
        raise RightMissing(
            f"{name} lets this user make no tables",
            advice="Let the user own the database: `createdb --owner=USER NAME`.",
        )


_MAY_MAKE = "SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)"


def load(
    source: Connection, named: str, target: Connection, database: Database, progress: Progress
) -> Loaded:
    """Make the schema in an empty database and fill it from a snapshot; nothing is committed yet.

    ``source`` is what errors call ``named``, ``target`` a transaction on ``database``. Raises
    ``BadRequest`` where that isn't empty, ``DatabaseUnusable`` where it can't hold all rows.
    """
    with told_in_our_words(named):
        head, of = head_of(source), _counted(source)
    with told_in_our_words(database.name):
        for side in (source, target):
            if side.dialect.name == "postgresql":  # one of them waits while the other is at work
                side.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        migrating.wait_for_others(target)
        require_empty(target, database.name)
        migrating.upgrade(target)
        writer, done, whole = database.writer(target), 0, sum(of.values())
        with _unguarded(target):
            for table in in_order():
                for rows in _rows(source, named, table):
                    done += writer.insert(table, rows, False)
                    progress(done, whole)
            writer.flush()
        if target.dialect.name == "postgresql":
            _count_on(target)
        if (found := _counted(target)) != of:
            wrong = sorted(name for name in of if found[name] != of[name])
            raise DatabaseUnusable(f"the copy doesn't hold all rows of {', '.join(wrong)}")
    return Loaded(whole, of[schema.originals.name], head)


def proved(target: Connection, head: Head, progress: Progress) -> Verification:
    """The verdict over a loaded copy. Raises ``TrailBroken`` where it isn't the trail of that head."""
    found = verify(target, [head], progress)
    if found.ok and (found.size, found.root_hash) == (head.size, head.root.hex()):
        return found
    place = f"entry {found.first_bad}: " if found.first_bad is not None else ""
    raise TrailBroken(
        f"the trail of the copy doesn't verify, so it was given up: {place}{found.reason}",
        advice="Does what was copied? `uid-registry audit verify` tells.",
    )


def _rows(connection: Connection, named: str, table: Table) -> Iterator[list[Raw]]:
    """The rows of a table, some at once."""
    names = ", ".join(column.name for column in table.columns)
    order = " ORDER BY seq" if table is schema.entries else ""
    with ExitStack() as opened:
        left: Iterator[Raw] | None = None
        while True:
            with told_in_our_words(named):
                if left is None:
                    left = stream(connection, f"SELECT {names} FROM {table.name}{order}", opened)
                rows = list(map(tuple, islice(left, _AT_ONCE)))
            if not rows:
                return
            yield rows


def _counted(connection: Connection) -> dict[str, int]:
    names = list(metadata.tables)
    counts = ", ".join(f"(SELECT count(*) FROM {name})" for name in names)
    return dict(zip(names, connection.exec_driver_sql(f"SELECT {counts}").one(), strict=True))


# --- as a restore does it -----------------------------------------------------------------

_KEYS = (
    "SELECT c.relname, o.conname, pg_get_constraintdef(o.oid) FROM pg_constraint o "
    f"JOIN pg_class c ON c.oid = o.conrelid WHERE o.contype = 'f' AND c.relnamespace = {SCHEMA}"
)
_TRIGGERS = (
    "SELECT c.relname, g.tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid "
    f"WHERE NOT g.tgisinternal AND c.relnamespace = {SCHEMA}"
)
_SEQUENCES = f"SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = {SCHEMA}"


@contextmanager
def _unguarded(target: Connection) -> Iterator[None]:
    """Without the triggers: they decide what may be added, and what is copied was let in once.

    On PostgreSQL without the foreign keys too: that every row refers to something is then
    looked at once for each table, and not once for each row.
    """
    if target.dialect.name == "sqlite":
        triggers = target.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
        _run(target, *(f"DROP TRIGGER {name}" for name, _ in triggers))
        yield
        _run(target, *(text for _, text in triggers))
        return
    _run(target, "SET LOCAL plan_cache_mode = auto", "SET LOCAL enable_seqscan = on")
    keys, triggers = target.exec_driver_sql(_KEYS).all(), target.exec_driver_sql(_TRIGGERS).all()
    _run(target, *(f"ALTER TABLE {table} DROP CONSTRAINT {name}" for table, name, _ in keys))
    _run(target, *(f"ALTER TABLE {table} DISABLE TRIGGER {name}" for table, name in triggers))
    yield
    _run(target, *(f"ALTER TABLE {table} ENABLE TRIGGER {name}" for table, name in triggers))
    _run(target, *(f"ALTER TABLE {table} ADD CONSTRAINT {name} {text}" for table, name, text in keys))


def _run(target: Connection, *statements: str) -> None:
    for statement in statements:
        target.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _count_on(target: Connection) -> None:
    """What comes next gets the next numbers, and the planner knows what is there."""
    for name in target.exec_driver_sql(_SEQUENCES).scalars().all():
        table = schema.entries.name if name == "entry_tickets" else name.removesuffix("_ids")
        target.exec_driver_sql(
            f"SELECT setval('{name}', newest) FROM (SELECT max(id) AS newest FROM {table}) AS ids "
            "WHERE newest IS NOT NULL"
        )
    target.exec_driver_sql(f"ANALYZE {', '.join(metadata.tables)}")
