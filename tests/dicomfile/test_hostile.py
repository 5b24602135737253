"""Hostile files: each becomes one reading that says what is wrong, and the files beside it are read.

Every test reads by way of the workers, as `register` and `check` do. None asserts a
time: what is bounded is bounded by design, and a test that hangs has failed.
"""

from __future__ import annotations

import io
import os
import signal
import socket
import struct
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from registry import limits as bounds
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.regularfile import open_regular
from registry.dicomfile.sources import Source
from registry.dicomfile.unreadable import NotDicom
from registry.errors import RegistryError
from registry.limits import GIB, MIB, Limits
from registry.records import ObjectClaim, Reading, Skipped, Unreadable
from registry.services.reading import Readers, read_all
from registry.services.workers import Worker, _resting
from tests.conftest import Cli
from tests.objects import PYDICOM_FILES, ct_slices, save, save_all, tiny

KEYS = ReaderKeys(b"fingerprint", b"digest")
SMALL = Limits(file_size=16 * MIB, memory=512 * MIB, seconds=60)
NAME = b"Sensitive^Name"
"""What no reason, no message and no line of a log may say."""


def read(*paths: Path, limits: Limits = SMALL) -> dict[str, Reading]:
    """What came of some paths; two readings of one name are a mistake of the test."""
    found = [
        (one.name if isinstance(one, Source) else one.path, reading)
        for one, reading in read_all(list(map(str, paths)), KEYS, limits)
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def bytes_of(data_set: Dataset) -> bytes:
    file = io.BytesIO()
    data_set.save_as(file, enforce_file_format=True)
    return file.getvalue()


def good(folder: Path, name: str = "z.dcm", instance: str = "1.2.3.4.1") -> Path:
    """An object that comes after the hostile file in the same run."""
    return save(tiny(instance), folder / name)


def reason(reading: Reading, kind: type[Skipped | Unreadable] = Unreadable) -> str:
    assert isinstance(reading, kind), reading
    assert NAME.decode() not in reading.reason
    return reading.reason


def beside(data: bytes, folder: Path, limits: Limits = SMALL) -> Reading:
    """What comes of a file, with a good one after it that is read by the same worker."""
    hostile, after = folder / "a.dcm", good(folder)
    hostile.write_bytes(data)
    readings = read(hostile, after, limits=limits)
    assert isinstance(readings[str(after)], ObjectClaim), readings[str(after)]
    return readings[str(hostile)]


def element(tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    """An element in explicit VR little endian, whatever its length says."""
    size = len(value) if length is None else length
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr
    long = vr in (b"OB", b"OW", b"SQ", b"UN", b"UT", b"UC")
    return head + (struct.pack("<HI", 0, size) if long else struct.pack("<H", size)) + value


def item(value: bytes, length: int | None = None) -> bytes:
    return b"\xfe\xff\x00\xe0" + struct.pack("<I", len(value) if length is None else length) + value


UNDEFINED = 0xFFFF_FFFF
ITEM_END, SEQUENCE_END = b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0"


def file(
    body: bytes, syntax: bytes = b"1.2.840.10008.1.2.1\0", sop_class: bytes = b"1.2.840.10008.5.1.4.1.1.2\0"
) -> bytes:
    """A DICOM file with this data set, as bytes."""
    meta = element(0x0002_0002, b"UI", sop_class) + element(0x0002_0010, b"UI", syntax)
    return bytes(128) + b"DICM" + element(0x0002_0000, b"UL", struct.pack("<I", len(meta))) + meta + body


def identified(after: bytes = b"", before: bytes = b"") -> bytes:
    """A data set that has all four UIDs and a patient's name."""
    return (
        element(0x0008_0016, b"UI", b"1.2.840.10008.5.1.4.1.1.2\0")
        + element(0x0008_0018, b"UI", b"1.2.3.4.77")
        + before
        + element(0x0010_0010, b"PN", NAME)
        + element(0x0020_000D, b"UI", b"1.2.3\0")
        + element(0x0020_000E, b"UI", b"1.2.3.4\0")
        + after
    )


# --- size --------------------------------------------------------------------------------


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    told = reason(beside(bytes_of(tiny(pixels=bytes(60_000))), tmp_path, Limits(file_size=50_000)))
    assert "at most 50,000 bytes are read" in told


def test_a_film_among_the_images_is_no_dicom_however_large(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(8 * GIB)  # takes no room on the disk
    after = good(tmp_path)
    readings = read(film, after)
    assert reason(readings[str(film)], Skipped) == "not DICOM"
    assert isinstance(readings[str(after)], ObjectClaim)


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    data = file(identified(after=element(0x7FE0_0010, b"OW", b"\1" * (8 * MIB))))
    assert isinstance(beside(data, tmp_path, Limits(len(data), 512 * MIB)), ObjectClaim)


@pytest.mark.parametrize("change", [b"more", None], ids=["grows", "shrinks"])
def test_a_file_that_changes_while_it_is_read_is_reported(
    change: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from registry.dicomfile import regularfile
    from registry.dicomfile.reader import read as read_here

    path = good(tmp_path)
    size = path.stat().st_size
    looked = regularfile.require_size

    def meanwhile(found: int, most: int) -> None:
        looked(found, most)
        with path.open("r+b") as file:
            if change is None:
                file.truncate(size - 10)
            else:
                file.seek(0, os.SEEK_END)
                file.write(change)

    monkeypatch.setattr(regularfile, "require_size", meanwhile)
    assert reason(read_here(Source(str(path)), KEYS)) == "it changed while it was read"


# --- deflated ----------------------------------------------------------------------------


def deflated(plain: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return file(packer.compress(plain) + packer.flush(), b"1.2.840.10008.1.2.1.99")


def bomb(size: int) -> bytes:
    """A deflated data set whose pixels are so many zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = [packer.compress(identified() + element(0x7FE0_0010, b"OW", b"", min(size, UNDEFINED - 1)))]
    packed += [packer.compress(bytes(MIB)) for _ in range(size // MIB)]
    return file(b"".join([*packed, packer.flush()]), b"1.2.840.10008.1.2.1.99")


def test_a_deflated_object_is_read(tmp_path: Path) -> None:
    claim = beside(deflated(identified()), tmp_path)
    assert isinstance(claim, ObjectClaim)
    assert claim.sop_instance_uid == "1.2.3.4.77"
    assert claim.transfer_syntax_uid == DeflatedExplicitVRLittleEndian


def test_a_deflated_bomb_is_reported(tmp_path: Path) -> None:
    data = bomb(512 * MIB)
    assert len(data) < 600_000
    assert reason(beside(data, tmp_path)) == "inflated it has more than the 16 MiB that are read"


def test_a_deflated_bomb_takes_no_memory() -> None:
    from registry.dicomfile.deflated import inflate
    from registry.dicomfile.unreadable import UnreadableDicom

    packed = memoryview(zlib.compress(bytes(256 * MIB), 9)[2:])
    tracemalloc.start()
    with pytest.raises(UnreadableDicom, match="128 MiB"):
        inflate(packed, Limits(file_size=128 * MIB))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * MIB


def test_a_bomb_behind_a_meta_that_only_pydicom_makes_out_is_reported(tmp_path: Path) -> None:
    data = bomb(256 * MIB)
    # The file meta information in implicit VR, which pydicom makes out all the same.
    syntax = b"1.2.840.10008.1.2.1.99"
    body = data[data.index(syntax) + len(syntax) :]
    meta = struct.pack("<HHI", 2, 0x10, len(syntax)) + syntax
    told = reason(beside(bytes(128) + b"DICM" + meta + body, tmp_path))
    assert told == "inflated it has more than the 16 MiB that are read"


def test_what_is_deflated_badly_is_reported(tmp_path: Path) -> None:
    assert "broken" in reason(beside(deflated(identified())[:-20], tmp_path))


# --- depth and lengths -------------------------------------------------------------------


def nested(depth: int, *, defined: bool) -> bytes:
    body = b""
    for _ in range(depth):
        if defined:
            body = element(0x0008_1140, b"SQ", item(body))
        else:
            body = element(0x0008_1140, b"SQ", item(body + ITEM_END, UNDEFINED) + SEQUENCE_END, UNDEFINED)
    return body


@pytest.mark.parametrize("defined", [True, False], ids=["defined lengths", "undefined lengths"])
@pytest.mark.parametrize(
    "syntax", [b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99"], ids=["plain", "deflated"]
)
def test_five_thousand_nested_sequences_are_reported(defined: bool, syntax: bytes, tmp_path: Path) -> None:
    body = identified(before=nested(5000, defined=defined))
    data = deflated(body) if syntax.endswith(b"99") else file(body)
    assert "nested" in reason(beside(data, tmp_path))


def test_sequences_as_deep_as_real_ones_are_read(tmp_path: Path) -> None:
    assert isinstance(beside(file(identified(before=nested(60, defined=False))), tmp_path), ObjectClaim)


def test_nested_sequences_without_a_preamble_are_not_taken_for_another_sort_of_file(tmp_path: Path) -> None:
    data = identified(before=nested(5000, defined=False))
    assert "nested" in reason(beside(data, tmp_path))


def test_undefined_lengths_that_end_nowhere_are_read_or_reported(tmp_path: Path) -> None:
    for number, body in enumerate(
        (
            element(0x0008_1140, b"SQ", item(b"", UNDEFINED), UNDEFINED),
            element(0x0008_1140, b"SQ", b"", UNDEFINED),
            element(0x0009_1001, b"UN", b"x" * 100_000, UNDEFINED),
            element(0x0010_0020, b"UN", b"", UNDEFINED) * 1000,
            element(0x0008_1140, b"SQ", item(b"") * 50_000, UNDEFINED),
        )
    ):
        assert isinstance(
            beside(file(identified(before=body)), tmp_path / str(number)), (ObjectClaim, Unreadable)
        )


def test_lengths_beyond_the_file_are_read_or_reported(tmp_path: Path) -> None:
    for number, length in enumerate((0xFFFF_FFFE, 0x7FFF_FFFF, 0x8000_0000)):
        body = identified(after=element(0x7FE0_0010, b"OW", b"\1\2", length))
        assert isinstance(beside(file(body), tmp_path / str(number)), (ObjectClaim, Unreadable))


def test_every_truncation_is_read_or_reported(tmp_path: Path) -> None:
    whole = bytes_of(tiny(PatientName=NAME.decode(), sources=(tiny("1.2.3.4.5"),)))
    for end in range(0, len(whole), 3):
        (tmp_path / f"{end:05}.dcm").write_bytes(whole[:end])
    last = good(tmp_path)
    readings = read(tmp_path)
    assert len(readings) == len(range(0, len(whole), 3)) + 1
    assert isinstance(readings[str(last)], ObjectClaim)
    for reading in readings.values():
        assert isinstance(reading, ObjectClaim) or NAME.decode() not in reading.reason


# --- how much a file says -----------------------------------------------------------------


def test_references_without_end_are_reported(tmp_path: Path) -> None:
    named = (
        element(0x0008_1155, b"UI", b"1.2.9.%d" % (10_000_001 + 2 * n)) for n in range(bounds.MOST_NAMED + 1)
    )
    body = element(0x0008_1140, b"SQ", b"".join(map(item, named)), UNDEFINED) + SEQUENCE_END
    assert reason(beside(file(identified(before=body)), tmp_path)) == "it refers to more than 100,000 objects"


def test_malformed_uids_without_end_are_reported(tmp_path: Path) -> None:
    values = b"\\".join(b"x%d" % n for n in range(bounds.MOST_NAMED + 1))
    body = element(0x0009_1001, b"UN", b"") + element(0x0008_0062, b"UN", values + b" " * (len(values) % 2))
    data = file(identified(before=body), b"1.2.840.10008.1.2.1\0")
    assert reason(beside(data, tmp_path)) == "it names more than 100,000 UIDs"


def test_a_uid_as_long_as_its_file_is_told_shortened(tmp_path: Path) -> None:
    body = element(0x0008_0062, b"UN", b"1." * 500_000)
    claim = beside(file(identified(before=body)), tmp_path)
    assert isinstance(claim, ObjectClaim)
    (bad,) = claim.bad_uids
    assert len(bad.text) < 2000


def test_very_many_tiny_elements_are_read_within_the_memory(tmp_path: Path) -> None:
    tiny_ones = b"".join(
        struct.pack("<HHI", 9 + 2 * (n >> 15), 0x1000 + (n & 0x7FFF), 0) for n in range(300_000)
    )
    implicit = struct.pack("<HHI", 8, 0x18, 10) + b"1.2.3.4.77" + tiny_ones
    reading = beside(file(implicit, ImplicitVRLittleEndian.encode() + b"\0"), tmp_path)
    assert isinstance(reading, (ObjectClaim, Unreadable))


# --- memory, time, death ------------------------------------------------------------------


def test_a_file_that_needs_too_much_memory_is_reported_and_its_worker_goes_on(tmp_path: Path) -> None:
    # A parsed element takes some hundred bytes, so that these need more than there is.
    body = b"".join(
        struct.pack("<HHI", 0xFFF1 - 2 * (n >> 15), 0x1000 + (n & 0x7FFF), 0) for n in range(1_900_000)
    )
    limits = Limits(file_size=64 * MIB, memory=256 * MIB, seconds=60)
    data = file(struct.pack("<HHI", 8, 0x18, 10) + b"1.2.3.4.77" + body, b"1.2.840.10008.1.2\0")
    with lost_workers() as lost:
        told = reason(beside(data, tmp_path, limits))
    assert told == "it needs more memory than the 256 MiB a file may take"
    assert lost == []


def test_a_file_that_takes_too_long_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    # Each of these names contradicts all before it, so that the time grows with their square.
    places = (
        element(0x0008_1155, b"UI", b"1.2.9.1\0")
        + element(0x0020_000E, b"UI", b"1.2.9.%d" % (10_000_001 + 2 * n))
        for n in range(bounds.MOST_NAMED)
    )
    body = element(0x0008_1115, b"SQ", b"".join(map(item, places)), UNDEFINED) + SEQUENCE_END
    limits = Limits(file_size=64 * MIB, memory=GIB, seconds=1)
    assert reason(beside(file(identified(before=body)), tmp_path, limits)) == "it took longer than 1 seconds"


@contextmanager
def lost_workers() -> Iterator[list[int]]:
    """The statuses of the workers that are lost meanwhile."""
    lost: list[int] = []
    original = Worker._lost

    def noted(worker: Worker) -> Any:
        found = original(worker)
        lost.append(worker._process.returncode)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Worker, "_lost", noted)
        yield lost


def ask_while_killing(paths: list[str], times: int) -> tuple[dict[str, Reading], list[int]]:
    """Read with a worker that is killed, so many times, just before it is asked."""
    original, left = Worker._send, times

    def send(worker: Worker, message: object) -> None:
        nonlocal left
        if worker._greeted and left:
            left -= 1
            worker._process.send_signal(signal.SIGKILL)
            worker._process.wait()
        original(worker, message)

    with pytest.MonkeyPatch.context() as patch, lost_workers() as lost:
        patch.setattr(Worker, "_send", send)
        with Readers(KEYS, SMALL) as readers:
            readings = {reading.path: reading for _, reading in readers.read(readers.expand(paths))}
    return readings, lost


def test_a_worker_that_is_killed_once_costs_nothing(tmp_path: Path) -> None:
    paths = list(map(str, save_all([tiny(f"1.2.3.4.{n}") for n in (1, 2, 3)], tmp_path)))
    readings, lost = ask_while_killing(paths, 1)
    assert all(isinstance(readings[path], ObjectClaim) for path in paths)
    assert lost == [-signal.SIGKILL]


def test_the_file_that_every_worker_dies_of_is_named_and_no_other(tmp_path: Path) -> None:
    """One dies of all files together, two of the first alone."""
    paths = list(map(str, save_all([tiny(f"1.2.3.4.{n}") for n in (1, 2, 3)], tmp_path)))
    readings, lost = ask_while_killing(paths, 3)
    assert reason(readings[paths[0]]) == "the process that read it was killed by signal 9"
    assert all(isinstance(readings[path], ObjectClaim) for path in paths[1:])
    assert lost == [-signal.SIGKILL] * 3


def test_an_archive_that_two_workers_die_of_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.dcm", bytes_of(tiny()))
    readings, _ = ask_while_killing([str(path), str(good(tmp_path))], 2)
    assert reason(readings[str(path)]) == "the process that read it was killed by signal 9"
    assert isinstance(readings[str(tmp_path / "z.dcm")], ObjectClaim)


def test_workers_that_cannot_be_started_are_no_fault_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.setattr("registry.services.workers._resting", [])
    with pytest.raises(RegistryError, match="can't be started"):
        read(good(tmp_path))


def test_a_reader_that_is_left_early_leaves_no_worker(tmp_path: Path) -> None:
    save_all([tiny(f"1.2.3.4.{n}") for n in range(100)], tmp_path)
    with Readers(KEYS, SMALL) as readers:
        next(readers.read(readers.expand([str(tmp_path)])))
        workers = list(readers._alive)
    assert len(workers) >= 1
    rested = _resting[:]  # one that had nothing to do any more may wait for who reads next
    assert all((worker._process.returncode is None) is (worker in rested) for worker in workers)


def test_a_worker_writes_nothing_of_a_file_anywhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hostile = tmp_path / "a.dcm"
    charset = element(0x0008_0005, b"CS", NAME)
    hostile.write_bytes(file(charset + identified(after=element(0x0028_0010, b"UN", NAME))))
    read(hostile, good(tmp_path))
    assert capfd.readouterr() == ("", "")


# --- things that are no files -------------------------------------------------------------


def test_fifos_sockets_devices_and_folders_are_named_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.dcm")
    os.mkfifo(tmp_path / "fifo.zip")
    (tmp_path / "zero.dcm").symlink_to("/dev/zero")
    (tmp_path / "folder.dcm").mkdir()
    (tmp_path / "folder.dcm" / "DICOMDIR").mkdir()
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(tmp_path / "s"))
        after = good(tmp_path)
        readings = read(tmp_path)
    assert reason(readings[str(tmp_path / "fifo.dcm")], Skipped) == "not a regular file"
    assert reason(readings[str(tmp_path / "fifo.zip")], Skipped) == "not a regular file"
    assert reason(readings[str(tmp_path / "s")], Skipped) == "not a regular file"
    assert reason(readings[str(tmp_path / "zero.dcm")], Skipped) == "a link that leaves the folder"
    assert isinstance(readings[str(after)], ObjectClaim)
    assert len(readings) == 5


def test_what_is_named_itself_is_no_exception(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "DICOMDIR")
    (tmp_path / "zero.dcm").symlink_to("/dev/zero")
    readings = read(tmp_path / "DICOMDIR", Path("/dev/null"), tmp_path / "zero.dcm", good(tmp_path))
    told = [reading.reason for reading in readings.values() if isinstance(reading, Skipped)]
    assert told == ["not a regular file"] * 3


@pytest.mark.parametrize("what", ["fifo", "folder", "device"])
def test_what_took_a_files_place_meanwhile_is_not_waited_for(what: str, tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    if what == "fifo":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with Readers(KEYS, SMALL) as readers:
        sources = [Source(str(path), None, 100), Source(str(good(tmp_path)))]
        first, second = (reading for _, reading in readers.read(sources))
    assert isinstance(first, Unreadable if what == "folder" else Skipped)
    assert isinstance(second, ObjectClaim)
    with pytest.raises(IsADirectoryError if what == "folder" else NotDicom):
        open_regular(str(path))


# --- end to end ----------------------------------------------------------------------------


def test_a_folder_full_of_all_that_is_registered_as_far_as_it_goes(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UID_REGISTRY_FILE_LIMIT", "16 MiB")
    folder = tmp_path / "in"
    save_all(ct_slices(3), folder / "ct")
    (folder / "bomb.dcm").write_bytes(bomb(64 * MIB))
    (folder / "deep.dcm").write_bytes(file(identified(before=nested(5000, defined=False))))
    (folder / "short.dcm").write_bytes((PYDICOM_FILES / "CT_small.dcm").read_bytes()[:200])
    (folder / "broken.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    os.mkfifo(folder / "fifo")
    (folder / "loop").symlink_to(folder)
    (folder / "out").symlink_to("/etc/passwd")
    (folder / "esc\x1b[31mape.txt").write_text("red")
    result = cli("register", folder, "--format", "json")
    assert result.code == 0, "nothing collides"
    assert (result.json["files"], result.json["new"]) == (11, 3)
    assert (result.json["skipped"], result.json["unreadable"]) == (4, 3), "a bomb, a depth, an archive"
    assert NAME.decode() not in result.out + result.err
    assert "\x1b" not in result.err
    assert cli("check", folder).code == 1, "what can't be read doesn't pass"


def test_the_limits_can_be_set(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good(tmp_path)
    monkeypatch.setenv("UID_REGISTRY_FILE_LIMIT", "100")
    result = cli("check", tmp_path, "--format", "json")
    assert (result.json["unreadable"], result.code) == (1, 1)
    assert "at most 100 bytes are read" in result.out


def test_a_source_that_is_hostile_can_be_no_source(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(file(identified(before=nested(5000, defined=False))))
    result = cli("derive", tmp_path / "a.dcm", "--modality", "SEG")
    assert result.code == 2
    assert "its sequences are nested" in result.err
