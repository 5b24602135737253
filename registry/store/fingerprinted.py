"""How the row of a fingerprint names what it is of."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from registry.agreement import Subject
from registry.epochs import Epoch
from registry.fingerprint import VERSION
from registry.records import Level
from registry.store.packing import pack, unpack
from registry.store.schema import fingerprints

_AT_ONCE = 10_000


def stored(subject: Subject, context: str | None = None) -> bytes:
    """The subject of a fingerprint's row: a patient's token, or a packed UID; in another context
    than the clinical one, or beside one, with its name before it, so that it compares with its
    own alone."""
    return _before(context) + (subject if isinstance(subject, bytes) else pack(subject))


def of_studies(connection: Connection, epoch: Epoch) -> Iterator[tuple[str, bytes]]:
    """Every fingerprint of a study under the key of an epoch, with the study's UID: reads the whole table.

    What another context holds may be among it, under what isn't its UID.
    """
    query = select(fingerprints.c.subject, fingerprints.c.attributes, fingerprints.c.entry).where(
        fingerprints.c.level == int(Level.STUDY), fingerprints.c.version == VERSION
    )
    own, beside = _before(epoch.context), _before(epoch.beside)
    for subject, attributes, entry in connection.execution_options(yield_per=_AT_ONCE).execute(query):
        if beside and subject.startswith(beside):
            yield unpack(subject[len(beside) :]), attributes
        elif subject.startswith(own) and epoch.holds(entry):
            yield unpack(subject[len(own) :]), attributes


def _before(context: str | None) -> bytes:
    return f"{context}\0".encode("ascii") if context else b""
