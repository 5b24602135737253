"""How a fingerprint is laid out: which attributes are present, and a hash of each.

One byte says how many attributes the list has, a bit each says which are
present, eight bytes each follow for those. The attributes themselves are known
only to the reader that hashes them (dicomfile/attributes.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

VERSION = 1
"""Of the attribute lists; fingerprints of different versions don't compare."""

SIZE = 8
"""Bytes for each present attribute."""

_ABSENT = b""


def pack(hashes: Sequence[bytes | None]) -> bytes:
    """A fingerprint from one hash for each attribute, None for an absent one."""
    present = sum(1 << index for index, value in enumerate(hashes) if value is not None)
    bitmap = present.to_bytes((len(hashes) + 7) // 8, "little")
    return bytes([len(hashes)]) + bitmap + b"".join(value for value in hashes if value is not None)


def unpack(packed: bytes) -> list[bytes | None]:
    """The hashes of a fingerprint, None for an absent attribute."""
    count = packed[0]
    start = 1 + (count + 7) // 8
    present = int.from_bytes(packed[1:start], "little")
    hashes: list[bytes | None] = []
    for index in range(count):
        here = present >> index & 1
        hashes.append(packed[start : start + SIZE] if here else None)
        start += SIZE * here
    return hashes


class Variants:
    """The fingerprints seen of one subject, as far as they tell something new.

    Two different values of an attribute, and that it was once absent, are all
    that rules ask for; so the number kept is bounded, whatever comes in.
    """

    def __init__(self, kept: Iterable[bytes] = ()) -> None:
        self._seen: dict[int, set[bytes]] = {}
        self._kept: set[bytes] = set()
        for packed in kept:
            self.take(packed)

    def take(self, packed: bytes) -> bool:
        """Whether a fingerprint tells something new; if so it counts as seen from now on."""
        if packed in self._kept:
            return False
        new = False
        for index, value in enumerate(unpack(packed)):
            seen = self._seen.setdefault(index, set())
            known = value or _ABSENT
            if known not in seen and (known == _ABSENT or len(seen - {_ABSENT}) < 2):
                seen.add(known)
                new = True
        if new:
            self._kept.add(packed)
        return new

    def disagreeing(self) -> set[int]:
        """The attributes of which two different values were seen."""
        return {index for index, seen in self._seen.items() if len(seen - {_ABSENT}) > 1}
