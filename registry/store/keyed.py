"""Queries for the rows of many keys, a bounded number of keys at a time.

PostgreSQL takes the keys as one array, so that the text of the query stays the
same and is prepared once; SQLite takes as many parameters as there are keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Connection, Select, any_, bindparam

_IN_A_LIST = 500
_IN_AN_ARRAY = 20_000


class Keyed:
    """A query for rows whose column is one of some keys; built once, run often."""

    def __init__(self, query: Select[Any], column: Any) -> None:
        self._listed = query.where(column.in_(bindparam("keys", expanding=True)))
        self._array = query.where(column == any_(bindparam("keys", type_=ARRAY(column.type))))

    @cached_property
    def for_psycopg(self) -> tuple[str, dict[str, Any]]:
        """The query as the driver of PostgreSQL takes it, and its parameters but for ``keys``."""
        from sqlalchemy.dialects.postgresql import psycopg  # slow to import, for nothing on SQLite

        compiled = self._array.compile(dialect=psycopg.dialect())  # type: ignore[no-untyped-call]
        return str(compiled), {name: value for name, value in compiled.params.items() if name != "keys"}

    def rows(self, connection: Connection, keys: Iterable[Any], **values: Any) -> Iterator[Any]:
        """The rows for some keys; ``values`` are the query's other parameters."""
        array = connection.dialect.name == "postgresql"
        statement, most = (self._array, _IN_AN_ARRAY) if array else (self._listed, _IN_A_LIST)
        listed = sorted(set(keys))
        for start in range(0, len(listed), most):
            yield from connection.execute(statement, {"keys": listed[start : start + most], **values})


class Question(NamedTuple):
    """What an act will ask first; PostgreSQL answers it in the same round trip that begins the act."""

    query: Keyed
    keys: Sequence[bytes]
