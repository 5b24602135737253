"""The forger: has our program, knows the formats, and makes everything fit after a change."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Table

from registry.merkle import TreeHead
from registry.store.act import note_hash
from registry.store.schema import SEALED, entries, notes, redactions, tree_nodes
from registry.trail import FIELDS, RowsDigest, canonical_entry, leaf_hash
from tests.tampering.scene import Row, Scene


def rehash(scene: Scene) -> None:
    """Make every entry, its hash, its place and the tree over all fit what the tables hold now."""
    tables = {table: scene.rows(table) for table in SEALED}
    redacted = {row["note"] for row in tables[redactions]}
    size = 0
    chained = sorted(scene.rows(entries), key=lambda row: row["seq"])
    scene.run("UPDATE entries SET seq = -1 - seq")
    head = TreeHead()
    scene.run("DELETE FROM tree_nodes")
    for place, row in enumerate(chained):
        made = _made(row, tables, redacted)
        size += made.get("ledger", [0])[0]
        new = {
            **row,
            "rows": json.dumps(made, sort_keys=True, separators=(",", ":")),
            "note_hash": _note_hash(row, tables[notes], redacted),
            "seq": place,
            "prev": place - 1 if place else None,
            "ledger_size": size,
        }
        new["leaf"] = leaf_of(new)
        scene.update(entries, row, **new)
        for node, value in head.complete(new["leaf"]):
            scene.insert(tree_nodes, {"level": node.level, "place": node.place, "hash": value})


def _made(entry: Row, tables: dict[Table, list[Row]], redacted: set[int]) -> dict[str, list[Any]]:
    before = json.loads(entry["rows"])
    made: dict[str, list[Any]] = {}
    for table, rows in tables.items():
        ours = [row for row in rows if row["entry"] == entry["id"]]
        if table is notes and entry["id"] in redacted:
            made[table.name] = before[table.name]
        elif ours or table.name in before:  # an act may say that it made none
            digest = RowsDigest()
            keys = [column.name for column in table.primary_key]
            ours.sort(key=lambda row, keys=keys: [row[name] for name in keys])
            digest.add_all([tuple(row[column.name] for column in table.columns) for row in ours])
            made[table.name] = [digest.count, digest.hexdigest()]
    return made


def _note_hash(entry: Row, texts: list[Row], redacted: set[int]) -> bytes | None:
    if entry["id"] in redacted:
        return entry["note_hash"]  # type: ignore[no-any-return]
    for note in texts:
        if note["entry"] == entry["id"]:
            return note_hash(note["salt"], note["text"])
    return None


def leaf_of(row: Row) -> bytes:
    said = {**row, "note_hash": row["note_hash"].hex() if row["note_hash"] is not None else None}
    form = row["format"]
    return leaf_hash(canonical_entry({name: said[name] for name in FIELDS[form]}, form))


def cut(scene: Scene, size: int, *, rows: bool = True, nodes: bool = True) -> None:
    """Take away all entries from a place on, with the rows that they made and the nodes over them."""
    gone = scene.run("SELECT id FROM entries WHERE seq >= :size", size=size).scalars().all()
    for table in SEALED if rows else ():
        for entry in gone:
            scene.run(f"DELETE FROM {table.name} WHERE entry = :entry", entry=entry)
    scene.run("DELETE FROM entries WHERE seq >= :size", size=size)
    for row in scene.rows(tree_nodes) if nodes else ():
        if (row["place"] + 1) << row["level"] > size:
            scene.delete(tree_nodes, row)


def append(scene: Scene, like: Row, **new: object) -> int:
    """Another entry behind the last, in the manner of one that is there; its id."""
    entry = max(row["id"] for row in scene.rows(entries)) + 1
    row = {**like, "id": entry, "seq": scene.head.size, "rows": "{}", "note_hash": None, "leaf": bytes(32)}
    scene.insert(entries, {**row, **new})
    return entry
