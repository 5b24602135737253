"""The key that signs checkpoints stays with its owner, as the registry's does."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from registry.errors import SigningKeyUnusable
from registry.note import SignerKey
from registry.signing import load_signing_key, put_aside, put_signing_key

ORIGIN = "dicom-uid-registry/0123456789ab"


@pytest.fixture
def key() -> SignerKey:
    return SignerKey.generate(ORIGIN)


def test_it_is_read_back_as_it_was_written(tmp_path: Path, key: SignerKey) -> None:
    file = tmp_path / "keys" / "registry.signing-key"
    put_signing_key(file, key)
    assert load_signing_key(file, ORIGIN) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_nothing_is_ever_written_over(tmp_path: Path, key: SignerKey) -> None:
    file = tmp_path / "key"
    put_signing_key(file, key)
    with pytest.raises(FileExistsError):
        put_signing_key(file, SignerKey.generate(ORIGIN))
    assert load_signing_key(file, ORIGIN) == key


def test_a_key_put_aside_takes_no_other_ones_place(tmp_path: Path, key: SignerKey) -> None:
    places = set()
    for _ in range(3):
        put_signing_key(tmp_path / "key", key)
        places.add(put_aside(tmp_path / "key", key.verifier.id))
    assert len(places) == 3
    assert all(load_signing_key(place, ORIGIN) == key for place in places)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "thesis",
        "dicom-uid-registry signing key 1\n",
        "dicom-uid-registry signing key 1\nabcd\n",
        "dicom-uid-registry signing key 2\n" + "ab" * 32,
        "dicom-uid-registry key 1\n" + "ab" * 32,  # the registry's key signs nothing
        "dicom-uid-registry signing key 1\n" + "ab" * 32 + "\nmore",
        "dicom-uid-registry signing key 1\n" + "xy" * 32,
        "é" * 40,
    ],
)
def test_what_is_no_key_is_told_and_not_quoted(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(SigningKeyUnusable, match="is not a signing key") as caught:
        load_signing_key(tmp_path / "key", ORIGIN)
    assert "ab" * 4 not in str(caught.value)


def test_a_missing_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SigningKeyUnusable, match="is not at") as caught:
        load_signing_key(tmp_path / "key", ORIGIN)
    assert "UID_REGISTRY_SIGNING_KEY_FILE" in caught.value.advice
    with pytest.raises(SigningKeyUnusable, match="can't be read"):
        load_signing_key(tmp_path, ORIGIN)
