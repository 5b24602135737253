"""A registry of very many entries, quickly: a few thousand real acts, and the same again and again.

What is repeated has rows, digests, hashes and nodes as the real acts have them, with UIDs, keys
and request ids of its own: it verifies. Made in a few large transactions, past the services.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.engine import Row

from registry.merkle import TreeHead
from registry.records import Kind
from registry.services.initializing import init
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry, opened
from registry.services.requests import IssueRequest
from registry.services.withdrawing import withdraw
from registry.settings import Settings
from registry.store.act import stored_rows
from registry.store.packing import PackedUid, pack
from registry.store.schema import SEALED, entries, ledger, notes, requests, series, studies, tree_nodes, uses
from registry.trail import FIELDS, RowsDigest, canonical_entry, leaf_hash

REAL = 2000
"""Acts that are done."""

LARGE = 100_000
"""UIDs of the one great batch among them."""

_MADE = (ledger, studies, series, uses, notes, requests)
"""Tables that the repeated acts leave rows in, each after what it points to."""


def grow(settings: Settings, size: int) -> None:
    """A registry with a trail of so many entries."""
    first = _act(settings, min(size, REAL))
    with opened(settings) as registry, registry.database.writing() as connection:
        _Repeater(connection, first).fill(size)


def _act(settings: Settings, acts: int) -> int:
    """Real acts: one great batch, then single issues, small batches, series, studies with their
    purpose, withdrawals, requests that could be repeated. The entry with which these begin."""
    init(settings, root="1.3.6.1.4.1.32473.1")
    with opened(settings) as registry:
        study = issue(registry, IssueRequest(Kind.STUDY)).uids[0]
        one = IssueRequest(Kind.INSTANCE, series_instance_uid=_series(registry, study))
        begun = issue(registry, replace(one, count=min(LARGE, acts * 50))).entry + 1
        uid = issue(registry, one).uids[0]
        for number in range(acts):
            match number % 10:
                case 0:
                    issue(registry, IssueRequest(Kind.STUDY, purpose="a study of the trail"))
                case 1:
                    one = replace(one, series_instance_uid=_series(registry, study))
                case 2:
                    issue(registry, replace(one, count=20))
                case 3:
                    withdraw(registry, [uid], "made by mistake")
                case 4:
                    issue(registry, replace(one, request_id=f"request-{number}"))
                case _:
                    uid = issue(registry, one).uids[0]
    return begun


def _series(registry: OpenRegistry, study: str) -> str:
    asked = IssueRequest(Kind.SERIES, study_instance_uid=study, modality="SEG")
    return issue(registry, asked).uids[0]


class _Repeater:
    """Does again what the entries from a first one on did."""

    def __init__(self, connection: Connection, first: int) -> None:
        self._connection = connection
        chained = connection.execute(select(entries).order_by(entries.c.seq)).all()
        self._pattern = [row for row in chained if row.id >= first]
        self._head = TreeHead()
        for row in chained:
            self._head.append(row.leaf)
        self._entry, self._ledger_size = chained[-1].id, chained[-1].ledger_size
        self._made: dict[int, dict[Table, list[dict[str, Any]]]] = defaultdict(dict)
        for table in SEALED:
            for row in connection.execute(stored_rows(table).where(table.c.entry >= first)):
                assert table in _MADE, table.name
                self._made[row.entry].setdefault(table, []).append(dict(row._mapping))
        self._spans = {table: self._span(table) for table in (studies, series)}

    def _span(self, table: Table) -> tuple[int, int]:
        """The surrogate keys that the pattern gave, from the first on, and how many."""
        ids = [row["id"] for made in self._made.values() for row in made.get(table, ())]
        return (min(ids), max(ids) - min(ids) + 1) if ids else (1 << 60, 0)

    def fill(self, size: int) -> None:
        rest, again = size - self._head.size, 0
        while rest > 0:
            again += 1
            self._repeat(self._pattern[:rest], again)
            rest -= len(self._pattern)

    def _repeat(self, acts: list[Row[Any]], again: int) -> None:
        rows: dict[Table, list[dict[str, Any]]] = defaultdict(list)
        for act in acts:
            self._entry += 1
            made = {
                table: [self._renewed(table, row, again) for row in some]
                for table, some in self._made.get(act.id, {}).items()
            }
            for table, some in made.items():
                rows[table] += some
            self._append(act, made, again, rows)
        mark = ":{}" if self._connection.dialect.name == "sqlite" else "%({})s"
        for table in (*_MADE, entries, tree_nodes):
            if rows[table]:
                names = list(rows[table][0])
                marks = ", ".join(map(mark.format, names))
                statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"
                self._connection.exec_driver_sql(statement, rows[table])
        self._connection.commit()

    def _renewed(self, table: Table, row: dict[str, Any], again: int) -> dict[str, Any]:
        new = {**row, "entry": self._entry}
        for column in table.columns:
            if isinstance(column.type, PackedUid) and new[column.name] is not None:
                new[column.name] = _another(new[column.name], again)
        for name, owner in (("id", table), ("study_id", studies), ("series_id", series)):
            if new.get(name) is not None and owner in self._spans:
                start, span = self._spans[owner]
                if new[name] >= start:
                    new[name] += again * span
        if table is requests:
            new["request_id"] += f"-{again}"
        return new

    def _append(self, act: Row[Any], made: Any, again: int, rows: dict[Table, list[dict[str, Any]]]) -> None:
        self._ledger_size += len(made.get(ledger, ()))
        place = self._head.size
        said = {
            **act._mapping,
            "id": self._entry,
            "seq": place,
            "prev": place - 1,
            "ledger_size": self._ledger_size,
            "request_id": f"{act.request_id}-{again}" if act.request_id else None,
            "rows": _json({table.name: _digest(table, some) for table, some in made.items()}),
        }
        hashed = {**said, "note_hash": act.note_hash.hex() if act.note_hash else None}
        said["leaf"] = leaf_hash(canonical_entry({name: hashed[name] for name in FIELDS[2]}))
        rows[entries].append(said)
        nodes = self._head.complete(said["leaf"])
        if self._connection.dialect.name == "sqlite":  # a trigger of PostgreSQL writes them itself
            rows[tree_nodes] += [{"level": n.level, "place": n.place, "hash": value} for n, value in nodes]


def _another(key: bytes, again: int) -> bytes:
    """A UID in the place of one, always the same one in each repetition."""
    digest = hashlib.sha256(b"%d.%b" % (again, key)).digest()
    return pack(f"2.25.{int.from_bytes(digest[:16], 'big')}")


def _digest(table: Table, rows: list[dict[str, Any]]) -> list[object]:
    digest = RowsDigest()
    keys = [column.name for column in table.primary_key]
    rows.sort(key=lambda row: [row[name] for name in keys])
    digest.add_all([tuple(row[column.name] for column in table.columns) for row in rows])
    return [digest.count, digest.hexdigest()]


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
