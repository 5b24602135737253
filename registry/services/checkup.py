"""One thing that `doctor` looks at: what it saw, how grave that is, what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from registry.errors import RegistryError, Unavailable
from registry.store.condition import asking
from registry.store.session import Connection, Database


class State(StrEnum):
    """How it stands with one thing."""

    OK = "ok"
    WARNING = "warning"  # it works, and may one day not
    FAILURE = "failure"
    SKIPPED = "skipped"  # it can't be asked


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; ``status`` is the exit status that it alone would give."""

    name: str
    state: State
    seen: str
    advice: str | None = None
    status: int = 0


def ok(name: str, seen: str) -> Check:
    return Check(name, State.OK, seen)


def warning(name: str, seen: str, advice: str) -> Check:
    return Check(name, State.WARNING, seen, advice)


def failure(name: str, seen: str, advice: str, status: int = Unavailable.exit_status) -> Check:
    return Check(name, State.FAILURE, seen, advice, status)


def skipped(name: str, why: str) -> Check:
    return Check(name, State.SKIPPED, why)


def asked(database: Database, name: str, question: Callable[[Connection], Check]) -> Check:
    """What a question to the database says; that it can't be answered is an answer too.

    Each is asked by itself: one that fails keeps no other from being asked.
    """
    try:
        with asking(database) as connection:
            return question(connection)
    except RegistryError as error:
        return failure(name, error.message, error.advice, error.exit_status)
