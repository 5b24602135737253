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
    """What ``attempt`` returns; it is told how often others were in its way before.

    Raises ``DatabaseBusy`` when that is too often, or too long; ``DatabaseGone``
    when the database is away for too long: a restart is waited for, however often
    it has to be asked.
    """
    begun = time.monotonic()
    tries = in_the_way = 0
    while True:
        tries += 1
        try:
            return attempt(in_the_way)
        except LostRace as error:
            failure: DatabaseBusy | DatabaseGone = DatabaseBusy(
                "others kept recording what this act decided on"
            )
            failure.__cause__ = error
            in_the_way += 1
        except DatabaseBusy as error:
            failure = error
            in_the_way += 1
        except DatabaseGone as error:
            failure = error
        # Random, so that those who met once don't meet again.
        pause = random.uniform(0, min(0.01 * 2 ** min(tries, 10), _LONGEST_PAUSE))  # noqa: S311 (no secret)
        if in_the_way == _TRIES or time.monotonic() + pause - begun > _SECONDS:
            break
        time.sleep(pause)
    seconds = time.monotonic() - begun
    times = "once" if tries == 1 else f"{tries} times"
    told = f"{failure.message} (tried {times} in {seconds:.0f} s)"
    raise type(failure)(told, advice=failure.advice) from failure
