"""The registry's secret stays with its owner, outside the database."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import KeyUnusable
from registry.hashing import Hashing
from registry.keys import RegistryKey, create_key, extend_ring, load_key, load_ring, new_key, put_ring

SECRET = bytes(range(32))
HEADER = "dicom-uid-registry key 1"

secrets = st.binary(min_size=32, max_size=32)
purposes = st.text(max_size=12)


# --- the file -------------------------------------------------------------------------


def test_a_key_is_read_back_as_it_was_made(tmp_path: Path) -> None:
    made = create_key(tmp_path / "registry.key")
    assert load_key(tmp_path / "registry.key") == made
    assert len(made.secret) == 32


def test_each_key_is_another(tmp_path: Path) -> None:
    assert len({create_key(tmp_path / str(number)).secret for number in range(20)}) == 20


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_its_owner_can_read_a_key_file(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        create_key(tmp_path / "keys" / "registry.key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keys" / "registry.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "registry.key"
    first = create_key(path)
    with pytest.raises(FileExistsError):
        create_key(path)
    assert load_key(path) == first


def test_nor_is_any_other_file_not_even_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "thesis").write_text("years of work")
    (tmp_path / "registry.key").symlink_to(tmp_path / "thesis")
    with pytest.raises(FileExistsError):
        create_key(tmp_path / "registry.key")
    assert (tmp_path / "thesis").read_text() == "years of work"


def test_a_file_written_by_an_earlier_version_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "registry.key"
    path.write_text(f"{HEADER}\n{SECRET.hex()}\n")
    assert load_key(path) == RegistryKey(SECRET)


def test_a_new_key_names_its_hashing_and_an_earlier_one_is_written_as_ever(tmp_path: Path) -> None:
    new, old = RegistryKey(SECRET, Hashing.BLAKE3), RegistryKey(SECRET[::-1])
    for name, ring, lines in (
        ("new", (new,), ["dicom-uid-registry key 3", f"blake3 {SECRET.hex()}"]),
        ("old", (old,), [HEADER, old.secret.hex()]),
        (
            "both",
            (new, old),
            ["dicom-uid-registry key 3", f"blake3 {SECRET.hex()}", f"blake2b {old.secret.hex()}"],
        ),
    ):
        put_ring(tmp_path / name, ring)
        assert (tmp_path / name).read_text().splitlines() == lines
        assert load_ring(tmp_path / name) == ring
    assert new_key().hashing is Hashing.BLAKE3


def test_one_secret_with_another_hashing_is_another_key() -> None:
    assert RegistryKey(SECRET, Hashing.BLAKE3).check != RegistryKey(SECRET, Hashing.BLAKE2B).check


def test_a_missing_key_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable) as caught:
        load_key(tmp_path / "registry.key")
    assert caught.value.message == f"the registry's key file {tmp_path / 'registry.key'} is missing"


def test_a_folder_in_its_place_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable) as caught:
        load_key(tmp_path)
    assert caught.value.message == f"the registry's key file {tmp_path} can't be read: Is a directory"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        f"{HEADER}\n".encode(),
        f"{HEADER}\n\n".encode(),
        SECRET.hex().encode(),
        f"{SECRET.hex()}\n{HEADER}\n".encode(),
        f"dicom-uid-registry key 3\n{SECRET.hex()}\n".encode(),
        f"dicom-uid-registry key 3\nmd5 {SECRET.hex()}\n".encode(),
        f"dicom-uid-registry key 3\nblake3 blake3 {SECRET.hex()}\n".encode(),
        f"dicom-uid-registry key 4\nblake3 {SECRET.hex()}\n".encode(),  # of a later version
        b"dicom-uid-registry key 2\n",
        f"dicom-uid-registry key 2\n{SECRET.hex()}\n{SECRET.hex()[:-2]}\n".encode(),
        f"dicom-uid-registry key 2\n{SECRET.hex()}\n\n".encode(),
        b"dicom-uid-registry key 2\n" + f"{SECRET.hex()}\n".encode() * 2000,  # longer than any is read
        f"{HEADER}\n{SECRET.hex()[:-2]}\n".encode(),
        f"{HEADER}\n{SECRET.hex()}00\n".encode(),
        f"{HEADER}\n{SECRET.hex()[:-1]}\n".encode(),
        f"{HEADER}\n{'x' * 64}\n".encode(),
        f"{HEADER}\n{SECRET.hex()}\nmore\n".encode(),
        f"{HEADER}\n{SECRET.hex()}\n".encode("utf-16"),
        b"-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n",
        bytes(range(256)),
    ],
)
def test_a_broken_or_foreign_file_is_no_key(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "registry.key"
    path.write_bytes(content)
    with pytest.raises(KeyUnusable) as caught:
        load_key(path)
    assert caught.value.message == f"{path} is not a key file of a UID registry"


# --- several in one file ----------------------------------------------------------------


def test_a_ring_grows_at_either_end_and_loses_none(tmp_path: Path) -> None:
    path, first, newer, older = tmp_path / "key", new_key(), new_key(), new_key()
    put_ring(path, (first,))
    extend_ring(path, [newer], first=True)
    extend_ring(path, [older])
    assert load_ring(path) == (newer, first, older)
    before = path.stat().st_ino
    extend_ring(path, [first, older], first=True)
    assert load_ring(path) == (newer, first, older)
    assert path.stat().st_ino == before, "nothing new, nothing written"
    assert [file.name for file in tmp_path.iterdir()] == ["key"]


def test_what_is_no_ring_is_not_extended(tmp_path: Path) -> None:
    (tmp_path / "thesis").write_text("years of work")
    with pytest.raises(KeyUnusable):
        extend_ring(tmp_path / "thesis", [new_key()])
    assert (tmp_path / "thesis").read_text() == "years of work"


def test_one_key_of_a_ring_can_be_left(tmp_path: Path) -> None:
    path = tmp_path / "registry.key"
    path.write_text(f"dicom-uid-registry key 2\n{SECRET.hex()}\n")
    assert load_ring(path) == (RegistryKey(SECRET),)


# --- what is derived from it ------------------------------------------------------------


@given(secrets, secrets, purposes, purposes)
def test_a_subkey_is_of_one_key_and_one_purpose(one: bytes, other: bytes, purpose: str, another: str) -> None:
    subkey = RegistryKey(one).subkey(purpose)
    assert len(subkey) == 32
    assert subkey == RegistryKey(one).subkey(purpose)
    assert subkey != one
    assert (subkey == RegistryKey(one).subkey(another)) is (purpose == another)
    assert (subkey == RegistryKey(other).subkey(purpose)) is (one == other)


def test_id_check_and_subkeys_are_the_same_in_every_version() -> None:
    # HMAC-SHA-256 under bytes 00 to 1f, computed without this program.
    key = RegistryKey(SECRET)
    assert key.id == "8adc89f9"
    assert key.check.hex() == "4dbc0b662b9043db"
    assert key.subkey("mint").hex() == "1e5a938cc184338cefec064210b80a3499c06fa83a73d4d806e8a0da36e9669d"


@given(secrets)
def test_what_may_be_told_of_a_key_is_none_of_its_secret(secret: bytes) -> None:
    key = RegistryKey(secret)
    assert len(key.id) == 8
    assert len(key.check) == 8
    assert bytes.fromhex(key.id) not in secret
    assert key.check not in secret


@pytest.mark.parametrize(
    "show", [repr, str, "{}".format, lambda key: repr([key]), lambda key: f"{key!r:>80}"]
)
def test_showing_a_key_hides_its_secret(show) -> None:
    key = RegistryKey(SECRET)
    shown = show(key)
    assert key.id in shown
    assert repr(SECRET)[2:-1] not in shown
    assert SECRET.hex() not in shown


def test_a_key_cant_be_changed() -> None:
    with pytest.raises(AttributeError):
        RegistryKey(SECRET).secret = b""  # type: ignore[misc]
