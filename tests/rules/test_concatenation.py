"""UID411: the parts of a concatenation, in one batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydicom.dataset import Dataset

from registry.records import Finding, Kind
from tests.objects import CT_CLASS, MR_CLASS, tiny
from tests.rules.conftest import E, seen

Look = Callable[..., list[Finding]]

WHOLE = "1.2.3.4.100"
CONCATENATION = "1.2.3.50"


def part(number: int | None, instance: str | None = None, series: str = "1.2.3.4", **values: Any) -> Dataset:
    said = {
        "ConcatenationUID": CONCATENATION,
        "InConcatenationNumber": number,
        "InConcatenationTotalNumber": 2,
        "SOPInstanceUIDOfConcatenationSource": WHOLE,
        **values,
    }
    return tiny(instance or f"1.2.3.4.{number}", series, **said)


pytestmark = pytest.mark.engine("sqlite")


@pytest.mark.parametrize(
    ("other", "evidence"),
    [
        (part(2, series="1.2.3.5"), "2 series: 1.2.3.4 and 1.2.3.5"),
        (part(2, sop_class=MR_CLASS), f"2 classes: {CT_CLASS} and {MR_CLASS}"),
        (part(2, InConcatenationTotalNumber=3), "2 total numbers: 2 and 3"),
        (part(2, SOPInstanceUIDOfConcatenationSource="1.2.9"), f"2 source objects: {WHOLE} and 1.2.9"),
        (part(1, "1.2.3.4.2"), "part 1 twice: 1.2.3.4.1 and 1.2.3.4.2"),
    ],
    ids=["series", "class", "total", "source", "number"],
)
def test_parts_that_contradict_each_other(look: Look, other: Dataset, evidence: str) -> None:
    (found,) = look("UID411", part(1), other)
    assert seen([found]) == [(E, CONCATENATION, Kind.CONCATENATION)]
    assert found.evidence == (evidence,)


def test_all_that_is_wrong_is_one_finding(look: Look) -> None:
    (found,) = look("UID411", part(1), part(1, "1.2.3.4.2", "1.2.3.5", InConcatenationTotalNumber=3))
    assert len(found.evidence) == 3
    assert set(found.related) == {"1.2.3.4", "1.2.3.5", "1.2.3.4.1", "1.2.3.4.2"}


@pytest.mark.parametrize(
    "others",
    [
        [part(2)],
        [part(1)],
        [part(None, "1.2.3.4.2"), part(None, "1.2.3.4.3")],
        [part(2, InConcatenationTotalNumber=None)],
        [part(2, SOPInstanceUIDOfConcatenationSource=None)],
        [part(1, "1.2.3.5.1", "1.2.3.5", ConcatenationUID="1.2.3.51")],
        [tiny("1.2.3.4.2", InConcatenationNumber=1)],
        [],
    ],
    ids=[
        "two parts",
        "the same file twice",
        "numbers left out",
        "a total left out",
        "a source left out",
        "another concatenation",
        "no concatenation",
        "a part alone",
    ],
)
def test_parts_that_fit(look: Look, others: list[Dataset]) -> None:
    assert look("UID411", part(1), *others) == []


def test_order_does_not_matter(look: Look) -> None:
    one, two = part(1), part(1, "1.2.3.4.2")
    (first,), (second,) = look("UID411", one, two), look("UID411", two, one)
    assert (first.key, first.facts) == (second.key, second.facts)
