"""A modality is one of PS3.3, or one that the organisation has named."""

from __future__ import annotations

import re

import pydicom
import pytest

from registry.errors import BadModality
from registry.modality import TERMS, parse_modality
from tests.objects import PYDICOM_FILES


@pytest.mark.parametrize("term", sorted(TERMS))
def test_each_defined_term_is_accepted_as_it_is(term: str) -> None:
    assert parse_modality(term) == term
    assert re.fullmatch(r"[A-Z0-9_ ]{1,16}", term)  # VR CS, PS3.5 section 6.2


@pytest.mark.parametrize("term", ["CT", "MR", "SEG", "SR", "PR", "KO", "RTSTRUCT", "ANN", "OT", "M3D"])
def test_the_terms_of_everyday_work_are_there(term: str) -> None:
    assert term in TERMS


@pytest.mark.parametrize("term", ["CS", "DF", "OPR", "ST"])
def test_retired_terms_are_there_for_old_archives(term: str) -> None:
    assert term in TERMS


def test_the_modalities_of_pydicoms_files_are_all_known() -> None:
    seen = set()
    for name in (
        "CT_small.dcm",
        "MR_small.dcm",
        "rtplan.dcm",
        "rtdose.dcm",
        "reportsi.dcm",
        "waveform_ecg.dcm",
    ):
        seen.add(pydicom.dcmread(PYDICOM_FILES / name, stop_before_pixels=True).Modality)
    assert seen == {"CT", "MR", "RTPLAN", "RTDOSE", "SR", "ECG"}
    assert seen <= TERMS


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("seg", "SEG"),
        ("ct", "CT"),
        ("SEGM", "SEG"),
        ("RTSTRUC", "RTSTRUCT"),
        ("RTDOS", "RTDOSE"),
        ("rtplan", "RTPLAN"),
        (" CT", "CT"),
    ],
)
def test_a_near_miss_is_refused_and_what_was_meant_is_told(text: str, meant: str) -> None:
    with pytest.raises(BadModality) as caught:
        parse_modality(text)
    assert f"'{text}' is not a modality" in caught.value.message
    assert re.search(rf"Did you mean .*\b{meant}\b.*\?", caught.value.advice)


@pytest.mark.parametrize("text", ["", "\n", "QQQQQQ", "CT\n", "CT\\MR", "CT\0", "Müller^Anna"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadModality) as caught:
        parse_modality(text)
    assert "\n" not in caught.value.message
    assert "\0" not in caught.value.message


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    with pytest.raises(BadModality) as caught:
        parse_modality("QQQQQQ")
    assert "Did you mean" not in caught.value.advice
    assert "uid-registry.toml" in caught.value.advice


def test_a_private_term_is_accepted_where_the_organization_lists_it() -> None:
    assert parse_modality("AIRESULT", private=["AIRESULT"]) == "AIRESULT"
    with pytest.raises(BadModality, match="'AIRESULT'"):
        parse_modality("AIRESULT")
    with pytest.raises(BadModality) as caught:
        parse_modality("AIRESULTS", private=["AIRESULT"])
    assert "Did you mean AIRESULT?" in caught.value.advice


def test_private_terms_come_beside_the_standards_not_in_their_place() -> None:
    assert parse_modality("CT", private=["AIRESULT"]) == "CT"
