"""Copies differ from their originals where something is replaced, and nowhere else."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from registry.dicomfile import splicing
from registry.dicomfile.copying import Copier
from registry.dicomfile.copytasks import Written
from registry.dicomfile.replacing import find
from registry.dicomfile.sources import Source
from registry.kinds import Kind
from registry.limits import Limits
from tests.dicomfile.test_replacing import Map, bundled, elements
from tests.objects import ct_slices, save, segmentation

pytestmark = pytest.mark.filterwarnings("ignore")


def whole(data_set: Dataset) -> bytes:
    file = BytesIO()
    pydicom.dcmwrite(file, data_set, enforce_file_format=False)
    return file.getvalue()


def test_what_is_spliced_is_what_pydicom_would_have_written(monkeypatch: pytest.MonkeyPatch) -> None:
    entire: list[str] = []
    monkeypatch.setattr(splicing, "dcmwrite", lambda *_, **__: entire.append(path.name))
    made, spliced = Map(), 0
    for path in bundled():
        try:
            data = path.read_bytes()
            data_set, other = (pydicom.dcmread(BytesIO(data)) for _ in range(2))
            whole(pydicom.dcmread(BytesIO(data)))
        except Exception:  # noqa: BLE001 (what pydicom can't read and write nobody can compare)
            continue
        for each in (data_set, other):
            places = find(each)
            places.replace(made(places.uids))
            if each is data_set:
                result = splicing.written(data, data_set, {t.tag: t for t in places.touched}.values())
        if not result:
            continue
        spliced += 1
        told, wanted = (
            [(each.tag, each.VR, each.value) for _, each in elements(pydicom.dcmread(BytesIO(data)))]
            for data in (result, whole(other))
        )
        assert len(told) == len(wanted)
        for one, another in zip(told, wanted, strict=True):
            # The length of a group is written anew by the one, kept by the other where it is right.
            assert one == another or str(one) == str(another) or one[0] & 0xFFFF == 0, (path, one[:2])
    assert spliced > 100
    assert len(entire) < 12, entire


def copied(path: Path, folder: Path) -> tuple[bytes, dict[str, str]]:
    copier, uids, made = Copier(Limits()), {}, Map()
    copier.look(Source(str(path)), uids)
    outcome = copier.write(copier.held[0], made(uids), str(folder))
    assert isinstance(outcome, Written), outcome
    return (folder / outcome.path).read_bytes(), made.made


def test_all_other_bytes_are_as_they_were(tmp_path: Path) -> None:
    path = save(ct_slices(1)[0], tmp_path / "a.dcm")
    before = path.read_bytes()
    after, made = copied(path, tmp_path / "out")
    read = pydicom.dcmread(path)
    (length,) = (read.file_meta[0x0002_0000].value,)
    back = after
    for original, new in sorted(made.items(), key=lambda pair: -len(pair[0])):
        one, other = (uid.encode() + b"\0" * (len(uid) % 2) for uid in (original, new))
        # With the VR and the length before it, as an explicit file has them.
        back = back.replace(
            b"UI" + len(other).to_bytes(2, "little") + other, b"UI" + len(one).to_bytes(2, "little") + one
        )
    place = before.index(b"UL\x04\0") + 4
    assert back[:place] == before[:place]
    assert back[place + 4 :] == before[place + 4 :]
    assert pydicom.dcmread(BytesIO(after)).file_meta[0x0002_0000].value != length
    assert int.from_bytes(after[place : place + 4], "little") == after.index(b"\x08\0\x05\0") - place - 4


@pytest.mark.parametrize("what", ["group length", "deflated", "no group length", "big endian"])
def test_what_isnt_plain_is_written_whole(tmp_path: Path, what: str) -> None:
    (image,) = ct_slices(1)
    if what == "group length":
        image.add_new(0x0008_0000, "UL", 0)
    elif what == "deflated":
        image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    elif what == "big endian":
        image.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.2"
        image["PixelData"].VR = "OW"
        image.set_original_encoding(False, False)
    path = save(image, tmp_path / "a.dcm")
    if what == "no group length":
        file = pydicom.dcmread(path)
        del file.file_meta[0x0002_0000]
        file.save_as(path, enforce_file_format=False)
    after, made = copied(path, tmp_path / "out")
    copy, source = pydicom.dcmread(BytesIO(after)), pydicom.dcmread(path)
    assert copy.SOPInstanceUID == made[image.SOPInstanceUID] == copy.file_meta.MediaStorageSOPInstanceUID
    assert copy.PixelData == source.PixelData
    assert copy.file_meta.TransferSyntaxUID == source.file_meta.TransferSyntaxUID


def test_elements_without_vr_among_others_stay_so(tmp_path: Path) -> None:
    """Of pydicom's own files one is such: its transfer syntax says that there are VRs."""
    (path,) = (each for each in bundled() if each.name == "SC_rgb_jpeg.dcm")
    image, copier, uids = pydicom.dcmread(path), Copier(Limits()), dict[str, Kind | None]()
    copier.look(Source(str(path)), uids)
    made = Map()(uids)
    written = copier.write(copier.held[0], made, str(tmp_path))
    assert isinstance(written, Written)
    copy = pydicom.dcmread(tmp_path / written.path)
    assert copy.get_item("SOPClassUID").VR is image.get_item("SOPClassUID").VR is None
    assert list(copy.keys()) == list(image.keys())
    assert copy.SOPInstanceUID == made[image.SOPInstanceUID]
    assert copy.PixelData == image.PixelData


def test_what_another_left_unfinished_is_in_nobodys_way(tmp_path: Path) -> None:
    """Of a process that was killed, or that has the same number in another container."""
    path = save(ct_slices(1)[0], tmp_path / "ct.dcm")
    copier = Copier(Limits())
    copier.look(Source(str(path)), {})
    first = copier.write(copier.held[0], {}, str(tmp_path / "out"))
    assert isinstance(first, Written)
    copy = tmp_path / "out" / first.path
    copy.rename(f"{copy}.{os.getpid()}.part")
    assert copier.write(copier.held[0], {}, str(tmp_path / "out")) == first
    assert copy.read_bytes() == path.read_bytes()


def test_sequences_of_undefined_length_end_where_they_did(tmp_path: Path) -> None:
    slices = ct_slices(2)
    made = segmentation(slices, "1.2.826.0.99.20", "1.2.826.0.99.20.1")
    for element in made:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
    path = save(made, tmp_path / "a.dcm")
    after, replaced = copied(path, tmp_path / "out")
    copy, source = pydicom.dcmread(BytesIO(after)), pydicom.dcmread(path)
    told = [element.tag for _, element in elements(copy)]
    assert told == [element.tag for _, element in elements(source)]
    assert copy.PixelData == source.PixelData
    for uid in replaced:
        assert uid.encode() + b"\0" not in after
