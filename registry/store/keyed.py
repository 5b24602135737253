"""Queries for the rows of many keys, a bounded number of keys at a time.

Each is compiled once, and then goes to the driver as text: for thousands of keys
that costs a fraction of what composing it anew and converting each key would.
PostgreSQL takes the keys as one array, so the text stays the same and is prepared
once; SQLite takes lists of a few sizes, the rest of a list repeating its last key.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Connection, Dialect, Select, any_, bindparam
from sqlalchemy.dialects import sqlite

from registry.store.packing import REMEMBERED, PackedUid, pack, pack_all, unpack

_SIZES = (1, 8, 64, 512)
_IN_AN_ARRAY = 20_000
_LIST = re.compile(r"__\[POSTCOMPILE_(\w+)\]")

Values = Mapping[str, Any]


class Keyed:
    """A query for rows whose column is one of some keys; built once, run often.

    ``lists`` are further columns whose value is one of a list that is given with the keys.
    What else is given, and what the query says itself, is numbers and plain text.
    """

    def __init__(self, query: Select[Any], column: Any, **lists: Any) -> None:
        self._query, self._lists = query, {"keys": column, **lists}
        self._packed = isinstance(column.type, PackedUid)

    def rows(self, connection: Connection, keys: Iterable[Any], **values: Any) -> Iterator[Any]:
        """The rows for some keys; ``values`` are the query's other parameters."""
        stored = sorted(_packed(set(keys)) if self._packed else set(keys))
        if not stored or not all(values[name] for name in self._lists if name != "keys"):
            return
        array = connection.dialect.name == "postgresql"
        most, asked = (_IN_AN_ARRAY, self._as_arrays) if array else (_SIZES[-1], self._as_lists)
        row = self._row
        for start in range(0, len(stored), most):
            some = stored[start : start + most]
            text, parameters = asked({**values, "keys": some})
            yield from map(row, connection.exec_driver_sql(text, parameters))

    @cached_property
    def for_psycopg(self) -> tuple[str, dict[str, Any]]:
        """The query as the driver of PostgreSQL takes it, and its own parameters."""
        from sqlalchemy.dialects.postgresql import psycopg  # slow to import, for nothing on SQLite

        query = self._query
        for name, column in self._lists.items():
            query = query.where(column == any_(bindparam(name, type_=ARRAY(column.type))))
        text, own, _ = _compiled(query, psycopg.dialect())  # type: ignore[no-untyped-call]
        for name in _LIST.findall(text):  # those of the query's own
            listed = {f"{name}_{place}": value for place, value in enumerate(own.pop(name))}
            text = text.replace(f"__[POSTCOMPILE_{name}]", ", ".join(f"%({each})s" for each in listed))
            own |= listed
        return text, own

    def _as_arrays(self, values: Values) -> tuple[str, Values]:
        text, own = self.for_psycopg
        return text, {**own, **values}

    @cached_property
    def _for_sqlite(self) -> tuple[str, dict[str, Any], Sequence[str]]:
        query = self._query
        for name, column in self._lists.items():
            query = query.where(column.in_(bindparam(name, expanding=True)))
        return _compiled(query, sqlite.dialect())

    def _as_lists(self, values: Values) -> tuple[str, tuple[Any, ...]]:
        text, own, order = self._for_sqlite
        parameters, sizes = list[Any](), list[int]()
        for name in order:
            value = values[name] if name in values else own[name]
            if isinstance(value, list | tuple):
                sizes.append(_size(len(value)))
                parameters += value
                parameters += value[-1:] * (sizes[-1] - len(value))
            else:
                parameters.append(value)
        return _with_lists(text, tuple(sizes)), tuple(parameters)

    @cached_property
    def _row(self) -> Callable[[Sequence[Any]], Any]:
        """A row by its columns' names, UIDs as text."""
        columns = list(self._query.selected_columns)
        names = [str(column.key) for column in columns]
        kind: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024
        packed = [place for place, column in enumerate(columns) if isinstance(column.type, PackedUid)]
        if not packed:
            return kind._make

        def made(row: Sequence[Any]) -> Any:
            values = list(row)
            for place in packed:
                if (uid := values[place]) is not None:
                    values[place] = unpack(uid)
            return kind._make(values)

        return made


def _compiled(query: Select[Any], dialect: Dialect) -> tuple[str, dict[str, Any], Sequence[str]]:
    """A query as text, what it says itself, and the order of its parameters where they have no names."""
    compiled: Any = query.compile(dialect=dialect)
    own = {name: value for name, value in compiled.params.items() if value is not None}
    return str(compiled), own, compiled.positiontup or ()


def _packed(uids: AbstractSet[str]) -> Iterable[bytes]:
    return map(pack, uids) if len(uids) < REMEMBERED // 4 else pack_all(list(uids))


def _size(length: int) -> int:
    return next((size for size in _SIZES if size >= length), length)


@lru_cache(maxsize=256)
def _with_lists(text: str, sizes: Sequence[int]) -> str:
    """A query with as many marks in each list as it takes."""
    left = iter(sizes)
    return _LIST.sub(lambda _: ", ".join("?" * next(left)), text)


class Question(NamedTuple):
    """What an act will ask first; PostgreSQL answers it in the same round trip that begins the act."""

    query: Keyed
    keys: Sequence[bytes]


def once(connection: Connection, query: Select[Any], column: Any, keys: Iterable[Any]) -> Iterator[Any]:
    """The rows for some keys of a query that is composed for this one question."""
    listed = sorted(set(keys))
    for start in range(0, len(listed), _SIZES[-1]):
        yield from connection.execute(query.where(column.in_(listed[start : start + _SIZES[-1]])))
