"""kill -9 at random moments: of the program, and of clients in the middle of their work."""

from __future__ import annotations

import random
import signal
import time

from registry.services.opening import opened
from registry.services.registering import register
from tests.faults.judging import Parents, judge, untold
from tests.faults.outcomes import Outcome
from tests.faults.places import Place, Stage, ended
from tests.faults.working import Client, issuing, registers

_RENEWED = 20
"""After so many rounds a fresh registry: what a round leaves behind is judged in each that follows."""

_IMAGES, _BATCH = 39, 5


def issuing_killed(stage: Stage, rounds: int, seed: int) -> Outcome:
    """A client that issues and derives without a pause."""
    outcome = Outcome("kill -9 while issuing", stage.engine)
    chosen = random.Random(seed)
    told: dict[str, Parents] = {}
    entries: set[int] = set()
    place = stage.place()
    for number in range(rounds):
        if number and number % _RENEWED == 0:
            place, told, entries = stage.place(), {}, set()
        with Client(place.settings, issuing, seed=chosen.getrandbits(30)) as client:
            client.wait_for(ready=True)
            time.sleep(chosen.uniform(0, 0.15))
            client.kill()
        told |= client.told
        entries |= set(client.entries)
        place.quiet()
        found = judge(place.settings, told)
        more = untold(found, entries)
        entries |= more
        outcome.untold += len(more)
        outcome.require(len(more) <= 1, f"one call was under way, and {len(more)} acts weren't told")
        outcome.rounds, outcome.hit = number + 1, outcome.hit + client.in_an_act
        outcome.judged(found)
        outcome.require(not client.failures, f"a client failed by itself: {client.failures}")
    outcome.require(place.issued("study"), "nothing is issued any more")
    return outcome


def registering_killed(stage: Stage, rounds: int, seed: int) -> Outcome:
    """A client that registers a folder in eight batches, started again until it is through."""
    outcome = Outcome("kill -9 while registering", stage.engine)
    chosen = random.Random(seed)
    folder, place = stage.images(_IMAGES), stage.place()
    for number in range(rounds):
        with Client(place.settings, registers, folder=folder, batch=_BATCH) as client:
            client.wait_for(act="begins")
            time.sleep(chosen.uniform(0, 0.1))
            client.kill()
        place.quiet()
        found = judge(place.settings, {}, _BATCH)
        recorded = max((line["files"] for line in client.lines if "files" in line), default=0)
        there = _instances(found.uids)
        outcome.rounds, outcome.hit = number + 1, outcome.hit + client.in_an_act
        outcome.judged(found)
        outcome.require(there >= recorded, f"{recorded} files were told and {there} are there")
        outcome.lost += max(recorded - there, 0)
        outcome.require(not client.failures, f"a client failed by itself: {client.failures}")
        if there == _IMAGES:
            place = _through(place, stage, outcome)
    _through(place, stage, outcome)
    return outcome


def _through(place: Place, stage: Stage, outcome: Outcome) -> Place:
    """Go on to the end without a fault: the whole ledger must come of it. A fresh place."""
    with opened(place.settings) as registry:
        report = register(registry, [str(stage.images(_IMAGES))])
    found = judge(place.settings, {})
    outcome.judged(found)
    outcome.require(report.files == _IMAGES, f"only {report.files} files were gone through")
    outcome.require(_instances(found.uids) == _IMAGES, "the resumed run didn't record everything")
    return stage.place()


def _instances(uids: dict[str, Parents]) -> int:
    return sum(parents.kind == "instance" for parents in uids.values())


def program_killed(stage: Stage, rounds: int, seed: int) -> Outcome:
    """`uid-registry issue instance --count 50` and `register` by turns, from their start to their end."""
    outcome = Outcome("kill -9 of the program", stage.engine)
    chosen = random.Random(seed)
    place = stage.place()
    study, series = place.series()
    folder = stage.images(_IMAGES)
    commands = (("issue", "instance", "--series", series, "--count", "50"), ("register", folder))
    begun = time.monotonic()
    told = {uid: Parents("instance", study, series) for uid in place.run(*commands[0]).out.split()}
    usual = time.monotonic() - begun
    acts = 3
    for number in range(rounds):
        command = commands[number % 2]
        with place.start(*command) as process:
            time.sleep(chosen.uniform(usual / 3, usual * 1.1))
            process.send_signal(signal.SIGKILL)
            result = ended(process, 60)
        lines = result.out.split("\n")[:-1]  # whole lines
        if command[0] == "issue":
            told |= {uid: Parents("instance", study, series) for uid in lines}
        place.quiet()
        found = judge(place.settings, told)
        more = len(found.acts) - acts - (command[0] == "issue" and bool(lines))
        acts = len(found.acts)
        outcome.untold += more
        outcome.rounds, outcome.hit = number + 1, outcome.hit + (result.code == -signal.SIGKILL)
        outcome.require(more in (0, 1), f"{more} acts were recorded by a call that told {len(lines)} UIDs")
        outcome.require(result.code in (0, -signal.SIGKILL), f"it ended with {result.code}: {result.err}")
        outcome.judged(found)
    outcome.require(place.run("register", folder).code == 0, "register doesn't go on")
    outcome.require(_instances(judge(place.settings, told).uids) >= _IMAGES, "register isn't complete")
    return outcome
