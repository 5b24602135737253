"""Tamper evidence, pure: what an entry is as bytes, its leaf hash, digests over rows.

Each act on the registry ends with one *entry*; its leaf hash covers what was
done, by whom and when, and a digest over each history row that it made. The
leaves form a Merkle tree (merkle.py), whose root stands for the whole history. Neither an
entry's place in the trail nor its predecessor go into its leaf: the tree orders
the leaves, so writers need not see the head to write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, repeat
from operator import add
from typing import cast

FORMAT = 2
"""Of the canonical bytes; an entry names it, and old entries keep verifying."""

FIELDS = {
    1: (
        *("id", "at", "event", "outcome", "actor", "host", "application"),
        *("request_id", "note_hash", "detail", "rows"),
    ),
    2: (
        *("id", "at", "event", "outcome", "actor", "account", "role", "host", "application"),
        *("request_id", "note_hash", "detail", "rows"),
    ),
}
"""What the bytes of each format say: columns of an entry, hashes as hex."""

_LEAF = b"\x00"
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)

Value = int | str | bytes | None


def canonical_entry(fields: Mapping[str, object], form: int = FORMAT) -> bytes:
    """An entry as the bytes that are hashed: JSON, sorted, no spaces, ASCII."""
    return _JSON.encode({"format": form, **fields}).encode("ascii")


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry in the tree."""
    return hashlib.sha256(_LEAF + entry).digest()


class RowsDigest:
    """A digest over the rows that one entry made in one table, in key order."""

    def __init__(self) -> None:
        self._state = hashlib.sha256()
        self.count = 0

    def add(self, row: Sequence[Value]) -> None:
        """Add one row: each value with its type and length, so that neighbours can't merge."""
        self._state.update(_encoded(row))
        self.count += 1

    def add_all(self, rows: Sequence[Sequence[Value]]) -> None:
        """Add many rows, in their order: the same bytes, made column by column."""
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            self._state.update(_encoded_all(some))
            self.count += len(some)

    def hexdigest(self) -> str:
        return self._state.hexdigest()


_AT_ONCE = 1000


def _encoded(row: Sequence[Value]) -> bytes:
    pieces = []
    for value in row:
        if value is None:
            pieces.append(b"n")
        elif isinstance(value, bytes):
            pieces.append(b"b%d:%b" % (len(value), value))
        elif isinstance(value, int):
            pieces.append(b"i%d;" % value)
        else:
            data = value.encode()
            pieces.append(b"s%d:%b" % (len(data), data))
    pieces.append(b"\n")
    return b"".join(pieces)


def _piece(value: Value) -> bytes:
    """What one value is in the bytes of its row."""
    return _encoded((value,))[:-1]


def _pieces(values: Sequence[Value], sorts: AbstractSet[type]) -> Iterable[bytes]:
    """What each value of a column is in the bytes of its row: few numbers, many keys."""
    if sorts == {bytes}:
        keys = cast(Sequence[bytes], values)
        before = {length: b"b%d:" % length for length in set(map(len, keys))}
        return map(add, map(before.__getitem__, map(len, keys)), keys)
    if bytes not in sorts:
        known = {value: _piece(value) for value in set(values)}
        return map(known.__getitem__, values)
    return [
        b"b%d:%b" % (len(value), value) if isinstance(value, bytes) else _piece(value) for value in values
    ]


def _encoded_all(rows: Sequence[Sequence[Value]]) -> bytes:
    """In a batch nearly all columns have one value throughout: it is written once."""
    alike, varied = [b""], list[Iterable[bytes]]()  # what stands before, between and behind what varies
    for values in zip(*rows, strict=True):
        first = values[0]
        if values.count(first) == len(values):
            alike[-1] += _piece(first)
            continue
        sorts = set(map(type, values))
        if sorts == {bytes} and len(set(map(len, values))) == 1:  # keys of UIDs, digests
            alike[-1] += b"b%d:" % len(first)
            varied.append(values)
        else:
            varied.append(_pieces(values, sorts))
        alike.append(b"")
    alike[-1] += b"\n"
    if not varied:
        return alike[0] * len(rows)
    before, *between, after = alike
    turn = after + before  # from one row to the next
    if len(varied) == 1:
        return before + turn.join(varied[0]) + after
    pieces = [varied[0]]
    for text, column in zip(between, varied[1:], strict=True):
        pieces += [repeat(text), column]
    told = b"".join(chain.from_iterable(zip(*pieces, repeat(turn), strict=False)))
    return before + told.removesuffix(turn) + after
