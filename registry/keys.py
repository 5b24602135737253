"""The registry's keys: secrets outside the database, and what is derived from them.

Fingerprints, digests and keyed UIDs are worth something only while the database
alone doesn't let anybody try out Patient IDs against it. So the secrets live in
a file of their own; the database holds their ids and check values. The file is a
ring: the key that is written with, and those before it, under which alone
compares what was recorded with them. A key also says with what contents are hashed
(hashing.py), for that too must be the same wherever digests are to compare.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from registry.errors import KeyUnusable
from registry.hashing import Hashing
from registry.placement import placed, replaced

_HEADER = "dicom-uid-registry key 1"
_RING_HEADER = "dicom-uid-registry key 2"
_NAMING_HEADER = "dicom-uid-registry key 3"  # with the hashing of each key before it
_BYTES = 32

LARGEST = 1 << 16
"""Bytes of a key file at most: a key is a line. Nobody wants a disk image read because of a wrong name."""


@dataclass(frozen=True, slots=True)
class RegistryKey:
    """One secret of a registry. Its ``repr`` doesn't show it."""

    secret: bytes
    hashing: Hashing = Hashing.BLAKE2B  # of contents, before their digests are made with the key

    def __repr__(self) -> str:
        return f"RegistryKey(id={self.id!r})"

    @property
    def id(self) -> str:
        """The name of the key, which may be told to anyone."""
        return self.subkey("id")[:4].hex()

    @property
    def check(self) -> bytes:
        """Eight bytes that show, without the secret, whether a key is the right one."""
        as_ever = self.hashing is Hashing.BLAKE2B
        return self.subkey("check" if as_ever else f"check {self.hashing}")[:8]

    def subkey(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose; knowing one tells nothing of another."""
        return hmac.digest(self.secret, purpose.encode(), hashlib.sha256)


KeyRing = tuple[RegistryKey, ...]
"""The keys in one file, the newest first. Which of them are the registry's the database says."""


def new_key() -> RegistryKey:
    """A key that nobody has yet."""
    return RegistryKey(secrets.token_bytes(_BYTES), Hashing.BLAKE3)


def create_key(path: Path) -> RegistryKey:
    """Make a new key and write it, readable by its owner alone; never over an existing file."""
    key = new_key()
    put_ring(path, (key,))
    return key


def put_ring(path: Path, ring: KeyRing) -> None:
    """Write keys, readable by their owner alone: all of it or nothing, never over an existing file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with placed(path) as written:
        written.write_text(_text(ring), encoding="ascii")


def extend_ring(path: Path, new: Iterable[RegistryKey], *, first: bool = False) -> None:
    """Add keys to those in a file, before or behind them. None is ever taken out.

    The file is replaced by one that holds the old ones too, so that whoever reads it, and
    whoever stops here, finds one or the other. Raises ``KeyUnusable`` where it can't be read.
    """
    with _alone(path.resolve().parent):
        ring = load_ring(path)
        added = tuple(key for key in new if key not in ring)
        if not added:
            return
        with replaced(path) as written:
            written.write_text(_text(added + ring if first else ring + added), encoding="ascii")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other program of this machine changes a ring in this folder meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _text(ring: KeyRing) -> str:
    # What older programs can use is written as ever, so that they read it.
    if all(key.hashing is Hashing.BLAKE2B for key in ring):
        lines = [_HEADER if len(ring) == 1 else _RING_HEADER, *(key.secret.hex() for key in ring)]
    else:
        lines = [_NAMING_HEADER, *(f"{key.hashing} {key.secret.hex()}" for key in ring)]
    return "".join(f"{line}\n" for line in lines)


def load_key(path: Path) -> RegistryKey:
    """The newest key in a file. Raises like ``load_ring``."""
    return load_ring(path)[0]


def load_ring(path: Path) -> KeyRing:
    """Read the keys. Raises ``KeyUnusable`` where there are none or the file holds something else."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise KeyUnusable(f"the registry's key file {path} is missing") from error
    except OSError as error:
        raise KeyUnusable(f"the registry's key file {path} can't be read: {error.strerror}") from error
    return parse_ring(text, str(path))


def parse_ring(text: bytes, name: str) -> KeyRing:
    """The keys that the text of a file holds; messages call the file ``name``, and never quote it."""
    try:
        header, *lines = text.decode("ascii").splitlines()
        ring = tuple(_key(line, named=header == _NAMING_HEADER) for line in lines)
    except ValueError as error:
        raise KeyUnusable(f"{name} is not a key file of a UID registry") from error
    whole = len(ring) == 1 if header == _HEADER else header in (_RING_HEADER, _NAMING_HEADER) and bool(ring)
    if not whole or len(text) > LARGEST or any(len(key.secret) != _BYTES for key in ring):
        raise KeyUnusable(f"{name} is not a key file of a UID registry")
    return ring


def _key(line: str, *, named: bool) -> RegistryKey:
    hashing, secret = line.split(" ") if named else (Hashing.BLAKE2B, line)
    return RegistryKey(bytes.fromhex(secret), Hashing(hashing))


def readable_by_others(path: Path) -> bool:
    """Whether the modes of a file let anybody but its owner read it."""
    return bool(path.stat().st_mode & 0o077)
