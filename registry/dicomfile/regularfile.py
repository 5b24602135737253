"""Regular files, opened so that nothing else can get in the way.

Between a look at a path and opening it anybody may put a FIFO or a device there,
and opening a FIFO waits for somebody to write into it. So it is opened without
waiting, and what was opened is looked at, not the path.
"""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

from registry.dicomfile.unreadable import NotDicom, UnreadableDicom
from registry.limits import size_text

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def open_regular(path: str) -> BinaryIO:
    """The file at a path. Raises ``NotDicom`` for anything but a regular file, ``OSError``."""
    # Python itself closes what it opened and found to be a folder.
    file = open(path, "rb", opener=lambda name, _: os.open(name, _FLAGS))  # noqa: SIM115 (handed on)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise NotDicom("not a regular file")
    return file


def require_size(size: int, most: int) -> None:
    """Raise ``UnreadableDicom`` for what is larger than may be read."""
    if size > most:
        raise UnreadableDicom(f"it has {size:,} bytes; at most {size_text(most)} are read")


def read_rest(file: BinaryIO, most: int) -> bytes:
    """All of an open file, if it is as large as the system says."""
    size = os.fstat(file.fileno()).st_size
    require_size(size, most)
    data = file.read(size + 1)
    if len(data) != size:
        raise UnreadableDicom("it changed while it was read")
    return data
