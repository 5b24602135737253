"""One UID that lasts: single `issue` calls, one after the other, beside the least that a commit costs.

Ours: ``registry.services.issuing.issue`` on an open registry, one instance UID a
call; each returns when the UID, its series and the audit entry are on the disk.
The floor: one row put into a table of its own and committed, by the same driver,
on the same disk and with the same promise (SQLite: WAL, synchronous=FULL;
PostgreSQL: a server that syncs every commit). A call may take 2.5 times as long.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks import measure
from benchmarks.stage import ACTOR, ROOT, Stage, stage
from registry.records import Kind
from registry.services.initializing import init
from registry.services.issuing import issue
from registry.services.opening import opened
from registry.services.requests import IssueRequest
from registry.settings import Settings
from tests.postgres import Server

_GOAL = 1 / 2.5


def main() -> None:
    given = measure.options(__doc__, "calls", usual=1000, quick=100)
    server = Server(durable=True)
    try:
        with stage(given.folder) as place:
            for engine, work in (("SQLite", _sqlite(place)), ("PostgreSQL", _postgresql(place, server))):
                timings = measure.in_turns(_contestants(*work, given.count), given.rounds)
                what = f"issue one durable UID a call, {engine}; floor: one bare row and commit"
                print(measure.row(what, timings["ours"], timings["floor"], given.count, goal=_GOAL))
    finally:
        server.close()


Insert = Callable[[int], float]
"""The seconds of so many bare inserts."""


def _contestants(settings: Settings, insert: Insert, count: int) -> dict[str, measure.Contestant]:
    with opened(settings) as registry:
        study = issue(registry, IssueRequest(Kind.STUDY)).uids[0]
        series = issue(registry, IssueRequest(Kind.SERIES, study_instance_uid=study)).uids[0]
    request = IssueRequest(Kind.INSTANCE, series_instance_uid=series)

    def ours() -> float:
        with opened(settings) as registry:
            issue(registry, request)  # the connection is there from now on
            return measure.timed(lambda: [issue(registry, request) for _ in range(count)])

    return {"floor": lambda: insert(count), "ours": ours}


def _sqlite(place: Stage) -> tuple[Settings, Insert]:
    path = place.folder() / "bare.db"
    with closing(bare(path)) as connection:
        connection.execute(table("BLOB"))

    def insert(count: int) -> float:
        def work() -> None:
            for _ in range(count):
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO uids VALUES (?)", (os.urandom(32),))
                connection.execute("COMMIT")

        with closing(bare(path)) as connection:
            return measure.timed(work)

    return Settings(place.registry().database, actor=ACTOR), insert


def table(type_: str) -> str:
    """The statement that makes a table for the floor."""
    return f"CREATE TABLE uids (uid {type_} PRIMARY KEY)"


def bare(path: Path) -> sqlite3.Connection:
    """A connection that keeps the same promise as ours."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _postgresql(place: Stage, server: Server) -> tuple[Settings, Insert]:
    name, floor = server.create(), server.create()
    with server.connect(floor) as connection:
        connection.execute(table("bytea"))
        connection.commit()

    def insert(count: int) -> float:
        def work() -> None:
            for _ in range(count):
                connection.execute("INSERT INTO uids VALUES (%s)", (os.urandom(32),))
                connection.commit()

        with server.connect(floor) as connection:
            connection.autocommit = False
            return measure.timed(work)

    settings = Settings(server.url(name), actor=ACTOR, key_file=str(place.folder() / "key"))
    init(settings, root=ROOT)
    return settings, insert


if __name__ == "__main__":
    main()
