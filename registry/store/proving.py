"""One entry as the tree has it: its place, its canonical bytes, its leaf."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, select

from registry.errors import BadRequest, TrailBroken
from registry.store.schema import entries
from registry.trail import FIELDS, canonical_entry, leaf_hash


class Leaf(NamedTuple):
    """What the tree holds of an entry."""

    entry: int
    place: int
    canonical: bytes
    hash: bytes


def leaf_of(connection: Connection, entry: int) -> Leaf:
    """The leaf of an entry. Raises ``TrailBroken`` where the entry isn't what its hash is of."""
    row = connection.execute(select(entries).where(entries.c.id == entry)).one_or_none()
    if row is None:
        raise BadRequest(f"there is no entry {entry}", advice="`uid-registry audit log` lists the newest.")
    said = {**row._mapping, "note_hash": row.note_hash.hex() if row.note_hash is not None else None}
    canonical = canonical_entry({name: said[name] for name in FIELDS[row.format]}, row.format)
    if leaf_hash(canonical) != row.leaf:
        raise TrailBroken(f"entry {entry} can't be proved: its hash isn't that of what it says")
    return Leaf(entry, row.seq, canonical, bytes(row.leaf))
