"""Tamper evidence, pure: canonical bytes, leaf and tree hashes (RFC 6962 section 2.1).

Each act on the registry ends with one *entry*; its leaf hash covers what was
done, by whom and when, and a digest over each history row that it made. The
leaves form a Merkle tree, whose root stands for the whole history. Neither an
entry's place in the trail nor its predecessor go into its leaf: the tree orders
the leaves, so writers need not see the head to write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

FORMAT = 1
"""Of the canonical bytes; an entry names it, and old entries keep verifying."""

_LEAF, _NODE = b"\x00", b"\x01"

Value = int | str | bytes | None


def canonical_entry(fields: Mapping[str, object]) -> bytes:
    """An entry as the bytes that are hashed: JSON, sorted, no spaces, ASCII."""
    return json.dumps(
        {"format": FORMAT, **fields},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
        allow_nan=False,
    ).encode("ascii")


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
        """Add many rows, in their order."""
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            self._state.update(b"".join(map(_encoded, some)))
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


class TreeHead:
    """The root of a growing tree, kept as the roots of its complete subtrees: O(log n)."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []  # of subtrees, largest first

    def append(self, leaf: bytes) -> None:
        self._roots.append(leaf)
        self.size += 1
        completed = self.size
        while completed % 2 == 0:
            right, left = self._roots.pop(), self._roots.pop()
            self._roots.append(_node(left, right))
            completed //= 2

    @property
    def root(self) -> bytes:
        """The Merkle tree hash; of no leaves it is the hash of nothing."""
        if not self._roots:
            return hashlib.sha256(b"").digest()
        root = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            root = _node(left, root)
        return root


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """The Merkle tree hash of leaves in order."""
    head = TreeHead()
    for leaf in leaves:
        head.append(leaf)
    return head.root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()
