"""The clock is turned back between acts: their order comes from their places, not from the time."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from registry.services.opening import opened
from registry.store.schema import entries
from tests.faults.judging import judge
from tests.faults.outcomes import Outcome
from tests.faults.places import Stage
from tests.faults.working import Client, OpenRegistry, Tell, issuing


def an_hour_ago(registry: OpenRegistry, tell: Tell, *, seed: int, acts: int) -> None:
    """Issue, as if it were an hour earlier by the clock that the entries are written by."""
    from registry.store import act

    stamped = act.timestamp
    act.timestamp = lambda moment: stamped(moment - timedelta(hours=1))
    issuing(registry, tell, seed=seed, acts=acts)


def clock_back(stage: Stage, rounds: int, seed: int) -> Outcome:
    outcome = Outcome("clock set back one hour", stage.engine)
    for number in range(rounds):
        place = stage.place()
        told, order = {}, []
        for turn, work in enumerate((issuing, an_hour_ago, issuing)):
            with Client(place.settings, work, seed=seed * 100 + turn, acts=4) as client:
                client.end()
            outcome.require(not client.failures, f"it failed: {client.failures}")
            told |= client.told
            order += client.entries
        found = judge(place.settings, told)
        with opened(place.settings, read_only=True) as registry, registry.database.reading() as connection:
            rows = connection.execute(select(entries.c.id, entries.c.at).order_by(entries.c.seq)).all()
        ours = [row for row in rows if row.id in set(order)]
        outcome.rounds = number + 1
        outcome.hit += [row.at for row in ours] != sorted(row.at for row in ours)
        outcome.require([row.id for row in ours] == order, "the order of the trail isn't that of the acts")
        outcome.judged(found)
    return outcome
