"""Many writers on one PostgreSQL: single `issue` calls, beside bare inserts of the same rows.

Ours: eight processes, each with an open registry, issue one instance UID a call,
as fast as they are answered. The floor: eight processes that insert the rows
which such a call makes, a ledger row and an entry, each with its own UID, and
commit: plain psycopg, into the same tables with the same constraints and
triggers, but for what chains the trail, which is what makes writers wait for
each other. Both on one server that syncs every commit.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import Any

from benchmarks import measure
from benchmarks.stage import ACTOR, ROOT
from registry.records import Kind
from registry.services.initializing import init
from registry.services.issuing import issue
from registry.services.opening import opened
from registry.services.requests import IssueRequest
from registry.settings import Settings
from tests.postgres import Server

WRITERS = 8
_CHAIN = ("fk_entries_prev", "uq_entries_seq", "ck_entries_gapless")


def main() -> None:
    given = measure.options(__doc__, "calls", usual=8000, quick=800)
    server = Server(durable=True)
    try:
        timings = measure.in_turns(contestants(server, given.count, f"{given.folder}-key"), given.rounds)
    finally:
        server.close()
    floor = timings.pop("floor")
    for name, ours in timings.items():
        print(measure.row(f"{name}; floor: bare inserts by as many", ours, floor, given.count))


def contestants(server: Server, count: int, key_file: str) -> dict[str, measure.Contestant]:
    template = server.create()
    settings = Settings(server.url(template), actor=ACTOR, key_file=key_file)
    init(settings, root=ROOT)
    with opened(settings) as registry:
        study = issue(registry, IssueRequest(Kind.STUDY)).uids[0]
        series = issue(registry, IssueRequest(Kind.SERIES, study_instance_uid=study)).uids[0]

    def ours() -> float:
        database = server.create(template)
        each = Settings(server.url(database), actor=ACTOR, key_file=key_file)
        return _all_at_once(_issue, each, series, count // WRITERS)

    def floor() -> float:
        database = server.create(template)
        with server.connect(database) as connection:
            for name in _CHAIN:
                connection.execute(f"ALTER TABLE entries DROP CONSTRAINT {name} CASCADE")
            connection.execute("DROP TRIGGER tr_entries_tree ON entries")
        return _all_at_once(
            _insert, f"host={server.folder} dbname={database} user=postgres", count // WRITERS
        )

    return {"floor": floor, f"issue, one UID a call, {WRITERS} writers": ours}


def _all_at_once(work: Callable[..., None], *arguments: object) -> float:
    """The seconds from when all writers are ready until all are done."""
    context = get_context("spawn")
    ready = context.Barrier(WRITERS + 1)
    processes = [context.Process(target=work, args=(ready, *arguments)) for _ in range(WRITERS)]
    for process in processes:
        process.start()
    ready.wait()
    begun = time.perf_counter()
    for process in processes:
        process.join()
    seconds = time.perf_counter() - begun
    if any(process.exitcode for process in processes):
        raise SystemExit("a writer failed")
    return seconds


def _issue(ready: Barrier, settings: Settings, series: str, count: int) -> None:
    request = IssueRequest(Kind.INSTANCE, series_instance_uid=series)
    with opened(settings) as registry:
        issue(registry, request)
        ready.wait()
        for _ in range(count):
            issue(registry, request)


def _insert(ready: Barrier, conninfo: str, count: int) -> None:
    import psycopg

    with psycopg.connect(conninfo) as connection:
        columns, entry = _entry(connection)
        ticket = os.getpid() << 24
        ready.wait()
        for number in range(ticket, ticket + count):
            connection.execute(
                "INSERT INTO ledger (entry, series_id, kind, origin, uid) VALUES (%s, 1, 3, 1, %s)",
                (number, os.urandom(32)),
            )
            connection.execute(
                f"INSERT INTO entries ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})",
                [{"id": number, "seq": number, "leaf": os.urandom(32)}.get(c, entry[c]) for c in columns],
            )
            connection.commit()


def _entry(connection: Any) -> tuple[list[str], dict[str, object]]:
    """An entry like those that a call writes."""
    cursor = connection.execute("SELECT * FROM entries ORDER BY id DESC LIMIT 1")
    names = [column.name for column in cursor.description]
    row = dict(zip(names, cursor.fetchone(), strict=True))
    connection.commit()
    return names, row


if __name__ == "__main__":
    main()
