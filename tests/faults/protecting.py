"""A database that can't be written: acts say so, questions are answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.cli.conftest import Program
from tests.conftest import Registries, Result
from tests.faults import disks
from tests.faults.judging import judge
from tests.faults.outcomes import Outcome
from tests.faults.places import Place, Stage
from tests.postgres import database_of

Run = Callable[..., Result]


def modes(stage: Stage, rounds: int, seed: int) -> Outcome:
    """File and folder without write bits."""
    outcome = Outcome("file and folder without write bits", stage.engine)
    place = stage.place()

    @contextmanager
    def protected() -> Iterator[Run]:
        files = list(place.folder.iterdir())
        for path in (*files, place.folder):
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            yield Program(place.environment, stage.folder).bound_by_modes
        finally:
            place.folder.chmod(0o755)
            for path in files:
                path.chmod(0o644)

    try:
        _asked(outcome, stage, place, protected)
    except pytest.skip.Exception as skip:
        outcome.skipped = str(skip)
    return outcome


def disk(stage: Stage, rounds: int, seed: int) -> Outcome:
    """A disk that became read-only, as Linux does it to one with errors."""
    outcome = Outcome("disk read-only", stage.engine, skipped=disks.missing())
    if outcome.skipped:
        return outcome
    with disks.small_disk("8m") as folder:
        place = Place(stage.engine, Registries(folder, None).empty(), stage.folder)
        made = place.run("init", "--root", "1.3.6.1.4.1.32473.1")
        outcome.require(made.code == 0, made.err)

        @contextmanager
        def protected() -> Iterator[Run]:
            disks.remount(folder, "ro")
            yield place.run
            disks.remount(folder, "rw")

        _asked(outcome, stage, place, protected)
    return outcome


def server(stage: Stage, rounds: int, seed: int) -> Outcome:
    """A server that takes no writes, as a standby doesn't."""
    outcome = Outcome("default_transaction_read_only", stage.engine)
    place = stage.place()
    assert stage.server is not None

    @contextmanager
    def protected() -> Iterator[Run]:
        name = database_of(place.settings.database)
        with stage.server.connect() as connection:  # type: ignore[union-attr]
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            yield place.run
            connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")

    _asked(outcome, stage, place, protected)
    return outcome


def _asked(outcome: Outcome, stage: Stage, place: Place, protected: Callable[[], object]) -> None:
    study, series = place.series()
    images = stage.images(3)
    outcome.require(place.run("register", images).code == 0, "nothing is registered")
    acts = (
        ("issue", "study"),
        ("issue", "instance", "--series", series),
        ("derive", series, "--modality", "SEG"),
        ("register", images),
        ("withdraw", series, "--reason", "trial", "--no-input"),
        ("root", "add", "1.3.6.1.4.1.32473.9", "--organization", "Another"),
        ("audit", "log"),
    )
    questions = (
        ("check", images, "--fail-on", "never"),
        ("show", study),
        ("list", "--kind", "series"),
        ("tree", study),
        ("audit", "log", "--unrecorded"),
        ("audit", "verify"),
    )
    with protected() as run:  # type: ignore[attr-defined]
        for act in acts:
            done = run(*act)
            outcome.rounds, outcome.hit = outcome.rounds + 1, outcome.hit + (done.code == 3)
            outcome.ended(done, may_succeed=False)
        for question in questions:
            done = run(*question)
            outcome.rounds += 1
            outcome.require(done.code == 0, f"{question[0]} isn't answered: {done.code} {done.err}")
    outcome.judged(judge(place.settings, {}))
    outcome.require(place.run(*acts[0]).code == 0, "afterwards nothing is issued")
