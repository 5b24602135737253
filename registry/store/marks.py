"""Where an interrupted run goes on: keyed hashes of what it has recorded.

A hash is over paths, sizes and times of change, so the database learns no path,
and what has changed since is read again. Marks go when their run is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from sqlalchemy import Connection, delete, select

from registry.store.act import Act
from registry.store.schema import resume_marks


class Marker:
    """Makes the marks of one registry."""

    def __init__(self, key: bytes) -> None:
        self._keyed = blake2b(digest_size=16, key=key, person=b"mark")

    def mark(self, *parts: object) -> bytes:
        """The keyed hash of some files or a run; 16 bytes."""
        state = self._keyed.copy()
        state.update("\0".join([str(part) for part in parts]).encode("utf-8", "surrogateescape"))
        return state.digest()


def done(connection: Connection, run: bytes) -> set[bytes]:
    """The marks of what an earlier, interrupted run has recorded."""
    return set(connection.execute(select(resume_marks.c.mark).where(resume_marks.c.run == run)).scalars())


def add(act: Act, run: bytes, marks: Iterable[bytes]) -> None:
    """Mark something as recorded, in the transaction that records them. The same run twice at the
    same time is fine."""
    act.remember(resume_marks, [(run, each) for each in set(marks)])


def forget_all(connection: Connection) -> None:
    """No run goes on: under another key no mark is known again."""
    connection.execute(delete(resume_marks))


def forget(connection: Connection, run: bytes) -> None:
    """The run is done; the next one reads everything again."""
    connection.execute(delete(resume_marks).where(resume_marks.c.run == run))
