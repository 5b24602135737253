"""A data set as a plain tree of raw values, in one byte order.

What the reader needs of a data set is less than pydicom offers: tags, value
representations and bytes, without an object for each value. A tree is a dict
from tag to element; an element is its VR and its bytes (little endian), or for
a sequence the list of its items, each again a tree. Group lengths are left out.

``parsedtree.py`` makes the tree of a data set that pydicom parsed; ``scan.py`` makes
the same tree straight from the bytes of an ordinary file.
"""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 64
"""Sequences inside sequences; the deepest of the standard's IODs stay far below."""

Element = tuple[str, Any]
"""VR, and bytes or a list of trees. Pixel data may be a view of the file's bytes, not a copy."""

Tree = dict[int, Element]

PIXEL_DATA = 0x7FE0_0010

TEXT_VRS = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
)
"""VRs whose values are characters, so that padding at their end means nothing."""


def text(tree: Tree, tag: int) -> str:
    """The value of a short text element, padding removed; empty where absent.

    For codes and UIDs, whose characters are ASCII; other bytes stay visible.
    """
    element = tree.get(tag)
    if element is None or not isinstance(element[1], bytes):
        return ""
    return element[1].decode("latin-1").rstrip(" \0")


def items(tree: Tree, tag: int) -> list[Tree]:
    """The items of a sequence; empty where it is absent."""
    element = tree.get(tag)
    return element[1] if element is not None and isinstance(element[1], list) else []
