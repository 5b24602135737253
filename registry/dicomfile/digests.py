"""Two keyed digests of an object: of its content, and of all else.

*Content* is what makes it this object and no other: pixels, waveforms, the
encapsulated document; for objects without any of these their parsed content (a
report's tree, contours, presentation). *Data set* is everything besides.

Both are taken over parsed values in one canonical form, so that a rewrite by
another toolkit changes neither: no group lengths, no padding, no sequence
lengths, one byte order, no file meta information. They are keyed, because a
digest of known pixels would otherwise recognise a person's image anywhere.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from hashlib import blake2b

from registry.dicomfile.canonical import Pieces, add_tree
from registry.dicomfile.planes import by_pixel
from registry.dicomfile.tree import PIXEL_DATA, TEXT_VRS, Element, Tree
from registry.hashing import Hashing

DIGEST_SIZE = 16
"""Bytes of a digest: two different objects meet by chance once in 2**64."""

BULK = frozenset(
    {
        PIXEL_DATA,
        0x7FE0_0008,  # Float Pixel Data
        0x7FE0_0009,  # Double Float Pixel Data
        0x0042_0011,  # Encapsulated Document
        0x5400_0100,  # Waveform Sequence
        0x5600_0020,  # Spectroscopy Data
    }
)
"""What is most of an object, and makes it this one."""

_ENCODING_ONLY = frozenset(
    {
        0x7FE0_0001,  # Extended Offset Table
        0x7FE0_0002,  # Extended Offset Table Lengths
        0xFFFC_FFFC,  # Data Set Trailing Padding
    }
)
NOT_DATA_SET = BULK | _ENCODING_ONLY
"""What the digest of the data set leaves out."""

_REFERENCED_SERIES_SEQUENCE = 0x0008_1115
_ADMINISTRATIVE_GROUPS = frozenset(
    {0x0008, 0x0010, 0x0012, 0x0014, 0x0018, 0x0020, 0x0032, 0x0038, 0x0088, 0x0400}
)
_SR_ELEMENTS = 0xA000  # (0040,Axxx) is a document's content, (0040,0xxx) a worklist's
_JOINED = 1 << 16
_FEW = 4
_ITEM = 0xE000
_ITEM_HEADER = struct.Struct("<HHI")


def content_hash(tree: Tree, hashing: Hashing) -> bytes:
    """The hash of what the object is, without a key: never to be kept, only to put
    objects of one batch into an order that is the same everywhere; 32 bytes."""
    tags = sorted(tree.keys() & BULK)
    if PIXEL_DATA in tags:
        tree = {tag: tree[tag] for tag in tags} | {PIXEL_DATA: _pixels(*by_pixel(tree))}
    if not tags:
        tags = [tag for tag in sorted(tree) if tree[tag][1] and _is_content(tag)]
    pieces: Pieces = []
    add_tree(tree, tags, pieces)
    return hash_of(pieces, hashing)


def data_set_form(tree: Tree) -> Pieces:
    """The canonical form of everything but the bulk content."""
    pieces: Pieces = []
    add_tree(tree, [tag for tag in sorted(tree) if tag not in NOT_DATA_SET], pieces)
    return pieces


def hash_of(pieces: Pieces, hashing: Hashing) -> bytes:
    """The hash of a canonical form, without a key: never to be kept; 32 bytes."""
    # Joined where that is quicker, one by one where it would take the memory a second time.
    joined = len(pieces) > _FEW and sum(map(len, pieces)) <= _JOINED
    return hashing.hashed([b"".join(pieces)] if joined else pieces)


def _is_content(tag: int) -> bool:
    """Whether an element of an object without bulk data tells what the object is.

    What archives add, correct or replace doesn't: patient, study, equipment,
    requests, private notes. (An empty element says nothing anyway.)
    """
    group = tag >> 16
    if group & 1 or tag in _ENCODING_ONLY:
        return False
    if group == 0x0040:
        return tag & 0xFFFF >= _SR_ELEMENTS
    return tag == _REFERENCED_SERIES_SEQUENCE or group not in _ADMINISTRATIVE_GROUPS


def keyed(plain: bytes, key: bytes, purpose: bytes) -> bytes:
    """A hash that can be kept: nobody without the key can try out what it is of."""
    return blake2b(plain, digest_size=DIGEST_SIZE, key=key, person=purpose).digest()


def _pixels(vr: str, value: bytes | memoryview) -> Element:
    """Pixel data without what only encodes it: offset table, item headers, padding."""
    if vr in TEXT_VRS:
        return vr, value
    view = memoryview(value)
    if bytes(view[:4]) == b"\xfe\xff\x00\xe0":
        return vr, b"".join(_fragments(view))
    end, size = len(view), 64
    while end:
        start = max(0, end - size)
        # Block by block: pixels may be most of the memory that there is.
        if block := bytes(view[start:end]).rstrip(b"\0"):
            return vr, view[: start + len(block)]
        end, size = start, min(4 * size, _JOINED)
    return vr, b""


def _fragments(value: memoryview) -> Iterator[memoryview]:
    """The fragments of encapsulated pixel data (PS3.5 section A.4), offset table left out."""
    position, first = 0, True
    while position + _ITEM_HEADER.size <= len(value):
        group, element, length = _ITEM_HEADER.unpack_from(value, position)
        position += _ITEM_HEADER.size
        if (group, element) != (0xFFFE, _ITEM):
            return
        if not first:
            yield value[position : position + length]
        position, first = position + length, False
