"""The labels of objects, for the rules that ask for them (registry/dicomfile/labels.py).

A hash compares under its key and in its context alone, so that stands before it;
what isn't hashed compares with everything.
"""

from __future__ import annotations

from collections.abc import Iterable

from registry.epochs import Epoch
from registry.records import Mark, ObjectClaim
from registry.store import schema
from registry.store.act import Act
from registry.store.packing import pack


def remember_labels(act: Act, claims: Iterable[ObjectClaim], epoch: Epoch) -> None:
    """Write the labels of a batch."""
    labels = {label for claim in claims for label in claim.labels}
    stored = [(pack(of), _stored(mark, value, epoch), pack(uid)) for of, mark, value, uid in labels]
    act.remember(schema.labels, stored)


def _stored(mark: Mark, value: bytes, epoch: Epoch) -> bytes:
    before = b"" if not value or epoch.labelled is None else f"{epoch.labelled}\0".encode("ascii")
    return before + bytes([mark]) + value


def own_label(kept: bytes, epoch: Epoch) -> bytes | None:
    """Mark and hash of a label, if they are of this epoch or of every one."""
    if len(kept) == 1:
        return kept
    if kept[0] in _MARKS:
        return kept if epoch.labelled is None else None
    name, _, label = kept.partition(b"\0")
    return label if epoch.labelled is not None and name == epoch.labelled.encode("ascii") else None


_MARKS = frozenset(map(int, Mark))
"""None of them is what the name of a context begins with."""
