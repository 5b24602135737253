"""What every format gives: rows as they stand in the file, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from registry.archiveindex.fields import Columns
from registry.archiveindex.tasks import DirtyRow


class Block(NamedTuple):
    """Some rows, column by column in the order of ``FIELDS``."""

    total: int  # rows that were read, the dirty ones too
    cells: Sequence[Sequence[Any] | None] = ()  # of the rows that could be taken apart
    numbers: Sequence[int] = ()  # of those
    dirty: Sequence[DirtyRow] = ()
    broken: str | None = None  # why nothing more can be read


class Table(Protocol):
    """An index in one of the formats."""

    @property
    def columns(self) -> Columns:
        """Field -> the column that holds it."""

    @property
    def rows(self) -> int | None:
        """How many rows there are, where the file says so."""

    def read(self, count: int, *, wanted: bool) -> Block:
        """The next rows; fewer than asked for where there are no more. Where none are wanted, they
        are read and left."""
