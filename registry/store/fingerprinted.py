"""How the row of a fingerprint names what it is of."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from registry.facts import Subject
from registry.fingerprint import VERSION
from registry.records import Level
from registry.store.packing import pack, unpack
from registry.store.schema import fingerprints

_AT_ONCE = 10_000


def stored(subject: Subject, context: str | None = None) -> bytes:
    """The subject of a fingerprint's row: a patient's token, or a packed UID; in another context
    than the clinical one with that before it, so that it compares with its own alone."""
    before = f"{context}\0".encode("ascii") if context else b""
    return before + (subject if isinstance(subject, bytes) else pack(subject))


def of_studies(connection: Connection, context: str | None) -> Iterator[tuple[str, bytes]]:
    """Every fingerprint of a study, with the study's UID: reads the whole table.

    What another context holds may be among it, under what isn't its UID.
    """
    query = select(fingerprints.c.subject, fingerprints.c.attributes).where(
        fingerprints.c.level == int(Level.STUDY), fingerprints.c.version == VERSION
    )
    before = f"{context}\0".encode("ascii") if context else b""
    for subject, attributes in connection.execution_options(yield_per=_AT_ONCE).execute(query):
        if subject.startswith(before):
            yield unpack(subject[len(before) :]), attributes
