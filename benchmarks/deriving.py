"""UIDs for derived objects of 100 instances, beside one bare transaction with as many rows.

Ours: ``Registry.derive`` on an open registry, each call from three other images: Datasets in memory
that it hears of for the first time, or UIDs of instances that it knows. A call mints a series and
100 instances, and returns when they, where they belong, what they are derived from and the
audit entry are on the disk. The floor: 101
rows put into a table of their own and committed, by the same driver, on the same disk and
with the same promise (benchmarks/durable.py). A call may take twice as long. On SQLite another
floor is given what our calls wrote: the same rows, transaction by transaction, into a copy of the
same registry, with its indexes, constraints and triggers (benchmarks/issuing.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from typing import Any

from benchmarks import measure
from benchmarks.durable import bare, table
from benchmarks.issuing import replayed, rows_of
from benchmarks.stage import ACTOR, ROOT, Stage, stage
from registry import Registry
from registry.records import IndexRow
from registry.services.initializing import init
from registry.settings import Settings
from tests.objects import CT_CLASS, tiny
from tests.postgres import Server

_GOAL = 1 / 2
_INSTANCES = 100
_SOURCES = 3


def main() -> None:
    given = measure.options(__doc__, "calls", usual=200, quick=20)
    server = Server(durable=True)
    try:
        with stage(given.folder) as place:
            same = measure.in_turns(_same_rows(place, given.count), given.rounds)
            what = f"derive {_INSTANCES} instances from known UIDs, SQLite; floor: the same rows, same tables"
            print(measure.row(what, same["ours"], same["floor"], given.count, goal=_GOAL))
            for engine, work in (("SQLite", _sqlite(place)), ("PostgreSQL", _postgresql(place, server))):
                timings = measure.in_turns(_contestants(*work, given.count, given.rounds), given.rounds)
                floor = timings.pop("floor")
                for name, ours in timings.items():
                    what = f"derive {_INSTANCES} instances from {name}, {engine}; floor: bare rows and commit"
                    print(measure.row(what, ours, floor, given.count, goal=_GOAL))
    finally:
        server.close()


Insert = Callable[[int], float]
"""The seconds of so many bare transactions."""


def _contestants(
    settings: Settings, insert: Insert, count: int, rounds: int
) -> dict[str, measure.Contestant]:
    unknown, known = _images("1.2.3.4", count * rounds), _images("1.2.3.5", count * rounds)
    with Registry(settings) as registry:
        registry.register_rows(
            IndexRow(each.SOPInstanceUID, CT_CLASS, each.SeriesInstanceUID, each.StudyInstanceUID, "CT")
            for images in known
            for each in images
        )

    def ours(sources: list[Any]) -> measure.Contestant:
        def work() -> float:
            with Registry(settings) as registry:
                registry.derive("1.2.3.5", modality="SEG")  # the connection is there from now on
                now, sources[:count] = sources[:count], []

                def derive() -> None:
                    for each in now:
                        registry.derive(each, modality="SEG", n_instances=_INSTANCES)

                return measure.timed(derive)

        return work

    named = [[str(each.SOPInstanceUID) for each in images] for images in known]
    return {"floor": lambda: insert(count), "Datasets": ours(unknown), "known UIDs": ours(named)}


def _same_rows(place: Stage, count: int) -> dict[str, measure.Contestant]:
    """Our calls, and what they wrote as transactions of their own in a copy of the same registry."""
    start = place.registry()
    images = _images("1.2.3.5", count)
    with Registry(Settings(start.database, actor=ACTOR)) as registry:
        registry.register_rows(
            IndexRow(each.SOPInstanceUID, CT_CLASS, each.SeriesInstanceUID, each.StudyInstanceUID, "CT")
            for group in images
            for each in group
        )
    named = [[str(each.SOPInstanceUID) for each in group] for group in images]

    def derive(database: str) -> tuple[float, list[int]]:
        with Registry(Settings(database, actor=ACTOR)) as registry:
            registry.stats()  # the connection is there from now on
            entries: list[int] = []

            def work() -> None:
                for sources in named:
                    derived = registry.derive(sources, modality="SEG", n_instances=_INSTANCES)
                    entries.append(derived.entry)

            return measure.timed(work), entries

    done = place.copy(start).database
    acts = [rows_of(done, entry) for entry in derive(done)[1]]
    return {
        "floor": lambda: replayed(acts, place.copy(start).database),
        "ours": lambda: derive(place.copy(start).database)[0],
    }


def _images(series: str, count: int) -> list[list[Any]]:
    """For each call the images that it derives from, as they are in memory."""
    numbers = range(1, _SOURCES + 1)
    return [[tiny(f"{series}.{call}.{number}", series) for number in numbers] for call in range(count)]


def _rows() -> list[tuple[bytes]]:
    drawn = os.urandom(32 * (_INSTANCES + 1))
    return [(drawn[start : start + 32],) for start in range(0, len(drawn), 32)]


def _sqlite(place: Stage) -> tuple[Settings, Insert]:
    path = place.folder() / "bare.db"
    with closing(bare(path)) as connection:
        connection.execute(table("BLOB"))

    def insert(count: int) -> float:
        def work() -> None:
            for _ in range(count):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO uids VALUES (?)", _rows())
                connection.execute("COMMIT")

        with closing(bare(path)) as connection:
            return measure.timed(work)

    return Settings(place.registry().database, actor=ACTOR), insert


def _postgresql(place: Stage, server: Server) -> tuple[Settings, Insert]:
    name, floor = server.create(), server.create()
    with server.connect(floor) as connection:
        connection.execute(table("bytea"))
        connection.commit()

    def insert(count: int) -> float:
        def work() -> None:
            for _ in range(count):
                with connection.cursor() as cursor:
                    cursor.executemany("INSERT INTO uids VALUES (%s)", _rows())
                connection.commit()

        with server.connect(floor) as connection:
            connection.autocommit = False
            return measure.timed(work)

    settings = Settings(server.url(name), actor=ACTOR, key_file=str(place.folder() / "key"))
    init(settings, root=ROOT)
    return settings, insert


if __name__ == "__main__":
    main()
