"""Every fault, the engines that it is for, and how many rounds it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.conftest import ENGINES
from tests.faults import cutting, filling, freezing, injecting, killing, protecting, stopping, turning
from tests.faults.outcomes import Outcome
from tests.faults.places import Stage


@dataclass(frozen=True)
class Fault:
    """One fault. ``rounds`` at full length, ``short`` in the tests; 0: not there."""

    name: str
    strike: Callable[[Stage, int, int], Outcome]
    rounds: int
    short: int
    engines: tuple[str, ...] = ENGINES


_SQLITE, _POSTGRESQL = (("sqlite",), ("postgresql",))
_ALL = 1000  # every call that a run makes

FAULTS = (
    Fault("kill-issue", killing.issuing_killed, 200, 3),
    Fault("kill-register", killing.registering_killed, 200, 3),
    Fault("kill-program", killing.program_killed, 30, 1),
    Fault("inject-issue", injecting.sqlite_issuing, _ALL, 2, _SQLITE),
    Fault("inject-register", injecting.sqlite_registering, _ALL, 1, _SQLITE),
    Fault("inject-server", injecting.postgresql, _ALL, 1, _POSTGRESQL),
    Fault("disk-full", filling.disk_full, 2, 0),
    Fault("read-only-modes", protecting.modes, 1, 0, _SQLITE),
    Fault("read-only-disk", protecting.disk, 1, 0, _SQLITE),
    Fault("read-only-server", protecting.server, 1, 0, _POSTGRESQL),
    Fault("stop-issue", stopping.stopped_issuing, 20, 1, _POSTGRESQL),
    Fault("stop-register", stopping.stopped_registering, 20, 1, _POSTGRESQL),
    Fault("kill-session", stopping.backend_killed, 20, 1, _POSTGRESQL),
    Fault("end-session", stopping.session_ended, 20, 2, _POSTGRESQL),
    Fault("cut-before-commit", cutting.before_commit, 20, 2, _POSTGRESQL),
    Fault("cut-after-commit", cutting.after_commit, 20, 2, _POSTGRESQL),
    Fault("cut-then-silence", cutting.then_silence, 5, 1, _POSTGRESQL),
    Fault("freeze-holder", freezing.holder_frozen, 5, 1),
    Fault("freeze-until-ended", freezing.idle_ended, 5, 0, _POSTGRESQL),
    Fault("freeze-session", freezing.session_frozen, 5, 1, _POSTGRESQL),
    Fault("clock-back", turning.clock_back, 5, 1),
)
