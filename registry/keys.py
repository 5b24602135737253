"""The registry's key: one secret outside the database, and what is derived from it.

Fingerprints, digests and keyed UIDs are worth something only while the database
alone doesn't let anybody try out Patient IDs against it. So the secret lives in
a file of its own; the database holds its id and a check value.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path

from registry.errors import KeyUnusable
from registry.placement import placed

_HEADER = "dicom-uid-registry key 1"
_BYTES = 32


@dataclass(frozen=True, slots=True)
class RegistryKey:
    """The secret of one registry. Its ``repr`` doesn't show it."""

    secret: bytes

    def __repr__(self) -> str:
        return f"RegistryKey(id={self.id!r})"

    @property
    def id(self) -> str:
        """The name of the key, which may be told to anyone."""
        return self.subkey("id")[:4].hex()

    @property
    def check(self) -> bytes:
        """Eight bytes that show, without the secret, whether a key is the right one."""
        return self.subkey("check")[:8]

    def subkey(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose; knowing one tells nothing of another."""
        return hmac.digest(self.secret, purpose.encode(), hashlib.sha256)


def create_key(path: Path) -> RegistryKey:
    """Make a new key and write it, readable by its owner alone; never over an existing file."""
    key = RegistryKey(secrets.token_bytes(_BYTES))
    put_key(path, key)
    return key


def put_key(path: Path, key: RegistryKey) -> None:
    """Write a key, readable by its owner alone: all of it or nothing, never over an existing file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with placed(path) as written:
        written.write_text(f"{_HEADER}\n{key.secret.hex()}\n", encoding="ascii")


def load_key(path: Path) -> RegistryKey:
    """Read the key. Raises ``KeyUnusable`` where there is none or the file holds something else."""
    try:
        return parse_key(path.read_bytes(), str(path))
    except FileNotFoundError as error:
        raise KeyUnusable(f"the registry's key file {path} is missing") from error
    except OSError as error:
        raise KeyUnusable(f"the registry's key file {path} can't be read: {error.strerror}") from error


def parse_key(text: bytes, name: str) -> RegistryKey:
    """The key that the text of a file holds; messages call the file ``name``, and never quote it."""
    try:
        header, secret, *rest = text.decode("ascii").splitlines()
        key = RegistryKey(bytes.fromhex(secret))
    except ValueError as error:
        raise KeyUnusable(f"{name} is not a key file of a UID registry") from error
    if header != _HEADER or rest or len(key.secret) != _BYTES:
        raise KeyUnusable(f"{name} is not a key file of a UID registry")
    return key


def readable_by_others(path: Path) -> bool:
    """Whether the modes of a file let anybody but its owner read it."""
    return bool(path.stat().st_mode & 0o077)
