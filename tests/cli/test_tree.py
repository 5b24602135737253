"""`tree`: a study on one screen, whatever a series holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.records import IndexRow
from registry.services.indexing import register_rows
from registry.services.opening import opened
from registry.services.querying import tree
from registry.services.registering import register
from registry.services.resolving import resolve
from registry.services.withdrawing import reinstate, withdraw
from registry.settings import Settings
from tests.conftest import Cli
from tests.objects import CT_CLASS, SEG_CLASS, save_all, tiny

STUDY, SERIES = "1.2.3", "1.2.3.4"


@pytest.fixture
def large(settings: Settings) -> Settings:
    """A study of two series, one of them of 500 instances."""
    rows = [IndexRow(f"{SERIES}.{number}", CT_CLASS, SERIES, STUDY, "CT") for number in range(1, 501)]
    with opened(settings) as registry:
        register_rows(registry, [*rows, IndexRow("1.2.3.5.1", CT_CLASS, "1.2.3.5", STUDY, "MR")])
    return settings


def test_what_it_counts_and_finds_follows_decisions(settings: Settings, tmp_path: Path) -> None:
    image = tiny("1.2.3.4.1", SERIES, STUDY)
    wrong = tiny("1.2.3.4.2", SERIES, STUDY, sop_class=SEG_CLASS, modality="SEG", sources=(image,))
    moved = tiny("1.2.3.4.2", "1.2.3.5", STUDY, sop_class=SEG_CLASS, modality="SEG", sources=(image,))
    with opened(settings) as registry:
        for number, objects in enumerate([[image, wrong], [moved]]):
            register(registry, [str(path) for path in save_all(objects, tmp_path / str(number))])
        before = {node.series_instance_uid: node for node in tree(registry, STUDY).series}
        assert before[SERIES].instances == 2
        assert ("UID302", "1.2.3.4.2") in {(each.code, each.uid) for each in before[SERIES].findings}
        resolve(registry, "1.2.3.4.2", "second", "the first was a copy")
        (series,) = tree(registry, STUDY, instances=9).series
    assert (series.series_instance_uid, series.instances) == (SERIES, 1)
    assert [each.sop_instance_uid for each in series.listed] == ["1.2.3.4.1"]
    (derived,) = series.below
    assert (derived.series_instance_uid, derived.instances) == ("1.2.3.5", 1)
    assert [(each.sop_instance_uid, each.state) for each in derived.listed] == [("1.2.3.4.2", "registered")]


def test_instances_are_counted_and_the_first_of_them_listed(large: Settings, cli: Cli) -> None:
    assert cli("tree", STUDY).out.splitlines() == [
        f"study {STUDY} (registered)",
        f"├── CT series {SERIES} (registered, 500 instances)",
        "└── MR series 1.2.3.5 (registered, 1 instance)",
    ]
    lines = cli("tree", STUDY, "--instances", "--limit", 2).out.splitlines()
    assert all(line.startswith(f"│   · {SERIES}.") for line in lines[2:4])
    assert lines[4] == f"│   · 498 more: `uid-registry list --series {SERIES}`"
    document = cli("tree", STUDY, "--instances", "--limit", 2, "--format", "json").json
    assert [len(node["listed"]) for node in document["series"]] == [2, 1]
    assert "listed" not in cli("tree", STUDY, "--format", "json").json["series"][0]


def test_withdrawn_ones_are_counted_as_long_as_they_are(large: Settings, cli: Cli) -> None:
    with opened(large) as registry:
        withdraw(registry, [f"{SERIES}.1", f"{SERIES}.2"], "wrong contours")
        reinstate(registry, [f"{SERIES}.2"], "withdrawn by mistake")
        withdraw(registry, [f"{SERIES}.3"], "wrong contours")
    assert f"CT series {SERIES} (registered, 500 instances, 2 withdrawn)" in cli("tree", STUDY).out
    assert [node["withdrawn"] for node in cli("tree", STUDY, "--format", "json").json["series"]] == [2, 0]


@pytest.mark.engine("sqlite")
def test_of_findings_that_are_many_the_first_are_told(settings: Settings, cli: Cli, tmp_path: Path) -> None:
    objects = [tiny(f"2.999.4.{number}", SERIES, STUDY) for number in range(1, 8)]
    with opened(settings) as registry:
        register(registry, [str(path) for path in save_all(objects, tmp_path / "examples")])
    flags = [line for line in cli("tree", STUDY).out.splitlines() if "! UID202" in line]
    assert len(flags) == 4
    assert flags[-1] == "    ! UID202 4 more"
    (series,) = cli("tree", STUDY, "--format", "json").json["series"]
    assert sum(each["code"] == "UID202" for each in series["findings"]) == 7
