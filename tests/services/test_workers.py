"""Processes that are started before it is known what they will read under which keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.tasks import Read, Task
from registry.limits import Limits
from registry.records import ObjectClaim, Unreadable
from registry.services import reading, workers
from registry.services.reading import Readers, get_ready, read_all
from registry.services.workers import Worker, start_ahead
from registry.settings import Settings
from tests.objects import save_all, tiny

KEYS = ReaderKeys(b"f" * 32, b"d" * 32)
NOWHERE = Settings("nowhere.db")
"""With no key, so that nothing can be read ahead."""


@pytest.fixture(autouse=True)
def _none_is_left() -> Iterator[None]:
    workers._dismiss()
    yield
    workers._dismiss()


def waiting() -> list[Worker]:
    return list(workers._ahead)


def test_what_was_started_ahead_reads(tmp_path: Path) -> None:
    save_all([tiny(f"1.2.3.4.{n}") for n in range(100)], tmp_path)
    start_ahead(2)
    ahead = waiting()
    with Readers(KEYS, Limits()) as readers:
        readings = [reading for _, reading in readers.read(readers.expand([str(tmp_path)]))]
        assert set(ahead) & readers._alive
    assert len(readings) == 100
    assert all(isinstance(reading, ObjectClaim) for reading in readings)


def test_each_run_reads_under_its_own_keys(tmp_path: Path) -> None:
    (path,) = map(str, save_all([tiny()], tmp_path))
    other = ReaderKeys(b"F" * 32, b"D" * 32)
    digests = []
    for keys in (KEYS, other, KEYS):
        start_ahead(1)
        ((_, reading),) = read_all([path], keys, Limits())
        assert isinstance(reading, ObjectClaim)
        digests.append(reading.data_set_digest)
    assert digests[0] == digests[2] != digests[1]


def test_a_file_needs_one_and_a_folder_more(tmp_path: Path) -> None:
    (path,) = map(str, save_all([tiny()], tmp_path))
    get_ready([path], NOWHERE)
    assert len(waiting()) == 1
    get_ready([str(tmp_path)], NOWHERE)
    assert 1 <= len(waiting()) <= 2
    before = waiting()
    get_ready([path], NOWHERE)
    assert waiting() == before


@pytest.mark.parametrize("jobs", [1, 3])
def test_as_many_read_as_are_asked_for(jobs: int, tmp_path: Path) -> None:
    save_all([tiny(f"1.2.3.4.{n}") for n in range(200)], tmp_path)
    get_ready([str(tmp_path)], NOWHERE, jobs=jobs)
    assert len(waiting()) == min(jobs, 2)
    with Readers(KEYS, Limits(), jobs=jobs) as readers:
        found = list(readers.read(readers.expand([str(tmp_path)])))
        assert len(readers._alive) == jobs
    assert len(found) == 200


def test_what_never_read_is_ended(tmp_path: Path) -> None:
    get_ready([str(tmp_path)], NOWHERE)
    ahead = waiting()
    workers._dismiss()
    assert not waiting()
    assert all(worker._process.returncode is not None for worker in ahead)


def readings(path: str, keys: ReaderKeys = KEYS, limits: Limits | None = None) -> tuple[set[int], object]:
    """Which processes read a file, and what came of it."""
    with Readers(keys, limits or Limits()) as readers:
        ((_, reading),) = readers.read(readers.expand([path]))
        return {worker._process.pid for worker in readers._alive}, reading


def test_who_reads_next_has_no_process_to_wait_for(tmp_path: Path) -> None:
    (path,) = map(str, save_all([tiny()], tmp_path))
    first, _ = readings(path)
    again, _ = readings(path)
    assert first == again
    assert len(workers._resting) == 1


def test_a_process_that_rests_is_for_the_same_keys_and_limits_alone(tmp_path: Path) -> None:
    (path,) = map(str, save_all([tiny()], tmp_path))
    first, _ = readings(path)
    others, _ = readings(path, ReaderKeys(b"F" * 32, b"D" * 32))
    confined, _ = readings(path, limits=Limits(seconds=77))
    assert len(first | others | confined) == 3
    assert len(workers._resting) == 1
    assert not Path(f"/proc/{min(first)}").exists()


def test_a_process_that_died_while_it_rested_costs_nothing(tmp_path: Path) -> None:
    (path,) = map(str, save_all([tiny()], tmp_path))
    readings(path)
    (rested,) = workers._resting
    rested.kill()
    _, reading = readings(path)
    assert isinstance(reading, ObjectClaim)


def test_a_relative_path_begins_from_where_one_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "other"):
        save_all([tiny(f"1.2.3.4.{len(name)}")], tmp_path / name)
        monkeypatch.chdir(tmp_path / name)
        _, reading = readings(next(tmp_path.joinpath(name).iterdir()).name)
        assert isinstance(reading, ObjectClaim)
        assert reading.sop_instance_uid == f"1.2.3.4.{len(name)}"


def test_nothing_rests_that_is_still_at_work(tmp_path: Path) -> None:
    save_all([tiny(f"1.2.3.4.{n}") for n in range(200)], tmp_path)
    with Readers(KEYS, Limits()) as readers:
        next(readers.read(readers.expand([str(tmp_path)])))  # and the others are never asked for
    (path,) = map(str, save_all([tiny()], tmp_path / "other"))
    _, reading = readings(path)
    assert isinstance(reading, ObjectClaim)


def test_a_fork_leaves_its_parents_processes_alone(tmp_path: Path) -> None:
    (path,) = map(str, save_all([tiny()], tmp_path))
    first, _ = readings(path)
    child = os.fork()
    if child == 0:
        os._exit(len(workers._resting))
    assert os.waitpid(child, 0)[1] == 0
    again, _ = readings(path)
    assert first == again


# --- two tasks at a time ---------------------------------------------------------------------


def killing(when: Callable[[Task], bool]) -> Callable[[Worker, Task], None]:
    """A way to hand over a task that kills the worker behind some tasks."""
    begin = Worker.begin

    def begun(worker: Worker, task: Task) -> None:
        begin(worker, task)
        if when(task):
            worker.kill()

    return begun


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("fatal", [0, 7, 13])
def test_a_file_that_workers_die_of_costs_no_other_that_they_were_given(
    jobs: int, fatal: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = list(map(str, save_all([tiny(f"1.2.3.4.{n}") for n in range(20)], tmp_path)))
    monkeypatch.setattr(reading, "_CHUNK", 3)
    monkeypatch.setattr(
        Worker,
        "begin",
        killing(lambda task: isinstance(task, Read) and any(s.path == paths[fatal] for s in task.sources)),
    )
    with Readers(KEYS, Limits(), jobs=jobs) as readers:
        found = [made for _, made in readers.read(readers.expand(paths))]
        assert len(readers._alive) <= jobs
    assert [made.path for made in found] == paths
    assert [made.path for made in found if isinstance(made, Unreadable)] in ([paths[fatal]], [])
    assert sum(isinstance(made, ObjectClaim) for made in found) >= 19


def test_workers_that_die_now_and_then_cost_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = list(map(str, save_all([tiny(f"1.2.3.4.{n}") for n in range(60)], tmp_path)))
    monkeypatch.setattr(reading, "_CHUNK", 2)
    turns = count(1)
    # Not over one file alone, for then it might be to blame.
    monkeypatch.setattr(
        Worker,
        "begin",
        killing(lambda task: isinstance(task, Read) and len(task.sources) > 1 and next(turns) % 5 == 0),
    )
    with Readers(KEYS, Limits(), jobs=2) as readers:
        found = [made for _, made in readers.read(readers.expand(paths))]
    assert [made.path for made in found] == paths
    assert all(isinstance(made, ObjectClaim) for made in found)
