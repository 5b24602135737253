"""Whoever holds what others need stands still: they end with a clear message, and don't hang."""

from __future__ import annotations

import os
import signal
import time

from tests.conftest import Result
from tests.faults.judging import judge
from tests.faults.outcomes import Outcome
from tests.faults.places import Place, Stage
from tests.faults.program import HURRIED
from tests.faults.working import Client, stops_itself
from tests.postgres import database_of

_IMAGES = 3
_REAL_SECONDS = 45  # what the real time-outs of 30 s may take


def holder_frozen(stage: Stage, rounds: int, seed: int) -> Outcome:
    """A client is stopped before its entry: on SQLite it holds the file's lock, on PostgreSQL its
    UIDs. The last round waits as long as users do."""
    outcome = Outcome("holder of the lock frozen", stage.engine)
    folder = stage.images(_IMAGES)
    for number in range(rounds):
        real = rounds > 2 and number == rounds - 1
        place = stage.place()
        with Client(place.settings, stops_itself, folder=folder) as frozen:
            frozen.wait_for(stopped=True)
            begun = time.monotonic()
            result = place.run("register", folder, constants={} if real else HURRIED)
            _waited(outcome, result, time.monotonic() - begun, _REAL_SECONDS if real else 15)
            outcome.hit += result.code == 3
            outcome.require(place.run("audit", "verify").code == 0, "reading waits for who writes")
            if number % 2:
                frozen.kill()
            else:
                frozen.signal(signal.SIGCONT)
                frozen.wait_for(registered=True)
                frozen.end()
        outcome.rounds = number + 1
        _goes_on(outcome, place, folder)
    return outcome


def idle_ended(stage: Stage, rounds: int, seed: int) -> Outcome:
    """A client stands still longer than the server lets it: what it holds comes free, and it
    does its act again when it wakes up."""
    outcome = Outcome("holder frozen until the server ends its session", stage.engine)
    folder = stage.images(_IMAGES)
    for number in range(rounds):
        place = stage.place()
        idle = {"registry.store.postgresql.IDLE_SECONDS": 1}
        with Client(place.settings, stops_itself, constants=idle, folder=folder) as frozen:
            frozen.wait_for(stopped=True)
            result = place.run("register", folder)
            outcome.hit += result.code == 0
            outcome.require(result.code == 0, f"the other one never got on: {result.err}")
            frozen.signal(signal.SIGCONT)
            frozen.end()
            outcome.require(not frozen.failures, f"it failed: {frozen.failures}")
            outcome.require(any("registered" in line for line in frozen.lines), "it never got on")
        outcome.rounds = number + 1
        _goes_on(outcome, place, folder)
    return outcome


def session_frozen(stage: Stage, rounds: int, seed: int) -> Outcome:
    """A process of the server stands still while it holds the head of the trail."""
    outcome = Outcome("server's session frozen with the head's lock", stage.engine)
    assert stage.server is not None
    for number in range(rounds):
        place = stage.place()
        _, series = place.series()
        with stage.server.connect(database_of(place.settings.database)) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT pg_advisory_xact_lock(1, 'entries'::regclass::oid::int)")
            os.kill(connection.info.backend_pid, signal.SIGSTOP)
            try:
                begun = time.monotonic()
                result = place.run("issue", "instance", "--series", series, constants=HURRIED)
                _waited(outcome, result, time.monotonic() - begun, 15)
                outcome.hit += result.code == 3
            finally:
                os.kill(connection.info.backend_pid, signal.SIGCONT)
            connection.execute("ROLLBACK")
        outcome.rounds = number + 1
        _goes_on(outcome, place, stage.images(_IMAGES))
    return outcome


def _waited(outcome: Outcome, result: Result, seconds: float, most: float) -> None:
    outcome.ended(result, may_succeed=False)
    outcome.require(seconds < most, f"it took {seconds:.0f} s to say so")


def _goes_on(outcome: Outcome, place: Place, folder: object) -> None:
    done = place.run("register", folder)
    outcome.require(done.code == 0, f"afterwards it doesn't go on: {done.err}")
    found = judge(place.settings, {})
    outcome.judged(found)
    images = sum(
        parents.kind == "instance" and uid.startswith("1.2.826") for uid, parents in found.uids.items()
    )
    outcome.require(images == _IMAGES, f"{images} of {_IMAGES} images are there")
