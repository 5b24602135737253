"""What an interrupted run leaves out, whatever files there are: never one that isn't recorded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from hypothesis import given
from hypothesis import strategies as st

from registry.dicomfile.sources import Found, Source
from registry.records import Skipped
from registry.services.reading import Item
from registry.services.resuming import Batch, Run

names = st.builds("{}/{}".format, st.sampled_from("abc"), st.integers(0, 30))
places = st.lists(names, max_size=40, unique=True).map(sorted)


def sources(paths: Iterable[str], changed: int = 0) -> list[Found]:
    return [Skipped(p, "not DICOM") if p.endswith("7") else Source(p, size=1, changed=changed) for p in paths]


def read(found: Iterable[Found]) -> Iterator[Item]:
    """All in their order, with what nobody looks at here."""
    return ((each, Skipped(None, "")) for each in found)


def batches(found: list[Found], most: int, earlier: set[bytes]) -> tuple[list[Batch], int]:
    left_out = 0

    def resume(files: int) -> None:
        nonlocal left_out
        left_out += files

    run = Run(b"k" * 32, ["a", "b", "c"], True, None)
    return list(run.batches(found, read, most, earlier, resume)), left_out


def items(made: Iterable[Batch]) -> list[Found]:
    return [found for batch in made for found, _ in batch.items]


@given(places, st.integers(1, 12))
def test_a_run_reads_everything_in_order_and_knows_its_last_batch(paths: list[str], most: int) -> None:
    found = sources(paths)
    made, left_out = batches(found, most, set())
    assert (items(made), left_out) == (found, 0)
    assert all(0 < len(batch.items) <= most for batch in made)
    assert [batch.is_last for batch in made] == [False] * (len(made) - 1) + [True] * bool(made)


@given(places, places, st.integers(1, 12), st.integers(0, 5))
def test_what_is_left_out_was_recorded_just_so(
    before: list[str], after: list[str], most: int, recorded: int
) -> None:
    """Whatever came and went between the two runs."""
    made, _ = batches(sources(before), most, set())
    done, marks = items(made[:recorded]), {mark for batch in made[:recorded] for mark in batch.marks}
    again, left_out = batches(sources(after), most, marks)
    rest = items(again)
    assert len(rest) + left_out == len(after)
    assert set(sources(after)) - set(rest) <= set(done)


@given(places, st.integers(1, 12))
def test_a_whole_run_is_left_out_and_a_changed_file_is_not(paths: list[str], most: int) -> None:
    made, _ = batches(sources(paths), most, set())
    marks = {mark for batch in made for mark in batch.marks}
    assert batches(sources(paths), most, marks) == ([], len(paths))
    changed = sources(paths, changed=1)
    again, _ = batches(changed, most, marks)
    assert {each for each in changed if isinstance(each, Source)} <= set(items(again))


def test_where_a_run_was_started_from_doesnt_matter(monkeypatch, tmp_path) -> None:
    found = Source("a/1.dcm", size=1)
    monkeypatch.chdir(tmp_path)
    made, _ = batches([found], 10, set())
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    same = found._replace(path=os.path.join("..", "a", "1.dcm"))
    assert batches([same], 10, set(made[0].marks)) == ([], 1)
