"""The keys that the reader needs; apart, so that naming them imports no pydicom."""

from __future__ import annotations

from dataclasses import dataclass

from registry.hashing import Hashing
from registry.keys import RegistryKey


@dataclass(frozen=True, slots=True)
class ReaderKeys:
    """The keys under which the reader hides what identifies people."""

    fingerprint: bytes
    digest: bytes
    earlier: tuple[ReaderKeys | None, ...] = ()  # those before them, the newest first; None: not here
    hashing: Hashing = Hashing.BLAKE3  # of contents, before the key for digests hides them

    @classmethod
    def of(
        cls, key: RegistryKey, context: str | None, earlier: tuple[ReaderKeys | None, ...] = ()
    ) -> ReaderKeys:
        """Those of one context, so that nothing in it is comparable with another's; None: clinical."""
        suffix = f" {context}" if context else ""
        fingerprint, digest = (key.subkey(f"{purpose}{suffix}") for purpose in ("fingerprint", "digest"))
        return cls(fingerprint, digest, earlier, key.hashing)
