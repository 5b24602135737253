"""SOP Classes, transfer syntaxes and modalities as small numbers; each is written once."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from registry.store.act import Act
from registry.store.schema import words

NONE = 0
"""Stands for no word in keys, where NULL can't be."""


class Words:
    """The words of one registry, read once: they never change."""

    def __init__(self, connection: Connection) -> None:
        self._values: dict[int, str] = {}
        self._ids: dict[str, int] = {}
        self._read(connection)

    def _read(self, connection: Connection) -> None:
        for row in connection.execute(select(words.c.id, words.c.value)):
            self._values[row.id] = row.value
            self._ids[row.value] = row.id

    def value(self, number: int | None) -> str | None:
        """The word of a number; None for none."""
        return self._values[number] if number else None

    def id(self, value: str | None) -> int | None:
        """The number of a word that is known or was added; None for none."""
        return self._ids[value] if value else None

    def find(self, value: str) -> int | None:
        """The number of a word, None if it was never written."""
        return self._ids.get(value)

    def add(self, act: Act, values: Iterable[str | None]) -> None:
        """Write the words that aren't there yet."""
        new = sorted({value for value in values if value} - self._ids.keys())
        if not new:
            return
        numbers = act.next_ids(words, len(new))
        rows = [{"id": number, "value": value} for number, value in zip(numbers, new, strict=True)]
        act.insert(words, rows, known_is_fine=True)
        self._read(act.connection)
