"""Does the trail verify: written apart from what appends to it.

Everything is recomputed from what the tables hold now. In the order of the trail: places
without a gap, the sizes, the tree and its nodes, and whether it still begins as checkpoints
say. In the order of the tickets, which rows carry: what each entry says against its hash, the
rows of each table against the entry's digests, the free texts. Last, what replacements stand for
(store/mapverification.py). All of it streams in constant memory,
and time is linear. Nothing is sorted but the ledger: on SQLite the UIDs of one entry, on
PostgreSQL all of them, by the server, on its disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from registry.store.mapverification import check_map, is_readable
from registry.store.places import Places
from registry.store.schema import SEALED, entries, notes
from registry.store.streams import AT_ONCE, UNREADABLE, Broken, Made, Raw, Rows, made_by, stream
from registry.store.tree import Head
from registry.trail import FIELDS, canonical_entry, leaf_hash

Progress = Callable[[int, int], None]
"""Is told how many rows were read, and of how many."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of verifying a trail."""

    ok: bool
    size: int  # entries
    root_hash: str  # of the Merkle tree over all entries, hex
    first_bad: int | None = None  # the first entry that is wrong; None also where none can be named
    reason: str | None = None


def verify(
    connection: Connection, against: Sequence[Head] = (), progress: Progress | None = None
) -> Verification:
    """Recompute the whole trail and the history that it accounts for.

    ``against`` are heads that it had before, by checkpoints that were kept elsewhere: it must
    still begin so. Without them nothing tells a trail from another that was made up whole.
    """
    try:
        return _verified(connection, against, progress)
    except OperationalError as error:
        # SQLite keeps a text that is none; the driver can't say in which row.
        if connection.dialect.name != "sqlite" or "UTF-8" not in str(error.orig):
            raise
        with _any_text(connection):
            return _verified(connection, against, progress)


def _verified(connection: Connection, against: Sequence[Head], progress: Progress | None) -> Verification:
    tell = _Counter(connection, progress)
    trail = Places(against)
    with ExitStack() as opened:
        trail.read(connection, tell.read, opened)
    broken = [trail.broken] if trail.broken else []
    with ExitStack() as opened:
        try:
            _Acts(connection, opened).read(connection, tell, opened)
        except Broken as found:
            broken.append(found)
    with ExitStack() as opened:
        try:
            if is_readable(connection):
                check_map(connection, opened)
        except Broken as found:
            broken.append(found)
    head = trail.head
    if not broken:
        return Verification(trail.unlike is None, head.size, head.root.hex(), None, trail.unlike)
    # What belongs to no entry comes after what does.
    first = min(broken, key=lambda found: (found.entry is None, found.entry or 0))
    reason = first.reason + _whose(connection, first.entry)
    return Verification(False, head.size, head.root.hex(), first.entry, reason)


# --- in the order of the tickets -------------------------------------------------------------


class _Acts:
    """Each entry against its hash, and what it made against what is there."""

    def __init__(self, connection: Connection, opened: ExitStack) -> None:
        self._tables = {table.name: Rows(connection, table, opened) for table in SEALED}
        self._redacted = stream(connection, "SELECT note FROM redactions ORDER BY note", opened)
        self._next_redacted = next(self._redacted, (None,))[0]

    def read(self, connection: Connection, tell: _Counter, opened: ExitStack) -> None:
        names = [column.name for column in entries.columns]
        query = f"SELECT {', '.join(names)} FROM entries ORDER BY id"
        read = 0
        for number, row in enumerate(stream(connection, query, opened), start=1):
            said = dict(zip(names, row, strict=True))
            entry = said["id"]
            try:
                _check_hash(said)
                self._check_rows(entry, made_by(said["rows"]), said["note_hash"])
            except Broken as found:
                raise self._passed_over(entry) or found from None
            except UNREADABLE:
                # On SQLite, a value of another type than the program writes.
                bad = Broken(entry, "it, or a row that it made, has a value that can't have been written")
                raise self._passed_over(entry) or bad from None
            if not number % AT_ONCE:
                before, read = read, number + sum(rows.read for rows in self._tables.values())
                tell.read(read - before)
        if (left := self._passed_over(None)) is not None:
            raise left
        tell.end()

    def _passed_over(self, before: int | None) -> Broken | None:
        """The first row of an entry before this one, or of any, that no entry says it made."""
        left = [rows for rows in self._tables.values() if rows.entry is not None]
        first = min(left, key=lambda rows: rows.entry or 0, default=None)
        if first is None or first.next is None or (before is not None and (first.entry or 0) >= before):
            return None
        return Broken(first.entry, f"the {first.named(first.next)} is not one that it made")

    def _check_rows(self, entry: int, said: Mapping[str, tuple[int, str]], note_hash: bytes | None) -> None:
        redacted, noted = self._is_redacted(entry), False
        for name, (count, digest) in said.items():
            if (rows := self._tables.get(name)) is None:
                raise Broken(entry, f"it names a table that doesn't exist: {name}")
            if rows.entry is not None and rows.entry < entry:
                raise Broken(rows.entry, f"there are rows in {name} that it didn't make")
            made = rows.take(entry)
            if made.rows != count:
                raise Broken(entry, f"it made {_rows(count)} in {name}, and {_rows(made.rows)} are there")
            if name == notes.name and made.rows:
                noted = True
                _check_note(entry, note_hash, made.first, redacted=redacted)
                if redacted:  # what it was nobody can know any more
                    continue
            if made.digest != digest:
                raise Broken(entry, _changed(rows, made))
        if noted != (note_hash is not None):
            raise Broken(entry, "its free text is missing, or it had none")
        if redacted and not noted:
            raise Broken(entry, "a free text of it is said to be redacted, and it had none")

    def _is_redacted(self, entry: int) -> bool:
        while isinstance(self._next_redacted, int) and self._next_redacted < entry:
            self._next_redacted = next(self._redacted, (None,))[0]
        return bool(self._next_redacted == entry)


def _check_hash(said: Mapping[str, Any]) -> None:
    """Whether an entry says what it said when it was written."""
    entry, form, note_hash = said["id"], said["format"], said["note_hash"]
    if form not in FIELDS:
        raise Broken(entry, f"its format is {form}, which this program doesn't know")
    hashed = FIELDS[form]
    fields = {name: said[name] for name in hashed}
    fields["note_hash"] = None if note_hash is None else note_hash.hex()
    if leaf_hash(canonical_entry(fields, form)) != said["leaf"]:
        raise Broken(entry, "its hash isn't that of what it says: it was changed")
    if any(said[name] is not None for name in _LATER if name not in hashed):
        raise Broken(entry, f"it says more than an entry of format {form} can")


_LATER = ("role", "account")
"""Columns that came with a later format: an older one doesn't cover them."""


def _check_note(entry: int, note_hash: bytes | None, note: Raw, *, redacted: bool) -> None:
    _, salt, text = note
    if redacted:
        if (salt, text) != (b"", ""):
            raise Broken(entry, "its free text was redacted, and another is there")
    elif hashlib.sha256(salt + text.encode()).digest() != note_hash:
        raise Broken(entry, "its free text was changed")


def _changed(rows: Rows, made: Made) -> str:
    if made.rows == 1:
        return f"the {rows.named(made.first)} is not as it was made"
    return f"of its {made.rows} rows in {rows.table.name} at least one is not as it was made"


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def _whose(connection: Connection, entry: int | None) -> str:
    """Whose entry it is, as it says itself."""
    if entry is None:
        return ""
    query = f"SELECT event, actor, at FROM entries WHERE id = {int(entry)}"
    found = connection.exec_driver_sql(query).first()
    return f" ({found[0]} by {found[1]}, {found[2]})" if found else " (there is no such entry)"


# --- how far it is ---------------------------------------------------------------------------


class _Counter:
    """Counts what was read, entries twice; counting how much there is is done only if asked."""

    def __init__(self, connection: Connection, told: Progress | None) -> None:
        self._told, self._done, self._of = told, 0, 0
        if told is not None:
            counts = [f"(SELECT count(*) FROM {table.name})" for table in (*SEALED, entries, entries)]
            self._of = int(connection.exec_driver_sql(f"SELECT {' + '.join(counts)}").scalar_one())

    def read(self, rows: int) -> None:
        self._done += rows
        if self._told is not None:
            self._told(min(self._done, self._of), self._of)

    def end(self) -> None:
        self.read(self._of - self._done)


@contextmanager
def _any_text(connection: Connection) -> Iterator[None]:
    """On SQLite: a text that isn't UTF-8 comes as one that can't be encoded."""
    driver = cast("Any", connection.connection.driver_connection)
    before = driver.text_factory
    driver.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = before
