"""Inflating a deflated data set (PS3.5 section A.5) that may be a bomb: a kilobyte may hold a megabyte."""

from __future__ import annotations

import zlib

from registry.dicomfile.unreadable import UnreadableDicom
from registry.limits import MIB, Limits, size_text

_PIECE = MIB


def inflate(deflated: memoryview, limits: Limits) -> bytes:
    """The plain bytes. Raises ``UnreadableDicom`` for more than a file may have.

    They are counted before they are kept, so that a bomb takes no memory.
    """
    size = _inflated_size(deflated, limits.file_size)
    return zlib.decompress(deflated, -zlib.MAX_WBITS, size)


def _inflated_size(deflated: memoryview, most: int) -> int:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    size = 0
    for start in range(0, len(deflated), _PIECE):
        rest: bytes | memoryview = deflated[start : start + _PIECE]
        while rest and not inflater.eof:
            size += len(inflater.decompress(rest, _PIECE))
            if size > most:
                raise UnreadableDicom(f"inflated it has more than the {size_text(most)} that are read")
            rest = inflater.unconsumed_tail
    return size
