"""`stats --per`, and the filters of `list` that look at findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.objects import ROOT, save_all, tiny

pytestmark = pytest.mark.engine("sqlite")


@pytest.fixture
def known(cli: Cli, tmp_path: Path) -> Cli:
    """`uid-registry` on a registry that has issued two studies, and seen one with an example's UID."""
    assert cli("issue", "study", "--count", 2).code == 0
    save_all([tiny("1.9.4.1", "1.9.4", "1.9"), tiny("2.999.4.2", "1.9.4", "1.9")], tmp_path / "objects")
    assert cli("register", tmp_path / "objects", "--actor", "somebody else").code == 0
    return cli


def test_the_numbers_of_each_and_of_all(known: Cli) -> None:
    assert known("stats", "--per", "kind,root").out.splitlines() == [
        "KIND      ROOT                 ISSUED  REGISTERED  TOTAL",
        f"study     {ROOT}       2           0      2",
        "study     -                         0           1      1",
        "series    -                         0           1      1",
        "instance  -                         0           2      2",
        "all                                 2           4      6",
    ]


def test_programs_get_each_number(known: Cli) -> None:
    assert known("stats", "--per", "actor", "--per", "modality", "--format", "csv").out.splitlines() == [
        "actor,modality,issued,registered,foreign,total",
        "somebody else,CT,0,3,0,3",
        "somebody else,,0,1,0,1",
        "tester,,2,0,0,2",
    ]
    (row,) = known("stats", "--per", "year", "--kind", "study", "--root", ROOT, "--format", "json").json
    assert {**row, "year": "now"} == {"year": "now", "issued": 2, "registered": 0, "foreign": 0, "total": 2}


def test_a_filter_alone_counts_by_kind(known: Cli) -> None:
    assert known("stats", "--by", "tester", "--format", "json").json == [
        {"kind": "study", "issued": 2, "registered": 0, "foreign": 0, "total": 2}
    ]
    assert known("stats", "--until", "2000-01-01").out == "no such UIDs\n"


def test_who_takes_by_for_per_is_told(known: Cli) -> None:
    result = known("stats", "--by", "month")
    assert (result.code, result.out) == (0, "no such UIDs\n")
    assert "--per month" in result.err


def test_two_sorts_of_time_are_refused(cli: Cli) -> None:
    result = cli("stats", "--per", "day,month")
    assert (result.code, result.out) == (2, "")
    assert "by month and day at once" in result.err


@pytest.mark.parametrize(
    ("options", "uids"),
    [
        (["--finding", "UID202"], {"2.999.4.2"}),
        (["--finding", "example-root", "--kind", "series"], set()),
        (
            ["--finding", "UID202", "--series", "1.9.4", "--modality", "CT", "--by", "somebody else"],
            {"2.999.4.2"},
        ),
        (["--finding", "UID202", "--after", "2.999.4.2"], set()),
        (["--finding", "UID501"], set()),
    ],
)
def test_a_list_of_what_has_a_finding(known: Cli, options: list[str], uids: set[str]) -> None:
    assert {row["uid"] for row in known("list", *options, "--format", "json").json} == uids


def test_what_is_over_is_listed_no_more(known: Cli) -> None:
    assert known("findings", "acknowledge", "UID202", "2.999.4.2", "--reason", "a phantom").code == 0
    assert len(known("list", "--finding", "UID202", "--format", "json").json) == 1
    assert known("findings", "resolve", "UID202", "2.999.4.2", "--reason", "it is gone").code == 0
    assert known("list", "--finding", "UID202", "--format", "json").json == []
