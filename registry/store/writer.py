"""What an act needs of an engine to write: a ticket, numbers, rows, and its place in the trail.

Each engine has its own (store/sqlite.py, store/postgresql.py), because what is
quick and safe differs: SQLite has one writer at a time, PostgreSQL many, which
must wait for each other as shortly as possible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Table

from registry.store.keyed import Question
from registry.store.packing import PackedUid, pack

Row = tuple[Any, ...]
"""A row as the database stores it: packed UIDs as bytes."""


class Account(NamedTuple):
    """Who the database knows its client as: what was proved to it, not what was said."""

    name: str
    role: str  # owner, writer or auditor (store/roles.py)


class Begun(NamedTuple):
    """How an act begins."""

    ticket: int  # the id of its entry, which its rows carry
    at: datetime  # by the clock of the server
    account: Account
    after: int | None  # the newest place in the trail then; None where nobody else can write
    roots: int | None  # the newest entry that said something of an issuer root; None: not asked
    answer: Sequence[Row] | None  # to the question, as stored; None where it is to be asked later


class Writer(Protocol):
    """The writing side of one transaction."""

    def begin(self, *, alone: bool, question: Question | None) -> Begun:
        """Begin; ``alone`` waits until no other act is under way, and keeps others out."""
        ...

    def ask(self, question: Question) -> Sequence[Row] | None:
        """The answer to a question, as stored; None where it is as well asked of the connection."""
        ...

    def ids(self, table: Table, count: int) -> Sequence[int]:
        """Free surrogate keys of a table, ascending."""
        ...

    def insert(self, table: Table, rows: Sequence[Row], known_is_fine: bool) -> int:
        """Insert rows; how many went in. Only with ``known_is_fine`` may some stay out."""
        ...

    def flush(self) -> None:
        """Send what was only noted down, so that a query sees it."""
        ...

    def append(self, entry: Mapping[str, object], added: int, unless_after: int | None) -> int:
        """Append the entry to the trail and commit; its place. ``added`` UIDs came into the ledger.

        Raises ``LostRace`` if after the place ``unless_after`` another act has said
        something about UIDs that it didn't issue itself. Once it returns the act is
        on the disk; if it raises, nothing of it is there.
        """
        ...


def statement(table: Table, mark: str, known_is_fine: bool) -> str:
    """An insert of whole rows; ``mark`` stands for a value in the driver's way."""
    names = ", ".join(column.name for column in table.columns)
    marks = ", ".join(mark for _ in table.columns)
    rest = " ON CONFLICT DO NOTHING" if known_is_fine else ""
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks}){rest}"


@cache
def encoder(table: Table) -> Callable[[Mapping[str, object]], Row]:
    """From named values to a row as the database stores it."""
    names = [column.name for column in table.columns]
    packed = [index for index, column in enumerate(table.columns) if isinstance(column.type, PackedUid)]

    def encode(row: Mapping[str, object]) -> Row:
        values = list(map(row.get, names))
        for index in packed:
            if isinstance(uid := values[index], str):
                values[index] = pack(uid)
        return tuple(values)

    return encode
