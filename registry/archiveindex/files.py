"""The bytes of an index: a file or standard input, packed or not, and how far it was read."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from typing import BinaryIO, cast

from registry.archiveindex.fields import NotAnIndex
from registry.dicomfile.regularfile import open_regular
from registry.dicomfile.unreadable import NotDicom

_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_BUFFER = 1 << 20

BROKEN = (EOFError, OSError, zlib.error)
"""What reading raises where a file is cut off or its packing broken."""


class IndexFile:
    """An index as bytes, unpacked. Raises ``NotAnIndex`` for what is no regular file."""

    def __init__(self, source: str | int) -> None:
        if isinstance(source, int):
            self._raw = cast(BinaryIO, os.fdopen(source, "rb", buffering=0))
            self._size = 0
        else:
            try:
                self._raw = open_regular(source)
            except NotDicom as error:
                raise NotAnIndex(f"the index is {error}", advice="Standard input is read as -.") from None
            self._size = os.fstat(self._raw.fileno()).st_size
        self.raw = io.BufferedReader(cast(io.RawIOBase, self._raw), _BUFFER)
        start = self.raw.peek(4)[:4]
        self.is_parquet = start == _PARQUET
        self.is_packed = start[:2] == _GZIP
        # What was unpacked before it breaks is read, so nothing else may hold it back.
        self.bytes = cast(io.BufferedReader, gzip.GzipFile(fileobj=self.raw)) if self.is_packed else self.raw

    def close(self) -> None:
        for each in (self.bytes, self.raw, self._raw):
            each.close()

    @property
    def read(self) -> float:
        """How much of it was read, from 0 to 1; 0 for standard input."""
        return self.raw.tell() / self._size if self._size else 0.0
