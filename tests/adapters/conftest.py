"""A study as it leaves a hospital, and what must hold of it once its UIDs are replaced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from registry.api import Registry
from registry.settings import Settings
from tests.objects import (
    ct_slices,
    key_objects,
    parametric_map,
    presentation,
    reference_to,
    registration,
    report,
    save_all,
    segmentation,
)

STUDY = "1.2.826.0.99.1"
CREATOR = "EXAMPLE PRIVATE"

STANDARD = "1.2.840.10008."
CODED = {"CodingSchemeUID", "ContextUID", "ImplementationClassUID"}
"""Of codes, and of a make of software: those stay."""


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CT series, and all that was derived from it; with references where PS3.15's table has none."""
    slices = ct_slices(3)
    for each in slices:
        each.ReferencedImageSequence = [reference_to(other) for other in slices if other is not each]
        block = each.private_block(0x0009, CREATOR, create=True)
        item = Dataset()
        item.SOPInstanceUID = slices[0].SOPInstanceUID
        block.add_new(0x01, "SQ", [item])
        block.add_new(0x02, "UI", slices[0].SeriesInstanceUID)
    frame = slices[0].FrameOfReferenceUID
    objects = [
        *slices,
        segmentation(slices, f"{STUDY}.20", f"{STUDY}.20.1"),
        parametric_map(slices, f"{STUDY}.21", f"{STUDY}.21.1"),
        report(slices, f"{STUDY}.22", f"{STUDY}.22.1"),
        key_objects(slices, f"{STUDY}.23", f"{STUDY}.23.1"),
        presentation(slices, f"{STUDY}.24", f"{STUDY}.24.1"),
        registration(f"{STUDY}.25.1", f"{STUDY}.25", frame, f"{STUDY}.9", study=STUDY),
    ]
    for each in objects:
        each.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    folder = tmp_path_factory.mktemp("study") / "in"
    save_all(objects, folder)
    return folder


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    with Registry.open(settings.database, actor="tester") as registry:
        yield registry


def read(folder: Path) -> dict[str, Dataset]:
    """The objects in a folder by the names of their files."""
    return {path.name: pydicom.dcmread(path) for path in sorted(folder.iterdir())}


def elements(data_set: Dataset, path: str = "") -> Iterator[tuple[str, str]]:
    """Every UID that isn't the standard's, with where it stands."""
    for element in data_set:
        where = f"{path}/{element.tag}"
        if element.VR == "SQ":
            for place, item in enumerate(element.value):
                yield from elements(item, f"{where}[{place}]")
        elif element.VR == "UI" and element.value and element.keyword not in CODED:
            several = [element.value] if isinstance(element.value, str) else element.value
            yield from ((where, str(uid)) for uid in several if not uid.startswith(STANDARD))


def uids_of(objects: dict[str, Dataset]) -> set[str]:
    """All those of some objects and their file meta information, but the makes of software."""
    metas = [
        uid
        for each in objects.values()
        for where, uid in elements(each.file_meta)
        if "0002,0012" not in where
    ]
    return {*metas, *(uid for each in objects.values() for _, uid in elements(each))}


def references(data_set: Dataset) -> Iterator[tuple[str, str]]:
    """Every (class, instance) that an object refers to."""
    for element in data_set.iterall():
        if element.VR == "SQ":
            for item in element.value:
                if "ReferencedSOPInstanceUID" in item:
                    yield item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID


def require_intact(before: dict[str, Dataset], after: dict[str, Dataset]) -> None:
    """Every reference resolves, none of the UIDs is an original, and as many differ as did before."""
    assert before.keys() == after.keys()
    assert not uids_of(before) & uids_of(after)
    there = {(each.SOPClassUID, each.SOPInstanceUID) for each in after.values()}
    for name, each in after.items():
        assert each.SOPClassUID == before[name].SOPClassUID
        assert each.file_meta.MediaStorageSOPInstanceUID == each.SOPInstanceUID
        found = {*references(each)}
        assert found <= there, name
        assert len(found) == len({*references(before[name])}), name
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"):
        pairs = {(old.get(keyword), after[name].get(keyword)) for name, old in before.items()}
        assert len(pairs) == len({old for old, _ in pairs}) == len({new for _, new in pairs}), keyword
