"""Sets of references as bytes: what an object names, kept once for all that name the same.

A set is compressed JSON: a list for each group of targets that share role, class,
series and study, the targets behind them. Its digest is over the text before
compression, so that equal sets are one row.
"""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable
from hashlib import blake2b

from registry.records import Reference, Role

_WHOLE_SERIES = "*"
_LARGEST = 2**28
"""Bytes of text in one set at most: some four million targets."""


def encode(references: Iterable[Reference]) -> tuple[bytes, bytes]:
    """Digest (16 bytes) and body of a set of references."""
    groups: dict[tuple[int, str, str, str], set[str]] = defaultdict(set)
    for target, sop_class, series, study, role in references:
        groups[int(role), sop_class or "", series or "", study or ""].add(target or _WHOLE_SERIES)
    grouped = [[*group, *sorted(targets)] for group, targets in sorted(groups.items())]
    text = json.dumps(grouped, separators=(",", ":")).encode("ascii")
    return blake2b(text, digest_size=16).digest(), zlib.compress(text, 6)


def decode(body: bytes) -> list[Reference]:
    """The references of a set."""
    text = zlib.decompressobj().decompress(body, _LARGEST)
    return [
        Reference(
            None if target == _WHOLE_SERIES else target,
            sop_class or None,
            series or None,
            study or None,
            Role(role),
        )
        for role, sop_class, series, study, *targets in json.loads(text)
        for target in targets
    ]
