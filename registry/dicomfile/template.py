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

from registry.dicomfile.digests import BULK
from registry.dicomfile.parsed import Parsed
from registry.dicomfile.recall import Recall
from registry.dicomfile.scan import PIXEL_VRS, SHORT, Scanner, Unusual
from registry.dicomfile.tags import TRANSFER_SYNTAX_UID
from registry.dicomfile.transfersyntaxes import IMPLICIT_LITTLE_ENDIAN
from registry.dicomfile.tree import PIXEL_DATA, Element, Tree, text

_LENGTH_OF_META = 140  # where it stands (PS3.10 section 7.1)
_META = 144
LARGEST = 1 << 20
"""Bytes of a file without its bulk content that a template deals with: what is remembered of it
must stay small, whatever comes."""

_UNDEFINED = b"\xff\xff\xff\xff"

_two, _four = Struct("<H").unpack_from, Struct("<I").unpack_from


class _Varying(NamedTuple):
    """A run of bytes, and the varying element behind it.

    Of most elements the run holds the tag and the VR too, so that the length comes next.
    Others are read by ``scan`` from their beginning: sequences, above all.
    """

    run: bytes
    length_of_run: int
    tag: int | None  # None for a group length, of which nothing is kept
    vr: str
    scanned: _Scanned | None
    length: Callable[[bytes, int], tuple[int]] = _four
    size: int = 4  # bytes of the length
    is_view: bool = False  # whether the value is a view of the file's bytes, not a copy


class _Scanned:
    """An element that ``scan`` reads, unless it is the same bytes as in the file before."""

    def __init__(self, tag: int, vr: str) -> None:
        self._tag, self._vr = tag, vr
        self._bytes, self._element = b"", (vr, b"")

    def read(self, data: bytes, position: int, end: int, *, implicit: bool) -> tuple[Element, int]:
        """The element at a position, and where it ends. Raises ``Unusual``."""
        stop = position + len(self._bytes)
        if self._bytes and data.startswith(self._bytes, position):
            return self._element, stop
        found, stop = Scanner(data, implicit=implicit).one(position, end)
        element = found.get(self._tag)
        if element is None or element[0] != self._vr:
            raise Unusual
        if self._tag not in BULK and stop - position <= LARGEST:
            self._bytes, self._element = data[position:stop], element
        return element, stop


class Template:
    """One file that ``scan`` has read, and which of its elements vary."""

    def __init__(self, data: bytes, meta: Tree, tree: Tree, varying: AbstractSet[int]) -> None:
        self._implicit = text(meta, TRANSFER_SYNTAX_UID) == IMPLICIT_LITTLE_ENDIAN
        end = _META + int.from_bytes(data[_LENGTH_OF_META:_META], "little")
        self._beginning = data[:_LENGTH_OF_META]
        self._meta, self._tree = _without(meta, varying), _without(tree, varying)
        self._of_meta, self._rest_of_meta = _cut(data, _META, end, meta, varying, implicit=False)
        self._of_tree, self._rest = _cut(data, end, len(data), tree, varying, implicit=self._implicit)
        self._recall = Recall(self._meta, self._tree, varying)

    def read(self, data: bytes) -> Parsed | None:
        """A file that is like the template, else None."""
        if not data.startswith(self._beginning):
            return None
        meta, tree, size = self._meta.copy(), self._tree.copy(), len(data)
        try:
            end = _META + _four(data, _LENGTH_OF_META)[0]
            if end > size or _fill(meta, data, self._of_meta, self._rest_of_meta, _META, end, False) != end:
                return None
            if _fill(tree, data, self._of_tree, self._rest, end, size, self._implicit) != size:
                return None
            if size > LARGEST and besides_bulk(data, tree) > LARGEST:
                return None
        except (Unusual, error):  # the file ends too early, or is broken
            return None
        return self._recall.turn_to(meta, tree)


def besides_bulk(data: bytes, tree: Tree) -> int:
    """Bytes of a file besides its bulk content."""
    return len(data) - sum(len(tree[tag][1]) for tag in BULK if tag in tree)


def _without(tree: Tree, varying: AbstractSet[int]) -> Tree:
    """A tree without the values that vary, which nobody needs."""
    return {tag: (vr, b"") if tag in varying else (vr, value) for tag, (vr, value) in tree.items()}


def _fill(
    tree: Tree,
    data: bytes,
    parts: list[_Varying],
    rest: bytes,
    position: int,
    end: int,
    implicit: bool,
) -> int:
    """Put the varying elements into a tree. Where the last run ends; -1 where a part isn't there."""
    for run, length_of_run, tag, vr, scanned, length, size, is_view in parts:
        if not data.startswith(run, position):
            return -1
        position += length_of_run
        if scanned is not None:
            tree[tag], position = scanned.read(data, position, end, implicit=implicit)  # type: ignore[index]
            continue
        start = position + size
        position = start + length(data, position)[0]
        if position > end:
            return -1
        if tag is not None:
            tree[tag] = vr, memoryview(data)[start:position] if is_view else data[start:position]
    return position + len(rest) if data.startswith(rest, position) else -1


def _cut(
    data: bytes, start: int, end: int, tree: Tree, varying: AbstractSet[int], *, implicit: bool
) -> tuple[list[_Varying], bytes]:
    """The varying elements, each with the run before it, and what is behind the last one."""
    parts, since = list[_Varying](), start
    for tag, begin, stop in _elements(data, start, end, implicit=implicit):
        if tag is not None and tag not in varying:
            continue
        vr = "" if tag is None else tree[tag][0]
        parts.append(_varying(data, since, begin, tag, vr, implicit=implicit))
        since = stop
    return parts, data[since:end]


def _varying(data: bytes, since: int, begin: int, tag: int | None, vr: str, *, implicit: bool) -> _Varying:
    """A varying element that begins somewhere, with the run since the one before."""
    code = data[begin + 4 : begin + 6]
    is_pixels = tag == PIXEL_DATA and not implicit and vr in PIXEL_VRS
    in_fragments = is_pixels and data[begin + 8 : begin + 12] == _UNDEFINED
    if tag is not None and (vr == "SQ" or in_fragments or (code == b"UN" and not implicit)):
        return _Varying(data[since:begin], begin - since, tag, vr, _Scanned(tag, vr))
    header = 4 if implicit else 6 if code in SHORT else 8  # bytes before the length
    run = data[since : begin + header]
    if header == 6:
        return _Varying(run, len(run), tag, vr, None, _two, 2)
    return _Varying(run, len(run), tag, vr, None, is_view=is_pixels)


def _elements(data: bytes, start: int, end: int, *, implicit: bool) -> Iterator[tuple[int | None, int, int]]:
    """Each element's tag, None for a group length, and where it begins and ends."""
    scanner = Scanner(data, implicit=implicit)
    while start < end:
        element, stop = scanner.one(start, end)
        yield next(iter(element), None), start, stop
        start = stop
