"""Where an interrupted run goes on: a keyed hash for each file that it has recorded.

The hash is over path, size and time of change, so the database learns no path,
and a file that has changed since is read again. Marks go when their run is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from sqlalchemy import Connection, delete, select, text

from registry.store.schema import resume_marks

_ADD = "INSERT INTO resume_marks (run, mark) VALUES (:run, :mark) ON CONFLICT DO NOTHING"


def mark(key: bytes, *parts: object) -> bytes:
    """The keyed hash of a file or a run; 16 bytes."""
    text = "\0".join(str(part) for part in parts)
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16, key=key, person=b"mark").digest()


def done(connection: Connection, run: bytes) -> set[bytes]:
    """The marks of files that an earlier, interrupted run has recorded."""
    return set(connection.execute(select(resume_marks.c.mark).where(resume_marks.c.run == run)).scalars())


def add(connection: Connection, run: bytes, marks: Iterable[bytes]) -> None:
    """Mark files as recorded, in the transaction that records them."""
    rows = [{"run": run, "mark": each} for each in sorted(set(marks))]
    if rows:
        # The same run twice at the same time is fine.
        connection.execute(text(_ADD), rows)


def forget_all(connection: Connection) -> None:
    """No run goes on: under another key no mark is known again."""
    connection.execute(delete(resume_marks))


def forget(connection: Connection, run: bytes) -> None:
    """The run is done; the next one reads everything again."""
    connection.execute(delete(resume_marks).where(resume_marks.c.run == run))
