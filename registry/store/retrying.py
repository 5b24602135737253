"""Trying an act again, from its start, a bounded number of times.

Again where another writer was first with something, or where the database gave
the transaction up (store/failures.py) or lost it. Never after a refusal: a
collision is an answer. An act of which nobody knows whether it was committed
isn't tried again either (``OutcomeUnknown``).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from registry.errors import DatabaseBusy, DatabaseGone

_TRIES = 12
_SECONDS = 30.0
"""Nothing is begun again later than this after the first try."""

_LONGEST_PAUSE = 2.0

PATIENT_TRIES = 3
"""After so many tries an act no longer hopes that nobody is in its way: it waits to be alone."""

Answer = TypeVar("Answer")


class LostRace(Exception):
    """Somebody else recorded, since we looked, what this act decided on; begin again."""


def again(attempt: Callable[[int], Answer]) -> Answer:
    """What ``attempt`` returns; it is told how often it was tried before.

    Raises ``DatabaseBusy`` or ``DatabaseGone`` when it is too often or too long.
    """
    begun = time.monotonic()
    for tried in range(_TRIES):
        try:
            return attempt(tried)
        except LostRace as error:
            failure: DatabaseBusy | DatabaseGone = DatabaseBusy(
                "others kept recording what this act decided on"
            )
            failure.__cause__ = error
        except (DatabaseBusy, DatabaseGone) as error:
            failure = error
        # Random, so that those who met once don't meet again.
        pause = random.uniform(0, min(0.01 * 2**tried, _LONGEST_PAUSE))  # noqa: S311 (no secret)
        if time.monotonic() + pause - begun > _SECONDS:
            break
        time.sleep(pause)
    seconds = time.monotonic() - begun
    times = "once" if tried == 0 else f"{tried + 1} times"
    raise type(failure)(f"{failure.message} (tried {times} in {seconds:.0f} s)") from failure
