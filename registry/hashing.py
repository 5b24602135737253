"""With what contents are hashed before a key hides them.

A file is hashed as a whole, so this is most of what reading a large one costs.
Digests compare only where they were made alike, and they stay for ever: so a key
says with what its digests are made, and a registry changes over when its key does.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from hashlib import blake2b
from typing import Protocol

_SIZE = 32


class Hashing(StrEnum):
    """A hash function that digests of contents are made with; 32 bytes."""

    BLAKE2B = "blake2b"  # of keys that were made before there was a choice
    BLAKE3 = "blake3"  # several times as fast

    def hashed(self, pieces: Iterable[bytes | bytearray | memoryview]) -> bytes:
        """The hash of some bytes that come in pieces."""
        made = _made_by(self)
        for piece in pieces:
            made.update(piece)
        return made.digest()


class _Made(Protocol):
    def update(self, data: bytes | bytearray | memoryview, /) -> object: ...
    def digest(self) -> bytes: ...


def _made_by(hashing: Hashing) -> _Made:
    if hashing is Hashing.BLAKE2B:
        return blake2b(digest_size=_SIZE)
    from blake3 import blake3  # by whoever reads files alone

    return blake3()
