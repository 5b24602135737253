"""Colour pixels whose samples lie apart, brought together.

Planar Configuration (0028,0006) says how samples are laid out, not what they are:
of one RLE image one program makes colour by plane, another colour by pixel.
"""

from __future__ import annotations

from array import array

from registry.dicomfile.dictionary import tag
from registry.dicomfile.tree import PIXEL_DATA, Element, Tree

_PLANAR_CONFIGURATION = tag("PlanarConfiguration")
_BY_PLANE = b"\1\0"
_ENCAPSULATED = b"\xfe\xff\x00\xe0"
_PADDING = 1
"""Bytes at the end of pixel data that is otherwise of odd length (PS3.5 section 8.1.1)."""
_CODES = {8: "B", 16: "H"}


def by_pixel(tree: Tree) -> Element:
    """The pixel data of an object as Planar Configuration 0 lays it out (PS3.3 C.7.6.3.1.3).

    As it is, where that is so already, where it is compressed, or where it isn't as
    long as the object says.
    """
    vr, value = tree[PIXEL_DATA]
    if tree.get(_PLANAR_CONFIGURATION, ("US", b""))[1] != _BY_PLANE or bytes(value[:4]) == _ENCAPSULATED:
        return vr, value
    samples, rows, columns, bits = (_number(tree, keyword) for keyword in _SHAPE)
    code, plane = _CODES.get(bits), rows * columns
    frame = samples * plane * bits // 8
    if samples < 2 or code is None or not frame or len(value) < frame or len(value) % frame > _PADDING:
        return vr, value
    together = array(code, bytes(len(value) // frame * frame))
    apart, size = memoryview(value), together.itemsize
    for start in range(0, len(together), samples * plane):
        for sample in range(samples):
            first = start + sample * plane
            samples_of_one = array(code, bytes(apart[first * size : (first + plane) * size]))
            together[start + sample : start + samples * plane : samples] = samples_of_one
    return vr, memoryview(together).cast("B")  # a view: it may be most of the memory that there is


_SHAPE = ("SamplesPerPixel", "Rows", "Columns", "BitsAllocated")


def _number(tree: Tree, keyword: str) -> int:
    value = tree.get(tag(keyword), ("US", b""))[1]
    return int.from_bytes(value[:2], "little") if isinstance(value, bytes) else 0
