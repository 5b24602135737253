"""All UIDs of an object are replaced at any depth, and nothing else of it changes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from registry.dicomfile.replacing import Places, find
from registry.dicomfile.structural import STRUCTURAL
from registry.dicomfile.unreadable import UnreadableDicom
from registry.kinds import Kind
from tests.objects import (
    bundled,
    ct_slices,
    key_objects,
    parametric_map,
    presentation,
    registration,
    report,
    segmentation,
)
from tests.oracle.peers import dciodvfy

PRIVATE = 0x0009_0010
UI_KEYWORDS = {entry[4]: tag for tag, entry in DicomDictionary.items() if entry[0] == "UI"}


class Map:
    """Makes a replacement for whatever it is asked for, always the same."""

    def __init__(self) -> None:
        self.made: dict[str, str] = {}

    def __call__(self, uids: Any) -> dict[str, str]:
        for uid in uids:
            if uid and not uid.startswith("1.2.840.10008."):
                self.made.setdefault(uid, f"2.25.{10**30 + len(self.made)}")
        return {uid: self.made.get(uid, uid) for uid in uids}

    def replaced(self, data_set: Dataset) -> Places:
        places = find(data_set)
        places.replace(self(places.uids))
        return places


def elements(data_set: Dataset) -> Iterator[tuple[Dataset, Any]]:
    """Each element at any depth, by pydicom alone."""
    for part in (getattr(data_set, "file_meta", None), data_set):
        for element in part or ():
            yield part, element
            if element.VR == "SQ":
                for item in element.value:
                    yield from elements(item)


def written(data_set: Dataset) -> bytes:
    file = BytesIO()
    pydicom.dcmwrite(file, data_set, enforce_file_format=False)
    return file.getvalue()


def test_each_ui_attribute_is_replaced_or_says_why_not() -> None:
    assert STRUCTURAL.keys() <= UI_KEYWORDS.keys()
    for keyword, tag in UI_KEYWORDS.items():
        if tag >> 16 == 0:
            continue  # of a command, which is in no file
        data_set = Dataset()
        setattr(data_set, keyword, "1.2.3.4")
        Map().replaced(data_set)
        assert (data_set[keyword].value == "1.2.3.4") is (keyword in STRUCTURAL), keyword
    names = {keyword for keyword in UI_KEYWORDS if re.search("Class|TransferSyntax", keyword)}
    assert names <= STRUCTURAL.keys(), "whatever is called so names no instance"


FORGOTTEN = (
    "MultiFrameSourceSOPInstanceUID", "SOPInstanceUIDOfConcatenationSource", "VolumeFrameOfReferenceUID",
    "TableFrameOfReferenceUID", "TargetFrameOfReferenceUID", "EquipmentFrameOfReferenceUID",
    "ReferencedFiducialUID", "ReferencedColorPaletteInstanceUID", "VolumetricPresentationInputSetUID",
    "RadiopharmaceuticalAdministrationEventUID", "CreatorVersionUID", "AssertionUID",
    "ReferencedAssertionUID", "ModelGroupUID", "SegmentationTemplateUID", "FindingsGroupUIDTrial",
    "RTVCommunicationSOPInstanceUID",
    "RepositoryUniqueID", "HomeCommunityID", "RetrieveLocationUID", "AnnotationGroupUID",
)  # fmt: skip


def test_what_table_e_1_1_forgets_is_not_forgotten() -> None:
    assert not STRUCTURAL.keys() & set(FORGOTTEN)


def test_kinds_are_told_where_elements_tell_them() -> None:
    data_set = Dataset()
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID, data_set.SOPInstanceUID = "1.2.1", "1.2.2", "1.2.3"
    study, image = Dataset(), Dataset()
    study.ReferencedSOPInstanceUID, image.ReferencedSOPInstanceUID = "1.2.4", "1.2.5"
    data_set.ReferencedStudySequence, data_set.ReferencedImageSequence = [study], [image]
    data_set.DeviceUID = "1.2.6"
    data_set.FiducialUID = "1.2.7"
    assert find(data_set).uids == {
        "1.2.1": Kind.STUDY,
        "1.2.2": Kind.SERIES,
        "1.2.3": Kind.INSTANCE,
        "1.2.4": Kind.STUDY,
        "1.2.5": Kind.INSTANCE,
        "1.2.6": Kind.DEVICE,
        "1.2.7": None,
    }


# --- where UIDs hide -------------------------------------------------------------------------


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"])
def test_private_elements_and_sequences_are_looked_into(syntax: str) -> None:
    (image,) = ct_slices(1)
    image.file_meta.TransferSyntaxUID = syntax
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    inner, outer = Dataset(), Dataset()
    inner.ReferencedSOPInstanceUID = image.SOPInstanceUID
    outer.add_new(PRIVATE, "LO", "ACME")
    outer.add_new(0x0009_1001, "SQ", [inner])
    image.add_new(PRIVATE, "LO", "ACME")
    image.add_new(0x0009_1001, "UI", [image.StudyInstanceUID, image.SeriesInstanceUID])
    image.add_new(0x0009_1002, "SQ", [outer])
    image.OriginalAttributesSequence = [outer]
    image["OriginalAttributesSequence"].value[0].ModifiedAttributesSequence = [deepcopy(inner)]
    image.set_original_encoding(syntax == "1.2.840.10008.1.2", not syntax.endswith(".2.2"))
    read = pydicom.dcmread(BytesIO(written(image)))
    made = Map()
    made.replaced(read)
    again = written(read)
    for old in (image.SOPInstanceUID, image.SeriesInstanceUID, image.StudyInstanceUID):
        # A longer one begins with a shorter one; what stands alone doesn't.
        assert not re.search(rb"(?<![0-9.])" + re.escape(old.encode()) + rb"(?![0-9.])", again)
    copy = pydicom.dcmread(BytesIO(again))
    assert copy.SOPInstanceUID == copy.file_meta.MediaStorageSOPInstanceUID == made.made[image.SOPInstanceUID]
    assert copy.PixelData == image.PixelData


def unknown(value: bytes) -> Dataset:
    """A data set with a private element in UN, as a file gives it."""
    (image,) = ct_slices(1)
    image.add_new(PRIVATE, "LO", "ACME")
    image.add_new(0x0009_1001, "UN", value)
    return pydicom.dcmread(BytesIO(written(image)))


def item(*elements: bytes) -> bytes:
    body = b"".join(elements)
    return b"\xfe\xff\x00\xe0" + len(body).to_bytes(4, "little") + body


END = b"\xfe\xff\xdd\xe0\0\0\0\0"
IMPLICIT = b"\x08\x00\x55\x11\x0e\x00\x00\x001.2.826.0.99.7"
EXPLICIT = b"\x08\x00\x55\x11UI\x0e\x001.2.826.0.99.7"


@pytest.mark.parametrize(
    "value",
    [
        b"1.2.826.0.99.7",
        b"1.2.826.0.99.7\0\0",
        item(IMPLICIT),
        item(EXPLICIT),
        item(IMPLICIT) * 2,
        item(IMPLICIT) + END,
        item(EXPLICIT) + END,
    ],
    ids=["uid", "padded", "implicit", "explicit", "two", "implicit-ended", "explicit-ended"],
)
def test_a_uid_in_unknown_is_replaced(value: bytes) -> None:
    read, made = unknown(value), Map()
    made.replaced(read)
    new = pydicom.dcmread(BytesIO(written(read)))[0x0009_1001].value
    assert b"1.2.826.0.99.7" not in new
    assert made.made["1.2.826.0.99.7"].encode() in new
    assert new.count(b"\xfe\xff\x00\xe0") == value.count(b"\xfe\xff\x00\xe0")
    assert new.endswith(END) == value.endswith(END)


def test_what_is_too_deep_or_too_long_is_refused_rather_than_left_as_it_is() -> None:
    value = IMPLICIT
    for _ in range(1000):
        value = b"\x09\x00\x01\x10" + len(item(value)).to_bytes(4, "little") + item(value)
    with pytest.raises(UnreadableDicom, match="too deeply"):
        find(unknown(item(value)))
    (image,) = ct_slices(1)
    image[0x0008_3010] = RawDataElement(Tag(0x0008_3010), "UI", 1026, b"1." + b"3" * 1024, 0, False, True)
    with pytest.raises(UnreadableDicom, match="1,024 characters"):
        find(image)


@pytest.mark.parametrize(
    "value",
    [
        b"1.2.3.4",
        b"192.168.0.17",
        b"10.2.1",
        item(b"rubbish!"),
        item(IMPLICIT)[:-3],
        b"\0" * 9,
        item() + b"xx",
        item(b"rubbish!") + END,
    ],
)
def test_what_may_be_something_else_stays(value: bytes) -> None:
    read = unknown(value)
    before = written(read)
    Map().replaced(read)
    after = pydicom.dcmread(BytesIO(written(read)))[0x0009_1001].value
    assert after == pydicom.dcmread(BytesIO(before))[0x0009_1001].value


def test_signatures_and_what_is_encrypted_are_told() -> None:
    data_set, below = Dataset(), Dataset()
    below.DigitalSignaturesSequence = [Dataset()]
    data_set.ReferencedImageSequence = [below]
    assert (find(data_set).signed, find(data_set).encrypted) == (True, False)
    data_set.EncryptedAttributesSequence = [Dataset()]
    assert find(data_set).encrypted


def test_odd_values_in_memory_are_taken_as_they_are() -> None:
    data_set = Dataset()
    data_set.add_new("StudyInstanceUID", "UI", None)
    data_set.add_new("SeriesInstanceUID", "UI", "")
    data_set.add_new("FailedSOPInstanceUIDList", "UI", ["1.2.3", "1.2.4"])
    data_set.add_new("ReferencedImageSequence", "SQ", Sequence())
    made = Map()
    made.replaced(data_set)
    assert list(data_set.FailedSOPInstanceUIDList) == [made.made["1.2.3"], made.made["1.2.4"]]
    assert not data_set.StudyInstanceUID
    assert not data_set.SeriesInstanceUID


# --- real files ------------------------------------------------------------------------------


def readable() -> Iterator[tuple[Path, Dataset, bytes]]:
    for path in bundled():
        try:
            data_set = pydicom.dcmread(path)
            yield path, data_set, written(pydicom.dcmread(path))
        except Exception:  # noqa: BLE001 (what pydicom can't read and write nobody can copy)
            continue


@pytest.mark.filterwarnings("ignore")
def test_no_file_of_pydicom_keeps_a_uid_and_nothing_else_changes() -> None:
    made, seen = Map(), 0
    for path, data_set, before in readable():
        made.replaced(data_set)
        after = written(data_set)
        plain, copy = (pydicom.dcmread(BytesIO(data), force=True) for data in (before, after))
        for (_, old), (_, new) in zip(elements(plain), elements(copy), strict=True):
            assert (old.tag, old.VR) == (new.tag, new.VR), path
            if old.VR == "UI" and keyword_for_tag(old.tag) not in STRUCTURAL:
                for one, other in zip(_several(old.value), _several(new.value), strict=True):
                    standard = not one or one.startswith("1.2.840.10008.")
                    assert other == (one if standard else made.made[one]), path
            elif old.VR not in ("SQ", "UN") and old.tag != 0x0002_0000 and old.tag & 0xFFFF:
                assert old.value == new.value or old.value != old.value, (path, old.tag)
        seen += 1
    assert seen > 100


def _several(value: Any) -> list[str]:
    return [value] if isinstance(value, str) or value is None else list(value)


def study() -> list[Dataset]:
    slices = ct_slices(3)
    made = [
        make(slices, f"1.2.826.0.99.{number}", f"1.2.826.0.99.{number}.1")
        for number, make in enumerate((segmentation, parametric_map, report, key_objects, presentation), 20)
    ]
    frame = slices[0].FrameOfReferenceUID
    return [*slices, *made, registration("1.2.3.6.1", "1.2.3.6", frame, "1.2.3.9")]


@pytest.mark.filterwarnings("ignore")
def test_references_lead_to_the_copies_and_none_to_an_original(tmp_path: Path) -> None:
    made, copies, before = Map(), [], []
    for number, data_set in enumerate(study()):
        old, new = tmp_path / f"{number}-old.dcm", tmp_path / f"{number}-new.dcm"
        data_set.save_as(old, enforce_file_format=True)
        read = pydicom.dcmread(old)
        pixels = read.get("PixelData")
        made.replaced(read)
        assert read.get("PixelData") == pixels
        read.save_as(new)
        copies.append(pydicom.dcmread(new))
        before.append((old, new))
    there = {copy.SOPInstanceUID for copy in copies} | {copy.SeriesInstanceUID for copy in copies}
    references = 0
    for copy in copies:
        for _, element in elements(copy):
            texts = _several(element.value) if element.VR == "UI" else [str(element.value)]
            if element.VR != "SQ":
                assert not any(text in made.made for text in texts), element.tag
            if element.keyword == "ReferencedSOPInstanceUID":
                references += 1
                assert element.value in there
    assert references > 15
    for old, new in before:
        assert _complaints(new) <= _complaints(old), new


def _complaints(path: Path) -> set[str]:
    return {line for line in dciodvfy(path) if line.startswith("Error")}


@pytest.mark.filterwarnings("ignore")
def test_what_an_object_shares_with_its_sources_stays_in_them() -> None:
    slices = ct_slices(2)
    before = deepcopy(slices)
    made = segmentation(slices, "1.2.826.0.99.20", "1.2.826.0.99.20.1")
    Map().replaced(made)
    assert made.StudyInstanceUID.startswith("2.25.")
    assert slices == before


def test_a_warning_of_pydicom_is_no_error() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Map().replaced(ct_slices(1)[0])
