"""An index as NDJSON: one object a line, its keys the columns; also as QIDO-RS writes its answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

from registry.archiveindex.blocks import Block
from registry.archiveindex.fields import FIELDS, Columns, NotAnIndex, columns_of
from registry.archiveindex.files import BROKEN
from registry.archiveindex.tasks import DirtyRow

_LONGEST_LINE = 1 << 20
_FIRST = 1000
"""Rows among which the columns that an index needs must be."""

_NO_JSON = (ValueError, RecursionError)
_BOM = b"\xef\xbb\xbf"


class Ndjson:
    """An index as NDJSON. A key that is first met in a later row counts from there on."""

    rows = None

    def __init__(self, file: BinaryIO, given: Columns) -> None:
        self._lines = self._whole_lines(file)
        self._given, self._number = given, 0
        self._names: dict[str, None] = {}
        self._is_torn = False
        self._ahead = list(islice(self._lines, _FIRST))
        objects = [each for each in map(_parsed, self._ahead) if isinstance(each, dict)]
        if not objects:
            raise NotAnIndex(
                "no line of the index is a JSON object", advice="`jq -c '.[]'` makes lines of a list."
            )
        self._learn(objects)

    def read(self, count: int, *, wanted: bool) -> Block:
        """See ``Table.read``."""
        lines, self._ahead = self._ahead[:count], self._ahead[count:]
        lines.extend(islice(self._lines, count - len(lines)))
        broken = "it is cut off or broken" if self._is_torn and not self._ahead else None
        first, self._number = self._number + 1, self._number + len(lines)
        if not wanted:
            return Block(len(lines), broken=broken)
        numbers, objects, dirty = [], [], []
        for number, each in enumerate(_all_parsed(lines), first):
            if isinstance(each, dict):
                numbers.append(number)
                objects.append(each)
            elif each is not None:
                dirty.append(DirtyRow(number, each))
        if not self._names.keys() >= set[str]().union(*objects):
            self._learn(objects)
        cells = [self._column(keyword, objects) for keyword in FIELDS]
        return Block(len(lines), cells, numbers, dirty, broken)

    def _whole_lines(self, file: BinaryIO) -> Iterator[bytes]:
        """The lines; of one that is too long its beginning, which is no JSON."""
        try:
            for line in iter(partial(file.readline, _LONGEST_LINE), b""):
                if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                    while (rest := file.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
                        pass
                yield line
        except BROKEN:
            self._is_torn = True

    def _learn(self, objects: list[dict[str, Any]]) -> None:
        self._names.update(dict.fromkeys(name for each in objects for name in each))
        self.columns = columns_of(self._names, self._given)

    def _column(self, keyword: str, objects: list[dict[str, Any]]) -> list[Any] | None:
        name = self.columns.get(keyword)
        if name is None:
            return None
        column = [each.get(name) for each in objects]
        if dict in set(map(type, column)):
            return [_value(each) for each in column]
        return column


def _value(cell: Any) -> Any:
    """The value of an attribute in the DICOM JSON model (PS3.18 section F.2.2)."""
    if isinstance(cell, dict):
        values = cell.get("Value")
        if values is None:
            return None
        return values[0] if isinstance(values, list) and len(values) == 1 else cell
    return cell


def _all_parsed(lines: list[bytes]) -> list[dict[str, Any] | str | None]:
    try:
        found = json.loads(b"[" + b",".join(lines) + b"]")
        if len(found) == len(lines) and set(map(type, found)) <= {dict}:
            return found  # type: ignore[no-any-return]
    except _NO_JSON:
        pass
    return list(map(_parsed, lines))


def _parsed(line: bytes) -> dict[str, Any] | str | None:
    """The object of a line, or why there is none; None for an empty line."""
    if not line.strip():
        return None
    if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
        return f"it has more than {_LONGEST_LINE:,} bytes"
    try:
        found = json.loads(line.removeprefix(_BOM))
    except UnicodeDecodeError:
        return "it isn't text in UTF-8"
    except _NO_JSON:
        return "it isn't JSON"
    return found if isinstance(found, dict) else "it isn't a JSON object"
