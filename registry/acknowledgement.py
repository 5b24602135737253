"""What somebody said of a finding, and for how long it counts.

A finding is *open* until a person says otherwise. *Acknowledged*: known and
accepted; it is told, and fails nothing. *Resolved*: mended; it isn't told. Both
last only as long as the facts that they were said of: a finding that has grown
is open again, by itself, and so is one whose time is up.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Word(IntEnum):
    """What can be said of a finding. The numbers are stored and never change."""

    ACKNOWLEDGED = 1
    RESOLVED = 2
    REOPENED = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class State(StrEnum):
    """What a finding is now."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Said(NamedTuple):
    """The last that was said of a finding."""

    word: Word
    facts: bytes | None  # what had been found then: records.Finding.facts
    until: str | None = None  # a moment as the trail writes it


def state_of(said: Said | None, facts: bytes | None, now: str) -> State:
    """The state of a finding that rests on ``facts``; ``now`` as the trail writes it."""
    if said is None or said.word is Word.REOPENED or said.facts != facts:
        return State.OPEN
    if said.until is not None and said.until <= now:
        return State.OPEN
    return State.ACKNOWLEDGED if said.word is Word.ACKNOWLEDGED else State.RESOLVED
