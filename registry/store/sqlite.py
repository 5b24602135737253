"""The embedded engine. One writer at a time takes the lock at the start (BEGIN
IMMEDIATE), so nobody decides on what another is about to change; each commit is
on the disk before it returns (WAL, synchronous=FULL).
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError

from registry.merkle import Node, completed_by, node_hash
from registry.store import manyrows, writer
from registry.store.constraints import typed
from registry.store.keyed import Question
from registry.store.schema import entries, tree_nodes
from registry.store.tree import hash_at
from registry.store.writer import Account, Begun, Row

WRITES = "registry_writes"
"""The execution option that tells which lock a transaction begins with."""

PRAGMAS = {
    "busy_timeout": 30_000,  # milliseconds that one waits for another's transaction
    "foreign_keys": 1,
    "recursive_triggers": 1,  # else INSERT OR REPLACE deletes history past its trigger
    "synchronous": 2,  # FULL: each commit is synced
    "cache_size": -65_536,  # KiB
}
"""What every connection is set to."""


def open_engine(path: Path, *, read_only: bool) -> Engine:
    """An engine on a file, its connections set up as this module's docstring says."""
    engine = create_engine(_url(path, read_only))
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "connect", _query_only if read_only else _write_ahead)
    event.listen(engine, "begin", _begin)
    return engine


def _url(path: Path, read_only: bool) -> URL:
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


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin in _begin
    for name, value in PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")


def _write_ahead(connection: Any, _record: object) -> None:
    # Who reads doesn't wait for who writes; a commit is one write and one sync.
    connection.execute("PRAGMA journal_mode = WAL")


def _query_only(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA query_only = ON")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class SqliteWriter:
    """The writing side of one transaction, alone under the lock."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, *, alone: bool, question: Question | None) -> Begun:  # noqa: ARG002 (it always is alone)
        asked = "SELECT coalesce(max(id), 0) + 1, (SELECT max(entry) FROM roots) FROM entries"
        ticket, roots = self._connection.exec_driver_sql(asked).one()
        return Begun(ticket, datetime.now(UTC), _account(), None, roots, None)

    def ask(self, question: Question) -> None:  # noqa: ARG002 (nothing is far away)
        return None

    def ids(self, table: Table, count: int) -> Sequence[int]:
        first = self._free(table)
        return range(first, first + count)

    def _free(self, table: Table) -> int:
        """One more than the greatest id of a table."""
        asked = f"SELECT coalesce(max(id), 0) + 1 FROM {table.name}"
        return int(self._connection.exec_driver_sql(asked).scalar_one())

    def insert(self, table: Table, rows: Sequence[Row], known_is_fine: bool) -> int:
        try:
            return manyrows.insert(self._connection, table, rows, known_is_fine)
        except IntegrityError as error:
            raise typed(error) from error

    def flush(self) -> None:
        """Nothing waits: every insert is made at once."""

    def append(self, entry: Mapping[str, object], added: int, unless_after: int | None) -> int:  # noqa: ARG002
        # Composing a query takes longer than what it asks, and here an act of one row waits for it.
        newest = "SELECT seq, ledger_size FROM entries ORDER BY seq DESC LIMIT 1"
        head = self._connection.exec_driver_sql(newest).one_or_none()
        place = (0, None, added) if head is None else (head.seq + 1, head.seq, head.ledger_size + added)
        row = {**entry, **dict(zip(("seq", "prev", "ledger_size"), place, strict=True))}
        try:
            self._connection.exec_driver_sql(_statement(entries, False), writer.encoder(entries)(row))
            self._complete_nodes(place[0], row["leaf"])
        except IntegrityError as error:
            raise typed(error) from error
        self._connection.commit()
        return int(place[0])

    def _complete_nodes(self, place: int, leaf: Any) -> None:
        """What a trigger does on PostgreSQL: write the nodes that the leaf completes."""
        node, completed = leaf, []
        for above, left in completed_by(place):
            node = node_hash(self._beside(left), node)
            completed.append((*above, node))
        if completed:
            self._connection.exec_driver_sql(_statement(tree_nodes, False), completed)

    def _beside(self, node: Node) -> bytes:
        """As ``hash_at``, without the tenth of a millisecond that composing a query costs."""
        query, values = (
            ("SELECT leaf FROM entries WHERE seq = ?", (node.place,))
            if node.level == 0
            else ("SELECT hash FROM tree_nodes WHERE level = ? AND place = ?", tuple(node))
        )
        found = self._connection.exec_driver_sql(query, values).scalar_one_or_none()
        return found if isinstance(found, bytes) else hash_at(self._connection, node)  # tells what is missing


@cache
def _account() -> Account:
    """Who may write the file of an embedded database may do anything with it."""
    try:
        return Account(getpass.getuser(), "owner")
    except (KeyError, OSError, ImportError):  # a user id that has no name
        return Account(f"uid {os.getuid()}", "owner")


@cache
def _statement(table: Table, known_is_fine: bool) -> str:
    return writer.statement(table, "?", known_is_fine)
