"""SOP Classes, transfer syntaxes and modalities as small numbers; each is written once."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from registry.store.act import Act
from registry.store.schema import words

NONE = 0
"""Stands for no word in keys, where NULL can't be."""

_ALL = select(words.c.id, words.c.value)


class _Seen:
    """The words that a database connection has seen committed. They never change, so
    they are read again only when one is missing."""

    def __init__(self) -> None:
        self.values: dict[int, str] = {}
        self.ids: dict[str, int] = {}

    def read(self, connection: Connection) -> None:
        for number, value in connection.execute(_ALL):
            self.values[number] = value
            self.ids[value] = number


class Words:
    """The words of one registry, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: _Seen = connection.info.setdefault("words", _Seen())

    def value(self, number: int | None) -> str | None:
        """The word of a number; None for none."""
        if not number:
            return None
        if number not in self._seen.values:
            self._seen.read(self._connection)
        return self._seen.values[number]

    def id(self, value: str | None) -> int | None:
        """The number of a word that is known or was added; None for none."""
        return self._seen.ids[value] if value else None

    def find(self, value: str) -> int | None:
        """The number of a word, None if it was never written."""
        if value not in self._seen.ids:
            self._seen.read(self._connection)
        return self._seen.ids.get(value)

    def add(self, act: Act, values: Iterable[str | None]) -> None:
        """Write the words that aren't there yet."""
        wanted = {value for value in values if value}
        if not wanted <= self._seen.ids.keys():
            self._seen.read(act.connection)
        new = sorted(wanted - self._seen.ids.keys())
        if not new:
            return
        numbers = act.next_ids(words, len(new))
        rows = [{"id": number, "value": value} for number, value in zip(numbers, new, strict=True)]
        act.insert(words, rows, known_is_fine=True)
        # The act may yet be given up, and then these words were never there.
        self._seen = _Seen()
        self._seen.read(act.connection)
