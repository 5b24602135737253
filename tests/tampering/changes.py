"""What is done to history: every kind of change, to every table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import Column, Integer, LargeBinary, SmallInteger, Table

from registry.store.schema import (
    HISTORY,
    SEALED,
    entries,
    findings,
    ledger,
    notes,
    originals,
    purges,
    redactions,
    replacements,
    tree_nodes,
)
from tests.tampering import forging
from tests.tampering.scene import TAIL, Row, Scene


@dataclass(frozen=True)
class Kind:
    """A kind of change, and what verifying must find."""

    name: str
    alone: bool = True  # by `audit verify` without a checkpoint
    checkpoint: bool = True  # with one of before that was kept elsewhere


@dataclass(frozen=True)
class Change:
    """One change; ``known`` is the size of the newest checkpoint where that isn't the whole trail."""

    kind: Kind
    table: str
    what: str
    make: Callable[[Scene], None]
    known: int | None = None


EDIT = Kind("a value is edited")
NULL = Kind("a value is emptied (NULL)")
TYPE = Kind("a value gets another type, or bytes that are no text (SQLite)")
DELETE = Kind("a row is deleted")
INSERT = Kind("a row is inserted")
SWAP = Kind("two rows swap their values")
MOVE = Kind("a row is moved to another entry")
REORDER = Kind("two entries swap their places")
FORMAT = Kind("an entry claims another format")
NOTE = Kind("a free text is emptied, or a redaction is made up")
EMPTY = Kind("a table is emptied")
CLEAR = Kind("all of history is emptied")
CUT_PARTLY = Kind("the newest entries are cut off, but not their rows, or not the nodes over them")
CUT = Kind("the newest entries are cut off with all that belongs to them", alone=False)
RESTORE = Kind("an old copy is put in its place", alone=False)
REHASH = Kind("a change, and everything is hashed again to fit", alone=False)
REHASH_ORDER = Kind("two entries swap their places, and everything is hashed again to fit", alone=False)
REHASH_NEWER = Kind(
    "a change to what is newer than the checkpoint, and everything is hashed again to fit",
    alone=False,
    checkpoint=False,
)
APPEND = Kind("an entry is made up and appended, well formed", alone=False, checkpoint=False)
MAP = Kind("what a replacement stands for is changed, left out, made up or put back")
WORK = Kind("work tables (findings, pending references, resume marks)", alone=False, checkpoint=False)

KINDS = (
    *(EDIT, NULL, TYPE, DELETE, INSERT, SWAP, MOVE, REORDER, FORMAT, NOTE, EMPTY, CLEAR, CUT_PARTLY),
    *(CUT, RESTORE, REHASH, REHASH_ORDER, REHASH_NEWER, APPEND, MAP, WORK),
)

ONLY_SQLITE = (TYPE,)
"""PostgreSQL keeps the types of its columns."""


def changes(scene: Scene, *, every_row: bool) -> Iterator[Change]:
    """All that is done; to one row of each table, or to every row."""
    for table in HISTORY:
        rows = scene.rows(table)
        chosen = rows if every_row else rows[len(rows) // 2 :][:1]
        for row in chosen:
            yield from _edits(scene, table, row)
            yield from _of_row(scene, table, row, rows)
        yield Change(EMPTY, table.name, "", lambda s, t=table: s.run(f"DELETE FROM {t.name}"))
    for rows in _entries(scene, every_row):
        yield from _of_entry(*rows)
    yield from _of_notes(scene)
    yield from _of_the_map(scene)
    yield from _of_all(scene)


# --- one row ---------------------------------------------------------------------------------


def _edits(scene: Scene, table: Table, row: Row) -> Iterator[Change]:
    for column in table.columns:
        value = row[column.name]
        yield _set(EDIT, table, row, column, another(value, column))
        if column.nullable and value is not None:
            yield _set(NULL, table, row, column, None)
        if scene.engine == "sqlite":
            for other in _of_another_type(value, column):
                yield _set(TYPE, table, row, column, other)
            if isinstance(value, str):
                yield Change(TYPE, table.name, f"{column.name}: no UTF-8", _no_text(table, row, column))


def _set(kind: Kind, table: Table, row: Row, column: Column[Any], new: object) -> Change:
    what = f"{column.name}: {row[column.name]!r} -> {new!r}"
    return Change(kind, table.name, what, lambda scene: scene.update(table, row, **{column.name: new}))


def _no_text(table: Table, row: Row, column: Column[Any]) -> Callable[[Scene], None]:
    def make(scene: Scene) -> None:
        scene.update(table, row, **{column.name: "\ufffd"})
        scene.run(
            f"UPDATE {table.name} SET {column.name} = CAST(x'ff' AS TEXT) WHERE {column.name} = :mark",
            mark="\ufffd",
        )

    return make


def another(value: object, column: Column[Any]) -> object:
    """A value that the column can have, and no row has."""
    if isinstance(value, int):
        return value + (7 if isinstance(column.type, SmallInteger) else 1_000_003)
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1]) if value else b"\x01"
    if isinstance(value, str):
        return value[:-1] + ("x" if value[-1] != "x" else "y") if value else "x"
    if isinstance(column.type, Integer):
        return 1
    return b"\x12\x3f" if isinstance(getattr(column.type, "impl", column.type), LargeBinary) else "x"


def _of_another_type(value: object, column: Column[Any]) -> Iterator[object]:
    """What SQLite takes all the same; but a table's own row numbers are numbers for it too."""
    numbered = column.primary_key and column.table.dialect_options["sqlite"]["with_rowid"]
    if isinstance(value, bytes):
        yield value.hex()
        yield 7
    elif isinstance(value, str):
        yield value.encode()
    elif isinstance(value, int) and not numbered:
        yield value + 0.5
        yield "seven"


def _of_row(scene: Scene, table: Table, row: Row, rows: list[Row]) -> Iterator[Change]:
    name, named = table.name, f"{_key(table, row)}"
    yield Change(DELETE, name, named, lambda s: s.delete(table, row))
    yield Change(INSERT, name, named, lambda s: s.insert(table, _copy(table, row)))
    keys = {column.name for column in table.primary_key} | {"entry"}
    for other in rows:
        mine, theirs = (
            {k: v for k, v in one.items() if k not in keys | _unique(table)} for one in (row, other)
        )
        if mine != theirs:
            yield Change(SWAP, name, f"{named} and {_key(table, other)}", _swap(table, row, other))
            break
    if "entry" in table.columns:
        for entry in scene.rows(entries):
            taken = {_key(table, each) for each in rows}
            moved = {**row, "entry": entry["id"]}
            if entry["id"] != row["entry"] and (
                "entry" not in table.primary_key or _key(table, moved) not in taken
            ):
                yield Change(MOVE, name, named, lambda s, e=entry["id"]: s.update(table, row, entry=e))
                break


def _key(table: Table, row: Row) -> tuple[object, ...]:
    return tuple(row[column.name] for column in table.primary_key)


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]


def _unique(table: Table) -> set[str]:
    return {
        column.name
        for constraint in table.constraints
        if type(constraint).__name__ == "UniqueConstraint"
        for column in constraint.columns  # type: ignore[attr-defined]
    }


def _copy(table: Table, row: Row) -> Row:
    """A row like another, under a key of its own, made by the same entry."""
    unlike = _unique(table) | {column.name for column in table.primary_key}
    if _keys(table) != ["entry"]:
        unlike -= {"entry"}
    return {k: another(v, table.columns[k]) if k in unlike else v for k, v in row.items()}


def _swap(table: Table, row: Row, other: Row) -> Callable[[Scene], None]:
    keys = {column.name for column in table.primary_key} | {"entry"} | _unique(table)

    def make(scene: Scene) -> None:
        for one, values in ((row, other), (other, row)):
            scene.update(table, one, **{k: v for k, v in values.items() if k not in keys})

    return make


# --- entries and texts -----------------------------------------------------------------------


def _entries(scene: Scene, every_row: bool) -> Iterable[tuple[Row, Row]]:
    chained = sorted(scene.rows(entries), key=lambda row: row["seq"])
    pairs = list(pairwise(chained))
    return pairs if every_row else [pairs[0], pairs[len(pairs) // 2], pairs[-1]]


def _of_entry(row: Row, after: Row) -> Iterator[Change]:
    places = f"{row['seq']} and {after['seq']}"
    yield Change(REORDER, "entries", places, lambda s: swap_places(s, row, after))
    other = {1: 2, 2: 1}[row["format"]]
    yield Change(FORMAT, "entries", f"{row['id']}: {other}", lambda s: s.update(entries, row, format=other))
    yield Change(FORMAT, "entries", f"{row['id']}: 3", lambda s: s.update(entries, row, format=3))


def swap_places(scene: Scene, row: Row, after: Row) -> None:
    scene.update(entries, row, seq=-7)
    scene.update(entries, after, seq=row["seq"], prev=row["prev"])
    scene.update(entries, row, seq=after["seq"], prev=after["prev"])


def _of_notes(scene: Scene) -> Iterator[Change]:
    gone = {row["note"] for row in scene.rows(redactions)}
    for note in scene.rows(notes):
        entry = note["entry"]
        if entry in gone:
            told = {"text": "something else", "salt": b"salt"}
            yield Change(NOTE, "notes", f"{entry}: after a redaction", _text(note, **told))
            continue
        emptied = {"text": "", "salt": b""}
        yield Change(NOTE, "notes", f"{entry}: emptied", _text(note, **emptied))
        for by in (entry, max(row["entry"] for row in scene.rows(redactions))):
            yield Change(NOTE, "redactions", f"{entry}: by {by}, emptied", _text(note, by, **emptied))
            yield Change(NOTE, "redactions", f"{entry}: by {by}, left", _text(note, by))


def _text(note: Row, by: int | None = None, **new: object) -> Callable[[Scene], None]:
    def make(scene: Scene) -> None:
        if new:
            scene.update(notes, note, **new)
        if by is not None:
            scene.insert(redactions, {"note": note["entry"], "entry": by})

    return make


def _of_the_map(scene: Scene) -> Iterator[Change]:
    """The one table that isn't history and counts: the trail holds hashes of what is in it."""
    for row in scene.rows(originals):
        for column in originals.columns:
            edit = _set(MAP, originals, row, column, another(row[column.name], column))
            yield edit
        yield Change(MAP, "originals", "deleted", lambda s, r=row: s.delete(originals, r))
        yield Change(MAP, "originals", "inserted", lambda s, r=row: s.insert(originals, _copy(originals, r)))
    (scope,) = (row["scope_id"] for row in scene.rows(purges))
    for each in (row for row in scene.rows(replacements) if row["scope_id"] == scope):
        back = {"scope_id": scope, "original": b"\x12\x3f", "uid": each["uid"], "salt": bytes(16)}
        yield Change(MAP, "originals", "put back", lambda s, b=back: s.insert(originals, b))


# --- all of it -------------------------------------------------------------------------------


def _of_all(scene: Scene) -> Iterator[Change]:
    size = scene.head.size
    yield Change(CLEAR, "all", "", lambda s: [s.run(f"DELETE FROM {t.name}") for t in HISTORY])  # type: ignore[arg-type,return-value]
    for cut in range(1, TAIL + 1):
        what, left = f"the last {cut}", size - cut
        yield Change(CUT, "all", what, lambda s, n=left: forging.cut(s, n))
        yield Change(CUT_PARTLY, "all", f"{what}, rows left", lambda s, n=left: forging.cut(s, n, rows=False))
        if any((row["place"] + 1) << row["level"] > left for row in scene.rows(tree_nodes)):
            yield Change(
                CUT_PARTLY, "all", f"{what}, nodes left", lambda s, n=left: forging.cut(s, n, nodes=False)
            )
    yield from _rehashed(scene)
    last = max(scene.rows(entries), key=lambda row: row["seq"])
    yield Change(APPEND, "entries", "", lambda s: _then(lambda _: forging.append(s, last, actor="nobody"))(s))
    yield Change(APPEND, "redactions", "of a free text", _redacts(scene, last))
    for finding in scene.rows(findings)[:1]:
        yield Change(WORK, "findings", "", lambda s, f=finding: s.delete(findings, f))


def _rehashed(scene: Scene) -> Iterator[Change]:
    # The map tells of these two whatever the trail says.
    for table in (table for table in SEALED if table not in (purges, replacements)):
        row = scene.rows(table)[0]
        columns = [c for c in table.columns if c.name != "entry"]
        for column in columns if table is not redactions else ():
            edit = _set(REHASH, table, row, column, another(row[column.name], column))
            if table is notes and row["entry"] in {r["note"] for r in scene.rows(redactions)}:
                continue
            yield Change(REHASH, table.name, f"edited {edit.what}", _then(edit.make))
        yield Change(REHASH, table.name, "deleted", _then(lambda s, t=table, r=row: s.delete(t, r)))
        if table is not redactions:
            copy = _copy(table, row)
            if _keys(table) != ["entry"]:  # else it would be another entry's
                yield Change(REHASH, table.name, "inserted", _then(lambda s, t=table, r=copy: s.insert(t, r)))
    chained = sorted(scene.rows(entries), key=lambda row: row["seq"])
    for name in ("at", "event", "outcome", "actor", "account", "role", "host", "application", "detail"):
        edit = _set(REHASH, entries, chained[3], entries.c[name], another(chained[3][name], entries.c[name]))
        yield Change(REHASH, "entries", f"edited {edit.what}", _then(edit.make))
    for row, after in (chained[2:4], chained[-2:]):
        swap = _then(lambda s, r=row, a=after: swap_places(s, r, a))
        yield Change(REHASH_ORDER, "entries", f"{row['seq']} and {after['seq']}", swap)
    newest = max(scene.rows(ledger), key=lambda row: row["entry"])
    edit = _set(REHASH_NEWER, ledger, newest, ledger.c.uid, another(newest["uid"], ledger.c.uid))
    yield Change(REHASH_NEWER, "ledger", edit.what, _then(edit.make), scene.head.size - TAIL)


def _then(make: Callable[[Scene], object]) -> Callable[[Scene], None]:
    """A change, and everything is hashed again."""

    def both(scene: Scene) -> None:
        make(scene)
        forging.rehash(scene)

    return both


def _redacts(scene: Scene, last: Row) -> Callable[[Scene], None]:
    gone = {row["note"] for row in scene.rows(redactions)}
    note = next(row for row in scene.rows(notes) if row["entry"] not in gone)

    def make(scene: Scene) -> None:
        detail = f'{{"redacted":{note["entry"]}}}'
        by = forging.append(scene, last, event="audit:redact", detail=detail)
        scene.insert(redactions, {"note": note["entry"], "entry": by})
        scene.update(notes, note, text="", salt=b"")
        forging.rehash(scene)

    return make
