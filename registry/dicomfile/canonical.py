"""The canonical form of a data set, of which digests are taken.

How many elements, each one's tag and length, then the values, then the items of
sequences, each in the same form; tags ascending, text without the padding at its end.
The lengths keep neighbours apart.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import lru_cache

from registry.dicomfile.tree import TEXT_VRS, Element, Tree

Pieces = list[bytes | bytearray | memoryview]
"""A form in pieces, that would take the memory a second time if it were joined."""

_IS_SEQUENCE = 1 << 63  # no value is that long
_LENGTH = struct.Struct(">Q")


def canonical(element: Element) -> bytes:
    """One element's value in canonical form."""
    pieces: Pieces = []
    add_tree({0: element}, [0], pieces)
    return b"".join(pieces)


def add_tree(tree: Tree, tags: list[int], pieces: Pieces) -> None:
    """Add the form of some of a tree's elements, their tags ascending."""
    head, values, sequences = [len(tags)], [], []
    for tag in tags:
        vr, value = tree[tag]
        if vr in TEXT_VRS:
            value = value.rstrip(b" \0")
        elif vr == "SQ":
            head += (tag, len(value) | _IS_SEQUENCE)
            sequences.append(value)
            continue
        head += (tag, len(value))
        values.append(value)
    pieces.append(_packer(len(head))(*head))
    pieces += values
    for members in sequences:
        for member in members:
            add_tree(member, sorted(member), pieces)


@lru_cache(maxsize=1024)
def _packer(count: int) -> Callable[..., bytes]:
    return struct.Struct(f">{count}Q").pack


class Runs:
    """The forms of data sets that are the same but for some elements: what is between these is
    put together once."""

    def __init__(self, tree: Tree, tags: list[int], varying: AbstractSet[int]) -> None:
        whole: Pieces = []
        add_tree(tree, tags, whole)
        self._head = bytes(whole[0])
        self._pieces: Pieces = []
        self._varying: list[tuple[int, int, int, bool]] = []
        self._sequences: dict[int, tuple[list[Tree], bytes]] = {}  # the last of each, and its form
        plain = [tag for tag in tags if tree[tag][0] != "SQ"]
        sequences = [tag for tag in tags if tree[tag][0] == "SQ"]
        run: Pieces = []
        for tag in (*plain, *sequences):
            if tag not in varying:
                run += _values(tree[tag])
                continue
            self._pieces += (b"".join(run), b"")
            run = []
            offset = _LENGTH.size * (2 * tags.index(tag) + 2)
            self._varying.append((tag, offset, len(self._pieces) - 1, tree[tag][0] in TEXT_VRS))
        self._pieces.append(b"".join(run))

    def form(self, tree: Tree) -> Pieces:
        """The form of another of these data sets."""
        head, pieces = bytearray(self._head), self._pieces.copy()
        for tag, offset, place, is_text in self._varying:
            vr, value = tree[tag]
            length = len(value)
            if is_text:
                value = value.rstrip(b" \0")
                length = len(value)
            elif vr == "SQ":
                value, length = self._sequence(tag, value), length | _IS_SEQUENCE
            pieces[place] = value
            _LENGTH.pack_into(head, offset, length)
        # Bulk content is in none of them, so that they are few bytes (template.py).
        return [b"".join((head, *pieces))]

    def _sequence(self, tag: int, members: list[Tree]) -> bytes:
        last = self._sequences.get(tag)
        if last is None or last[0] is not members:
            self._sequences[tag] = last = members, b"".join(_values(("SQ", members)))
        return last[1]


def _values(element: Element) -> Pieces:
    """What stands behind the head for one element: its value, or the forms of its items."""
    vr, value = element
    if vr != "SQ":
        return [value.rstrip(b" \0") if vr in TEXT_VRS else value]
    pieces: Pieces = []
    for member in value:
        add_tree(member, sorted(member), pieces)
    return pieces
