"""Each fault, a few rounds of it; `scripts/faults` takes its time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from tests.faults.catalogue import FAULTS, Fault
from tests.faults.places import Stage
from tests.postgres import Server, memory

_WAITS = {("freeze-holder", "sqlite")}
"""What waits for half a minute, as long as one waits for another's lock there: only by the script."""

_SHORT = [
    pytest.param(engine, fault, id=f"{fault.name}-{engine}")
    for fault in FAULTS
    for engine in fault.engines
    if fault.short and (fault.name, engine) not in _WAITS
]


@pytest.fixture(scope="module")
def stage_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Makes the stage of an engine; PostgreSQL is a server of its own, which is stopped and killed."""
    servers: list[Server] = []

    @cache
    def of(engine: str) -> Stage:
        if engine == "postgresql":
            servers.append(Server(durable=True, place=memory()))
        return Stage(
            engine,
            tmp_path_factory.mktemp(engine),
            servers[0] if servers and engine == "postgresql" else None,
        )

    yield of
    for server in servers:
        server.close()


@pytest.mark.parametrize(("on", "fault"), _SHORT)
def test_what_was_acknowledged_outlives(on: str, fault: Fault, stage_of: Any) -> None:
    outcome = fault.strike(stage_of(on), fault.short, 1)
    if outcome.skipped:
        pytest.skip(outcome.skipped)
    assert outcome.violations == []
    assert outcome.trail
    assert outcome.rounds
