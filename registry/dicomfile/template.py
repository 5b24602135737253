"""What the files of a series have in common, so that only the rest of each need be parsed.

The files of a series are the same bytes again and again, but for some elements: the
SOP Instance UID, the position, the pixels. A template is such a file cut at its
*varying* elements: a run of bytes that must be there again, then a varying element
whose value is taken from the file, then the next run. How ``scan`` reads an element
depends on nothing but the element's bytes, the tag before it and the bounds; so where
runs and varying elements fill a file, ``scan`` would make the same tree of it. Where
they don't, the template says None, and ``scan`` reads the file.

A test holds templates against ``scan`` and pydicom (tests/dicomfile/test_template.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from struct import Struct, error
from typing import NamedTuple

from registry.dicomfile.recall import Recall
from registry.dicomfile.scan import SHORT, Scanner, Unusual
from registry.dicomfile.tags import TRANSFER_SYNTAX_UID
from registry.dicomfile.transfersyntaxes import IMPLICIT_LITTLE_ENDIAN
from registry.dicomfile.tree import PIXEL_DATA, Element, Tree, text

_LENGTH_OF_META = 140  # where it stands (PS3.10 section 7.1)
_META = 144
_NO_INLINE = frozenset({b"SQ", b"UN"})


class _Length(NamedTuple):
    """A length field."""

    read: Callable[[bytes, int], tuple[int]]
    size: int


_TWO, _FOUR = _Length(Struct("<H").unpack_from, 2), _Length(Struct("<I").unpack_from, 4)


class _Varying(NamedTuple):
    """A run of bytes, and the varying element behind it. Of most elements the run holds tag and
    VR as well; the others, sequences above all, ``scan`` reads from their beginning."""

    run: bytes
    length: _Length | None
    tag: int | None  # None for a group length, of which nothing is kept
    vr: str


class Template:
    """One file that ``scan`` has read, and which of its elements vary."""

    def __init__(self, data: bytes, meta: Tree, tree: Tree, varying: AbstractSet[int]) -> None:
        self._implicit = text(meta, TRANSFER_SYNTAX_UID) == IMPLICIT_LITTLE_ENDIAN
        end = _META + int.from_bytes(data[_LENGTH_OF_META:_META], "little")
        self._beginning = data[:_LENGTH_OF_META]
        self._meta, self._tree = _without(meta, varying), _without(tree, varying)
        self._of_meta, self._rest_of_meta = _cut(data, _META, end, meta, varying, implicit=False)
        self._of_tree, self._rest = _cut(data, end, len(data), tree, varying, implicit=self._implicit)
        self.recall = Recall(self._meta, self._tree, varying)

    def read(self, data: bytes) -> tuple[Tree, Tree] | None:
        """File meta information and data set of a file that is like the template."""
        if not data.startswith(self._beginning):
            return None
        try:
            (length,) = _FOUR.read(data, _LENGTH_OF_META)
            end, meta, tree = _META + length, self._meta.copy(), self._tree.copy()
            scanner = Scanner(data, implicit=False)
            if _fill(meta, data, self._of_meta, self._rest_of_meta, _META, end, scanner) != end:
                return None
            scanner = Scanner(data, implicit=self._implicit)
            size = len(data)
            return (
                (meta, tree)
                if _fill(tree, data, self._of_tree, self._rest, end, size, scanner) == size
                else None
            )
        except (Unusual, error):  # the file is broken
            return None


def _without(tree: Tree, varying: AbstractSet[int]) -> Tree:
    """A tree without the values that vary: they may be many, and of no use."""
    return {tag: (vr, b"") if tag in varying else (vr, value) for tag, (vr, value) in tree.items()}


def _fill(
    tree: Tree, data: bytes, parts: list[_Varying], rest: bytes, position: int, end: int, scanner: Scanner
) -> int:
    """Put the varying elements into a tree; where their bytes end, -1 where they are no such bytes."""
    for run, length, tag, vr in parts:
        if not data.startswith(run, position):
            return -1
        position += len(run)
        if length is not None:
            (count,) = length.read(data, position)
            start = position + length.size
            position = start + count
            if position > end:
                return -1
            if tag is not None:
                tree[tag] = vr, data[start:position]
            continue
        element, position = scanner.one(position, end)
        if tag not in element or element[tag][0] != vr:
            return -1
        tree[tag] = element[tag]
    return position + len(rest) if data.startswith(rest, position) else -1


def _cut(
    data: bytes, start: int, end: int, tree: Tree, varying: AbstractSet[int], *, implicit: bool
) -> tuple[list[_Varying], bytes]:
    """The varying elements, each with the run before it, and what is behind the last one."""
    parts, since = list[_Varying](), start
    for tag, begin, stop in _elements(data, start, end, implicit=implicit):
        if tag is None or tag in varying:
            code = b"" if implicit else data[begin + 4 : begin + 6]
            header, length = _header(code, None if tag is None else tree[tag], tag)
            parts.append(_Varying(data[since : begin + header], length, tag, tree[tag][0] if tag else ""))
            since = stop
    return parts, data[since:end]


def _header(code: bytes, element: Element | None, tag: int | None) -> tuple[int, _Length | None]:
    """How many bytes of an element's header are always the same, and the length behind them."""
    is_sequence = element is not None and element[0] == "SQ"
    if is_sequence or code in _NO_INLINE or tag == PIXEL_DATA:
        return 0, None
    if not code:
        return 4, _FOUR
    if code in SHORT:
        return 6, _TWO
    return 8, _FOUR


def _elements(data: bytes, start: int, end: int, *, implicit: bool) -> Iterator[tuple[int | None, int, int]]:
    """Each element's tag, None for a group length, and where it begins and ends."""
    scanner = Scanner(data, implicit=implicit)
    while start < end:
        element, stop = scanner.one(start, end)
        yield next(iter(element), None), start, stop
        start = stop
