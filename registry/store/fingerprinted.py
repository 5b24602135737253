"""How the row of a fingerprint names what it is of."""

from __future__ import annotations

from registry.facts import Subject
from registry.store.packing import pack


def stored(subject: Subject, context: str | None = None) -> bytes:
    """The subject of a fingerprint's row: a patient's token, or a packed UID; in another context
    than the clinical one, or beside one, with its name before it, so that it compares with its
    own alone."""
    before = f"{context}\0".encode("ascii") if context else b""
    return before + (subject if isinstance(subject, bytes) else pack(subject))
