"""What came of a fault, and the table that tells it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.conftest import Result
from tests.faults.judging import Judgement

_UNCLEAR = ("Traceback", "internal error", "Error:")
_SHOWN = 150

HEADING = (
    "| fault | engine | rounds | hit | lost | half done | untold | trail | message |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


@dataclass
class Outcome:
    """What came of some rounds of a fault on one engine."""

    fault: str
    engine: str
    rounds: int = 0
    hit: int = 0  # rounds in which the fault struck before the work was over
    lost: int = 0  # UIDs that were told, and aren't there or have another parent
    half: int = 0  # acts of which only a part is there
    untold: int = 0  # acts that are there whole, and nobody was told
    trail: bool = True
    messages: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    skipped: str = ""  # why it wasn't done

    def judged(self, judgement: Judgement) -> None:
        """Add what the judge found after a round."""
        self.lost += len(judgement.lost)
        self.half += len(judgement.half)
        self.trail = self.trail and not judgement.trail
        self.violations += judgement.violations

    def require(self, holds: object, otherwise: str) -> None:
        """Note a violation where something doesn't hold."""
        if not holds:
            self.violations.append(otherwise)

    def ended(self, result: Result, *, may_succeed: bool = True) -> None:
        """Look at how a command ended: with success, or status 3 and a clear message."""
        if result.code == 0:
            self.require(may_succeed, "a command succeeded that could not")
            return
        self.require(result.code == 3, f"exit status {result.code}: {result.err.strip()}")
        self.require(not result.out, f"something was printed by a command that failed: {result.out[:80]}")
        self.told(result.err)

    def told(self, message: str) -> None:
        """Look at a message, and keep it."""
        lines = [line for line in message.splitlines() if line.strip()]
        if lines and lines[0].startswith("registry "):  # how `register` begins
            del lines[0]
        clear = len(lines) == 2 and lines[0].startswith("error: ") and lines[1].startswith("  next: ")
        self.require(clear and not any(mark in message for mark in _UNCLEAR), f"unclear: {message}")
        if lines:
            self.messages[_without_names(lines[0].removeprefix("error: "))] += 1

    def row(self) -> str:
        """The row of the table."""
        if self.skipped:
            return f"| {self.fault} | {self.engine} | skipped: {self.skipped} | | | | | | |"
        trail = "verifies" if self.trail else "BROKEN"
        message = "; ".join(text for text, _ in self.messages.most_common(2))
        numbers = (self.rounds, self.hit, self.lost, self.half, self.untold)
        told = " | ".join(map(str, numbers))
        return f"| {self.fault} | {self.engine} | {told} | {trail} | {message.replace('|', '/')} |"


def table(outcomes: Iterable[Outcome]) -> str:
    """All of them, as Markdown."""
    return "\n".join([HEADING, *(outcome.row() for outcome in outcomes)])


def _without_names(message: str) -> str:
    """A message without what differs from run to run: where the database is, numbers of processes."""
    message = re.sub(r"postgresql://\S+", "REGISTRY", message)
    message = re.sub(r"\S*/[\w.-]+\.db\b|(?<!\w)/\S+", "REGISTRY", message)
    message = re.sub(r"\bprocess \d+", "process N", message)
    message = re.sub(r"\(\d+,\d+\)", "(…)", message)
    message = re.sub(r"\b\d+( times| s\b)", r"N\1", message)
    message = re.sub(r"(entry|transaction|base/)\s?[\d/]+", r"\1 N", message)
    return message if len(message) <= _SHOWN else message[: _SHOWN - 1] + "…"
