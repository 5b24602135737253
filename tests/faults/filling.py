"""The disk is full: what was acknowledged stays, and with room again the work goes on."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.conftest import Registries, Result
from tests.faults import disks
from tests.faults.judging import Parents, judge
from tests.faults.outcomes import Outcome
from tests.faults.places import Place, Stage
from tests.postgres import Server

_MOST = 60  # calls until a disk must be full


def disk_full(stage: Stage, rounds: int, seed: int) -> Outcome:
    """Issue until the disk is full, with ever smaller requests down to its last page; then register."""
    outcome = Outcome("disk full", stage.engine, skipped=disks.missing())
    if outcome.skipped:
        return outcome
    for number in range(rounds):
        with ExitStack() as stack:
            _fill(outcome, stage, _small_place(stage, number, stack))
        outcome.rounds += 1
    return outcome


def _small_place(stage: Stage, number: int, stack: ExitStack) -> Place:
    """A registry on a small disk; a little larger in each round, so that it fills elsewhere."""
    if stage.engine == "sqlite":
        disk = stack.enter_context(disks.small_disk(f"{3000 + 132 * number}k"))
        settings = Registries(disk, None).empty()
        place = Place(stage.engine, settings, disk)
    else:
        disk = stack.enter_context(disks.small_disk(f"{78_000 + 1320 * number}k"))
        small = ("min_wal_size=32MB", "max_wal_size=32MB", "autovacuum=off")
        server = Server(durable=True, place=disk, settings=small)
        stack.callback(server.close)
        folder = stage.folder / f"full-{number}"
        folder.mkdir(exist_ok=True)
        place = Place(stage.engine, Registries(folder, server).empty(), folder, server)
    done = place.run("init", "--root", "1.3.6.1.4.1.32473.1")
    if done.code:
        raise AssertionError(done.err)
    return place


def _fill(outcome: Outcome, stage: Stage, place: Place) -> None:
    study, series = place.series()
    told: dict[str, Parents] = {}
    images = stage.images(39)
    most = 6_000 if stage.engine == "sqlite" else 40_000

    def issue(count: int) -> Result:
        done = place.run("issue", "instance", "--series", series, "--count", count)
        told.update({uid: Parents("instance", study, series) for uid in done.out.split()})
        outcome.ended(done)
        return done

    for _ in range(_MOST):
        if issue(most).code:
            outcome.hit += 1
            break
    for count in (most // 10, most // 100, 10, 1):
        issue(count)
    last = place.run("register", images)
    outcome.ended(last)
    # A server whose log of writes is full is down; what filled its disk stands in its own log.
    clear = "Make room" in last.err or "Is the server running" in last.err
    outcome.require(last.code == 0 or clear, f"it doesn't say what to do: {last.err}")
    seen = place.run("audit", "verify")
    outcome.require(seen.code in (0, 3), f"on a full disk: {seen.code} {seen.err}")
    if seen.code:
        outcome.told(seen.err)
    disk = Path(place.settings.database).parents[1] if place.server is None else place.server.folder.parent
    disks.remount(disk if disk.is_mount() else disk.parent, "size=200m")
    if place.server is not None:
        place.server.ready()
    place.quiet()
    outcome.judged(judge(place.settings, told))
    for again in (issue(100), place.run("register", images)):
        outcome.require(again.code == 0, f"with room again it doesn't go on: {again.err}")
    outcome.judged(judge(place.settings, told))
