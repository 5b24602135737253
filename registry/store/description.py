"""What a database consists of, told so that two of them can be compared.

A description names each column, constraint, index, trigger, function, view and
sequence, and holds its definition in one plain form. On SQLite definitions are
the text that made them; PostgreSQL writes its own, which says the same in
another way: ``BETWEEN`` as two comparisons, casts and brackets where none were.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import Connection

from registry.store import catalogue

Description = dict[tuple[str, str], str]
"""(sort, name) -> definition. Names of columns, triggers and rules begin with their table's."""

APART = "alembic_version"
"""The table of the migrations themselves: no part of what they make."""


def described(connection: Connection) -> Description:
    """What the database of a connection consists of."""
    if connection.dialect.name == "sqlite":
        return dict(_embedded(connection))
    return dict(_served(connection))


def _served(connection: Connection) -> Iterator[tuple[tuple[str, str], str]]:
    """PostgreSQL: as its catalogue tells."""
    for sort, table, name, definition in catalogue.parts(connection):
        if table == APART:
            continue
        body = sort == "function"  # in quotes: it stands as it was given
        text = unqualified(definition) if sort == "view" else definition
        yield (sort, name), " ".join(text.split()) if body else plain(text)


def _embedded(connection: Connection) -> Iterator[tuple[tuple[str, str], str]]:
    """SQLite: as it was written."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    for sort, name, table, text in connection.exec_driver_sql(query):
        if table == APART:
            continue
        if sort == "table":
            yield from table_parts(table, text)
        else:
            yield (sort, f"{table}.{name}" if sort == "trigger" else name), " ".join(text.split())


def table_parts(table: str, text: str) -> Iterator[tuple[tuple[str, str], str]]:
    """The parts of a CREATE TABLE: the table itself, its columns, its constraints."""
    tidy = " ".join(text.split()).replace('"', "")
    _, inside, after = re.fullmatch(r"([^(]*)\((.*)\)([^)]*)", tidy).groups()  # type: ignore[union-attr]
    yield ("table", table), after.strip()
    for part in _between_commas(inside):
        word, name, *_ = part.split(maxsplit=2)
        if word == "CONSTRAINT":
            yield ("constraint", name), part.removeprefix(f"CONSTRAINT {name} ")
        else:
            yield ("column", f"{table}.{word}"), part.removeprefix(f"{word} ")


def _between_commas(text: str) -> list[str]:
    """What stands between the commas that are in no brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


_TYPES = "character varying|text|bytea|bigint|integer|smallint|regclass"
_SAME = (
    (re.compile(rf"::(?:{_TYPES})(?:\[\])?"), ""),
    (re.compile(r"\bvarchar\b"), "character varying"),
    (re.compile(r"([\w.]+(?:\([\w.]+\))?) between (\S+) and (\S+)"), r"\1 >= \2 and \1 <= \3"),
    (re.compile(r"\bin \(([^()]*)\)"), r"= any (array[\1])"),
    (re.compile(r"!="), "<>"),
    (re.compile(r"\bexecute procedure\b"), "execute function"),
    (re.compile(r"[()\s;\"]+"), " "),
)
_LITERAL = re.compile(r"('(?:[^']|'')*')")


def unqualified(view: str) -> str:
    """A view of one table without that table's name before the columns: up to version 15 PostgreSQL
    writes it there, whatever the view was made with."""
    found = re.search(r"\bFROM (\w+);?\s*$", view)
    return re.sub(rf"\b{found[1]}\.", "", view) if found else view


def plain(definition: str) -> str:
    """An SQL definition without what says nothing: case, brackets, casts, white space.

    So two that differ in brackets alone look equal; the tables' tests are stricter.
    """
    pieces = _LITERAL.split(definition)
    text = "".join(piece if index % 2 else piece.lower() for index, piece in enumerate(pieces))
    for pattern, instead in _SAME:
        text = pattern.sub(instead, text)
    return text.strip()
