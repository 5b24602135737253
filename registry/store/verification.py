"""Does the trail verify: written apart from what appends to it.

Everything is recomputed from what the tables hold now: each entry's leaf hash,
the row of places without a gap, the digest over each entry's rows in each
table, the free texts, the sizes. It streams in constant memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, select, type_coerce

from registry.merkle import TreeHead
from registry.store.packing import PackedUid
from registry.store.schema import SEALED, entries, notes, redactions
from registry.store.tree import Head
from registry.trail import FIELDS, RowsDigest, canonical_entry, leaf_hash

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of verifying a trail."""

    ok: bool
    size: int  # entries
    root_hash: str  # of the Merkle tree over all entries, hex
    first_bad: int | None = None  # the first entry that is wrong
    reason: str | None = None


class _Bad(Exception):
    def __init__(self, entry: int, reason: str) -> None:
        self.entry, self.reason = entry, reason


def verify(
    connection: Connection,
    against: Sequence[Head] = (),
    progress: Callable[[int], None] | None = None,  # noqa: ARG001
) -> Verification:
    """Recompute the whole trail and the history that it accounts for.

    ``against`` are heads that it had at some time: it must still begin with them.
    """
    head = TreeHead()
    bad: list[_Bad] = []
    heads = sorted(against)
    others = list(_misfits(heads, head))
    for check in (_entries(connection, head), _rows(connection)):
        try:
            for _ in check:
                others += _misfits(heads, head)
        except _Bad as found:
            bad.append(found)
    if not bad:
        others += _misfits(heads, head)
        others += [
            f"it has {head.size:,} entries, and had {missing.size:,} when a checkpoint was taken: "
            "the newest were removed"
            for missing in heads
        ]
        return Verification(not others, head.size, head.root.hex(), None, next(iter(others), None))
    first = min(bad, key=lambda found: found.entry)
    return Verification(False, head.size, head.root.hex(), first.entry, first.reason)


def _misfits(heads: list[Head], reached: TreeHead) -> Iterator[str]:
    """What isn't right with the heads of the size that the tree has reached; they are done with."""
    while heads and heads[0].size == reached.size:
        said = heads.pop(0)
        if said.root != reached.root:
            yield (
                f"its first {said.size:,} entries aren't those of the checkpoint taken then: "
                f"root hash {reached.root.hex()}, not {said.root.hex()}"
            )


def _entries(connection: Connection, head: TreeHead) -> Iterator[None]:
    """Each entry by itself, and their row."""
    query = (
        select(entries, notes.c.salt, notes.c.text, redactions.c.entry.label("redacted"))
        .join_from(entries, notes, entries.c.id == notes.c.entry, isouter=True)
        .join(redactions, redactions.c.note == notes.c.entry, isouter=True)
    )
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(query.order_by(entries.c.seq))
    with closing(rows):  # also where it ends early
        yield from _each(rows, head)


def _each(rows: Iterable[Any], head: TreeHead) -> Iterator[None]:
    size, last_seq = 0, -1
    for row in rows:
        if row.seq != last_seq + 1 or row.prev != (last_seq if last_seq >= 0 else None):
            raise _Bad(
                row.id, f"its place is {row.seq}; {last_seq + 1} was due: entries are missing or inserted"
            )
        said = {**row._mapping, "note_hash": row.note_hash.hex() if row.note_hash is not None else None}
        if row.format not in FIELDS:
            raise _Bad(row.id, f"its format is {row.format}, which this program doesn't know")
        fields = {name: said[name] for name in FIELDS[row.format]}
        if leaf_hash(canonical_entry(fields, row.format)) != row.leaf:
            raise _Bad(row.id, "its hash isn't that of what it says: it was changed")
        size += json.loads(row.rows).get("ledger", [0])[0]
        if row.ledger_size != size:
            raise _Bad(row.id, f"it counts {row.ledger_size} UIDs in the ledger where {size} were entered")
        if row.redacted is not None:
            if row.text or row.salt or row.note_hash is None:
                raise _Bad(row.id, "its free text was redacted, and another is there")
        elif row.text is not None and hashlib.sha256(row.salt + row.text.encode()).digest() != row.note_hash:
            raise _Bad(row.id, "its free text was changed")
        last_seq = row.seq
        head.append(row.leaf)
        yield


def _rows(connection: Connection) -> Iterator[None]:
    """The rows of each table against the digests that the entries hold."""
    streams = [_Stream(connection, table) for table in SEALED]
    redacted = select(redactions.c.note)
    query = select(entries.c.id, entries.c.rows, entries.c.id.in_(redacted).label("redacted"))
    query = query.order_by(entries.c.id)
    with ExitStack() as open_results:
        for stream in streams:
            open_results.enter_context(closing(stream.result))
        found = connection.execution_options(yield_per=_AT_ONCE).execute(query)
        yield from _compared(open_results.enter_context(closing(found)), streams)


def _compared(found: Iterable[Any], streams: Sequence[_Stream]) -> Iterator[None]:
    for entry in found:
        expected = json.loads(entry.rows)
        for stream in streams:
            count, digest = stream.take(entry.id)
            said = expected.pop(stream.name, [0, _NOTHING])
            if entry.redacted and stream.name == notes.name:
                # What the text was nobody can know any more; that it is empty is looked at above.
                digest = said[1]
            if [count, digest] != said:
                raise _Bad(entry.id, f"its rows in {stream.name} are not those that it made")
        if expected:
            raise _Bad(entry.id, f"it names tables that don't exist: {', '.join(sorted(expected))}")
        yield
    for stream in streams:
        if stream.entry is not None:
            raise _Bad(stream.entry, f"there are rows in {stream.name} for an entry that doesn't exist")


_NOTHING = RowsDigest().hexdigest()


class _Stream:
    """The rows of one table, by entry and key."""

    def __init__(self, connection: Connection, table: Table) -> None:
        self.name = table.name
        columns = [type_coerce(c, LargeBinary) if isinstance(c.type, PackedUid) else c for c in table.columns]
        keys = [
            type_coerce(c, LargeBinary) if isinstance(c.type, PackedUid) else c for c in table.primary_key
        ]
        query = select(*columns).order_by(table.c.entry, *keys)
        self.result = connection.execution_options(yield_per=_AT_ONCE).execute(query)
        position = list(table.columns.keys()).index("entry")
        self._groups = groupby(map(tuple, self.result), key=itemgetter(position))
        self.entry: int | None = None
        self._rows: Iterator[tuple[Any, ...]] = iter(())
        self._advance()

    def _advance(self) -> None:
        self.entry, self._rows = next(self._groups, (None, iter(())))

    def take(self, entry: int) -> tuple[int, str]:
        """How many rows an entry has, and their digest."""
        if self.entry is not None and self.entry < entry:
            raise _Bad(self.entry, f"there are rows in {self.name} for an entry that doesn't exist")
        digest = RowsDigest()
        if self.entry == entry:
            for row in self._rows:
                digest.add(row)
            self._advance()
        return digest.count, digest.hexdigest()
