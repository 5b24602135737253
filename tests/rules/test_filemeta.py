"""UID6: what is around the object in its file, on its medium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.dicomfile import media
from registry.dicomfile.preamble import taken_for
from registry.dicomfile.reader import Reader
from registry.dicomfile.sources import Source
from registry.records import Finding, Kind, Unreadable
from registry.services.checking import check
from registry.services.opening import OpenRegistry
from registry.services.registering import register
from tests.conftest import Cli
from tests.dicomfile.test_hostile import UNDEFINED, element, file, item
from tests.objects import CT_CLASS, MR_CLASS, PYDICOM_FILES, save, tiny
from tests.rules.conftest import Case, E, Judged, N, W, agrees, bytes_of, cases, judged, lax, seen

INSTANCE = Kind.INSTANCE
UID = "1.2.3.4.1"
FINE = bytes_of(tiny())
GE = "1.2.840.113619.5.2"


def with_meta(**values: str | None) -> bytes:
    """A file whose meta information says something else than its object."""
    data_set = tiny()
    with lax():
        data_set.file_meta.MediaStorageSOPClassUID = data_set.SOPClassUID
        data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
        for keyword, value in values.items():
            if value is None:
                delattr(data_set.file_meta, keyword)
            else:
                setattr(data_set.file_meta, keyword, value)
    return bytes_of(data_set, renewed=False)


def with_syntax(uid: str) -> bytes:
    """The same file that says it is in another transfer syntax."""
    syntax = uid.encode() + b"\0" * (len(uid) % 2)
    return file(FINE[FINE.index(b"\x08\0\x16\0UI") :], syntax=syntax)


def without_meta() -> bytes:
    """A data set alone, as some programs write it."""
    return FINE[FINE.index(b"\x08\0\x16\0UI") :]


def starting(preamble: bytes) -> bytes:
    return bytes_of(tiny(), preamble)


CUT = file(
    element(0x0008_2112, b"SQ", item(element(0x0008_1155, b"UI", b"1.2.3.4.7\0"), UNDEFINED), UNDEFINED)
)

CASES = [
    Case(
        "UID601",
        "the source's UID left behind",
        with_meta(MediaStorageSOPInstanceUID="1.2.9"),
        (E, UID, INSTANCE),
        "names '1.2.9' instead",
    ),
    Case(
        "UID601",
        "a UID that isn't one",
        with_meta(MediaStorageSOPInstanceUID="x\x1b"),
        (E, UID, INSTANCE),
        r"names 'x\x1b' instead",
    ),
    Case(
        "UID601",
        "an empty one",
        with_meta(MediaStorageSOPInstanceUID=""),
        (E, UID, INSTANCE),
        "names no instance instead",
    ),
    Case("UID601", "both equal", FINE),
    Case("UID601", "none in the meta information", file(without_meta())),
    Case(
        "UID602",
        "a class left behind",
        with_meta(MediaStorageSOPClassUID=MR_CLASS),
        (E, UID, INSTANCE),
        f"names class '{MR_CLASS}', the object {CT_CLASS}",
    ),
    Case(
        "UID602",
        "an empty one",
        with_meta(MediaStorageSOPClassUID=""),
        (E, UID, INSTANCE),
        f"names no class, the object {CT_CLASS}",
    ),
    Case("UID602", "both equal", FINE),
    Case("UID603", "no file meta information", without_meta(), (E, UID, INSTANCE), "no file meta"),
    Case(
        "UID603",
        "no transfer syntax",
        with_meta(TransferSyntaxUID=None),
        (E, UID, INSTANCE),
        "names no transfer syntax",
    ),
    Case(
        "UID603",
        "one that the standard doesn't know",
        with_syntax("1.2.840.10008.1.2.777"),
        (E, UID, INSTANCE),
        "unknown",
    ),
    Case("UID603", "a class as transfer syntax", with_syntax(CT_CLASS), (E, UID, INSTANCE), "unknown"),
    Case("UID603", "a private one", with_syntax(GE), (W, UID, INSTANCE), "private"),
    Case("UID603", "explicit VR little endian", FINE),
    Case("UID604", "made from a UUID", with_meta(ImplementationClassUID="2.25.5"), (W, "2.25.5", None)),
    Case("UID604", "a maker's", with_meta(ImplementationClassUID="1.2.276.0.7230010.3.0.3.6.8")),
    Case("UID604", "none", file(without_meta())),
    Case("UID604", "an arc that begins alike", with_meta(ImplementationClassUID="2.250.5")),
    Case(
        "UID607",
        "a Windows program",
        starting(b"MZ\x90\0"),
        (E, UID, INSTANCE),
        "begins like a Windows program",
    ),
    Case("UID607", "a Linux program", starting(b"\x7fELF\x02\x01"), (E, UID, INSTANCE)),
    Case("UID607", "a macOS program", starting(b"\xcf\xfa\xed\xfe"), (E, UID, INSTANCE)),
    Case("UID607", "a universal macOS program", starting(b"\xca\xfe\xba\xbe"), (E, UID, INSTANCE)),
    Case("UID607", "a shell script", starting(b"#!/bin/sh\nexit\n"), (E, UID, INSTANCE), "a script"),
    Case("UID607", "a batch file", starting(b"@ECHO off\r\n"), (E, UID, INSTANCE)),
    Case("UID607", "a PDF document", starting(b"%PDF-1.7\n"), (E, UID, INSTANCE), "a PDF"),
    Case("UID607", "a PDF document further in", starting(b"\0\0\0\0%PDF-1.7\n"), (E, UID, INSTANCE)),
    Case("UID607", "a zip archive", starting(b"PK\x03\x04"), (E, UID, INSTANCE), "a zip"),
    Case("UID607", "a rar archive", starting(b"Rar!\x1a\x07\0"), (E, UID, INSTANCE)),
    Case("UID607", "a 7z archive", starting(b"7z\xbc\xaf\x27\x1c"), (E, UID, INSTANCE)),
    Case("UID607", "a gzip archive", starting(b"\x1f\x8b\x08\0"), (E, UID, INSTANCE)),
    Case("UID607", "a cab archive", starting(b"MSCF\0\0\0\0"), (E, UID, INSTANCE)),
    Case("UID607", "a web page", starting(b"\n<!DOCTYPE html><script>"), (E, UID, INSTANCE), "a web page"),
    Case(
        "UID607", "a script in comments", starting(b"<!-- --><SCRIPT>alert(1)</SCRIPT>"), (E, UID, INSTANCE)
    ),
    Case("UID607", "zeros", FINE),
    Case("UID607", "little endian TIFF", starting(b"II*\0\x08\0\0\0")),
    Case("UID607", "big endian TIFF", starting(b"MM\0*\0\0\0\x08")),
    Case("UID607", "BigTIFF", starting(b"II+\0\x08\0\0\0")),
    Case("UID607", "a file of pydicom that is a TIFF too", (PYDICOM_FILES / "CT_small.dcm").read_bytes()),
    Case("UID607", "some text", starting(b"made by example maker, zip code 12345")),
    Case("UID607", "no preamble at all", without_meta()),
    Case("UID608", "cut off inside a sequence", CUT, (E, None, None), "can't be read"),
    Case("UID608", "nothing after the mark", bytes(128) + b"DICM", (E, None, None)),
    Case("UID608", "a good one", FINE),
    Case("UID608", "a text", b"not DICOM at all" * 20),
]


@cases(CASES)
def test_what_is_found(case: Case, in_file: Judged) -> None:
    agrees(case, in_file(case))


def test_each_rule_has_a_bad_and_a_good_file() -> None:
    for code in ("UID601", "UID602", "UID603", "UID604", "UID607", "UID608"):
        assert {bool(case.expected) for case in CASES if case.code == code} == {True, False}, code


@pytest.mark.engine("sqlite")
def test_a_file_without_meta_information_is_only_noted_while_archives_are_taken_in(
    registry: OpenRegistry, tmp_path: Path
) -> None:
    path = tmp_path / "old.dcm"
    path.write_bytes(without_meta())
    (found,) = register(registry, [str(path)]).findings
    assert (found.code, found.severity) == ("UID603", N)


def test_not_one_file_of_pydicom_has_an_executable_preamble() -> None:
    starts = [path.read_bytes()[:132] for path in PYDICOM_FILES.glob("*.dcm")]
    preambles = [start[:128] for start in starts if start[128:] == b"DICM"]
    assert sum(preamble[:4] in (b"II*\0", b"MM\0*") for preamble in preambles) >= 5
    assert {taken_for(preamble) for preamble in preambles} == {None}


@pytest.mark.engine("sqlite")
def test_a_program_in_an_export_fails_it(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "image.dcm"
    path.write_bytes(starting(b"MZ"))
    result = cli("check", "--format", "json", path)
    assert result.code == 1
    (found,) = result.json["findings"]
    assert (found["code"], found["severity"], found["path"]) == ("UID607", "error", str(path))
    path.write_bytes(starting(b"II*\0"))
    assert cli("check", path).code == 0


# --- DICOMDIR -----------------------------------------------------------------------------


def record(file_id: str, instance: str | None, sop_class: str | None = CT_CLASS) -> bytes:
    def ui(tag: int, uid: str | None) -> bytes:
        return element(tag, b"UI", uid.encode() + b"\0" * (len(uid) % 2)) if uid is not None else b""

    name = file_id.encode() + b" " * (len(file_id) % 2)
    return item(
        element(0x0004_1430, b"CS", b"IMAGE ")
        + element(0x0004_1500, b"CS", name)
        + ui(0x0004_1510, sop_class)
        + ui(0x0004_1511, instance)
    )


@pytest.fixture
def medium(tmp_path: Path) -> Callable[..., Path]:
    """A medium with two images, and a DICOMDIR with some records."""

    def make(*records: bytes) -> Path:
        for name in ("1", "2"):
            save(tiny(f"1.2.3.4.{name}"), tmp_path / f"IMG{name}")
        path = tmp_path / "DICOMDIR"
        sequence = element(0x0004_1220, b"SQ", b"".join(records))
        path.write_bytes(file(sequence, sop_class=b"1.2.840.10008.1.3.10"))
        return path

    return make


def on_medium(registry: OpenRegistry, path: Path) -> list[Finding]:
    return [finding for finding in judged(registry, [path]) if finding.code == "UID606"]


@pytest.mark.engine("sqlite")
def test_a_medium_that_holds_what_its_directory_says(
    registry: OpenRegistry, medium: Callable[..., Path]
) -> None:
    assert on_medium(registry, medium(record("IMG1", "1.2.3.4.1"), record("IMG2", "1.2.3.4.2"))) == []
    assert on_medium(registry, medium(record("IMG1", None), record("IMG2", "1.2.3.4.2", None))) == []


@pytest.mark.engine("sqlite")
def test_a_medium_that_holds_other_objects(registry: OpenRegistry, medium: Callable[..., Path]) -> None:
    path = medium(record("IMG1", "1.2.3.4.2"), record("IMG2", "1.2.3.4.2", MR_CLASS))
    one, two = on_medium(registry, path)
    assert seen([one, two]) == [(W, "1.2.3.4.1", INSTANCE), (W, "1.2.3.4.2", INSTANCE)]
    assert one.message == "the DICOMDIR says of this file: instance '1.2.3.4.2'"
    assert one.path == str(path.parent / "IMG1")
    assert two.message == f"the DICOMDIR says of this file: class '{MR_CLASS}'"


@pytest.mark.engine("sqlite")
def test_two_records_for_one_file(registry: OpenRegistry, medium: Callable[..., Path]) -> None:
    """A file name of eight characters was given twice, and one image overwritten."""
    path = medium(record("IMG1", "1.2.3.4.1"), record("IMG1", "1.2.3.4.7"), record(".\\IMG1", "1.2.3.4.8"))
    found = on_medium(registry, path)
    assert [finding.evidence for finding in found] == [("instance '1.2.3.4.7'",), ("instance '1.2.3.4.8'",)]
    assert {finding.severity for finding in found} == {W}


@pytest.mark.engine("sqlite")
def test_very_many_records_for_one_file_are_reported(
    registry: OpenRegistry, medium: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = medium(*(record("IMG1", f"1.2.3.{number}") for number in range(3)))
    reader = Reader(registry.reader_keys)
    (source,) = (one for one in reader.look_into(str(path), 0) if isinstance(one, Source))
    assert len(source.listings) == 3
    monkeypatch.setattr(media, "MOST_LISTED", 2)
    (only,) = reader.look_into(str(path), 0)
    assert isinstance(only, Unreadable)


@pytest.mark.engine("sqlite")
def test_a_folder_is_taken_as_a_folder(registry: OpenRegistry, medium: Callable[..., Path]) -> None:
    folder = medium(record("IMG1", "1.2.3.4.9")).parent
    assert on_medium(registry, folder) == []


@pytest.mark.engine("sqlite")
def test_the_media_that_pydicom_brings_along_are_sound(registry: OpenRegistry, tmp_path: Path) -> None:
    shutil.copytree(PYDICOM_FILES / "dicomdirtests", tmp_path / "cd")
    path = tmp_path / "cd" / "DICOMDIR"
    report = check(registry, [str(path)])
    assert report.files > 10
    assert on_medium(registry, path) == []
    # The same with one image exchanged for another.
    images = sorted(p for p in (tmp_path / "cd" / "77654033").rglob("*") if p.is_file())
    os.replace(images[0], images[1])
    (found,) = on_medium(registry, path)
    assert found.path == str(images[1])
