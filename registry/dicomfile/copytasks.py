"""What a process that copies files and its parent say to each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from registry.dicomfile.sources import Source
from registry.kinds import Kind
from registry.limits import Limits
from registry.records import Skipped, Unreadable


class Charge(NamedTuple):
    """What such a process is told first."""

    limits: Limits


class Look(NamedTuple):
    """A task: look through some files. The answer is ``Looked``."""

    sources: list[Source]


class Write(NamedTuple):
    """A task: write copies of those that were just looked through and can be copied. One
    answer, a list of ``Written`` and ``Unreadable``."""

    replacement: Mapping[str, str]
    folder: str


class Seen(NamedTuple):
    """A file that can be copied."""

    signed: bool
    encrypted: bool


class Looked(NamedTuple):
    """What came of looking through some files, in their order, and the UIDs in them all."""

    files: list[Seen | Skipped | Unreadable]
    uids: dict[str, Kind | None]


class Written(NamedTuple):
    """A copy, by its path below the folder of copies."""

    path: str
    repeat: bool  # it was there already, the same to the byte
