"""What the process that reads an index and its parent say to each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Open(NamedTuple):
    """A task: begin to read an index. One answer, an ``Opened`` or a ``Refusal``."""

    source: str | int  # a path, or the descriptor of standard input
    form: str | None  # one of FORMS; None: whatever it looks like
    columns: Mapping[str, str]  # column -> keyword, as somebody said
    at_once: int  # rows that are asked for at a time


class Rows(NamedTuple):
    """A task: read the next rows. One answer, a ``Chunk``; none of its columns where none are wanted."""

    most: int
    wanted: bool = True


class Opened(NamedTuple):
    """An index that can be read."""

    columns: Mapping[str, str]  # keyword -> column
    rows: int | None  # where the file says how many there are


class Refusal(NamedTuple):
    """Why a file isn't an index that can be read, for a person."""

    message: str
    advice: str | None = None


class DirtyRow(NamedTuple):
    """A row that says nothing that could be recorded, and why; no value of it."""

    number: int  # from 1, the row of names not counted
    reason: str


class Chunk(NamedTuple):
    """Some rows of an index, column by column: as long as each other, or None where there are none."""

    total: int  # rows read, the dirty ones too; less than asked for: there are no more
    columns: tuple[list[Any] | None, ...]  # FIELDS up to the modality; patients; those under earlier keys
    dirty: list[DirtyRow]
    flawed: list[tuple[int, int]]  # place in the columns, number of the row: a UID isn't what it should be
    read: float  # how much of the file was read by now, from 0 to 1; 0 where nobody knows
    broken: str | None = None  # why nothing more can be read of it


FORMS = ("csv", "ndjson", "parquet")
"""The formats of an index; csv with commas, semicolons, tabs or bars."""
