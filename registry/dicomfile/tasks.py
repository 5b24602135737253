"""What a worker and its parent say to each other."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.sources import Source
from registry.limits import Limits


class Read(NamedTuple):
    """A task: read some files. One answer, a list: one by one they would cost more than reading."""

    sources: list[Source]
    digests: bool


class Name(NamedTuple):
    """A task: which UIDs do some files name, wherever in them? One answer, a list."""

    sources: list[Source]


class LookInto(NamedTuple):
    """A task: what is in an archive or on a medium? One answer, a list."""

    path: str
    changed: int


class Limited(Protocol):
    """What any such process is told first."""

    @property
    def limits(self) -> Limits: ...


class Charge(NamedTuple):
    """What a worker is told first."""

    keys: ReaderKeys
    limits: Limits


Task = Read | Name | LookInto

READY = "ready"
"""What a worker says first: it could import all that it needs."""

OUT_OF_MEMORY = 12
"""With what status a worker ends that has no memory left even to say so."""
