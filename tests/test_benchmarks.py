"""What the benchmarks of growth measure is what they say: the archive, the floor, the fit."""

from __future__ import annotations

import sqlite3
from itertools import islice
from pathlib import Path

import pytest
from benchmarks import archive
from benchmarks.contestants import WHO, Place
from benchmarks.measured import fit
from benchmarks.paper import levels

from registry.services.initializing import init
from registry.uid import is_key


def test_a_power_is_fitted_as_that_power() -> None:
    sizes = [10.0**n for n in range(4, 8)]
    exponent, factor = fit(sizes, [3e-5 * size**1.1 for size in sizes])
    assert exponent == pytest.approx(1.1)
    assert factor == pytest.approx(3e-5)


def test_a_tree_has_as_many_levels_as_it_needs() -> None:
    assert levels(1, 78, 8192) == 1
    assert levels(100, 78, 8192) == 1
    assert levels(1e7, 78, 8192) == 4
    assert levels(1e9, 78, 8192) == 5


def test_the_archive_is_always_the_same_and_each_of_its_uids_one_thing() -> None:
    rows = list(islice(archive.rows(), 20_000))
    assert rows == list(islice(archive.rows(), 20_000))
    assert rows != list(islice(archive.rows(seed=1), 20_000))
    instances = {row.sop_instance_uid for row in rows}
    series = {row.series_instance_uid: row.study_instance_uid for row in rows}
    studies = {row.study_instance_uid for row in rows}
    assert len(instances) == len(rows)
    assert {(row.series_instance_uid, row.study_instance_uid) for row in rows} == set(series.items())
    assert not instances & series.keys()
    assert not studies & (instances | series.keys())
    assert all(is_key(str(uid)) for uid in instances | series.keys() | studies)


def test_a_sample_is_even_over_all_that_was_loaded() -> None:
    early = archive.Source(archive.rows(), 1000, 100)
    before = [row for chunk in early.chunks() for row in chunk]
    rest = archive.Source(islice(archive.rows(), 1000, None), 10_000, 100, early.done)
    whole = before + [row for chunk in rest.chunks() for row in chunk]
    thinned = early.sample[:: archive.stride(10_000, 100) // archive.stride(1000, 100)]
    assert thinned + rest.sample == [row.sop_instance_uid for row in whole[::100]]


def test_the_floor_leaves_the_rows_that_the_registry_leaves(tmp_path: Path) -> None:
    read = {}
    for who, contestant in WHO.items():
        (folder := tmp_path / who).mkdir()
        place = Place("sqlite", str(folder / "registry.db"), folder)
        init(place.settings, root="1.3.6.1.4.1.32473.1")
        for start, until in ((0, 700), (700, 1500)):
            rows = islice(archive.rows(), start, None)
            contestant.load(place, archive.Source(rows, until, 100, start).chunks())
        with sqlite3.connect(place.url) as connection:
            read[who] = [
                connection.execute(
                    "SELECT l.uid, l.kind, l.origin, c.value, s.uid, o.uid, m.value, t.uid, "
                    "b.sop_class_id > 0 "
                    "FROM ledger l LEFT JOIN words c ON c.id = l.sop_class_id "
                    "LEFT JOIN series s ON s.id = l.series_id LEFT JOIN series o ON o.uid = l.uid "
                    "LEFT JOIN words m ON m.id = o.modality_id "
                    "LEFT JOIN studies t ON t.id = coalesce(s.study_id, o.study_id) "
                    "LEFT JOIN series_claims b ON b.series_uid = l.uid ORDER BY l.uid"
                ).fetchall(),
                connection.execute("SELECT ledger_size FROM entries ORDER BY seq DESC LIMIT 1").fetchall(),
            ]
        uids = [str(row.sop_instance_uid) for row in islice(archive.rows(), 1500)]
        assert contestant.many(place, uids)[1] == 1500
        connection.close()
    assert read["ours"] == read["floor"]
