"""Registering rows on PostgreSQL, beside COPY of the same rows into the same tables.

Ours: the rows of an index, which an archive lists (`services/indexing.py`), and
claims with all that files say, as the workers hand them over: looked up, decided,
asked about by every rule, written, accounted for in the trail and committed. The
floor of each is given all the rows that ours made, in every table, and copies
them in transactions of the same size into an empty registry with the same
constraints and triggers, as raw as psycopg can.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom

from benchmarks import measure
from benchmarks.stage import ACTOR, ROOT
from registry.dicomfile.reader import read
from registry.dicomfile.sources import Source
from registry.records import IndexRow, Kind, ObjectClaim
from registry.services import registering
from registry.services.indexing import register_rows
from registry.services.initializing import init
from registry.services.opening import OpenRegistry, opened
from registry.services.registering import BATCH
from registry.settings import Settings
from registry.store import schema
from tests.postgres import Server

IN_SERIES, IN_STUDY = 100, 4
"""Instances in a series, series in a study."""

IMAGE = Path(pydicom.__file__).parent / "data" / "test_files" / "CT_small.dcm"


def main() -> None:
    given = measure.options(__doc__, "instances", usual=100_000, quick=5000)
    server = Server(durable=True)
    try:
        for name, work in (("index rows", _register_rows), ("claims of files", _register_claims)):
            count = given.count if work is _register_rows else given.count // 5
            pair = contestants(server, work, count, f"{given.folder}-key")
            timings = measure.in_turns(pair, given.rounds)
            print(measure.row(f"register {name}; floor: COPY", timings["ours"], timings["floor"], count))
    finally:
        server.close()


Work = Callable[[OpenRegistry, list[ObjectClaim]], Callable[[], object]]
"""Prepares what is to be registered; what it returns registers it."""


def contestants(server: Server, work: Work, count: int, key_file: str) -> dict[str, measure.Contestant]:
    template = server.create()
    init(Settings(server.url(template), actor=ACTOR, key_file=key_file), root=ROOT)

    def fresh() -> Settings:
        return Settings(server.url(server.create(template)), actor=ACTOR, key_file=key_file)

    done = fresh()
    with opened(done) as registry:
        claims = list(_claims(registry, count))
        work(registry, claims)()
    rows = _rows(server, done)

    def ours() -> float:
        with opened(fresh()) as registry:
            return measure.timed(work(registry, claims))

    return {"floor": lambda: _copy(server, fresh(), rows), "ours": ours}


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
    run = registering._Run(b"k" * 32, ["benchmark"], True)
    for start in range(0, len(claims), BATCH):
        batch = [(Source(claim.path), claim) for claim in claims[start : start + BATCH]]
        registering._record(registry, batch, run)


Rows = dict[int, dict[str, list[tuple[Any, ...]]]]
"""Entry -> table -> the rows that it made."""


def _rows(server: Server, settings: Settings) -> Rows:
    rows: Rows = {}
    database = settings.database.split("/")[3].split("?")[0]
    with server.connect(database) as connection:
        first = connection.execute("SELECT min(entry) FROM studies").fetchone()[0]  # type: ignore[index]
        for table in schema.SEALED:
            names = ", ".join(column.name for column in table.columns)
            place = [column.name for column in table.columns].index("entry")
            for row in connection.execute(f"SELECT {names} FROM {table.name} WHERE entry >= {first}"):
                rows.setdefault(row[place], {}).setdefault(table.name, []).append(row)
        names = ", ".join(column.name for column in schema.entries.columns)
        for row in connection.execute(f"SELECT {names} FROM entries WHERE id >= {first}"):
            rows[row[0]]["entries"] = [row]
    return rows


_ORDER = ("words", "ledger", "studies", "series", "patients", "reference_sets")


def _copy(server: Server, settings: Settings, rows: Rows) -> float:
    """The floor: the seconds of copying everything, a transaction for each entry."""
    import psycopg

    from registry.store.postgresql import _types

    tables = {table.name: table for table in schema.HISTORY}
    order = [*_ORDER, *(name for name in tables if name not in (*_ORDER, "entries")), "entries"]
    database = settings.database.split("/")[3].split("?")[0]
    with psycopg.connect(f"host={server.folder} dbname={database} user=postgres") as connection:
        begun = time.perf_counter()
        for entry in sorted(rows):
            for name in order:
                if name in rows[entry]:
                    with connection.cursor().copy(f"COPY {name} FROM STDIN (FORMAT BINARY)") as copy:
                        copy.set_types(_types(tables[name]))
                        for row in rows[entry][name]:
                            copy.write_row(row)
            connection.commit()
        return time.perf_counter() - begun


if __name__ == "__main__":
    main()
