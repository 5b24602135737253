"""How a Patient ID is known: by a keyed fingerprint."""

from __future__ import annotations

from hashlib import blake2b


def token(value: str, key: bytes) -> bytes:
    """The keyed fingerprint by which a Patient ID or its issuer is known; 16 bytes."""
    return blake2b(value.encode(), digest_size=16, key=key, person=b"patient").digest()
