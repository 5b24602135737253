"""Which kinds of object may share a series, held against the standard's own tables."""

from __future__ import annotations

import json
import re
from pathlib import Path

import highdicom
import pytest
from pydicom.uid import UID, UID_dictionary

from registry.sopclass import (
    FRAME_OF_REFERENCE_CLASSES,
    MEDIA_DIRECTORY,
    NATIVE_TRANSFER_SYNTAXES,
    STORAGE,
    Family,
    family_of,
    has_patient,
)

STORAGE_CLASSES = {
    uid: entry[4]
    for uid, entry in UID_dictionary.items()
    if uid.startswith(f"{STORAGE}.") and entry[1] == "SOP Class"
}
"""The storage classes of PS3.6, as pydicom has them: UID to keyword."""

_TABLES = Path(highdicom.__file__).parent / "_standard"
_IODS: dict[str, str] = json.loads((_TABLES / "sop_class_iod_map.json").read_text())
_MODULES: dict[str, list[dict[str, str]]] = json.loads((_TABLES / "iod_module_map.json").read_text())


def classes_with(module: str, usages: str) -> set[str]:
    """The SOP Classes whose IOD has a module (PS3.3 Annex A), by highdicom's copy of the tables."""
    return {
        uid
        for uid, iod in _IODS.items()
        if any(entry["key"] == module and entry["usage"] in usages for entry in _MODULES[iod])
    }


# What the keyword of a class says it is; the first that fits counts.
_BY_KEYWORD = [
    ("PresentationState", Family.PR),
    ("SRStorage|ProcedureLog|MacularGridThickness", Family.SR),
    ("KeyObjectSelection", Family.KO),
    ("Segmentation", Family.SEG),
    ("ParametricMap", Family.PM),
    ("RTStructureSet", Family.RTSTRUCT),
    ("RT(Ion)?Plan", Family.RTPLAN),
    ("RTDose", Family.RTDOSE),
    ("Radiation(Salvage)?Record|TreatmentRecord|TreatmentSummaryRecord", Family.RTRECORD),
    ("SpatialRegistration", Family.REG),
    ("Fiducials", Family.FID),
    ("BulkSimpleAnnotations", Family.ANN),
    ("RealWorldValueMapping", Family.RWV),
    ("Encapsulated", Family.DOCUMENT),
    ("Image|USVolume|ThicknessMap|TopographyMap", Family.IMAGE),
]


def by_keyword(keyword: str) -> Family | None:
    return next((family for pattern, family in _BY_KEYWORD if re.search(pattern, keyword)), None)


@pytest.mark.parametrize(("uid", "keyword"), STORAGE_CLASSES.items(), ids=STORAGE_CLASSES.values())
def test_each_storage_class_stands_in_the_family_that_its_name_says(uid: str, keyword: str) -> None:
    assert family_of(uid) is by_keyword(keyword)


def test_every_family_has_a_class() -> None:
    assert {family_of(uid) for uid in STORAGE_CLASSES} == {None, *Family}


@pytest.mark.parametrize(
    "uid",
    [
        f"{STORAGE}.66",  # raw data
        f"{STORAGE}.4.2",  # spectroscopy
        f"{STORAGE}.9.1.1",  # a waveform
        "1.2.840.113619.4.30",  # a private class
        "1.2.840.10008.1.1",  # no storage class at all
        "",
        None,
    ],
)
def test_what_vendors_put_beside_images_stands_in_no_family(uid: str | None) -> None:
    assert family_of(uid) is None


def test_every_sort_of_segmentation_is_one() -> None:
    # Label maps (66.7) and height maps (66.8) are newer than pydicom's table; highdicom
    # writes the former for SegmentationTypeValues.LABELMAP.
    uids = [uid for uid, iod in _IODS.items() if "segmentation" in iod]
    assert sorted(uids) == [f"{STORAGE}.66.{number}" for number in (4, 5, 7, 8)]
    assert {uid: family_of(uid) for uid in uids} == dict.fromkeys(uids, Family.SEG)


# --- modules ------------------------------------------------------------------------------


def test_a_frame_of_reference_is_expected_only_where_the_iod_demands_one() -> None:
    assert set() == FRAME_OF_REFERENCE_CLASSES - classes_with("frame-of-reference", "M")


def test_a_frame_of_reference_is_expected_of_every_image_whose_iod_demands_one() -> None:
    demanding = classes_with("frame-of-reference", "M")
    images = {uid for uid in demanding if family_of(uid) is Family.IMAGE}
    # A tiled slide's label has no frame of reference (PS3.3 table A.32.8-1).
    tiled = {"ConfocalMicroscopyTiledPyramidalImageStorage"}
    assert {STORAGE_CLASSES[uid] for uid in images - FRAME_OF_REFERENCE_CLASSES} == tiled


def test_classes_without_a_patient_are_those_whose_iod_has_no_patient() -> None:
    without = {uid for uid in _IODS if not has_patient(uid)}
    assert without | {MEDIA_DIRECTORY} == set(_IODS) - classes_with("patient", "MCU")


@pytest.mark.parametrize("uid", [None, "", "1.2.840.113619.4.30"])
def test_an_unknown_class_is_taken_to_have_a_patient(uid: str | None) -> None:
    assert has_patient(uid)


# --- transfer syntaxes -------------------------------------------------------------------------


def test_native_transfer_syntaxes_are_those_that_encapsulate_nothing() -> None:
    syntaxes = [UID(uid) for uid, entry in UID_dictionary.items() if entry[1] == "Transfer Syntax"]
    native = {uid for uid in syntaxes if not uid.is_encapsulated and uid.name.endswith("Endian")}
    papyrus = "1.2.840.10008.1.20"  # retired; its files are no DICOM files
    assert native - {papyrus} == NATIVE_TRANSFER_SYNTAXES
