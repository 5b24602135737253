"""Folders, links, archives and media: everything is named, nothing is read that lies outside."""

from __future__ import annotations

import os
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

from registry.dicomfile import archive, media
from registry.dicomfile.reader import Reader
from registry.dicomfile.sources import Found, Source, expand
from registry.limits import Limits
from registry.records import ObjectClaim, Reading, Skipped, Unreadable
from registry.services.reading import read_all
from registry.sopclass import MEDIA_DIRECTORY
from tests.dicomfile.test_hostile import KEYS, SMALL, bytes_of, element, file, good, item, read, reason
from tests.objects import PYDICOM_FILES, save, tiny


def found(*paths: Path, limits: Limits = SMALL) -> list[Found]:
    """What there is below some paths, archives and media looked into in this process."""
    reader = Reader(KEYS, limits)
    return list(expand(list(map(str, paths)), reader.look_into))


def names(*paths: Path) -> list[str]:
    return [one.name for one in found(*paths) if isinstance(one, Source)]


def reasons(*paths: Path) -> dict[str, str]:
    return {
        os.path.relpath(one.path, paths[0]): one.reason
        for one in found(*paths)
        if not isinstance(one, Source)
    }


# --- folders and links --------------------------------------------------------------------


def test_a_folder_is_walked_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b/2", "b/1", "a/z", "c", "B", "a.d"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    assert [os.path.relpath(name, tmp_path) for name in names(tmp_path)] == [
        "B",
        "a.d",
        "c",
        "a/z",
        "b/1",
        "b/2",
    ]


def test_links_are_named_or_lead_inside(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "outside.dcm"
    (folder / "deep").mkdir(parents=True)
    outside.write_bytes(b"")
    (folder / "real.dcm").write_bytes(b"")
    for name, target in {
        "inside.dcm": folder / "real.dcm",
        "outside.dcm": outside,
        "relative.dcm": "../outside.dcm",
        "absolute.dcm": "/etc/passwd",
        "broken.dcm": folder / "nothing",
        "ring.dcm": folder / "ring.dcm",
        "folder": folder / "deep",
        "up": folder,
        "away": tmp_path,
        "chain.dcm": folder / "relative.dcm",
    }.items():
        (folder / name).symlink_to(target)
    assert [os.path.basename(name) for name in names(folder)] == ["inside.dcm", "real.dcm"]
    leaves, missing = "a link that leaves the folder", os.strerror(2)
    assert reasons(folder) == {
        "outside.dcm": leaves,
        "relative.dcm": leaves,
        "absolute.dcm": leaves,
        "away": leaves,
        "chain.dcm": leaves,
        "broken.dcm": missing,
        "ring.dcm": os.strerror(40),
        "folder": "a link to a folder",
        "up": "a link to a folder",
    }


def test_a_link_that_a_person_names_is_followed(tmp_path: Path) -> None:
    good(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert names(tmp_path / "link") == [str(tmp_path / "link" / "z.dcm")]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        good(tmp_path / name)
    scandir = os.scandir

    def refuse(path: str) -> object:
        if os.path.basename(path) == "b":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert reasons(tmp_path) == {"b": "the folder can't be listed: Permission denied"}
    assert len(names(tmp_path)) == 2


def test_folders_may_nest_deeper_than_calls_can(tmp_path: Path) -> None:
    place = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):  # step by step: the whole path is longer than some systems take
        os.mkdir("d", dir_fd=place)
        below = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)
    last = good(tmp_path)
    try:
        assert str(last) in names(tmp_path)
    finally:  # pytest's own clearing away goes by calls
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)


def test_a_file_of_strange_name_is_read(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\n\x1b.dcm"
    Path(os.fsdecode(path)).write_bytes(bytes_of(tiny()))
    (reading,) = read(tmp_path).values()
    assert isinstance(reading, ObjectClaim)


# --- archives ------------------------------------------------------------------------------


def packed(path: Path, *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            if name in archive.namelist():
                with pytest.warns(UserWarning, match="Duplicate"):
                    archive.writestr(name, data)
            else:
                archive.writestr(name, data)
    return path


def instances(readings: list[Reading]) -> list[str | None]:
    return [reading.sop_instance_uid for reading in readings if isinstance(reading, ObjectClaim)]


def read_in_order(*paths: Path, limits: Limits = SMALL) -> list[Reading]:
    return [reading for _, reading in read_all(list(map(str, paths)), KEYS, limits)]


METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
ONE, TWO = bytes_of(tiny("1.2.3.4.1")), bytes_of(tiny("1.2.3.4.2"))


def test_names_of_members_are_only_names(tmp_path: Path) -> None:
    slips = [
        "../../slip.dcm",
        "/etc/slip.dcm",
        "..\\..\\slip.dcm",
        "C:\\slip.dcm",
        "~/slip.dcm",
        "a/../../slip.dcm",
    ]
    path = packed(tmp_path / "a.zip", *((name, ONE) for name in slips))
    readings = read(path)
    assert set(readings) == {f"{path}!{name}" for name in slips}
    assert all(isinstance(reading, ObjectClaim) for reading in readings.values())
    assert list(tmp_path.iterdir()) == [path], "nothing was extracted"
    assert not any((tmp_path / name).exists() for name in slips)


def test_two_members_of_one_name_are_both_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", ("a.dcm", ONE), ("a.dcm", TWO))
    assert instances(read_in_order(path)) == ["1.2.3.4.1", "1.2.3.4.2"]


def test_what_a_zip_holds_besides_objects_is_named(tmp_path: Path) -> None:
    inner = packed(tmp_path / "inner.zip", ("a.dcm", ONE)).read_bytes()
    dicomdir = (PYDICOM_FILES / "dicomdirtests" / "DICOMDIR").read_bytes()
    path = packed(
        tmp_path / "a.zip", ("DICOMDIR", dicomdir), ("a.txt", b"text"), ("inner.zip", inner), ("z.dcm", ONE)
    )
    readings = read(path)
    assert reason(readings[f"{path}!DICOMDIR"], Skipped) == "a DICOMDIR, not an instance"
    assert reason(readings[f"{path}!a.txt"], Skipped) == "not DICOM"
    assert "a zip archive" in reason(readings[f"{path}!inner.zip"], Skipped)
    assert isinstance(readings[f"{path}!z.dcm"], ObjectClaim)


def test_an_encrypted_member_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    data = bytearray(packed(tmp_path / "a.zip", ("a.dcm", ONE), ("b.dcm", TWO)).read_bytes())
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    first, second = read_in_order(tmp_path / "a.zip")
    assert reason(first) == "the archive's member is encrypted"
    assert isinstance(second, ObjectClaim)


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_broken_member_is_reported_and_the_others_are_read(method: int, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", ("a.dcm", ONE), ("b.dcm", TWO), method=method)
    data = bytearray(path.read_bytes())
    start = 30 + len("a.dcm") + 40  # into what is packed of the first member
    data[start : start + 10] = b"\xff" * 10
    path.write_bytes(data)
    first, second = read_in_order(path)
    assert "the archive's member is broken" in reason(first)
    assert isinstance(second, ObjectClaim)


def test_a_truncated_archive_is_reported(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", ("a.dcm", ONE), ("b.dcm", TWO))
    path.write_bytes(path.read_bytes()[:-30])
    readings = read(path, good(tmp_path))
    assert reason(readings[str(path)]) == "a broken zip archive"
    assert isinstance(readings[str(tmp_path / "z.dcm")], ObjectClaim)


def test_an_archive_without_files_is_named(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", ("folder/", b""))
    assert reason(read(path)[str(path)], Skipped) == "a zip archive without files"


def test_a_member_over_the_limit_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    large = bytes_of(tiny("1.2.3.4.9", PixelData=bytes(17 * 2**20)))
    path = packed(tmp_path / "a.zip", ("a.dcm", large), ("b.dcm", ONE), ("film.mp4", bytes(17 * 2**20)))
    first, second, third = read_in_order(path)
    assert "at most 16 MiB are read" in reason(first)
    assert isinstance(second, ObjectClaim)
    assert reason(third, Skipped) == "not DICOM"


def test_a_member_that_says_it_is_smaller_than_it_is_is_reported(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", ("a.dcm", bytes_of(tiny(PixelData=bytes(2**20)))))
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\1\2") + 24
    data[at : at + 4] = struct.pack("<I", 1000)
    path.write_bytes(data)
    assert "the archive's member is broken" in reason(read_in_order(path)[0])


def test_members_that_overlap_are_a_bomb(tmp_path: Path) -> None:
    """As in David Fifield's bombs: many entries of the directory, one packed kernel."""
    path = packed(tmp_path / "a.zip", ("a.dcm", bytes_of(tiny(PixelData=bytes(2**20)))))
    data = path.read_bytes()
    start, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    entry, tail = data[start:end], bytearray(data[end:])
    tail[8:12] = struct.pack("<HH", 1000, 1000)
    tail[12:16] = struct.pack("<I", 1000 * len(entry))
    path.write_bytes(data[:start] + entry * 1000 + tail)
    assert reason(read_in_order(path)[0]) == "the archive's members overlap, as in a zip bomb"


def test_an_archive_that_unpacks_to_absurdly_much_is_a_bomb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "BOMB_SIZE", 2**20)
    black = bytes_of(tiny(PixelData=bytes(2**20)))
    path = packed(tmp_path / "a.zip", ("a.dcm", black), ("b.dcm", black))
    (one,) = found(path)
    assert isinstance(one, Unreadable)
    assert "a zip bomb" in one.reason
    # A real archive of that size doesn't unpack to so many times its own.
    noise = os.urandom(60_000)
    fine = packed(tmp_path / "b.zip", ("a.dcm", black), ("b.dcm", noise))
    assert len(found(fine)) == 2


def test_an_archive_of_too_many_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_LISTED", 3)
    path = packed(tmp_path / "a.zip", *((f"{n}.dcm", ONE) for n in range(4)))
    assert [one.reason for one in found(path)] == ["the archive has more than 3 members"]  # type: ignore[union-attr]


def test_an_archive_that_changes_meanwhile_is_reported(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", ("a.dcm", ONE), ("b.dcm", TWO))
    sources = found(path)
    packed(path, ("other.dcm", ONE))
    reader = Reader(KEYS, SMALL)
    for source in sources:
        assert isinstance(source, Source)
        assert reason(reader.read(source)) == "the archive changed while it was read"
    reader.close()


def test_an_archive_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "a.zip", *((f"{n}.dcm", ONE) for n in range(50)))
    sources = found(path)
    opened = 0
    original = archive.open_regular

    def counted(name: str) -> object:
        nonlocal opened
        opened += 1
        return original(name)

    monkeypatch.setattr(archive, "open_regular", counted)
    reader = Reader(KEYS, SMALL)
    assert all(
        isinstance(reader.read(source), ObjectClaim) for source in sources if isinstance(source, Source)
    )
    reader.close()
    assert opened == 1


# --- media ---------------------------------------------------------------------------------


def records(*file_ids: str) -> bytes:
    sort = element(0x0004_1430, b"CS", b"IMAGE ")
    values = [file_id.encode() + b" " * (len(file_id) % 2) for file_id in file_ids]
    return b"".join(item(sort + element(0x0004_1500, b"CS", value)) for value in values)


def dicomdir(folder: Path, *file_ids: str, times: int = 1) -> Path:
    """A DICOMDIR that lists some files, whatever they are."""
    sequence = element(0x0004_1220, b"SQ", records(*file_ids) * times)
    path = folder / "DICOMDIR"
    path.write_bytes(file(sequence, sop_class=f"{MEDIA_DIRECTORY}".encode()))
    return path


def test_media_are_read_and_nothing_outside(tmp_path: Path) -> None:
    folder = tmp_path / "cd"
    inside, outside = good(folder, "IMG1"), good(tmp_path, "SECRET", "1.2.3.4.2")
    good(folder, "IMG2", "1.2.3.4.3")
    (folder / "LINK").symlink_to(outside)
    os.mkfifo(folder / "FIFO")
    path = dicomdir(
        folder,
        "IMG1",
        "..\\SECRET",
        str(outside),
        "LINK",
        "FIFO",
        "GONE",
        "DICOMDIR",
        ".\\IMG1",
        "IMG1\\BELOW",
        "A" * 300,
        "NUL\0NUL",
        "IMG2",
    )
    readings = read_in_order(path)
    told = {os.path.basename(one.path): one.reason for one in readings if isinstance(one, Skipped)}
    assert instances(readings) == ["1.2.3.4.1", "1.2.3.4.3"], "each file once"
    leads, gone = "the DICOMDIR leads outside of its folder", "the DICOMDIR lists it, but it isn't there"
    assert told.pop("A" * 300) == os.strerror(36)
    assert told == {
        "DICOMDIR": "a DICOMDIR, not an instance",
        "SECRET": leads,
        "LINK": leads,
        "FIFO": "not a regular file",
        "GONE": gone,
        "BELOW": os.strerror(20),
        "NUL\0NUL": "the DICOMDIR lists it, but no file can have this name",
    }
    assert str(inside) in {one.path for one in readings}


def test_a_dicomdir_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "DICOMDIR"
    whole = (PYDICOM_FILES / "dicomdirtests" / "DICOMDIR").read_bytes()
    for data in (b"", b"text", whole[:140], whole[:132] + b"\xff" * 100):
        path.write_bytes(data)
        readings = read_in_order(path, good(tmp_path))
        assert isinstance(readings[-1], ObjectClaim)
        assert len(readings) >= 2, "it isn't passed over in silence"


def test_a_dicomdir_of_very_many_records_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MOST_LISTED", 1000)
    (only,) = found(dicomdir(tmp_path, *(f"N{n}" for n in range(1001))))
    assert isinstance(only, Unreadable)
    assert only.reason == "the DICOMDIR lists more than 1,000 files"


def test_a_million_records_are_no_harm(tmp_path: Path) -> None:
    good(tmp_path, "IMG1")
    path = dicomdir(tmp_path, "IMG1", times=1_000_000)
    readings = read_in_order(path, save(tiny("1.2.3.4.8"), tmp_path / "z.dcm"), limits=Limits())
    assert instances(readings) == ["1.2.3.4.1", "1.2.3.4.8"]
