"""UID410 and UID512: what an object must say and doesn't."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from registry.records import Finding, IndexRow, Kind
from registry.services.checking import check
from registry.services.indexing import register_rows
from registry.services.opening import OpenRegistry
from registry.services.querying import kept_findings
from tests.objects import (
    CT_CLASS,
    DERIVED,
    PR_CLASS,
    RTSTRUCT_CLASS,
    SEG_CLASS,
    SR_CLASS,
    changed,
    ct_slices,
    reference_to,
    save,
    tiny,
)
from tests.rules.conftest import Case, E, Judged, N, W, agrees, cases, lax, seen

Look = Callable[..., list[Finding]]

UID, STUDY = "1.2.3.4.1", "1.2.3"
INSTANCE = Kind.INSTANCE
STORAGE = "1.2.840.10008.5.1.4.1.1"
KO, PM, RWV = f"{STORAGE}.88.59", f"{STORAGE}.30", f"{STORAGE}.67"
PLAN, ION_PLAN, DOSE, RECORD = (f"{STORAGE}.481.{n}" for n in (5, 8, 2, 4))
REG, FID, BLENDING = f"{STORAGE}.66.1", f"{STORAGE}.66.2", f"{STORAGE}.11.4"
PALETTE, HANGING = "1.2.840.10008.5.1.4.39.1", "1.2.840.10008.5.1.4.38.1"


def of(sop_class: str, **values: object) -> Dataset:
    return tiny(sop_class=sop_class, **values)


def refers(sop_class: str, target: str, **values: object) -> Dataset:
    """An object of a class that refers to one of another."""
    return tiny(
        sop_class=sop_class, ReferencedImageSequence=[reference_to(tiny("1.2.9.9"), target)], **values
    )


def item(**values: object) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


CLASSLESS = item(ReferencedSOPInstanceUID="1.2.9.9")
with lax():
    NO_UID = item(ReferencedSOPInstanceUID="image 7")
SERIES = item(SeriesInstanceUID="1.2.9", ReferencedInstanceSequence=[])

CASES = [
    Case("UID410", "an empty one", tiny(patient=""), (W, STUDY, Kind.STUDY), "no Patient ID"),
    Case("UID410", "none", changed(tiny(study="1.2.31"), PatientID=None), (W, "1.2.31", Kind.STUDY)),
    Case("UID410", "nothing but spaces", tiny(study="1.2.32", patient="  "), (W, "1.2.32", Kind.STUDY)),
    Case("UID410", "without a study", tiny(study=None, patient=""), (W, "1.2.3.4", Kind.SERIES)),
    Case("UID410", "without study and series", tiny(study=None, series=None, patient=""), (W, UID, INSTANCE)),
    Case(
        "UID410",
        "a private class",
        of("1.2.840.113619.4.30", study="1.2.33", patient=""),
        (W, "1.2.33", Kind.STUDY),
    ),
    Case("UID410", "without any UID", tiny(None, None, None, patient="")),
    Case("UID410", "an ID", tiny()),
    Case("UID410", "a color palette", of(PALETTE, patient="")),
    Case("UID410", "a hanging protocol", of(HANGING, patient="")),
    Case(
        "UID512",
        "a presentation state",
        of(PR_CLASS),
        (W, UID, INSTANCE),
        "presentation state doesn't name any",
    ),
    Case("UID512", "a blending state", of(BLENDING), (W, UID, INSTANCE)),
    Case(
        "UID512", "a presentation state that names a series", of(PR_CLASS, ReferencedSeriesSequence=[SERIES])
    ),
    Case("UID512", "key objects", of(KO), (W, UID, INSTANCE)),
    Case("UID512", "key objects in an image", refers(KO, CT_CLASS)),
    Case("UID512", "a value mapping", of(RWV), (W, UID, INSTANCE)),
    Case("UID512", "a value mapping of an image", refers(RWV, CT_CLASS)),
    Case("UID512", "a segmentation of nothing", of(SEG_CLASS), (W, UID, INSTANCE), "any image"),
    Case(
        "UID512", "a segmentation in a frame of reference", of(SEG_CLASS, frame="1.2.7"), (N, UID, INSTANCE)
    ),
    Case("UID512", "a segmentation of an image", refers(SEG_CLASS, CT_CLASS)),
    Case("UID512", "a registration of nothing", of(REG), (W, UID, INSTANCE)),
    Case(
        "UID512",
        "a registration of frames of reference",
        of(REG, RegistrationSequence=[item(FrameOfReferenceUID="1.2.7")]),
    ),
    Case(
        "UID512",
        "fiducials nowhere",
        of(FID, FiducialSetSequence=[item(FiducialSequence=[])]),
        (W, UID, INSTANCE),
    ),
    Case(
        "UID512",
        "fiducials in a frame of reference",
        of(FID, FiducialSetSequence=[item(FrameOfReferenceUID="1.2.7")]),
    ),
    Case("UID512", "fiducials in an image", refers(FID, CT_CLASS)),
    Case(
        "UID512",
        "a plan on a patient",
        of(PLAN, RTPlanGeometry="PATIENT"),
        (W, UID, INSTANCE),
        "geometry is PATIENT",
    ),
    Case("UID512", "an ion plan on a patient", of(ION_PLAN, RTPlanGeometry="PATIENT"), (W, UID, INSTANCE)),
    Case(
        "UID512",
        "a plan that names but a plan",
        refers(PLAN, PLAN, RTPlanGeometry="PATIENT"),
        (W, UID, INSTANCE),
    ),
    Case("UID512", "a plan with its structures", refers(PLAN, RTSTRUCT_CLASS, RTPlanGeometry="PATIENT")),
    Case(
        "UID512",
        "a plan that doesn't say what it names",
        of(PLAN, RTPlanGeometry="PATIENT", ReferencedStructureSetSequence=[CLASSLESS]),
    ),
    Case("UID512", "a plan on a device", of(PLAN, RTPlanGeometry="TREATMENT_DEVICE")),
    Case("UID512", "a plan that doesn't say", of(PLAN)),
    Case(
        "UID512", "a dose of a plan", of(DOSE, DoseSummationType="PLAN"), (W, UID, INSTANCE), "type is PLAN"
    ),
    Case("UID512", "a dose of a beam", of(DOSE, DoseSummationType="BEAM"), (W, UID, INSTANCE)),
    Case("UID512", "a dose with its plan", refers(DOSE, PLAN, DoseSummationType="PLAN")),
    Case("UID512", "a dose with its ion plan", refers(DOSE, ION_PLAN, DoseSummationType="MULTI_PLAN")),
    Case(
        "UID512",
        "a dose of a record",
        of(DOSE, DoseSummationType="RECORD"),
        (W, UID, INSTANCE),
        "treatment record",
    ),
    Case("UID512", "a dose with its record", refers(DOSE, RECORD, DoseSummationType="RECORD")),
    Case("UID512", "a dose of something else", of(DOSE, DoseSummationType="PLAN_OVERVIEW")),
    Case("UID512", "structures", of(RTSTRUCT_CLASS)),
    Case("UID512", "a parametric map", of(PM)),
    Case("UID512", "a report", of(SR_CLASS)),
    Case("UID512", "one that names what is no UID", of(PR_CLASS, ReferencedImageSequence=[NO_UID])),
    Case("UID512", "an image that is derived", tiny(ImageType=["DERIVED", "SECONDARY"])),
    Case("UID512", "a private class", of("1.2.840.113619.4.30")),
]


@cases(CASES)
def test_what_is_found(case: Case, in_file: Judged) -> None:
    agrees(case, in_file(case))


def test_of_a_row_of_an_index_nothing_is_known(registry: OpenRegistry) -> None:
    rows = [
        IndexRow(f"1.2.3.4.{n}", name, f"1.2.3.{n}", "1.2.3")
        for n, name in enumerate((PR_CLASS, KO, SEG_CLASS))
    ]
    report = register_rows(registry, rows)
    assert [f for f in report.findings if f.code in ("UID410", "UID512")] == []


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("sort", DERIVED)
def test_what_highdicom_makes_is_complete(look: Look, sort: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = DERIVED[sort](ct_slices(2), "1.2.3.5", "1.2.3.5.1")
    assert look("UID512", made) == []
    assert look("UID410", made) == []


def test_one_finding_a_study_is_kept(registry: OpenRegistry, tmp_path: Path) -> None:
    from registry.services.registering import register

    paths = [str(save(tiny(f"1.2.3.4.{n}", patient=""), tmp_path / f"{n}.dcm")) for n in range(3)]
    register(registry, paths)
    kept = [finding for finding in kept_findings(registry) if finding.code == "UID410"]
    assert [(finding.uid, finding.severity) for finding in kept] == [(STUDY, W)]


@pytest.mark.engine("sqlite")
def test_a_patient_id_left_out_fails_no_export(registry: OpenRegistry, tmp_path: Path) -> None:
    report = check(registry, [str(save(tiny(patient=""), tmp_path / "a.dcm"))])
    assert report.passed()
    assert not report.passed("warning")
    assert seen(report.failing("warning")) == [(W, STUDY, Kind.STUDY)]
    assert E not in {finding.severity for finding in report.findings}
