"""Findings that are alike are one block of the table; nothing is lost of any other."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from registry.records import Finding, Kind, Severity
from registry.render.findings import report
from registry.render.folding import folded
from registry.render.formats import rendered
from tests.render.reports import finding, findings, report_of


def alike(count: int, **values: object) -> list[Finding]:
    return [
        finding(f"1.2.3.{index}", path=f"export/{index:04}.dcm", message=f"refers to 1.9.{index}", **values)
        for index in range(count)
    ]


def table(*found: Finding) -> list[str]:
    return list(rendered(report(report_of(*found), passed=False), "table"))


def test_a_thousand_that_are_alike_are_one_block_that_names_series_count_and_first_file() -> None:
    lines = table(*alike(1000))
    assert lines[:5] == [
        "error UID501 derived-in-source-series, 1,000 objects alike",
        "  series    1.2.3",
        "  the first of them",
        "    file      export/0000.dcm",
        "    instance  1.2.3.0",
    ]
    assert len(lines) == 9
    assert lines[-1].endswith("1,000 errors")


def test_the_data_formats_hold_each() -> None:
    output = report(report_of(*alike(1000)), passed=False)
    assert len(list(rendered(output, "ndjson"))) == 1001
    assert len(list(rendered(output, "csv"))) == 1001
    assert len(output.document["findings"]) == 1000  # type: ignore[index]


def test_a_few_stay_each_by_itself() -> None:
    assert [block.count for block in folded(alike(3))] == [1, 1, 1]
    assert [block.count for block in folded(alike(4))] == [4]


def test_what_differs_in_more_than_uids_is_not_alike() -> None:
    ten = alike(10)
    for other in (
        alike(10, severity=Severity.WARNING),
        alike(10, code="UID503"),
        alike(10, series_instance_uid="1.2.4"),
        alike(10, acknowledged=True),
        [finding(f"1.2.3.{index}", message="otherwise") for index in range(10)],
    ):
        assert [block.count for block in folded([*ten, *other])] == [10, 10]


def test_what_is_about_series_folds_later_since_each_is_another_thing_to_mend() -> None:
    def about_series(count: int) -> list[Finding]:
        return [
            finding(f"1.2.{index}", kind=Kind.SERIES, series_instance_uid=f"1.2.{index}")
            for index in range(count)
        ]

    assert [block.count for block in folded(about_series(10))] == [1] * 10
    (block,) = folded(about_series(11))
    assert (block.count, block.of, block.series) == (11, "series", None)


@given(st.lists(findings(), max_size=30))
def test_every_finding_is_in_one_block_and_a_block_is_of_one_rule(found: list[Finding]) -> None:
    blocks = list(folded(found))
    assert sum(block.count for block in blocks) == len(found)
    counts: Counter[str] = Counter()
    for block in blocks:
        counts[block.first.code] += block.count
    assert counts == Counter(each.code for each in found)
