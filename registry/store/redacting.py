"""Taking a free text out of the registry: what was written stays proven, what it said is gone.

The hash of the text stays in its entry and a row says who emptied it, so that the
trail verifies. On SQLite what is freed is overwritten and the log of writes is cut,
so that the file doesn't hold the text any more. PostgreSQL keeps the old version of
the row until the table is vacuumed, and its log of writes for as long as it is
archived: ``VACUUM notes`` as the owner, and the rules for archives and backups, end that.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from registry.store.act import Act
from registry.store.schema import entries, notes, redactions
from registry.store.session import Database


@dataclass(frozen=True, slots=True)
class Redaction:
    """Who took a text out, and in which entry."""

    actor: str
    entry: int

    def __str__(self) -> str:
        return f"(redacted by {self.actor}, entry {self.entry})"


def redaction_of(connection: Connection, note: int) -> Redaction | None:
    """What became of the text of an entry; None where it is as it was."""
    query = (
        select(entries.c.actor, redactions.c.entry)
        .join_from(redactions, entries, redactions.c.entry == entries.c.id)
        .where(redactions.c.note == note)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Redaction(row.actor, row.entry)


def is_entry(connection: Connection, entry: int) -> bool:
    return connection.execute(select(entries.c.id).where(entries.c.id == entry)).first() is not None


def has_note(connection: Connection, entry: int) -> bool:
    return connection.execute(select(notes.c.entry).where(notes.c.entry == entry)).first() is not None


def empty(act: Act, entry: int) -> None:
    """Empty the free text of an entry, with its salt, and say so."""
    act.insert(redactions, [{"note": entry}])
    connection = act.connection
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    connection.execute(update(notes).where(notes.c.entry == entry).values(text="", salt=b""))


_PATIENCE = 1000
"""Milliseconds that one waits for readers before the log of an embedded database is emptied."""


def forget(database: Database) -> None:
    """Have nothing of what was emptied stay in the files of an embedded database."""
    if database.dialect != "sqlite":
        return
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        if driver is not None:
            # Whoever reads just now keeps it; the last who closes the file empties it then.
            driver.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.invalidate()
