"""Sets of references as bytes: what an object names, kept once for all that name the same.

A set is compressed text: a line for each group of targets that share role,
class, series and study, the targets behind it. Its digest is over the text
before compression, so that equal sets are one row.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable
from hashlib import blake2b

from registry.records import Reference, Role

_LARGEST = 2**28
"""Bytes of text in one set at most: some four million targets."""


def encode(references: Iterable[Reference]) -> tuple[bytes, bytes]:
    """Digest (16 bytes) and body of a set of references."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for reference in references:
        target, sop_class, series, study, role = reference
        group = (str(int(role)), sop_class or "", series or "", study or "")
        groups[group].append(target or "*")
    lines = [" ".join((",".join(group), *sorted(targets))) for group, targets in sorted(groups.items())]
    text = "\n".join(lines).encode("ascii")
    return blake2b(text, digest_size=16).digest(), zlib.compress(text, 6)


def decode(body: bytes) -> list[Reference]:
    """The references of a set."""
    text = zlib.decompressobj().decompress(body, _LARGEST).decode("ascii")
    references = []
    for line in text.split("\n"):
        group, *targets = line.split(" ")
        role, sop_class, series, study = group.split(",")
        for target in targets:
            uid = None if target == "*" else target
            references.append(
                Reference(uid, sop_class or None, series or None, study or None, Role(int(role)))
            )
    return references
