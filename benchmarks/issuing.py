"""Issuing many instance UIDs in one call, beside inserting the same rows with ``sqlite3.executemany``.

Ours: ``registry.services.issuing.issue`` in a fresh process, the clock around that
one call; and `uid-registry issue` as a whole process. Both mint, check, record
and account for every UID. The floor is given the rows that such a call made and
puts them into a copy of the same registry: the same tables, constraints and
triggers, on a connection that the registry itself has set up (WAL,
synchronous=FULL), in one transaction, the clock around that transaction alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from benchmarks import measure
from benchmarks.stage import ACTOR, Stage, stage
from registry.records import Kind
from registry.services.issuing import issue
from registry.services.opening import opened
from registry.services.requests import IssueRequest
from registry.settings import Settings
from registry.store.schema import SEALED, entries
from registry.store.session import Database

Rows = dict[str, list[tuple[object, ...]]]
"""Table -> its rows, as they are stored."""

_GOALS = {"issue, as a function": 0.7}


def main() -> None:
    given = measure.options(__doc__, "UIDs", usual=100_000, quick=5000)
    with stage(given.folder) as place:
        timings = measure.in_turns(contestants(place, given.count), given.rounds)
    floor = timings.pop("floor")
    for name, ours in timings.items():
        what = f"{name}, {given.count:,} UIDs; floor: executemany"
        print(measure.row(what, ours, floor, given.count, goal=_GOALS.get(name)))


def contestants(place: Stage, count: int) -> dict[str, measure.Contestant]:
    parents = place.registry()
    (study,) = parents.run("issue", "study")[1]["uids"]
    (series,) = parents.run("issue", "series", "--study", study, "--modality", "SEG")[1]["uids"]
    options = ("--series", series, "--count", count)
    done = place.copy(parents)
    entry = done.run("issue", "instance", *options)[1]["entry"]

    def fresh() -> str:
        return place.copy(parents).database

    return {
        "floor": lambda: measure.in_fresh_process(replayed, [rows_of(done.database, entry)], fresh()),
        "issue, as a function": lambda: measure.in_fresh_process(_issue, fresh(), series, count),
        "issue, as a command": lambda: place.copy(parents).run("issue", "instance", *options)[0],
    }


def _issue(database: str, series: str, count: int) -> float:
    """Ours: the seconds of one call."""
    request = IssueRequest(Kind.INSTANCE, series_instance_uid=series, count=count)
    with opened(Settings(database, actor=ACTOR)) as registry:
        return measure.timed(lambda: issue(registry, request))


def rows_of(database_url: str, entry: int) -> Rows:
    """All that an entry made, and the entry itself, which is written last."""
    with Database(database_url, read_only=True) as database, database.reading() as connection:
        made = {
            table.name: [
                tuple(found)
                for found in connection.exec_driver_sql(f"SELECT * FROM {table.name} WHERE entry = {entry:d}")
            ]
            for table in SEALED
        }
        (last,) = connection.exec_driver_sql(f"SELECT * FROM {entries.name} WHERE id = {entry:d}")
    return {table: rows for table, rows in made.items() if rows} | {entries.name: [tuple(last)]}


def replayed(acts: Sequence[Rows], path: str) -> float:
    """The floor: the seconds of transactions that insert some rows, one after the other."""
    with Database(path) as database:
        pooled = database.engine.raw_connection()
        connection: Any = pooled.driver_connection
        begun = time.perf_counter()
        for rows in acts:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("PRAGMA defer_foreign_keys = ON")  # tables come by name
            for table, listed in rows.items():
                marks = ", ".join("?" * len(listed[0]))
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", listed)
            connection.execute("COMMIT")
        seconds = time.perf_counter() - begun
        pooled.close()
    return seconds


if __name__ == "__main__":
    main()
