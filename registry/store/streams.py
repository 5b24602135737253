"""What the verifier reads, each table once and in order, straight from the driver, a thousand
rows at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Table

from registry.store.packing import PackedUid, unpack
from registry.trail import RowsDigest

AT_ONCE = 1000

Raw = tuple[Any, ...]
"""Values as the database holds them. On SQLite a column can hold a value of any type."""


UNREADABLE = (AttributeError, TypeError, ValueError, OverflowError, RecursionError)
"""What is raised over a value that the program can't have written, or over rows told in no way."""


class Broken(Exception):
    """Something isn't as it was written; ``entry`` is None where it belongs to none."""

    def __init__(self, entry: int | None, reason: str) -> None:
        super().__init__(reason)
        self.entry, self.reason = entry, reason


def stream(connection: Connection, query: str, opened: ExitStack) -> Iterator[Raw]:
    """The rows of a query, of which a few are in memory at a time; ``opened`` closes it."""
    result = connection.exec_driver_sql(
        query, execution_options={"stream_results": True, "max_row_buffer": AT_ONCE}
    )
    opened.enter_context(closing(result))
    return (row for some in result.partitions(AT_ONCE) for row in some)


class Made(NamedTuple):
    """What an entry made in one table."""

    rows: int
    digest: str
    first: Raw


class Rows:
    """The rows of one table, by entry and key."""

    def __init__(self, connection: Connection, table: Table, opened: ExitStack) -> None:
        self.table = table
        names = [column.name for column in table.columns]
        # In the order of the digest; each engine compares keys byte by byte, as Python does.
        order = ", ".join(dict.fromkeys(["entry", *(column.name for column in table.primary_key)]))
        query = f"SELECT {', '.join(names)} FROM {table.name} ORDER BY {order}"
        self._rows = stream(connection, query, opened)
        self._place = names.index("entry")
        self.entry: int | None = None  # whose rows are next
        self.next: Raw | None = None
        self.read = 0
        self._advance()

    def _advance(self) -> None:
        self.next, self.entry = next(self._rows, None), None
        if self.next is None:
            return
        self.read += 1
        entry = self.next[self._place]
        if not isinstance(entry, int):
            raise Broken(None, f"the {self.named(self.next)} belongs to no entry")
        self.entry = entry

    def take(self, entry: int) -> Made:
        """What an entry made here; all that earlier ones made must have been taken before."""
        digest, first = RowsDigest(), self.next or ()
        while self.entry == entry and self.next is not None:
            digest.add(self.next)
            self._advance()
        return Made(digest.count, digest.hexdigest(), first)

    def named(self, row: Raw) -> str:
        """A row by its key, as a person can find it."""
        keys = []
        for column, value in zip(self.table.columns, row, strict=True):
            if not column.primary_key or column.name == "entry":
                continue
            keys.append(f"{column.name} {_shown(column, value)}")
        return f"row in {self.table.name}{' with ' if keys else ''}{', '.join(keys)}"


def _shown(column: Column[Any], value: object) -> object:
    if not isinstance(value, bytes):
        return value
    return unpack(value) if isinstance(column.type, PackedUid) else value.hex()


def made_by(text: Any) -> dict[str, tuple[int, str]]:
    """What an entry says that it made: table -> count and digest. Raises one of ``UNREADABLE``."""
    made = {name: (int(count), str(digest)) for name, (count, digest) in json.loads(text).items()}
    if any(count >> 63 for count, _ in made.values()):  # negative, or more than any table holds
        raise ValueError("no count of rows")
    return made
