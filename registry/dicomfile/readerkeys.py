"""The keys that the reader needs; apart, so that naming them imports no pydicom."""

from __future__ import annotations

from dataclasses import dataclass

from registry.hashing import Hashing


@dataclass(frozen=True, slots=True)
class ReaderKeys:
    """The keys under which the reader hides what identifies people."""

    fingerprint: bytes
    digest: bytes
    earlier: tuple[ReaderKeys | None, ...] = ()  # those before them, the newest first; None: not here
    hashing: Hashing = Hashing.BLAKE3  # of contents, before the key for digests hides them
