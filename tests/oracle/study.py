"""The study that is mutated: CT, MR, and what is made of them, each object as the bytes of its file.

Every UID and the Patient ID hold the same six digits. Copies for another set
have other digits of the same number, so the bytes are exchanged and nothing has
to be parsed.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from tests.objects import (
    PYDICOM_FILES,
    changed,
    ct_slices,
    key_objects,
    parametric_map,
    presentation,
    report,
    save,
    segmentation,
    tiny,
)

ROOT = "1.3.6.1.4.1.32473.7"
FIRST = 713_000
STUDY = f"{ROOT}.{FIRST}"
PATIENT = f"P{FIRST}"
Files = Mapping[str, bytes]
"""Name -> file."""
Change = Callable[[Dataset], None]


def numbered(files: Files, number: int) -> dict[str, bytes]:
    """The same files for another patient, with UIDs of their own."""
    old, new = str(FIRST).encode(), str(FIRST + number).encode()
    copies = dict(files)
    for name, data in files.items():
        copies[name] = data.replace(b"." + old, b"." + new).replace(b"P" + old, b"P" + new)
    return copies


def edited(data: bytes, *changes: Change) -> bytes:
    """A file with something changed, its file meta information renewed."""
    data_set = pydicom.dcmread(BytesIO(data))
    for change in changes:
        change(data_set)
    return written(data_set)


def written(data_set: Dataset) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return save(data_set, Path(folder) / "object.dcm").read_bytes()


def setting(**values: Any) -> Change:
    """A change that sets attributes, or deletes those that are None."""

    def change(data_set: Dataset) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for keyword, value in values.items():
                if value is not None:
                    tag = tag_for_keyword(keyword) or 0
                    data_set.add_new(tag, dictionary_VR(tag).split(" ")[0], value)
                elif keyword in data_set:
                    delattr(data_set, keyword)

    return change


def study(shared: Mapping[str, Any], series: Mapping[str, Any]) -> dict[str, bytes]:
    """The study. ``shared`` are attributes of its patient and itself, which all objects
    get; ``series`` those of the CT's series."""
    ct = _ct()
    mr = _mr(ct[0])
    objects: dict[str, Dataset] = {"ct1": ct[0], "ct2": ct[1], "mr1": mr[0], "mr2": mr[1]}
    objects |= {
        "seg": segmentation(ct, f"{STUDY}.20", f"{STUDY}.20.1"),
        "pm": parametric_map(ct, f"{STUDY}.21", f"{STUDY}.21.1"),
        "sr": report(ct, f"{STUDY}.22", f"{STUDY}.22.1"),
        "ko": key_objects(ct, f"{STUDY}.23", f"{STUDY}.23.1"),
        "pr": presentation(ct, f"{STUDY}.24", f"{STUDY}.24.1"),
        "rtstruct": _structures(ct[0]),
    }
    for name, data_set in objects.items():
        _own(data_set)
        setting(**shared)(data_set)
        if name.startswith("ct"):
            setting(**series)(data_set)
    return {name: written(data_set) for name, data_set in objects.items()}


def pair(sop_class: str, entity: str, **values: Any) -> dict[str, bytes]:
    """Two small objects of any class: in one series, or only of one study or patient."""
    series = (f"{STUDY}.1", f"{STUDY}.1" if entity not in ("Study", "Patient") else f"{STUDY}.2")
    studies = (STUDY, STUDY if entity != "Patient" else f"{STUDY}.3")
    files = {}
    for number in (0, 1):
        data_set = tiny(
            f"{STUDY}.1.{number + 1}",
            series[number],
            studies[number],
            sop_class=sop_class,
            modality="OT",
            patient=PATIENT,
        )
        setting(**values)(data_set)
        files[f"{'ab'[number]}"] = written(data_set)
    return files


def _ct() -> list[FileDataset]:
    return [
        changed(
            image,
            PixelData=image.PixelData[: 2 * 32 * 32],
            Rows=32,
            Columns=32,
            SeriesDescription="axial",
            OtherPatientIDsSequence=None,
            DataSetTrailingPadding=None,
        )
        for image in ct_slices(2, study=STUDY, patient=PATIENT)
    ]


def _mr(like: Dataset) -> list[FileDataset]:
    images = []
    for number in (1, 2):
        image = pydicom.dcmread(PYDICOM_FILES / "MR_small.dcm")
        _same_patient_and_study(image, like)
        image.SeriesInstanceUID, image.SOPInstanceUID = f"{STUDY}.2", f"{STUDY}.2.{number}"
        image.FrameOfReferenceUID = f"{STUDY}.8"
        image.SeriesNumber, image.InstanceNumber = 2, number
        image.ImagePositionPatient = [0.0, 0.0, float(number)]
        image.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
        image.Laterality = ""
        del image.DataSetTrailingPadding
        images.append(image)
    return images


def _structures(image: Dataset) -> Dataset:
    """pydicom's structure set, drawn on the CT (PS3.3 A.19)."""
    read = pydicom.dcmread(PYDICOM_FILES / "rtstruct.dcm", force=True)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data_set.update({element.tag: element for element in read})
    _same_patient_and_study(data_set, image)
    data_set.SeriesInstanceUID, data_set.SOPInstanceUID = f"{STUDY}.25", f"{STUDY}.25.1"
    data_set.SeriesNumber = 25
    frame = image.FrameOfReferenceUID
    (referenced,) = data_set.ReferencedFrameOfReferenceSequence
    referenced.FrameOfReferenceUID = frame
    (referenced_study,) = referenced.RTReferencedStudySequence
    referenced_study.ReferencedSOPInstanceUID = image.StudyInstanceUID
    (series,) = referenced_study.RTReferencedSeriesSequence
    series.SeriesInstanceUID = image.SeriesInstanceUID
    contour = Dataset()
    contour.ReferencedSOPClassUID, contour.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    series.ContourImageSequence = [contour]
    for region in data_set.StructureSetROISequence:
        region.ReferencedFrameOfReferenceUID = frame
    return data_set


_OF_PATIENT_AND_STUDY = """
    PatientName PatientID PatientBirthDate PatientSex PatientAge PatientSize PatientWeight
    AdditionalPatientHistory StudyInstanceUID StudyDate StudyTime StudyID StudyDescription AccessionNumber
    ReferringPhysicianName NameOfPhysiciansReadingStudy
"""


def _same_patient_and_study(data_set: Dataset, like: Dataset) -> None:
    for keyword in _OF_PATIENT_AND_STUDY.split():
        setting(**{keyword: like.get(keyword)})(data_set)


def _own(data_set: Dataset) -> None:
    """Give what a library made a UID for one that is numbered like all others."""
    made: dict[str, int] = {}

    def visit(_: Dataset, element: Any) -> None:
        if element.VR == "UI" and str(element.value).startswith("1.2.826.0.1.3680043.10.511.3"):
            number = made.setdefault(str(element.value), len(made) + 1)
            element.value = f"{STUDY}.77.{data_set.SeriesNumber}.{number}"

    data_set.walk(visit)
