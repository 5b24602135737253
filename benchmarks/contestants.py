"""Who is measured as a registry grows: ours, and the floor, the least that any program would have to do.

Both fill the same tables, with all their constraints and triggers, in transactions of the same size,
synced at each commit. Ours is `services.indexing.register_rows` and what answers look-ups; the floor
is the driver alone: `sqlite3.executemany` on SQLite and COPY on PostgreSQL, in sorted order, with an
entry of the trail for each transaction, and plain SQL by key for look-ups. The floor decides, checks
and digests nothing.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from registry.records import IndexRow
from registry.services.indexing import register_rows
from registry.services.opening import opened
from registry.settings import Settings
from registry.store import lookups, queries
from registry.store.columns import metadata
from registry.store.packing import pack, unpack
from registry.store.sqlite import PRAGMAS

ACTOR = "benchmark"

Chunks = Iterable[list[IndexRow]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contestant's registry is; made by `init`, so that both begin with the same."""

    engine: str
    url: str
    folder: Path

    @property
    def settings(self) -> Settings:
        return Settings(self.url, actor=ACTOR, key_file=str(self.folder / "key"), seen="none")

    def connect(self) -> Any:
        """A bare connection of the driver."""
        if self.engine == "sqlite":
            connection = sqlite3.connect(self.url, isolation_level=None)
            for name, value in PRAGMAS.items():
                connection.execute(f"PRAGMA {name} = {value}")
            return connection
        import psycopg

        return psycopg.connect(self.url)


class Contestant(Protocol):
    """Loads rows and answers look-ups."""

    def load(self, place: Place, chunks: Chunks) -> float:
        """Record all rows, a transaction for each chunk; the seconds of it that don't count."""
        ...

    def one(self, place: Place, uids: Sequence[str]) -> list[float]:
        """The seconds of each look-up, one after another: kind, parents, and by whom and when recorded."""
        ...

    def many(self, place: Place, uids: Sequence[str]) -> tuple[float, int]:
        """The seconds of looking all up at once, kind and parents, and how many were found."""
        ...


class Ours:
    """The registry."""

    def load(self, place: Place, chunks: Chunks) -> float:
        begun = time.perf_counter()
        with opened(place.settings) as registry:
            opening = time.perf_counter() - begun
            register_rows(registry, chain.from_iterable(chunks))
        return opening

    def one(self, place: Place, uids: Sequence[str]) -> list[float]:
        with opened(place.settings, read_only=True) as registry, registry.database.reading() as connection:
            queries.one(connection, uids[0])  # what is built once is built
            return [_seconds(lambda uid=uid: queries.one(connection, uid)) for uid in uids]

    def many(self, place: Place, uids: Sequence[str]) -> tuple[float, int]:
        with opened(place.settings, read_only=True) as registry, registry.database.reading() as connection:
            list(lookups.PLACES.rows(connection, uids[:1]))  # what is built once is built
            begun = time.perf_counter()
            found = sum(1 for _ in lookups.PLACES.rows(connection, uids))
            return time.perf_counter() - begun, found


_PLACE = (
    "SELECT l.uid, l.kind, l.origin, l.sop_class_id, s.uid, t.uid FROM ledger l "
    "LEFT JOIN series s ON s.id = l.series_id LEFT JOIN studies t ON t.id = s.study_id WHERE l.uid"
)
_RECORDED = (
    "SELECT l.uid, l.kind, l.origin, l.sop_class_id, s.uid, t.uid, e.at, e.actor FROM ledger l "
    "JOIN entries e ON e.id = l.entry "
    "LEFT JOIN series s ON s.id = l.series_id LEFT JOIN studies t ON t.id = s.study_id WHERE l.uid"
)


_IN_A_LIST = 500
"""Keys in one query of SQLite: quicker than one after another, and than more."""


class Floor:
    """The driver alone."""

    def load(self, place: Place, chunks: Chunks) -> float:
        """It gets its rows packed, numbered and sorted: that doesn't count."""
        connection, prepared = place.connect(), 0.0
        numbers = _Numbers(connection)
        for chunk in chunks:
            begun = time.perf_counter()
            rows = numbers.rows(chunk)
            prepared += time.perf_counter() - begun
            if place.engine == "sqlite":
                self._execute_many(connection, rows)
            else:
                self._copy(connection, rows)
        connection.close()
        return prepared

    def _execute_many(self, connection: sqlite3.Connection, rows: Rows) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for table, (names, values) in rows.items():
            marks = ", ".join("?" for _ in names)
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
            connection.executemany(statement, values)
        connection.execute("COMMIT")

    def _copy(self, connection: Any, rows: Rows) -> None:
        from registry.store.postgresql import _types

        for name, (names, values) in rows.items():
            table = metadata.tables[name]
            types = dict(zip(table.columns.keys(), _types(table), strict=True))
            with connection.cursor().copy(
                f"COPY {name} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
            ) as copy:
                copy.set_types([types[each] for each in names])
                for row in values:
                    copy.write_row(row)
        connection.commit()

    def one(self, place: Place, uids: Sequence[str]) -> list[float]:
        with _cursor(place) as cursor:
            query = f"{_RECORDED} = {'?' if place.engine == 'sqlite' else '%s'}"

            def ask(uid: str) -> None:
                _read(cursor.execute(query, (pack(uid),)))

            return [_seconds(lambda uid=uid: ask(uid)) for uid in uids]

    def many(self, place: Place, uids: Sequence[str]) -> tuple[float, int]:
        with _cursor(place) as cursor:
            begun = time.perf_counter()
            keys = sorted(map(pack, uids))
            if place.engine == "sqlite":
                found = 0
                for start in range(0, len(keys), _IN_A_LIST):
                    some = keys[start : start + _IN_A_LIST]
                    found += _read(cursor.execute(f"{_PLACE} IN ({', '.join('?' * len(some))})", some))
            else:
                found = _read(cursor.execute(f"{_PLACE} = ANY(%s)", (keys,)))
            return time.perf_counter() - begun, found


Rows = dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]]
"""Table -> its columns and their values, each after what it must stand on."""


class _Numbers:
    """Turns rows of an index into rows of tables: what any loader must keep account of."""

    def __init__(self, connection: Any) -> None:
        def greatest(column: str, table: str) -> int:
            return int(connection.execute(f"SELECT coalesce(max({column}), 0) FROM {table}").fetchone()[0])

        self._entry, self._seq = greatest("id", "entries"), greatest("seq", "entries")
        self._size = greatest("ledger_size", "entries")
        self._study, self._one_series = greatest("id", "studies"), greatest("id", "series")
        self._word = greatest("id", "words")
        self._words = {word: number for number, word in connection.execute("SELECT id, value FROM words")}
        # A study may go on in the next chunk; none comes back later.
        self._studies = self._newest(connection, "studies")
        self._series = self._newest(connection, "series")
        if not isinstance(connection, sqlite3.Connection):
            connection.commit()

    @staticmethod
    def _newest(connection: Any, table: str) -> dict[str, int]:
        rows = connection.execute(f"SELECT uid, id FROM {table} ORDER BY id DESC LIMIT 100")
        return {unpack(bytes(uid)): number for uid, number in rows}

    def rows(self, chunk: Sequence[IndexRow]) -> Rows:
        self._entry, self._seq = self._entry + 1, self._seq + 1
        entry = self._entry
        words: list[tuple[Any, ...]] = []
        studies, series, claims, ledger = list(words), list(words), list(words), list(words)
        for uid, sop_class, one_series, study, modality, *_ in chunk:
            assert uid is not None
            assert one_series is not None
            assert study is not None
            for word in (sop_class, modality):
                if word not in self._words:
                    self._word += 1
                    self._words[str(word)] = self._word
                    words.append((self._word, word, entry))
            class_id, modality_id = self._words[str(sop_class)], self._words[str(modality)]
            if study not in self._studies:
                self._study += 1
                self._studies[study] = self._study
                studies.append((self._study, key := pack(study), entry))
                ledger.append((entry, None, 1, 2, None, key))
            if one_series not in self._series:
                self._one_series += 1
                self._series[one_series] = self._one_series
                series.append(
                    (self._one_series, key := pack(one_series), self._studies[study], 2, modality_id, entry)
                )
                ledger.append((entry, None, 2, 2, None, key))
                claims.append((key, class_id, modality_id, b"", entry))
            ledger.append((entry, self._series[one_series], 3, 2, class_id, pack(uid)))
        self._size += len(ledger)
        ledger.sort(key=lambda row: row[-1])
        claims.sort()
        said = (entry, self._seq, self._seq - 1, self._size, "2026-11-22T09:30:00.000000Z", "index:register")
        made: Rows = {
            "words": (("id", "value", "entry"), words),
            "ledger": (("entry", "series_id", "kind", "origin", "sop_class_id", "uid"), ledger),
            "studies": (("id", "uid", "entry"), studies),
            "series": (("id", "uid", "study_id", "origin", "modality_id", "entry"), series),
            "series_claims": (
                ("series_uid", "sop_class_id", "modality_id", "frame_of_reference_uid", "entry"),
                claims,
            ),
            "entries": (_ENTRY, [(*said, *_ALWAYS, os.urandom(32))]),
        }
        return {table: filled for table, filled in made.items() if filled[1]}


_ENTRY = tuple(
    "id seq prev ledger_size at event outcome actor host application detail rows "
    "format role account leaf".split()
)
_ALWAYS: tuple[object, ...] = (
    "done",
    ACTOR,
    "host",
    "floor",
    '{"rows":10000}',
    '{"ledger":[10000,"' + "0" * 64 + '"]}',
    2,
    "owner",
    ACTOR,
)


@contextmanager
def _cursor(place: Place) -> Iterator[Any]:
    connection = place.connect()
    try:
        yield connection.cursor()
    finally:
        connection.close()


def _read(rows: Iterable[Sequence[Any]]) -> int:
    """Read rows as a program would use them, the UIDs as text; how many there are."""
    found = 0
    for uid, _, _, _, series, study, *_ in rows:
        for key in (uid, series, study):
            if key is not None:
                unpack(bytes(key))
        found += 1
    return found


def _seconds(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


WHO: dict[str, Contestant] = {"ours": Ours(), "floor": Floor()}
