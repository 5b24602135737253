"""Several statements for PostgreSQL in one message, and their answers in one.

The driver's own pipeline sends each statement as it comes, and wakes the server
for each. Here all of them, up to the commit, leave at once: what locks the end of
the trail is never followed by a pause in which this program waits for its turn of
the processor. Statements are prepared once on each connection; values are bound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.waiting import Ready, Wait

if TYPE_CHECKING:
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGconn, PGresult


class Prepared:
    """The statements that were prepared on one connection. A name is never used twice,
    whatever became of the message that it was first in."""

    def __init__(self) -> None:
        self.names: dict[str, bytes] = {}
        self._used = count()

    def name(self) -> bytes:
        return b"uidr_%d" % next(self._used)


_TEXT, _BINARY = 0, 1
_PLACE = re.compile(r"%(?:\((\w+)\))?s")


class Statement(NamedTuple):
    """A statement in the driver's way (``%s`` or ``%(name)s``), and its values."""

    text: str
    values: Sequence[Any] | Mapping[str, Any] = ()


def exchange(
    connection: psycopg.Connection[Any], prepared: Prepared, statements: Sequence[Statement]
) -> list[list[tuple[Any, ...]]]:
    """The rows that each statement gives.

    Raises what the driver raises, for the first that fails; those after it are not executed.
    """
    # Before anything is sent: what can't be bound leaves nothing half said.
    bound = [_ready(statement, connection) for statement in statements]
    pgconn, new = connection.pgconn, dict[str, bytes]()
    pgconn.enter_pipeline_mode()
    try:
        for text, values, forms in bound:
            if (name := prepared.names.get(text) or new.get(text)) is None:
                name = new[text] = prepared.name()
                pgconn.send_prepare(name, text.encode())
            pgconn.send_query_prepared(name, values, forms)
        pgconn.pipeline_sync()
        results = connection.wait(_answers(pgconn))
    finally:
        try:
            pgconn.exit_pipeline_mode()
        except psycopg.Error:
            connection.close()  # lost, or left in the middle: nothing can be asked there any more
    try:
        rows = _rows(results, connection)
    except psycopg.errors.InvalidSqlStatementName:
        prepared.names.clear()  # somebody between us and the server gave them up
        raise
    prepared.names |= new
    return rows


def _ready(
    statement: Statement, connection: psycopg.Connection[Any]
) -> tuple[str, list[bytes | None], list[int]]:
    """A statement as the protocol takes it: its text, its values, and the form of each."""
    text, names = _numbered(statement.text)
    values = statement.values
    given = [values[name] for name in names] if isinstance(values, Mapping) else values
    bound = [_bound(value, connection) for value in given]
    return text, [value for value, _ in bound], [form for _, form in bound]


@lru_cache(maxsize=256)
def _numbered(text: str) -> tuple[str, tuple[str, ...]]:
    """A statement with $1, $2, ... in place of its values, and their names in this order."""
    names: list[str] = []

    def place(found: re.Match[str]) -> str:
        names.append(found[1] or "")
        return f"${len(names)}"

    return _PLACE.sub(place, text), tuple(names)


def _bound(value: Any, connection: psycopg.Connection[Any]) -> tuple[bytes | None, int]:
    """A value as it is sent, and in which of the protocol's two forms."""
    if value is None:
        return None, _TEXT
    if isinstance(value, bytes):
        return value, _BINARY
    if isinstance(value, str):
        return value.encode(), _BINARY  # with its length: nothing in it can end it
    if isinstance(value, int):
        return b"%d" % value, _TEXT
    (dumped,) = Transformer(connection).dump_sequence([value], [PyFormat.BINARY])
    return None if dumped is None else bytes(dumped), _BINARY


def _answers(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """Send what is noted down, and collect all answers up to the end of the message."""
    while pgconn.flush():
        if (yield Wait.RW) & Ready.R:
            pgconn.consume_input()
    results: list[PGresult] = []
    while True:
        while pgconn.is_busy():
            yield Wait.R
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is not None and result.status == ExecStatus.PIPELINE_SYNC:
            return results
        if result is not None:
            results.append(result)


def _rows(results: Sequence[PGresult], connection: psycopg.Connection[Any]) -> list[list[tuple[Any, ...]]]:
    transformer = Transformer(connection)
    rows: list[list[tuple[Any, ...]]] = []
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
        if result.status == ExecStatus.TUPLES_OK:
            transformer.set_pgresult(result)
            rows.append(transformer.load_rows(0, result.ntuples, tuple))
        elif result.command_status:  # a statement was prepared where it is empty
            rows.append([])
    return rows
