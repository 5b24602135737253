"""What a table is shown on: how wide it is, and whether colours are wanted.

Nothing, unless the command line says that it is a terminal: then lines are as long as they are
and plain, as programs like to read them. UIDs are never cut, on any screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_RED, _YELLOW, _GREEN, _FAINT = "31", "33", "32", "2"

TONES = {
    "error": _RED,
    "failure": _RED,
    "failed": _RED,
    "refused": _RED,
    "blocked": _RED,
    "withdrawn": _RED,
    "warning": _YELLOW,
    "foreign": _YELLOW,
    "unknown": _YELLOW,
    "unrecorded": _YELLOW,
    "note": _GREEN,
    "acknowledged": _FAINT,
    "resolved": _FAINT,
}
"""The words that a colour tells at a glance, and how; all others need none."""

TOLD_BY_TONE = ("severity", "state", "outcome")
"""Columns in which such words stand."""

_ANSI = re.compile(r"\033\[[0-9;]*m")
_LABEL = re.compile(r"\s*(?:\S+(?: \S+){0,2}  +){1,2}(?=\S)")


@dataclass(slots=True)
class Screen:
    """Where lines go."""

    width: int | None = None  # None: as wide as the lines are
    colour: bool = False

    def toned(self, text: str, word: str | None = None) -> str:
        """A text in the colour of a word, its own unless another is named."""
        tone = TONES.get((word or text).strip()) if self.colour else None
        return f"\033[{tone}m{text}\033[0m" if tone else text

    def fitted(self, line: str) -> Iterator[str]:
        """A line as several, if it is too long: taken apart between words, below what it begins with."""
        start = len(line) - len(line.lstrip())
        # Behind half of the screen, deep in a tree, each word would get a line of its own.
        if self.width is None or length(line) <= self.width or start > self.width // 2:
            yield line
            return
        label = _LABEL.match(line)
        under = label.end() if label and label.end() <= self.width // 2 else start + 2
        least = start + 2
        told, so_far = line[: under if label and under == label.end() else start], 0
        for word in line[len(told) :].split(" "):
            if so_far and length(told) + 1 + length(word) > self.width:
                yield told.rstrip()
                told, so_far = " " * under, 0
            if not so_far and length(told) + length(word) > self.width and told.strip():
                yield told.rstrip()
                told = " " * least
            elif not so_far and length(told) + length(word) > self.width:
                told = " " * min(least, len(told))
            told += f" {word}" if so_far else word
            so_far += 1
        yield told.rstrip()


SCREEN = Screen()
"""The one that there is; the command line says what it is like."""


def length(text: str) -> int:
    """How many characters of a text are seen."""
    return len(_ANSI.sub("", text)) if "\033" in text else len(text)
