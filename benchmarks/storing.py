"""Registering rows, beside the driver alone putting the same rows into the same tables.

Ours: the rows of an index, which an archive lists (`services/indexing.py`), and
claims with all that files say, as the workers hand them over: looked up, decided,
asked about by every rule, written, accounted for in the trail and committed. The
floor of each is given all the rows that ours made, in every table and in the order
of their keys, and puts them in transactions of the same size into an empty registry
with the same constraints and triggers: on SQLite by ``executemany``, on PostgreSQL
by COPY, as raw as psycopg can.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
from sqlalchemy import Table

from benchmarks import measure
from benchmarks.contestants import Place
from benchmarks.stage import ROOT
from registry.dicomfile.reader import read
from registry.dicomfile.sources import Source
from registry.records import IndexRow, Kind, ObjectClaim
from registry.rules.policy import Policy
from registry.services import registering
from registry.services.indexing import register_rows
from registry.services.initializing import init
from registry.services.opening import OpenRegistry, opened
from registry.services.registering import BATCH
from registry.services.resuming import GROUP, Batch
from registry.store import schema
from registry.store.writer import statement
from tests.postgres import Server

IN_SERIES, IN_STUDY = 100, 4
"""Instances in a series, series in a study."""

IMAGE = Path(pydicom.__file__).parent / "data" / "test_files" / "CT_small.dcm"


def main() -> None:
    given = measure.options(__doc__, "instances", usual=100_000, quick=5000)
    given.folder.mkdir(parents=True, exist_ok=True)
    server = Server(durable=True)
    try:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            for engine, floor, goal in (("sqlite", "executemany", 0.7), ("postgresql", "COPY", 0.55)):
                stands = _Stands(engine, Path(folder), server)
                for name, work in (("index rows", _register_rows), ("claims of files", _register_claims)):
                    count = given.count if work is _register_rows else given.count // 5
                    timings = measure.in_turns(contestants(stands, work, count), given.rounds)
                    what = f"register {name}, {engine}; floor: {floor}"
                    aim = goal if work is _register_rows else None
                    print(measure.row(what, timings["ours"], timings["floor"], count, goal=aim))
    finally:
        server.close()


Work = Callable[[OpenRegistry, list[ObjectClaim]], Callable[[], object]]
"""Prepares what is to be registered; what it returns registers it."""


class _Stands:
    """Empty registries of one engine, all alike."""

    def __init__(self, engine: str, folder: Path, server: Server) -> None:
        self._engine, self._folder, self._server, self._made = engine, folder, server, 0
        self._template = "" if engine == "sqlite" else server.create()
        self._first = self._place(self._template)
        init(self._first.settings, root=ROOT)

    def _place(self, database: str) -> Place:
        if self._engine == "sqlite":
            return Place("sqlite", str(self._folder / f"{self._made}.db"), self._folder)
        return Place("postgresql", self._server.url(database), self._folder)

    def fresh(self) -> Place:
        self._made += 1
        if self._engine == "postgresql":
            return self._place(self._server.create(self._template))
        place = self._place("")
        shutil.copyfile(self._first.url, place.url)
        return place


def contestants(stands: _Stands, work: Work, count: int) -> dict[str, measure.Contestant]:
    done = stands.fresh()
    with opened(done.settings) as registry:
        claims = list(_claims(registry, count))
        work(registry, claims)()
    rows = _rows(done)

    def ours() -> float:
        with opened(stands.fresh().settings) as registry:
            return measure.timed(work(registry, claims))

    return {"floor": lambda: _put(stands.fresh(), rows), "ours": ours}


def _register_rows(registry: OpenRegistry, claims: list[ObjectClaim]) -> Callable[[], object]:
    rows = [
        IndexRow(c.sop_instance_uid, c.sop_class_uid, c.series_instance_uid, c.study_instance_uid, c.modality)
        for c in claims
    ]
    return lambda: register_rows(registry, rows)


def _register_claims(registry: OpenRegistry, claims: list[ObjectClaim]) -> Callable[[], object]:
    return lambda: _register(registry, claims)


def _claims(registry: OpenRegistry, count: int) -> Iterator[ObjectClaim]:
    """Claims like those of a real image, each of another instance."""
    image = read(Source(str(IMAGE)), registry.reader_keys)
    assert isinstance(image, ObjectClaim)
    for number in range(count):
        series, study = number // IN_SERIES, number // IN_SERIES // IN_STUDY
        prefix = f"1.2.840.113619.2.55.3.604688119.{10**9 + study}"
        yield replace(
            image,
            study_instance_uid=f"{prefix}.1",
            series_instance_uid=f"{prefix}.2.{10**9 + series}",
            sop_instance_uid=f"{prefix}.3.{10**9 + number * 7919 % 10**9}",
            content_digest=os.urandom(16),
            data_set_digest=os.urandom(16),
            shared=((Kind.FRAME_OF_REFERENCE, f"{prefix}.4.{10**9 + series}"),),
            frame_of_reference_uid=f"{prefix}.4.{10**9 + series}",
        )


def _register(registry: OpenRegistry, claims: list[ObjectClaim]) -> None:
    policy = Policy(registry.settings.check)
    for start in range(0, len(claims), BATCH):
        batch = [(Source(claim.path), claim) for claim in claims[start : start + BATCH]]
        registering._record(
            registry,
            Batch(batch, [os.urandom(16) for _ in range(0, len(batch), GROUP)]),
            b"a run",
            policy,
            {},
        )


Rows = dict[int, dict[Table, list[tuple[Any, ...]]]]
"""Entry -> table -> the rows that it made."""

_FIRST = (schema.words, schema.ledger, schema.studies, schema.series, schema.patients, schema.reference_sets)
_ORDER = (*_FIRST, *(table for table in schema.SEALED if table not in _FIRST))


def _rows(place: Place) -> Rows:
    rows: Rows = {}
    connection = place.connect()
    first = connection.execute("SELECT min(entry) FROM studies").fetchone()[0]
    for table, column in (*((table, "entry") for table in _ORDER), (schema.entries, "id")):
        names = [each.name for each in table.columns]
        keys = ", ".join(each.name for each in table.primary_key)
        query = f"SELECT {', '.join(names)} FROM {table.name} WHERE {column} >= {first} ORDER BY {keys}"
        for row in connection.execute(query):
            rows.setdefault(row[names.index(column)], {}).setdefault(table, []).append(row)
    connection.close()
    return rows


def _put(place: Place, rows: Rows) -> float:
    """The floor: the seconds of putting everything in, a transaction for each entry."""
    connection = place.connect()
    put = _execute_many if place.engine == "sqlite" else _copy
    begun = time.perf_counter()
    for entry in sorted(rows):
        connection.execute("BEGIN IMMEDIATE" if place.engine == "sqlite" else "SELECT 1")
        for table, values in rows[entry].items():
            put(connection, table, values)
        connection.commit()
    seconds = time.perf_counter() - begun
    connection.close()
    return seconds


def _execute_many(connection: Any, table: Table, rows: list[tuple[Any, ...]]) -> None:
    connection.executemany(statement(table, "?", False), rows)


def _copy(connection: Any, table: Table, rows: list[tuple[Any, ...]]) -> None:
    from registry.store.postgresql import _types

    with connection.cursor().copy(f"COPY {table.name} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(_types(table))
        for row in rows:
            copy.write_row(row)


if __name__ == "__main__":
    main()
