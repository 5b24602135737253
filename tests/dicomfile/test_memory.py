"""Data sets in memory: the claim of one is that of its file."""

from __future__ import annotations

import io
import warnings
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit

from registry.dicomfile.memory import read_data_set
from registry.dicomfile.reader import read
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.sources import Source
from registry.records import ObjectClaim, Skipped, Unreadable
from tests.objects import DERIVED, PYDICOM_FILES, bundled, changed, ct_slices, save, tiny

KEYS = ReaderKeys(b"fingerprint", b"digest")


def in_memory(data_set: Dataset, **options: bool) -> ObjectClaim:
    claim = read_data_set(data_set, KEYS, "dataset 1", **options)
    assert isinstance(claim, ObjectClaim), claim
    return claim


def in_file(path: Path) -> ObjectClaim:
    claim = read(Source(str(path)), KEYS)
    assert isinstance(claim, ObjectClaim), claim
    return replace(claim, path="dataset 1")


def same(one: ObjectClaim, other: ObjectClaim) -> None:
    """Assert that two claims say the same of everything but the file."""
    assert replace(one, meta=None) == replace(other, meta=None)


def made(sort: str) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return DERIVED[sort](ct_slices(2), "1.2.3.5", "1.2.3.5.1")


@pytest.mark.parametrize("sort", DERIVED)
def test_what_highdicom_makes_says_what_its_file_says(sort: str, tmp_path: Path) -> None:
    data_set = made(sort)
    claim = in_memory(data_set)
    path = save(data_set, tmp_path / "a.dcm")
    same(claim, in_file(path))
    assert claim.content_digest is not None
    assert claim.data_set_digest is not None


def test_a_slice_that_a_program_changed(tmp_path: Path) -> None:
    (image,) = ct_slices(1)
    image.PixelData = image.PixelData[:-2] + b"\7\7"
    claim = in_memory(image)
    same(claim, in_file(save(image, tmp_path / "a.dcm")))


def comparable(claim: ObjectClaim, like: ObjectClaim) -> ObjectClaim:
    """A claim without the digests that the other one lacks."""
    if like.content_digest is None and like.data_set_digest is None:
        return replace(claim, content_digest=None, data_set_digest=None, content_order=b"")
    return claim


NO_TRANSFER_SYNTAX = "meta_missing_tsyntax.dcm"
"""Its file meta information has a bad UID and names no transfer syntax, so it isn't looked at."""

PRIVATE_SEQUENCE = "priv_SQ.dcm"
"""In implicit VR nobody can tell that its private element is a sequence, once it is written."""


def test_each_file_of_pydicom_in_memory_and_each_that_was_parsed_and_written(tmp_path: Path) -> None:
    """As read; and with every element parsed, as a program does that looks at it, and written anew."""
    as_read = written = 0
    for path in bundled():
        claim = read(Source(str(path)), KEYS)
        if not isinstance(claim, ObjectClaim) or path.name == NO_TRANSFER_SYNTAX:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data_set = pydicom.dcmread(path, force=True)
            held = in_memory(data_set)
            same(held, comparable(replace(claim, path="dataset 1"), held))
            as_read += 1
            try:
                for element in data_set.iterall():
                    assert element.tag
                data_set.save_as(tmp_path / "a.dcm", enforce_file_format=False)
            except (AttributeError, NotImplementedError, TypeError, ValueError):
                continue  # what pydicom can't parse, or can't write again
        if path.name != PRIVATE_SEQUENCE:
            held = in_memory(data_set)
            same(held, comparable(in_file(tmp_path / "a.dcm"), held))
            written += 1
    assert (as_read, written) == (157, 156)


def test_text_is_written_in_the_character_set_in_force(tmp_path: Path) -> None:
    item = Dataset()
    item.CodeMeaning = "Größe"
    data_set = tiny(
        SpecificCharacterSet="ISO_IR 192",
        PatientName="Yamada^Tarou=山田^太郎",
        StudyDescription="Übersicht",
        ProcedureCodeSequence=[item],
    )
    same(in_memory(data_set), in_file(save(data_set, tmp_path / "a.dcm")))
    assert in_memory(data_set) != in_memory(changed(data_set, StudyDescription="Ubersicht"))


def test_a_value_whose_type_depends_on_what_is_around_it(tmp_path: Path) -> None:
    """US or SS, by the Pixel Representation of the whole image (PS3.5 section 6.2)."""
    item = Dataset()
    item.RealWorldValueFirstValueMapped = -7
    item.RealWorldValueLastValueMapped = 9
    data_set = tiny(PixelRepresentation=1, RealWorldValueMappingSequence=[item], PixelPaddingValue=-1)
    same(in_memory(data_set), in_file(save(data_set, tmp_path / "a.dcm")))


def test_the_data_set_is_not_changed() -> None:
    item = Dataset()
    item.RealWorldValueFirstValueMapped = 7
    for data_set in (
        made("SEG"),
        made("SR"),
        tiny(PixelPaddingValue=4, RealWorldValueMappingSequence=[item]),
    ):
        before, meta = deepcopy(data_set), deepcopy(data_set.file_meta)
        vrs = [(element.tag, element.VR) for element in data_set.iterall()]
        in_memory(data_set)
        assert data_set == before
        assert data_set.file_meta == meta
        assert [(element.tag, element.VR) for element in data_set.iterall()] == vrs


def test_pixels_that_are_still_in_their_file_are_fetched(tmp_path: Path) -> None:
    path = save(ct_slices(1)[0], tmp_path / "a.dcm")
    same(in_memory(pydicom.dcmread(path, defer_size=100)), in_file(path))


def test_pixels_in_a_buffer(tmp_path: Path) -> None:
    (image,) = ct_slices(1)
    whole = in_memory(image)
    image.PixelData = io.BytesIO(image.PixelData)
    assert in_memory(image).content_digest == whole.content_digest
    assert image.PixelData.tell() == 0


def test_without_a_file_there_is_nothing_to_say_about_one() -> None:
    for meta in (None, FileMetaDataset()):
        data_set = tiny()
        data_set.file_meta = meta
        assert in_memory(data_set).meta is None
    bare = Dataset()
    bare.update(tiny())
    assert in_memory(bare).meta is None


def test_file_meta_that_names_a_transfer_syntax_is_looked_at() -> None:
    data_set = tiny()
    data_set.file_meta.MediaStorageSOPInstanceUID = "1.2.9"
    data_set.preamble = b"MZ".ljust(128, b"\0")
    meta = in_memory(data_set).meta
    assert meta is not None
    assert (meta.media_storage_sop_instance_uid, meta.preamble) == ("1.2.9", "a Windows program")


def test_what_cannot_be_compared_has_no_digest() -> None:
    (image,) = ct_slices(1)
    assert in_memory(image).content_digest is not None
    image.PixelData = encapsulate([b"\xff\xd8\xff\xd9"])
    image.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    assert in_memory(image).content_digest is not None
    image.file_meta = FileMetaDataset()
    assert in_memory(image).content_digest is None, "compressed, and nobody says how"
    image.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    assert in_memory(image).content_digest is None, "its bytes will be swapped"


def test_the_encoding_does_not_matter(tmp_path: Path) -> None:
    data_set = made("SEG")
    explicit = in_memory(data_set)
    data_set.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    implicit = in_memory(data_set)
    assert (explicit.content_digest, explicit.data_set_digest) == (
        implicit.content_digest,
        implicit.data_set_digest,
    )


def test_what_cannot_be_written_is_a_reading_too() -> None:
    loop = Dataset()
    loop.SourceImageSequence = [Dataset()]
    loop.SourceImageSequence[0].SourceImageSequence = [loop]
    reading = read_data_set(tiny(SourceImageSequence=[loop]), KEYS, "dataset 1")
    assert isinstance(reading, Unreadable)
    assert "nested" in reading.reason
    broken = tiny()
    broken["Rows"]._value = "Sensitive^Name"
    reading = read_data_set(broken, KEYS, "dataset 1")
    assert isinstance(reading, Unreadable)
    assert "Sensitive" not in reading.reason


def test_a_dicomdir_in_memory_is_no_instance() -> None:
    directory = pydicom.dcmread(PYDICOM_FILES / "dicomdirtests" / "DICOMDIR")
    assert isinstance(read_data_set(directory, KEYS, "dataset 1"), Skipped)


def test_pydicom_is_left_as_loud_as_it_was_by_many_threads() -> None:
    settings = pydicom.config.settings
    before = settings.reading_validation_mode

    def some(data_set: Dataset) -> None:
        for _ in range(20):
            in_memory(data_set)

    threads = [Thread(target=some, args=(tiny(f"1.2.3.4.{number}"),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert settings.reading_validation_mode == before
