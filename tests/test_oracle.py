"""A part of what `scripts/oracle` does in full: the registry beside dcentvfy and dciodvfy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from registry.rules import RULES
from tests.oracle import cases, flaws, identities, measuring, reasons
from tests.oracle.__main__ import PAGE, unexplained
from tests.oracle.cases import CT, Case
from tests.oracle.comparing import Told, compare, compare_flaws
from tests.oracle.flaws import Flaw

pytestmark = pytest.mark.filterwarnings("ignore")  # what is written here is wrong on purpose

# One of each entity and value representation, each in every way.
ATTRIBUTES = {
    ("Patient", "PatientBirthDate"): "UID407",
    ("Patient", "PatientName"): "UID407",
    ("Study", "PatientWeight"): "UID406",
    ("Study", "StudyDate"): "UID406",
    ("Series", "Modality"): "UID401",
    ("Series", "SeriesNumber"): "UID405",
    ("Equipment", "StationName"): "UID403",
    ("FrameOfReference", "FrameOfReferenceUID"): "UID404",
}
ASKED_OF_FLAWS = ("StudyInstanceUID", "SourceImageSequence > ReferencedSOPInstanceUID")
WRITTEN = {rule.code for rule in RULES}


def written(told: Sequence[Told], codes: dict[tuple[str, str], str] | None = None) -> list[Told]:
    """What can be asked of the rules that there are."""

    def wanted(case: Case | Flaw) -> str:
        return (codes or {}).get((getattr(case, "entity", ""), getattr(case, "attribute", "")), case.code)

    return [one for one in told if not wanted(one.case) or WRITTEN & set(wanted(one.case).split())]


def test_attributes_that_dcentvfy_compares_are_compared_here(tmp_path: Path) -> None:
    compared, _ = measuring.compared([CT])
    assert set(ATTRIBUTES) <= set(compared)
    told = compare(list(cases.attributes({key: compared[key] for key in ATTRIBUTES})), tmp_path)
    differing = {case.case.attribute for case in told if case.case.mutation == "two values" and case.theirs}
    assert differing == {keyword for _, keyword in ATTRIBUTES}, "dcentvfy sees what it is held against"
    assert list(unexplained(written(told, ATTRIBUTES))) == []


def test_patients_and_uids_are_compared_as_dcentvfy_does(tmp_path: Path) -> None:
    told = compare(list(identities.identities()), tmp_path)
    assert sum(1 for case in told if case.theirs) > len(told) / 2
    assert list(unexplained(written(told))) == []


def test_what_dcentvfy_is_blind_to_is_seen_here(tmp_path: Path) -> None:
    told = compare(list(identities.blind_spots()), tmp_path)
    assert [case.case.title for case in told if any("E " in said for said in case.theirs)] == []
    assert list(unexplained(written(told))) == []


def test_what_dciodvfy_says_of_a_uid_is_said_here(tmp_path: Path) -> None:
    chosen = [flaw for flaw in flaws.flawed() if flaw.place in ASKED_OF_FLAWS]
    told = compare_flaws([*chosen, *flaws.one_file()], tmp_path)
    assert sum(1 for flaw in told if flaw.theirs) > len(told) / 2
    assert list(unexplained(written(told))) == []


def test_every_reason_is_given_for_something() -> None:
    page = PAGE.read_text()
    for reason in (*reasons.ATTRIBUTES, *reasons.FLAWS):
        assert reason.text in page
    assert all(text in page for text in reasons.CASES.values())
