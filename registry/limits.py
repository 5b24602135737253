"""How much one file may cost a run: bytes, memory, time, and what it may name.

A file comes from anywhere. Whatever is in it, reading it ends, in bounded memory,
and the rest of the run goes on. Three of the bounds can be set (docs/settings.md),
because an organisation may rightly have larger files or a smaller machine; the
others are far above anything real.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MIB, GIB = 2**20, 2**30

MOST_NAMED = 100_000
"""UIDs that one object may name: instances referred to, shared UIDs, malformed ones. Each
becomes an object in the memory of the run itself, where no worker's limit protects."""

LONGEST_NAMED = 1024
"""Characters of one UID at most. What has more than 64 is none, but stands in files and is replaced there."""

MOST_LISTED = 200_000
"""Files that one archive or one DICOMDIR may list, for the same reason."""

BOMB_RATIO = 100
BOMB_SIZE = 16 * GIB
"""An archive that unpacks to more than both, so many times its own size and so many bytes,
is refused. Images of nothing deflate 1,000 to 1, so a ratio alone would refuse a real
member; a whole archive of them, and that large, is no study. Below the two, its members
can't overlap, so that the work is in proportion to the archive."""

_UNITS = {"": 1, "kib": 2**10, "mib": MIB, "gib": GIB, "tib": 2**40}
_SIZE = re.compile(r"([0-9]{1,16}) *([KMGT]iB)?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take."""

    file_size: int = 2 * GIB  # bytes of a file, of a member of an archive, of what is deflated
    memory: int = 4 * GIB  # bytes of address space of a worker
    seconds: int = 120  # of wall-clock time


LEAST_MEMORY = 256 * MIB
"""Below this a worker couldn't even start."""

_MOST_SIZE = 2**50
_MOST_SECONDS = 24 * 60 * 60


def parse_size(text: str, least: int = 1) -> int:
    """Bytes as people write them: ``512 MiB``, ``2 GiB``, ``1000000``.

    Raises ``ValueError``, which says what would be right.
    """
    found = _SIZE.match(text.strip())
    size = int(found[1]) * _UNITS[(found[2] or "").lower()] if found else 0
    if not least <= size <= _MOST_SIZE:
        raise ValueError(
            f"a size such as 512 MiB or 2 GiB, from {size_text(least)} to {size_text(_MOST_SIZE)}"
        )
    return size


def parse_seconds(text: str) -> int:
    """Whole seconds: ``120``. Raises ``ValueError``, which says what would be right."""
    seconds = int(text) if re.fullmatch("[0-9]{1,6}", text.strip()) else 0
    if not 1 <= seconds <= _MOST_SECONDS:
        raise ValueError(f"seconds, from 1 to {_MOST_SECONDS:,}")
    return seconds


MOST_JOBS = 256
"""Processes that may read at a time."""


def parse_jobs(text: str) -> int:
    """How many processes read at a time: ``4``. Raises ``ValueError``, which says what would be right."""
    jobs = int(text) if re.fullmatch("[0-9]{1,3}", text.strip()) else 0
    if not 1 <= jobs <= MOST_JOBS:
        raise ValueError(f"a number of processes, from 1 to {MOST_JOBS}")
    return jobs


def size_text(size: int) -> str:
    """Bytes as ``parse_size`` reads them, in the largest unit that divides them."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size and size % _UNITS[unit.lower()] == 0:
            return f"{size // _UNITS[unit.lower()]:,} {unit}"
    return f"{size:,} byte{'s' * (size != 1)}"
