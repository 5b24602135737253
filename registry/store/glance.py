"""A quick look at what is there, for who presses Tab: a few key look-ups, straight from the driver.

It must be over before anybody notices, and importing SQLAlchemy alone takes longer than that. So
it opens the database by itself, to read only, and whatever goes wrong is its caller's to hide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from registry.store.nibbles import pack, prefix_range, unpack

Ask = Callable[..., list[tuple[Any, ...]]]
"""Asks a question, ``?`` for each value."""

_WAIT = 1  # seconds
_FIRST = b""


@contextmanager
def glancing(database: str) -> Iterator[Ask]:
    """The database, for questions. Raises whatever the driver raises."""
    if database.startswith("postgresql"):
        import psycopg

        url = "postgresql://" + database.partition("://")[2]
        with closing(psycopg.connect(url, connect_timeout=_WAIT, autocommit=True)) as server:
            server.execute(f"SET statement_timeout = {_WAIT * 1000}")
            server.execute("SET default_transaction_read_only = on")
            yield lambda query, *values: server.execute(query.replace("?", "%s"), values).fetchall()
        return
    import sqlite3

    path = database.removeprefix("sqlite:///")
    uri = f"{Path(path).absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT)) as file:
        yield lambda query, *values: file.execute(query, values).fetchall()


def uids(ask: Ask, prefix: str, most: int, table: str = "ledger") -> list[str]:
    """UIDs of a table that begin with some characters; where those are more than ``most``, the
    beginnings of them up to the end of the next component, or to the next character."""
    low, high = prefix_range(prefix) if prefix else (_FIRST, b"\xff")
    some = ask(f"SELECT uid FROM {table} WHERE uid >= ? AND uid < ? LIMIT {most + 1}", low, high)
    if len(some) <= most:
        return sorted(unpack(bytes(key)) for (key,) in some)
    for ending in (_component, _character):
        found = _beginnings(ask, table, prefix, most, ending)
        if len(found) == 1 and found[0] != prefix:
            return uids(ask, found[0], most, table)  # so that one alone is never only a beginning
        if len(found) <= most:
            break
    return sorted(found[:most])


def _beginnings(ask: Ask, table: str, prefix: str, most: int, ending: Callable[[str, int], int]) -> list[str]:
    """What the UIDs with a prefix begin with, each found by the key behind the one before."""
    found: list[str] = []
    low, high = prefix_range(prefix) if prefix else (_FIRST, b"\xff")
    beyond = ">="
    while len(found) <= most:
        query = f"SELECT uid FROM {table} WHERE uid {beyond} ? AND uid < ? ORDER BY uid LIMIT 1"
        rows = ask(query, low, high)
        if not rows:
            break
        uid = unpack(bytes(rows[0][0]))
        beginning = uid[: ending(uid, len(prefix))]
        if beginning not in found:
            found.append(beginning)
        # Behind a whole UID come those that it begins, or they came before it.
        low, beyond = (pack(uid), ">") if beginning == uid else (prefix_range(beginning)[1], ">=")
    return found


def _component(uid: str, start: int) -> int:
    dot = uid.find(".", start + 1)
    return len(uid) if dot < 0 else dot + 1


def _character(uid: str, start: int) -> int:
    return min(len(uid), start + 1)


def roots(ask: Ask) -> list[str]:
    """The issuer roots."""
    return [row[0] for row in ask("SELECT DISTINCT prefix FROM roots ORDER BY prefix")]


def actors(ask: Ask, most: int) -> list[str]:
    """Those who have acted, by the index of them, from one to the next."""
    return _each(ask, "SELECT min(actor) FROM entries WHERE actor > ?", most)


def destinations(ask: Ask, most: int) -> list[str]:
    """Where objects were checked for."""
    return _each(ask, "SELECT min(destination) FROM exports WHERE destination > ?", most)


def scopes(ask: Ask, most: int) -> list[str]:
    """The scopes of replacement."""
    return _each(ask, "SELECT min(name) FROM scopes WHERE name > ?", most)


def _each(ask: Ask, query: str, most: int) -> list[str]:
    found: list[str] = []
    while len(found) < most:
        ((after,),) = ask(query, found[-1] if found else "")
        if after is None:
            break
        found.append(after)
    return found


def about(ask: Ask, code: str, prefix: str, most: int) -> list[str]:
    """What findings of a rule are about."""
    query = (
        "SELECT DISTINCT uid FROM findings WHERE code = ? AND uid >= ? AND uid < ? "
        f"AND cleared_entry IS NULL LIMIT {most}"
    )
    return sorted(row[0] for row in ask(query, code, prefix, f"{prefix}:"))  # what comes behind the digits
