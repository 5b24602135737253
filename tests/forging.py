"""What whoever owns a database can do to a trail so that it fits itself again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from registry.merkle import TreeHead
from registry.settings import Settings
from registry.trail import FIELDS, canonical_entry, leaf_hash
from tests.databases import raw, run


def cut(settings: Settings) -> None:
    """Remove the newest entry that changed nothing but the trail, and all after it: here a checkpoint's."""
    with raw(settings) as connection:
        _disarm(connection)
        (seq,) = run(connection, "SELECT min(seq) FROM entries WHERE event = 'audit:checkpoint'").one()
        run(connection, f"DELETE FROM entries WHERE seq >= {seq}")
        _rebuilt(connection)


def rewritten(settings: Settings) -> None:
    """Another name in the first entry, and every hash as if it had always stood there."""
    with raw(settings) as connection:
        _disarm(connection)
        row = run(connection, "SELECT * FROM entries WHERE seq = 0").one()._mapping
        said = {**row, "note_hash": bytes(row["note_hash"]).hex() if row["note_hash"] else None}
        fields = {name: said[name] for name in FIELDS[row["format"]]} | {"actor": "mallory"}
        leaf = leaf_hash(canonical_entry(fields, row["format"]))
        run(connection, "UPDATE entries SET actor = 'mallory', leaf = :leaf WHERE seq = 0", leaf=leaf)
        _rebuilt(connection)


def _disarm(connection: Connection) -> None:
    """Take the guards away, as the owner can."""
    if connection.dialect.name == "postgresql":
        run(connection, "SET session_replication_role = replica")
        return
    run(connection, "PRAGMA foreign_keys = OFF")
    for (name,) in run(connection, "SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
        run(connection, f"DROP TRIGGER {name}")


def _rebuilt(connection: Connection) -> None:
    run(connection, "DELETE FROM tree_nodes")
    head = TreeHead()
    for (leaf,) in run(connection, "SELECT leaf FROM entries ORDER BY seq").all():
        for node, value in head.complete(bytes(leaf)):
            values: dict[str, Any] = {"level": node.level, "place": node.place, "hash": value}
            run(connection, "INSERT INTO tree_nodes VALUES (:level, :place, :hash)", **values)
