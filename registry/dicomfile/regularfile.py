"""Regular files, opened so that nothing else can get in the way.

Between a look at a path and opening it anybody may put a FIFO or a device there,
and opening a FIFO waits for somebody to write into it. So it is opened without
waiting, and what was opened is looked at, not the path.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import BinaryIO

from registry.dicomfile.unreadable import NotDicom, UnreadableDicom
from registry.limits import MIB, size_text

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_AT_ONCE = MIB
"""Bytes of a file that is read whole before anything of it is looked at."""

_START = 1024
"""Bytes of a larger one that are."""


def open_regular(path: str) -> BinaryIO:
    """The file at a path. Raises ``NotDicom`` for anything but a regular file, ``OSError``."""
    return os.fdopen(_opened(path)[0], "rb")


def read_regular(path: str, most: int, require: Callable[[bytes], None]) -> bytes:
    """All of the regular file at a path, if it is as large as the system says.

    ``require`` is given the first bytes, and raises for a file that isn't wanted: of a film
    among the images no more than this is read. Raises ``NotDicom``, ``UnreadableDicom``, ``OSError``.
    """
    file, size = _opened(path)
    try:
        if size > min(_AT_ONCE, most):
            require(os.pread(file, _START, 0))
        require_size(size, most)
        data = _read(file, size + 1)
    finally:
        os.close(file)
    require(data)
    if len(data) != size:
        raise UnreadableDicom("it changed while it was read")
    return data


def _opened(path: str) -> tuple[int, int]:
    """A descriptor of the regular file at a path, and its size."""
    file = os.open(path, _FLAGS)
    status = os.fstat(file)
    if stat.S_ISREG(status.st_mode):
        return file, status.st_size
    os.close(file)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise NotDicom("not a regular file")


def require_size(size: int, most: int) -> None:
    """Raise ``UnreadableDicom`` for what is larger than may be read."""
    if size > most:
        raise UnreadableDicom(f"it has {size:,} bytes; at most {size_text(most)} are read")


def _read(file: int, count: int) -> bytes:
    """So many bytes of a file, or all that it has."""
    if count <= _AT_ONCE + 1:
        return os.read(file, count)
    # The system reads no more than two gigabytes in one call.
    with os.fdopen(file, "rb", closefd=False) as opened:
        return opened.read(count)
