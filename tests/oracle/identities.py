"""Cases about UIDs and patients: each at each level, and what dcentvfy is blind to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pydicom
from pydicom.dataset import Dataset

from tests.objects import reference_to, tiny
from tests.oracle.cases import Case
from tests.oracle.study import PATIENT, STUDY, Files, edited, setting, study, written

OTHER_STUDY = f"{STUDY}.500"
OTHER_PATIENT = f"{PATIENT}X"


def identities() -> Iterator[Case]:
    """Patient ID and the three UIDs of the hierarchy: two values, absent, empty, twice."""
    base = study({}, {})
    ct2, seg = base["ct2"], base["seg"]

    def case(title: str, code: str, **files: bytes) -> Case:
        return Case(title, {**base, **files}, base, code=code)

    def other(data: bytes, **values: Any) -> bytes:
        return edited(data, setting(**values))

    yield case("Patient ID, two values in a series", "UID306", ct2=other(ct2, PatientID=OTHER_PATIENT))
    yield case("Patient ID, two values in a study", "UID306", seg=other(seg, PatientID=OTHER_PATIENT))
    yield case("Patient ID, absent from one object", "UID410", ct2=other(ct2, PatientID=None))
    yield case("Patient ID, empty in one object", "UID410", ct2=other(ct2, PatientID=""))
    yield case("Patient ID, with spaces at the end", "", ct2=other(ct2, PatientID=f"{PATIENT}  "))
    yield case(
        "Study Instance UID, two values in a series", "UID305", ct2=other(ct2, StudyInstanceUID=OTHER_STUDY)
    )
    yield case("Study Instance UID, absent from one object", "UID109", ct2=other(ct2, StudyInstanceUID=None))
    yield case("Study Instance UID, empty in one object", "UID109", ct2=other(ct2, StudyInstanceUID=""))
    yield case(
        "Series Instance UID, absent from one object", "UID109", ct2=other(ct2, SeriesInstanceUID=None)
    )
    yield case("Series Instance UID, empty in one object", "UID109", ct2=other(ct2, SeriesInstanceUID=""))
    yield case("SOP Class UID, absent from one object", "UID109", ct2=other(ct2, SOPClassUID=None))
    moved = {"SeriesInstanceUID": f"{STUDY}.30", "SeriesNumber": "30"}
    yield case("one instance in two series", "UID302", again=other(ct2, **moved))
    elsewhere = {**moved, "StudyInstanceUID": OTHER_STUDY}
    yield case("one instance in two studies", "UID303", again=other(ct2, **elsewhere))
    yield case(
        "one instance of two patients", "UID303", again=other(ct2, **elsewhere, PatientID=OTHER_PATIENT)
    )
    yield case("the same file twice", "", again=ct2)
    yield case("one instance with two contents", "UID301", again=other(ct2, PixelData=bytes(2 * 32 * 32)))
    yield case("one instance of two classes", "UID304", again=other(ct2, SOPClassUID=_ENHANCED_CT))
    yield case(
        "Series Instance UID of two studies' series", "UID305", **_second_study(base, same_series=True)
    )
    gone = {name: data for name, data in base.items() if name != "ct1"}
    yield Case("an image that others refer to isn't there", gone, base, code="UID508")


_ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"


def _second_study(base: Files, *, same_series: bool = False, **values: Any) -> dict[str, bytes]:
    """The two MR images as a study of their own, beside the first."""
    series = f"{STUDY}.2" if same_series else f"{STUDY}.31"
    placed = {"StudyInstanceUID": OTHER_STUDY, "SeriesInstanceUID": series, **values}
    return {
        f"other{number}": edited(
            base[f"mr{number}"], setting(SOPInstanceUID=f"{STUDY}.31.{number}", **placed)
        )
        for number in (1, 2)
    }


def blind_spots() -> Iterator[Case]:
    """What dcentvfy doesn't say a word about."""
    base = study(
        {"AccessionNumber": "A1"}, {"InstitutionAddress": "here", "InstitutionalDepartmentName": "one"}
    )

    def case(title: str, code: str, name: str, *changes: Callable[[Dataset], None]) -> Case:
        return Case(title, {**base, name: edited(base[name], *changes)}, base, code=code)

    def added(title: str, code: str, known: bool = False, **files: bytes) -> Case:
        if known:
            return Case(title, files, files, code=code, known=base)
        return Case(title, {**base, **files}, base, code=code)

    yield case("Accession Number, two values in a study", "UID406", "seg", setting(AccessionNumber="A2"))
    for keyword in ("InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName"):
        yield case(f"{keyword}, two values in a series", "UID403", "ct2", setting(**{keyword: "elsewhere"}))
    yield case(
        "Frame of Reference UID, absent from one CT", "UID404", "ct2", setting(FrameOfReferenceUID=None)
    )
    frame = f"{STUDY}.8"
    yield added(
        "a frame of reference in two studies", "UID310", **_second_study(base, FrameOfReferenceUID=frame)
    )
    yield added(
        "a frame of reference of two patients",
        "UID309",
        **_second_study(base, FrameOfReferenceUID=frame, PatientID=OTHER_PATIENT),
    )
    yield case(
        "the SOP Instance UID of one object as frame of reference of others",
        "UID308",
        "mr1",
        setting(SOPInstanceUID=f"{STUDY}.9"),
    )
    yield case(
        "a Series Instance UID that is another's study", "UID308", "seg", setting(SeriesInstanceUID=STUDY)
    )
    yield added(
        "originals and derived images in one series",
        "UID502",
        derived=edited(
            base["ct2"],
            setting(
                SOPInstanceUID=f"{STUDY}.1.5", ImageType=["DERIVED", "SECONDARY", "AXIAL"], InstanceNumber="5"
            ),
        ),
    )
    source = {"SeriesInstanceUID": f"{STUDY}.1"}
    yield case(
        "a segmentation in its source's series, its Modality changed to CT",
        "UID501",
        "seg",
        setting(**source, **_as_in(base["ct1"], "Modality", *_OF_SERIES)),
    )
    yield case(
        "a parametric map in its source's series, its Modality CT",
        "UID402",
        "pm",
        setting(**source, **_as_in(base["ct1"], "Modality", *_OF_SERIES)),
    )
    yield case(
        "a reference that names another series than the image's", "UID510", "sr", _naming(series=f"{STUDY}.2")
    )
    yield case(
        "a reference that names another study than the image's", "UID510", "sr", _naming(study=OTHER_STUDY)
    )
    yield case(
        "a reference that names another class than the image's",
        "UID509",
        "sr",
        _naming(sop_class=_ENHANCED_CT),
    )
    yield added("a reference to another patient's image", "UID507", **_pointing_abroad(base, OTHER_PATIENT))
    yield case(
        "a segmentation of another study's images, which isn't named",
        "UID506",
        "seg",
        setting(StudyInstanceUID=OTHER_STUDY),
    )
    yield added("a tracking UID of two patients", "UID311", **_tracked_abroad(base))
    yield case(
        "a segmentation in another frame of reference than its source",
        "UID505",
        "seg",
        setting(FrameOfReferenceUID=f"{STUDY}.8"),
    )
    yield case(
        "a presentation state in another study than its images",
        "UID514",
        "pr",
        setting(StudyInstanceUID=OTHER_STUDY),
    )
    yield added(
        "a lossy copy that keeps its UID",
        "UID504",
        known=True,
        ct2=edited(base["ct2"], setting(LossyImageCompression="01", PixelData=b"\1\0" * 32 * 32)),
    )
    yield case(
        "a derived image that names itself as its source",
        "UID503",
        "ct2",
        lambda data_set: setattr(data_set, "SourceImageSequence", [reference_to(data_set)]),
    )
    yield _private_class()
    yield _with_a_64_bit_value(base)
    again = edited(base["ct2"], setting(PixelData=bytes(2 * 32 * 32)))
    yield added("another content than was recorded last year", "UID301", known=True, ct2=again)
    moved = edited(base["ct2"], setting(SeriesInstanceUID=f"{STUDY}.30"))
    yield added("another series than was recorded last year", "UID302", known=True, ct2=moved)
    yield added(
        "another class than was recorded last year",
        "UID304",
        known=True,
        ct2=edited(base["ct2"], setting(SOPClassUID=_ENHANCED_CT)),
    )
    yield added(
        "another patient than was recorded last year",
        "UID306",
        known=True,
        seg=edited(base["seg"], setting(PatientID=OTHER_PATIENT)),
    )
    yield added(
        "another equipment than was recorded last year",
        "UID403",
        known=True,
        new=edited(base["ct2"], setting(SOPInstanceUID=f"{STUDY}.1.7", StationName="B")),
    )


_OF_SERIES = """
    SeriesNumber SeriesDescription Manufacturer ManufacturerModelName StationName SoftwareVersions
    DeviceSerialNumber InstitutionName InstitutionAddress InstitutionalDepartmentName PatientPosition
    BodyPartExamined FrameOfReferenceUID PositionReferenceIndicator Laterality SeriesDate SeriesTime
""".split()


def _as_in(data: bytes, *keywords: str) -> dict[str, Any]:
    read = pydicom.dcmread(BytesIO(data))
    return {keyword: read.get(keyword) for keyword in keywords}


def _naming(
    *, series: str | None = None, study: str | None = None, sop_class: str | None = None
) -> Callable[[Dataset], None]:
    """A change of what a report says about its evidence."""

    def change(data_set: Dataset) -> None:
        (evidence,) = data_set.CurrentRequestedProcedureEvidenceSequence
        (of_series,) = evidence.ReferencedSeriesSequence
        if study:
            evidence.StudyInstanceUID = study
        if series:
            of_series.SeriesInstanceUID = series
        if sop_class:
            for item in of_series.ReferencedSOPSequence:
                item.ReferencedSOPClassUID = sop_class

    return change


def _pointing_abroad(base: Files, patient: str) -> dict[str, bytes]:
    """A second study, and the first one's structure set that refers to its image too."""
    files = _second_study(base, PatientID=patient, FrameOfReferenceUID=f"{STUDY}.81")

    def change(data_set: Dataset) -> None:
        item = Dataset()
        item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
        item.ReferencedSOPInstanceUID = f"{STUDY}.31.1"
        data_set.SourceImageSequence = [item]

    return {**files, "ct2": edited(base["ct2"], change)}


def _tracked_abroad(base: Files) -> dict[str, bytes]:
    """The report again, for another patient, its images and its lesion's tracking UID kept."""
    values = {
        "PatientID": OTHER_PATIENT,
        "StudyInstanceUID": OTHER_STUDY,
        "SeriesInstanceUID": f"{STUDY}.32",
        "SOPInstanceUID": f"{STUDY}.32.1",
    }
    return {"again": edited(base["sr"], setting(**values))}


def _private_class() -> Case:
    """Objects of a class that isn't the standard's: for them dcentvfy compares nothing."""
    files = {
        name: written(
            tiny(
                f"{STUDY}.1.{n}",
                f"{STUDY}.1",
                STUDY,
                sop_class="1.3.46.670589.11.0.0.12.1",
                patient=PATIENT,
                PatientSex="F",
                PatientName="One^A",
            )
        )
        for n, name in enumerate("ab", 1)
    }
    other = edited(files["b"], setting(PatientName="Two^B"))
    return Case(
        "the patient's name in objects of a private class", {**files, "b": other}, files, code="UID407"
    )


def _with_a_64_bit_value(base: Files) -> Case:
    """One 64-bit element stops dcentvfy: nothing is said about any file."""

    def change(data_set: Dataset) -> None:
        data_set.FileOffsetInContainer = 1
        data_set.PatientSex = "F"

    files = {**base, "ct2": edited(base["ct2"], change)}
    return Case("the patient's sex, where one object has a 64-bit value", files, base, code="UID407")
