"""The tree over the trail's entries (RFC 9162 section 2.1, as RFC 6962), pure.

Its leaves are hashes of entries, its root stands for all of them. The tree of n
leaves consists of complete subtrees, whose roots are *nodes*: the one at a level
and place stands for the 2^level leaves from place * 2^level on. A node never
changes once its leaves are there, so an append completes some and touches none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

_NODE = b"\x01"


class Node(NamedTuple):
    """Where a complete subtree stands; level 0 are the leaves."""

    level: int
    place: int


Lookup = Callable[[Node], bytes]
"""The hash of a node."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node above two others."""
    return hashlib.sha256(_NODE + left + right).digest()


class TreeHead:
    """The root of a growing tree, kept as the roots of its complete subtrees: O(log n)."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []  # of subtrees, largest first

    def append(self, leaf: bytes) -> None:
        """Add the next leaf."""
        self.complete(leaf)

    def complete(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Add the next leaf; the nodes above it that are complete now, lowest first."""
        place, node, level = self.size, leaf, 0
        completed = []
        while place % 2:
            node = node_hash(self._roots.pop(), node)
            place, level = place // 2, level + 1
            completed.append((Node(level, place), node))
        self._roots.append(node)
        self.size += 1
        return completed

    @property
    def root(self) -> bytes:
        """The Merkle tree hash; of no leaves it is the hash of nothing."""
        if not self._roots:
            return hashlib.sha256(b"").digest()
        root = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            root = node_hash(left, root)
        return root


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """The Merkle tree hash of leaves in order."""
    head = TreeHead()
    for leaf in leaves:
        head.append(leaf)
    return head.root


def completed_by(place: int) -> Iterator[tuple[Node, Node]]:
    """The nodes that the leaf at a place completes, each with the node to the left of the
    one below it; lowest first."""
    below = Node(0, place)
    while below.place % 2:
        above = Node(below.level + 1, below.place // 2)
        yield above, Node(below.level, below.place - 1)
        below = above


# --- roots and proofs of any size, from the nodes ------------------------------------------


def nodes_of(start: int, end: int) -> list[Node]:
    """The complete subtrees that the leaves from ``start`` to ``end`` fall into, left to right.

    ``start`` is where a subtree that is as large begins, as it is in every proof.
    """
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def root_of(start: int, end: int, lookup: Lookup) -> bytes:
    """The Merkle tree hash of the leaves from ``start`` to ``end``: MTH(D[start:end])."""
    if start == end:
        return hashlib.sha256(b"").digest()
    *rest, last = map(lookup, nodes_of(start, end))
    for left in reversed(rest):
        last = node_hash(left, last)
    return last


def inclusion_path(place: int, size: int) -> list[tuple[int, int]]:
    """The parts of a tree whose hashes prove that a leaf is in it (RFC 9162 section 2.1.3.1)."""
    start, end, parts = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if place < middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((start, middle))
            start = middle
    return parts[::-1]


def consistency_path(old: int, size: int) -> list[tuple[int, int]]:
    """The parts whose hashes prove that a tree is the beginning of another (RFC 9162 section 2.1.4.1)."""
    if not 0 < old < size:
        return []
    start, end, parts = 0, size, []
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((start, middle))
            start = middle
    if start > 0:
        parts.append((start, end))
    return parts[::-1]


def _split(leaves: int) -> int:
    """The largest power of two smaller than a number of leaves."""
    return 1 << ((leaves - 1).bit_length() - 1)


# --- checking a proof: what whoever receives one does ----------------------------------------


def root_by_inclusion(leaf: bytes, place: int, size: int, proof: Iterable[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to (RFC 9162 section 2.1.3.2); None where it has
    too many or too few hashes, or leads nowhere."""
    if not 0 <= place < size:
        return None
    node, last, root = place, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if node % 2 or node == last:
            root = node_hash(sibling, root)
            while not node % 2 and node:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        node, last = node >> 1, last >> 1
    return root if last == 0 else None


def is_consistent(old: int, old_root: bytes, size: int, root: bytes, proof: Iterable[bytes]) -> bool:
    """Whether a proof shows that the tree of ``old`` leaves begins that of ``size`` (RFC 9162
    section 2.1.4.2)."""
    hashes = list(proof)
    if old == size:
        return not hashes and old_root == root
    if not 0 < old < size or not hashes:
        return False
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    node, last = old - 1, size - 1
    while node % 2:
        node, last = node >> 1, last >> 1
    old_found = found = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if node % 2 or node == last:
            old_found, found = node_hash(sibling, old_found), node_hash(sibling, found)
            while not node % 2 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old_found == old_root and found == root
