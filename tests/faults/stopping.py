"""PostgreSQL is stopped at once and started again, or ends a session, in the middle of the work."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

from registry.services.opening import opened
from registry.services.registering import register
from tests.faults.judging import judge, untold
from tests.faults.outcomes import Outcome
from tests.faults.places import Place, Stage
from tests.faults.working import Client, issuing, registers
from tests.postgres import Server, database_of

_IMAGES, _BATCH = 39, 5


def stopped_issuing(stage: Stage, rounds: int, seed: int) -> Outcome:
    """`pg_ctl stop -m immediate`, a pause, start."""
    outcome = Outcome("server stopped at once and started, issue", stage.engine)
    chosen = random.Random(seed)
    return _while_issuing(outcome, stage, rounds, chosen, lambda place: _restart(_of(place), chosen))


def backend_killed(stage: Stage, rounds: int, seed: int) -> Outcome:
    """kill -9 of the session's process: the server takes everybody down and recovers."""
    outcome = Outcome("kill -9 of the server's session", stage.engine)

    def kill(place: Place) -> None:
        for pid in _sessions(place):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        _of(place).ready()

    return _while_issuing(outcome, stage, rounds, random.Random(seed), kill)


def session_ended(stage: Stage, rounds: int, seed: int) -> Outcome:
    """An administrator ends the session (pg_terminate_backend), five times in a row."""
    outcome = Outcome("session ended by an administrator", stage.engine)
    chosen = random.Random(seed)

    def terminate(place: Place) -> None:
        asked = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        with _of(place).connect() as connection:
            for _ in range(5):
                connection.execute(asked, [database_of(place.settings.database)])
                time.sleep(chosen.uniform(0, 0.05))

    return _while_issuing(outcome, stage, rounds, chosen, terminate)


def _while_issuing(
    outcome: Outcome, stage: Stage, rounds: int, chosen: random.Random, strike: Callable[[Place], object]
) -> Outcome:
    """Strike while a client issues, each call under a request id that it repeats until it is answered."""
    for number in range(rounds):
        place = stage.place()
        with Client(place.settings, issuing, seed=number, acts=1_000_000, keep_on=True) as client:
            client.wait_for(ready=True)
            time.sleep(chosen.uniform(0, 0.3))
            in_an_act, before = client.in_an_act, len(client.entries)
            strike(place)
            while len(client.entries) <= before + 5 and client.process.is_alive():
                time.sleep(0.01)
            client.kill()
        place.quiet()
        found = judge(place.settings, client.told)
        outcome.rounds, outcome.hit = number + 1, outcome.hit + in_an_act
        outcome.judged(found)
        twice = [request for request, times in found.requests.items() if times > 1]
        outcome.require(not twice, f"recorded twice: {twice}")
        outcome.require(len(client.entries) > before + 5, f"it didn't go on: {client.lines[-2:]}")
        more = len(untold(found, client.entries))
        outcome.require(more <= 1, f"{more} acts weren't told")  # the one that the last kill hit
        _failures(outcome, client)
    return outcome


def stopped_registering(stage: Stage, rounds: int, seed: int) -> Outcome:
    """The same in the middle of a run of eight batches; run again if it gives up."""
    outcome = Outcome("server stopped at once and started, register", stage.engine)
    chosen = random.Random(seed)
    for number in range(rounds):
        place = stage.place()
        with Client(place.settings, registers, folder=stage.images(_IMAGES), batch=_BATCH) as client:
            client.wait_for(act="begins")
            time.sleep(chosen.uniform(0, 0.08))
            in_an_act = client.in_an_act
            _restart(_of(place), chosen)
            client.end()
        place.quiet()
        outcome.rounds, outcome.hit = number + 1, outcome.hit + in_an_act
        found = judge(place.settings, {}, _BATCH)
        outcome.judged(found)
        recorded = max((line["files"] for line in client.lines if "files" in line), default=0)
        there = sum(parents.kind == "instance" for parents in found.uids.values())
        outcome.require(there >= recorded, f"{recorded} files were told and {there} are there")
        _failures(outcome, client)
        with opened(place.settings) as registry:
            register(registry, [str(stage.images(_IMAGES))])
        found = judge(place.settings, {})
        there = sum(parents.kind == "instance" for parents in found.uids.values())
        outcome.require(there == _IMAGES, f"{there} of {_IMAGES} are there in the end")
    return outcome


def _failures(outcome: Outcome, client: Client) -> None:
    for failure in client.failures:
        outcome.require(failure["status"] == 3, f"status {failure['status']}: {failure['message']}")
        outcome.told(failure["message"])


def _of(place: Place) -> Server:
    assert place.server is not None
    return place.server


def _restart(server: Server, chosen: random.Random) -> None:
    server.stop("immediate")
    time.sleep(chosen.uniform(0, 0.5))
    server.start()


def _sessions(place: Place) -> list[int]:
    asked = "SELECT pid FROM pg_stat_activity WHERE datname = %s"
    with _of(place).connect() as connection:
        return [pid for (pid,) in connection.execute(asked, [database_of(place.settings.database)])]
