"""Tables: columns side by side, and where the screen is too narrow for them one below the other.

A cell that is a text is taken apart between words; a UID, a path, a hash never is. What isn't
wide enough for its columns gets them in several lines, each row alike and its heading too.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from registry.render.screen import SCREEN, TOLD_BY_TONE

_AT_ONCE = 1000
_GAP = 2
_INDENT = 2  # of what stands below
_WHOLE = 24  # characters of a text that is never taken apart: a moment
_READABLE = 36  # characters in which a longer one can still be read
_NUMBER = re.compile(r"[\d,]+\Z")
_NOTHING = ("", "-")
_TALL = 3  # lines of a text beside others; a longer one, or one of longer words, stands below them

Cells = list[str]


def laid_out(
    rows: Iterable[Cells], names: Sequence[str], headings: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[list[str]]:
    """The lines of the heading, and then of each row as it comes.

    The first so many say how wide the columns are, and what is wider later pushes the rest of them
    aside. ``optional`` columns are left out, in their order, where that saves a line.
    """
    lines = iter(rows)
    head, plan = [heading.upper() for heading in headings], None
    while some := list(islice(lines, _AT_ONCE)):
        if plan is None:
            plan = _Plan(names, head, some, optional)
            yield plan.lines(head, toned=False)
        else:
            plan.widen(some)
        for cells in some:
            yield plan.lines(cells)


class _Plan:
    """Which columns stand in which line, and how wide they are."""

    def __init__(
        self, names: Sequence[str], head: Cells, rows: Sequence[Cells], optional: Sequence[str]
    ) -> None:
        self._names = names
        self._widths = [len(heading) for heading in head]
        columns = list(zip(*rows, strict=True))
        self._right = [
            any(map(_NUMBER.match, column))
            and all(cell in _NOTHING or _NUMBER.match(cell) for cell in column)
            for column in columns
        ]
        # None: no text; else how wide it must be to be read.
        self._texts = [_least(column) for column in columns]
        self.widen(rows)
        self._places = min((self._flowed(shown) for shown in _choices(names, optional)), key=len)

    def widen(self, rows: Sequence[Cells]) -> None:
        """Make room for more rows."""
        self._widths = [
            max(width, *map(len, column))
            for width, column in zip(self._widths, zip(*rows, strict=True), strict=True)
        ]

    def _flowed(self, shown: Sequence[int]) -> list[list[int]]:
        """The columns, as many in a line as fit into it."""
        if SCREEN.width is None:
            return [list(shown)]
        lines: list[list[int]] = []
        at = SCREEN.width + 1
        for index in shown:
            width = self._widths[index]
            left = SCREEN.width - at - _GAP
            least = self._texts[index] or width
            if width > left < least:
                lines.append([])
                at = _INDENT - _GAP if lines[1:] else -_GAP
                left = SCREEN.width - at - _GAP
            lines[-1].append(index)
            at += _GAP + min(width, left if self._texts[index] else width)
        return lines

    def lines(self, cells: Cells, *, toned: bool = True) -> list[str]:
        """A row."""
        if SCREEN.width is None:
            return [self._line(self._places[0], {index: cells[index] for index in self._places[0]}, toned)]
        told: list[str] = []
        for number, place in enumerate(self._places):
            told += self._in_line(place, cells, _INDENT if number else 0, toned)
        return told

    def _in_line(self, place: Sequence[int], cells: Cells, indent: int, toned: bool) -> Iterator[str]:
        """The columns of one line; more than one where a text is longer than its column."""
        parts: dict[int, list[str]] = {}
        below: list[str] = []
        at = indent
        for index in place:
            left = (SCREEN.width or 0) - at
            parts[index] = [cells[index]]
            if self._texts[index] and len(cells[index]) > left:
                parts[index] = _wrapped(cells[index], left)
                tall = len(parts[index]) > _TALL or max(map(len, parts[index])) > left
                if index != place[0] and tall:
                    below = _wrapped(cells[index], (SCREEN.width or 0) - _INDENT)
                    parts[index] = [""]
            at += min(self._widths[index], left) + _GAP
        for number in range(max(map(len, parts.values()))):
            told = {index: part[number] if number < len(part) else "" for index, part in parts.items()}
            yield " " * indent + self._line(place, told, toned)
        yield from (" " * _INDENT + line for line in below)

    def _line(self, place: Sequence[int], cells: dict[int, str], toned: bool) -> str:
        told = []
        for index in place:
            cell, blank = cells[index], " " * (self._widths[index] - len(cells[index]))
            if toned and self._names[index] in TOLD_BY_TONE:
                cell = SCREEN.toned(cell)
            told.append(blank + cell if self._right[index] else cell + blank)
        return (" " * _GAP).join(told).rstrip()


def _least(column: Sequence[str]) -> int | None:
    texts = [cell for cell in column if len(cell) > _WHOLE and " " in cell]
    return min(_READABLE, max(map(len, texts))) if texts else None


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 1), break_long_words=False, break_on_hyphens=False) or [""]


def _choices(names: Sequence[str], optional: Sequence[str]) -> Iterator[list[int]]:
    """All columns, and then always one less of those that may be left out."""
    for count in range(len(optional) + 1):
        yield [index for index, name in enumerate(names) if name not in optional[:count]]
