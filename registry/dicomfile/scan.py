"""The tree of an ordinary file, straight from its bytes.

pydicom is the truth about how a file reads; this is a short cut to the same
tree for files that are entirely ordinary: preamble, file meta information, a
little endian transfer syntax that isn't deflated, ascending tags, known VRs,
lengths that fit. At the first thing that isn't, it raises ``Unusual`` and
pydicom reads the file. A test holds the two against each other, element by
element, over every file there is (tests/dicomfile/test_scan.py), and
benchmarks/reading.py shows what it earns.
"""

from __future__ import annotations

from struct import Struct

from registry.dicomfile.dictionary import vr_of
from registry.dicomfile.transfersyntaxes import IMPLICIT_LITTLE_ENDIAN, NOT_ORDINARY, is_transfer_syntax
from registry.dicomfile.tree import MAX_DEPTH, PIXEL_DATA, Tree

_EXPLICIT = Struct("<HH2sH")
_IMPLICIT = Struct("<HHI")
_LENGTH = Struct("<I")
_UNDEFINED = 0xFFFF_FFFF
_ANY = 1 << 63  # no file is that long
_META_START = 132
SHORT = {vr.encode(): vr for vr in "AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split()}
LONG = {vr.encode(): vr for vr in "OB OD OF OL OV OW SQ SV UC UN UR UT UV".split()}
_ITEM, _ITEM_END, _SEQUENCE_END = 0xE000, 0xE00D, 0xE0DD
PIXEL_VRS = ("OB", "OW")
_TRANSFER_SYNTAX_UID = 0x0002_0010


class Unusual(Exception):
    """The file has something that is for pydicom to read."""


def scan(data: bytes) -> tuple[Tree, Tree]:
    """File meta information and data set of a whole DICOM file. Raises ``Unusual``."""
    if data[128:132] != b"DICM":
        raise Unusual
    meta, position = _meta(data)
    vr, value = meta.get(_TRANSFER_SYNTAX_UID, ("", b""))
    if vr != "UI":
        raise Unusual
    syntax = value.decode("latin-1").rstrip(" \0")
    if syntax in NOT_ORDINARY or not is_transfer_syntax(syntax):
        raise Unusual
    tree, end = Scanner(data, implicit=syntax == IMPLICIT_LITTLE_ENDIAN).data_set(position, len(data), 0)
    if end != len(data):
        raise Unusual
    return meta, tree


def _meta(data: bytes) -> tuple[Tree, int]:
    """The file meta information, always explicit little endian (PS3.10 section 7.1)."""
    start = _META_START + 12
    group, element, vr, length = (
        _EXPLICIT.unpack_from(data, _META_START) if len(data) > start else (0, 0, b"", 0)
    )
    if (group, element, vr, length) != (2, 0, b"UL", 4):
        raise Unusual
    end = start + _LENGTH.unpack_from(data, _META_START + 8)[0]
    # What pydicom would take for more of the meta information, or for a command (PS3.7 section 6.3).
    if end > len(data) or (end < len(data) and int.from_bytes(data[end : end + 2], "little") <= 2):
        raise Unusual
    scanner = Scanner(data, implicit=False)
    meta, reached = scanner.data_set(start, end, 0)
    if reached != end or any(tag >> 16 != 2 for tag in (*meta, *scanner.group_lengths)):
        raise Unusual
    return meta, end


class Scanner:
    """One file's bytes, and whether its VRs are implicit."""

    def __init__(self, data: bytes, *, implicit: bool) -> None:
        self._data, self._is_implicit = data, implicit
        self.group_lengths: list[int] = []  # which are left out of the tree

    def data_set(self, position: int, end: int, depth: int, latest: int = _ANY) -> tuple[Tree, int]:
        """Elements from ``position`` to ``end`` or to the delimiter of an item; none that
        begins after ``latest``. And where they end."""
        read = self._implicit if self._is_implicit else self._explicit
        return read(position, end, depth, latest)

    def one(self, position: int, end: int) -> tuple[Tree, int]:
        """The element at ``position`` of the data set itself, and where it ends; an empty tree
        for a group length."""
        return self.data_set(position, end, 0, position)

    def _explicit(self, position: int, end: int, depth: int, latest: int) -> tuple[Tree, int]:  # noqa: C901, PLR0912 (one loop, kept flat for speed)
        data, unpack, last = self._data, _EXPLICIT.unpack_from, -1
        latest = min(latest, end - 8)
        tree: Tree = {}
        while position <= latest:
            group, element, code, length = unpack(data, position)
            tag = group << 16 | element
            if tag <= last:
                raise Unusual
            vr = SHORT.get(code)
            if vr is not None:
                position += 8
            elif group == 0xFFFE:
                return self._delimiter(tree, position, depth)
            else:
                vr = LONG.get(code)
                if vr is None or position + 12 > end:
                    raise Unusual
                length = _LENGTH.unpack_from(data, position + 8)[0]
                position += 12
                if vr == "UN":
                    vr = vr_of(tag)
                    if vr == "SQ" or length == _UNDEFINED:
                        raise Unusual  # to be read as implicit VR inside
                if vr == "SQ":
                    members, position = self._sequence(position, length, end, depth + 1)
                    tree[tag] = ("SQ", members)
                    last = tag
                    continue
                if tag == PIXEL_DATA and not depth and vr in PIXEL_VRS:
                    undefined = length == _UNDEFINED
                    stop = self._fragments_end(position) if undefined else position + length
                    if stop > end:
                        raise Unusual
                    tree[tag] = (vr, memoryview(data)[position:stop])
                    position, last = stop + 8 * undefined, tag
                    continue
                if length == _UNDEFINED:
                    raise Unusual
            stop = position + length
            if stop > end:
                raise Unusual
            if element:
                tree[tag] = (vr, data[position:stop])
            else:
                self.group_lengths.append(tag)
            position, last = stop, tag
        return tree, position

    def _implicit(self, position: int, end: int, depth: int, latest: int) -> tuple[Tree, int]:
        data, unpack, last = self._data, _IMPLICIT.unpack_from, -1
        latest = min(latest, end - 8)
        tree: Tree = {}
        while position <= latest:
            group, element, length = unpack(data, position)
            tag = group << 16 | element
            if tag <= last:
                raise Unusual
            if group == 0xFFFE:
                return self._delimiter(tree, position, depth)
            position += 8
            vr = vr_of(tag)
            if vr == "SQ":
                members, position = self._sequence(position, length, end, depth + 1)
                tree[tag] = ("SQ", members)
            else:
                stop = position + length
                if length == _UNDEFINED or stop > end:
                    raise Unusual
                if element:
                    tree[tag] = (vr, data[position:stop])
                else:
                    self.group_lengths.append(tag)
                position = stop
            last = tag
        return tree, position

    def _delimiter(self, tree: Tree, position: int, depth: int) -> tuple[Tree, int]:
        _, element, length = _IMPLICIT.unpack_from(self._data, position)
        if element != _ITEM_END or length or not depth:
            raise Unusual
        return tree, position + 8

    def _sequence(self, position: int, length: int, limit: int, depth: int) -> tuple[list[Tree], int]:
        if depth > MAX_DEPTH:
            raise Unusual
        end = limit if length == _UNDEFINED else position + length
        if end > limit:
            raise Unusual
        members: list[Tree] = []
        read = self._implicit if self._is_implicit else self._explicit
        while position + 8 <= end:
            group, element, size = _IMPLICIT.unpack_from(self._data, position)
            position += 8
            if group != 0xFFFE:
                raise Unusual
            if element == _SEQUENCE_END:
                if length != _UNDEFINED or size:
                    raise Unusual
                return members, position
            if element != _ITEM:
                raise Unusual
            stop = end if size == _UNDEFINED else position + size
            if stop > end:
                raise Unusual
            member, reached = read(position, stop, depth, _ANY)
            delimited = self._data[reached - 8 : reached - 4] == b"\xfe\xff\x0d\xe0"
            if (size == _UNDEFINED and not delimited) or (size != _UNDEFINED and reached != stop):
                raise Unusual
            members.append(member)
            position = reached
        if length == _UNDEFINED or position != end:
            raise Unusual
        return members, position

    def _fragments_end(self, position: int) -> int:
        """Where the fragments of encapsulated pixel data end (PS3.5 section A.4)."""
        data = self._data
        while position + 8 <= len(data):
            group, element, size = _IMPLICIT.unpack_from(data, position)
            if (group, element, size) == (0xFFFE, _SEQUENCE_END, 0):
                return position
            if (group, element) != (0xFFFE, _ITEM) or size == _UNDEFINED:
                break
            position += 8 + size
        raise Unusual
