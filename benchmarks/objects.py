"""Real DICOM files in any number: pydicom's CT_small.dcm, a scanner's header of 258 elements, each with an
identity of its own, and with what differs from slice to slice in a series."""

from __future__ import annotations

import random
import shutil
import warnings
from pathlib import Path

import pydicom

BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"
"""pydicom's bundled test files. Found here, not through its data manager, which would download."""

PER_SERIES = 50
PER_STUDY = 10 * PER_SERIES

_ROOT = "1.3.6.1.4.1.32473.2"  # the enterprise number that IANA keeps for examples (RFC 5612)
_LENGTH = 64


def objects(folder: Path, count: int, *, large: bool = False) -> Path:
    """A folder of ``count`` CT images, 50 to a series and 10 series to a study: 40 KB
    each, or ``large``, 530 KB with 512 x 512 pixels, as a scanner makes them.

    Made once and kept: the same number gives the same files.
    """
    kind = "large-images" if large else "images"
    made = folder / f"{kind}-{count}"
    if not made.is_dir():
        unfinished = folder / f"unfinished-{kind}-{count}"
        shutil.rmtree(unfinished, ignore_errors=True)
        _make(unfinished, count, large)
        unfinished.rename(made)
    return made


def _make(folder: Path, count: int, large: bool) -> None:
    digits = random.Random(count)
    image = pydicom.dcmread(BUNDLED / "CT_small.dcm")
    if large:
        lines, image.Rows, image.Columns = image.PixelData, 4 * image.Rows, 4 * image.Columns
        image.PixelData = 16 * lines
    for index in range(count):
        study, series = index // PER_STUDY + 1, index // PER_SERIES + 1
        if index % PER_STUDY == 0:
            image.PatientID = image.StudyID = f"P{study}"
            for number, other in enumerate(image.OtherPatientIDsSequence):
                other.PatientID = f"P{study}-{number}"
            image.StudyInstanceUID = _uid(digits, 1)
            image.FrameOfReferenceUID = _uid(digits, 4)
        if index % PER_SERIES == 0:
            image.SeriesInstanceUID = _uid(digits, 2)
            image.SeriesNumber = series
        image.SOPInstanceUID = _uid(digits, 3)
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        _acquire(image, index % PER_SERIES, digits)
        image.PixelData = index.to_bytes(4, "little") + image.PixelData[4:]
        file = folder / f"study-{study}" / f"series-{series}" / f"{index:06}.dcm"
        file.parent.mkdir(parents=True, exist_ok=True)
        image.save_as(file)


def _acquire(image: pydicom.Dataset, place: int, digits: random.Random) -> None:
    """What differs from slice to slice when a scanner makes them: where, when and with how much current."""
    image.InstanceNumber = place + 1
    x, y, _ = image.ImagePositionPatient
    image.ImagePositionPatient = [x, y, round(-75.699997 + 5 * place, 6)]
    image.SliceLocation = round(-77.204063 + 5 * place, 6)
    image.XRayTubeCurrent = image.Exposure = digits.randrange(80, 400)
    second, fraction = 36 + place // 3, digits.randrange(10**6)
    image.AcquisitionTime = f"1129{second:02}.{fraction:06}"
    image.ContentTime = f"1130{second - 28:02}.{fraction:06}"
    image.InstanceCreationTime = f"0727{second - 5:02}"
    for element in (0x1024, 0x102A, 0x102E):  # mid scan time, X-ray on position, angle of first view
        image[0x0019, element].value = round(digits.uniform(-720, 720), 6)


def _uid(digits: random.Random, kind: int) -> str:
    """A UID as long as scanners like to make them."""
    arc = f"{_ROOT}.{kind}."
    lowest = 10 ** (_LENGTH - len(arc) - 1)
    return f"{arc}{digits.randrange(lowest, 10 * lowest)}"


def with_segmentations(folder: Path, count: int) -> Path:
    """A folder of ``count`` objects: CT images, and for each series its segmentation in another."""
    made = folder / f"segmented-images-{count}"
    if not made.is_dir():
        unfinished = folder / f"unfinished-segmented-images-{count}"
        shutil.rmtree(unfinished, ignore_errors=True)
        images = objects(folder, count * PER_SERIES // (PER_SERIES + 1))
        shutil.copytree(images, unfinished)
        rest = count - sum(1 for _ in unfinished.rglob("*.dcm"))
        for number, series in enumerate(sorted(unfinished.glob("study-*/series-*"))[:rest]):
            _segment(series, number)
        unfinished.rename(made)
    return made


def _segment(series: Path, number: int) -> None:
    """A segmentation of a series' images."""
    from tests.objects import save, segmentation  # highdicom takes a while to start

    images = [pydicom.dcmread(path) for path in sorted(series.glob("*.dcm"))]
    for place, image in enumerate(images):
        image.ImagePositionPatient = [0.0, 0.0, float(place)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = segmentation(images, f"{_ROOT}.5.{number}", f"{_ROOT}.6.{number}")
        save(made, series.with_name(f"{series.name}-segmented") / "0.dcm")
