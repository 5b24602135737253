"""The benchmarks' table says what was measured, and their files are what they are said to be."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pydicom
import pytest
from benchmarks import measure, memory, publishing
from benchmarks.measure import Timing
from benchmarks.objects import objects

from registry.dicomfile.reader import read
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.sources import Source
from registry.records import ObjectClaim

KEYS = ReaderKeys(b"fingerprint", b"digest")


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split(" | ")]


def test_a_row_sets_the_median_rates_beside_each_other_and_says_whether_the_goal_is_met() -> None:
    ours, floor = Timing([2.0, 1.0, 4.0]), Timing([4.0, 4.0, 3.0])
    row = cells(measure.row("it", ours, floor, 8, goal=2.0))
    assert row == ["it", "4 (2-8)", "2 (2-3)", "2.00", "0.75-4.00", "2.00", "yes"]
    assert cells(measure.row("it", ours, floor, 8, goal=2.01))[-1] == "no"
    assert cells(measure.row("it", ours, floor, 8))[-2:] == ["", ""]


def test_a_floor_that_did_fewer_things_counts_by_its_rate() -> None:
    row = cells(measure.row("it", Timing([1.0]), Timing([5.0]), 100, floor_amount=50, goal=25))
    assert row == ["it", "100 (100-100)", "10 (10-10)", "10.0", "once", "25.0", "no"]


def test_a_row_of_times_tells_milliseconds_and_what_is_too_long_is_no() -> None:
    row = cells(measure.took("it", Timing([0.3, 0.3]), Timing([0.1, 0.2]), goal=2 / 3))
    assert row == ["it", "300 (300-300) ms", "150 (100-200) ms", "0.50", "0.33-0.67", "0.67", "no"]


@pytest.mark.parametrize(("reached", "met"), [(299, "yes"), (300, "yes"), (320, "no")])
def test_a_limit_is_met_below_it(reached: float, met: str) -> None:
    row = cells(measure.limit("memory", reached, 300, "MB"))
    assert (row[1], row[2], row[-1]) == (f"{reached} MB", "at most 300 MB", met)


def test_every_row_has_the_cells_of_the_head() -> None:
    told = Timing([1.0])
    rows = [
        measure.row("it", told, told, 1),
        measure.took("it", told, told),
        measure.limit("it", 1, 2, "MB"),
        measure.figure("it", 1, "s"),
    ]
    assert {len(cells(row)) for row in (*measure.head().splitlines()[-2:], *rows)} == {7}


def test_a_table_is_put_between_its_marks_and_again() -> None:
    page = f"before\n{publishing.BEGIN}\nold\n{publishing.END}\nafter\n"
    once = publishing.published(page, "| new |\n")
    assert once == f"before\n{publishing.BEGIN}\n| new |\n{publishing.END}\nafter\n"
    assert publishing.published(once, "| new |") == once
    with pytest.raises(SystemExit):
        publishing.published("no marks", "| new |")


def test_the_page_has_room_for_the_table() -> None:
    page = Path(__file__).parent.parent / "docs" / "performance.md"
    assert "| what | it |" in publishing.published(page.read_text(), "| what | it |")


def test_files_made_by_the_thousand_are_real_and_each_has_an_identity_and_a_content(tmp_path: Path) -> None:
    claims = []
    for number, data in enumerate(islice(memory._files(600), 495, 505)):
        (file := tmp_path / f"{number}.dcm").write_bytes(data)
        assert pydicom.dcmread(file).pixel_array.shape == (16, 16)
        claim = read(Source(str(file)), KEYS)
        assert isinstance(claim, ObjectClaim)
        claims.append(claim)
    assert len({claim.sop_instance_uid for claim in claims}) == 10
    assert len({claim.content_digest for claim in claims}) == 10
    assert len({claim.series_instance_uid for claim in claims}) == 2
    assert len({claim.study_instance_uid for claim in claims}) == 2


def test_large_objects_are_as_large_as_a_scanners(tmp_path: Path) -> None:
    first, second = sorted(objects(tmp_path, 2, large=True).rglob("*.dcm"))
    assert first.stat().st_size > 512 * 512 * 2
    images = [pydicom.dcmread(path) for path in (first, second)]
    assert images[0].pixel_array.shape == (512, 512)
    assert images[0].PixelData != images[1].PixelData
