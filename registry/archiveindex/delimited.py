"""An index as CSV: one row of names, then the rows; commas, semicolons, tabs or bars (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import compress, islice
from operator import itemgetter
from typing import BinaryIO

from registry.archiveindex.blocks import Block
from registry.archiveindex.fields import FIELDS, Columns, NotAnIndex, columns_of, is_heading
from registry.archiveindex.files import BROKEN
from registry.archiveindex.tasks import DirtyRow

_DELIMITERS = ",;\t|"
_LONGEST_LINE = 1 << 22
"""Characters of a line at most; one that is longer is taken for two."""

_LONGEST_CELL = 1 << 17
"""A quote that nobody closes swallows no more than this."""

_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

Record = list[str]


class Delimited:
    """An index as CSV."""

    rows = None

    def __init__(self, file: BinaryIO, given: Columns) -> None:
        csv.field_size_limit(_LONGEST_CELL)
        encoding = _MARKS.get(file.peek(2)[:2], "utf-8-sig")  # type: ignore[attr-defined]
        # What isn't in the encoding costs its own row alone.
        text = io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="")
        self._text = text  # it closes the file when it goes
        lines = iter(partial(text.readline, _LONGEST_LINE), "")
        try:
            names, self._records = _heading(lines)
        except (*BROKEN, UnicodeError) as error:
            raise NotAnIndex("nothing can be read of the index: it is cut off or broken") from error
        self.columns = columns_of(names, given)
        self._width, self._number = len(names), 0
        places = {name: place for place, name in reversed(list(enumerate(names)))}
        self._places = [
            places[self.columns[keyword]] if keyword in self.columns else None for keyword in FIELDS
        ]

    def read(self, count: int, *, wanted: bool) -> Block:
        """See ``Table.read``."""
        records: list[Record] = []
        torn: dict[int, str] = {}
        broken = None
        while len(records) < count:
            before = len(records)
            try:
                records.extend(islice(self._records, count - before))
                break
            except csv.Error:
                torn[len(records)] = (
                    f"a cell has more than {_LONGEST_CELL:,} characters, or its quotes don't end"
                )
                records.append([])
            except (*BROKEN, UnicodeError):
                broken = "it is cut off or broken"
                break
        first, self._number = self._number + 1, self._number + len(records)
        if not wanted:
            return Block(len(records), broken=broken)
        return self._block(records, first, torn, broken)

    def _block(self, records: list[Record], first: int, torn: dict[int, str], broken: str | None) -> Block:
        numbers: Sequence[int] = range(first, first + len(records))
        dirty: list[DirtyRow] = []
        if set(map(len, records)) - {self._width}:
            whole = [len(record) == self._width for record in records]
            for place, record in enumerate(records):
                if place in torn:
                    dirty.append(DirtyRow(first + place, torn[place]))
                elif record and not whole[place]:
                    why = f"it has {len(record):,} cells, and there are {self._width:,} columns"
                    dirty.append(DirtyRow(first + place, why))
            numbers = list(compress(numbers, whole))
            records = list(compress(records, whole))
        cells = [None if place is None else list(map(itemgetter(place), records)) for place in self._places]
        return Block(self._number - first + 1, cells, numbers, dirty, broken)


def _heading(lines: Iterator[str]) -> tuple[list[str], Iterator[Record]]:
    """The names of the columns, and the records after them."""
    first = next(lines, "")
    while first and not first.strip():
        first = next(lines, "")
    counts = {delimiter: _split(first, delimiter) for delimiter in _DELIMITERS}
    delimiter, names = max(counts.items(), key=lambda each: len(each[1]))
    if not is_heading(names):
        raise NotAnIndex("the first row of the index names no column that holds UIDs")
    return [name.strip() for name in names], csv.reader(lines, delimiter=delimiter)


def _split(line: str, delimiter: str) -> Record:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
