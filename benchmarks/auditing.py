"""The audit trail: what it costs an act, and how long and in how much memory it verifies.

The cost: the same calls of `issue` with the trail's hashing on and off, in turns within one process and
one registry; *off* is an act without digests of its rows, canonical bytes, leaf hash and tree nodes, and
with everything else (a random leaf stands in for the hash). The share is (on - off) / on.
Verifying: registries that real acts filled, single issues, batches and withdrawals; each is verified by
a process of its own, which tells its time and its greatest resident memory. JSON lines on stdout.
"""

from __future__ import annotations

import json
import os
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from sqlalchemy import event, text

from benchmarks import measure
from benchmarks.stage import ACTOR, ROOT
from registry.records import Kind
from registry.services.auditing import audit_verify
from registry.services.initializing import init
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry, opened
from registry.services.requests import IssueRequest
from registry.services.withdrawing import withdraw
from registry.settings import Settings
from registry.store import act as act_module
from registry.store import sqlite
from tests.postgres import Server

SINGLE, BATCH = 1, 1000
"""UIDs in a call."""

LARGE = 100_000
"""UIDs of the one great batch in a registry that is verified."""


def main() -> None:
    given = measure.options(__doc__, "entries", usual=100_000, quick=2000)
    given.folder.mkdir(parents=True, exist_ok=True)
    server = Server(durable=True)
    try:
        with tempfile.TemporaryDirectory(prefix="auditing-", dir=given.folder) as folder:
            places = {
                "sqlite": Settings(f"{folder}/registry.db", actor=ACTOR),
                "postgresql": Settings(server.url(server.create()), actor=ACTOR, key_file=f"{folder}/key"),
            }
            for engine, settings in places.items():
                for line in _costs(engine, settings, 20 if given.quick else 300):
                    _tell(line)
            sizes = [given.count // 10, given.count]
            for engine in places:
                for entries in sizes:
                    _tell(_verified(engine, server, Path(folder), entries))
    finally:
        server.close()


def _tell(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


# --- what it costs ---------------------------------------------------------------------------


def _costs(engine: str, settings: Settings, rounds: int) -> Iterator[dict[str, Any]]:
    init(settings, root=ROOT)
    with opened(settings) as registry, _without_tree(registry) as unhooked:
        series = _series(registry)
        for count in (SINGLE, BATCH):
            request = IssueRequest(Kind.INSTANCE, series_instance_uid=series, count=count)
            on, off = _in_pairs(
                registry, request, unhooked, max(rounds * 3 if count == 1 else rounds // 2, 3)
            )
            shares = sorted((more - less) / more for more, less in zip(on, off, strict=True))
            yield {
                "what": f"trail's share of issue, {count:,} UIDs a call",
                "engine": engine,
                "share": round((median(on) - median(off)) / median(on), 3),
                "share_of_pairs": round(median(shares), 3),
                "on_ms": round(median(on) * 1000, 3),
                "off_ms": round(median(off) * 1000, 3),
                "pairs": len(on),
            }


def _in_pairs(registry: OpenRegistry, request: IssueRequest, unhooked: Any, pairs: int) -> Any:
    """The seconds of calls with the hashing on and off, which go first by turns."""
    on: list[float] = []
    off: list[float] = []
    for number in range(-3, pairs):  # the first few warm up
        for hashing in (True, False) if number % 2 else (False, True):
            if hashing:
                seconds = measure.timed(lambda: issue(registry, request))
            else:
                with _hashing_off(), unhooked():
                    seconds = measure.timed(lambda: issue(registry, request))
            if number >= 0:
                (on if hashing else off).append(seconds)
    return on, off


@contextmanager
def _hashing_off() -> Iterator[None]:
    """No digest, no canonical bytes, no leaf hash, no nodes: a random leaf, for it must be unique."""
    with (
        patch.object(act_module.Act, "_digest", lambda act, table: [len(act._made[table]), ""]),
        patch.object(act_module, "canonical_entry", lambda *_: b""),
        patch.object(act_module, "leaf_hash", lambda _: secrets.token_bytes(32)),
        patch.object(sqlite.SqliteWriter, "_complete_nodes", lambda *_: None),
    ):
        yield


@contextmanager
def _without_tree(registry: OpenRegistry) -> Iterator[Any]:
    """On PostgreSQL the tree is a trigger's work: it passes over the entries of a session that says so.
    The nodes that are missing afterwards are nobody's: the registry is only measured."""
    if registry.database.dialect == "sqlite":
        yield contextmanager(lambda: iter([None]))
        return
    with registry.database.engine.connect() as connection:
        made = connection.execute(text("SELECT pg_get_functiondef('tr_entries_tree'::regproc)")).scalar_one()
        guard = "IF current_setting('uidr.off', true) = 'on' THEN RETURN NULL; END IF; "
        missing = "SELECT hash INTO STRICT"
        made = made.replace("BEGIN WHILE", f"BEGIN {guard}WHILE").replace(missing, "SELECT hash INTO")
        made = made.replace("node := sha256(", "beside := coalesce(beside, node); node := sha256(")
        connection.execute(text(made.replace(":", "\\:")))
        connection.commit()

    @contextmanager
    def unhooked() -> Iterator[None]:
        _say(registry, "on")
        yield
        _say(registry, "off")

    yield unhooked


def _say(registry: OpenRegistry, state: str) -> None:
    """On the one connection of the pool, before the clock starts."""
    with registry.database.engine.connect() as connection:
        connection.exec_driver_sql(f"SET uidr.off = '{state}'")
        connection.commit()


def _series(registry: OpenRegistry, study: str | None = None) -> str:
    """A series, in a study of its own unless one is given."""
    study = study or issue(registry, IssueRequest(Kind.STUDY)).uids[0]
    return issue(registry, IssueRequest(Kind.SERIES, study_instance_uid=study, modality="SEG")).uids[0]


# --- verifying -------------------------------------------------------------------------------


def _verified(engine: str, server: Server, folder: Path, entries: int) -> dict[str, Any]:
    settings = Settings(f"{folder}/{entries}.db", actor=ACTOR)
    if engine == "postgresql":
        settings = replace(settings, database=server.url(server.create()), key_file=f"{folder}/key")
    begun = time.perf_counter()
    build(settings, entries)
    built = time.perf_counter() - begun
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_verify, args=(settings, sender))
    process.start()
    seconds, megabytes, base, size, ok = receiver.recv()
    process.join()
    if not ok:
        raise SystemExit("the trail doesn't verify")
    return {
        "what": "audit verify",
        "engine": engine,
        "entries": size,
        "rows": _rows(settings),
        "seconds": round(seconds, 2),
        "entries_a_second": round(size / seconds),
        "max_rss_mb": round(megabytes),
        "rss_before_mb": round(base),
        "built_in_s": round(built),
        "load": round(os.getloadavg()[0], 1),
    }


def _verify(settings: Settings, sender: Any) -> None:
    with opened(settings, read_only=True) as registry:
        base = _resident()
        begun = time.perf_counter()
        result = audit_verify(registry, lambda *_: None)
        sender.send((time.perf_counter() - begun, _resident(), base, result.size, result.ok))


def _resident() -> float:
    """The greatest so far, in megabytes."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / 1024 if sys.platform != "darwin" else kilobytes / 2**20


def _rows(settings: Settings) -> int:
    with opened(settings, read_only=True) as registry, registry.database.reading() as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT ledger_size FROM entries ORDER BY seq DESC LIMIT 1"
            ).scalar_one()
        )


def build(settings: Settings, entries: int) -> None:
    """A registry of so many entries by real acts; without syncs, which only cost time here."""
    init(settings, root=ROOT)
    with opened(settings) as registry:
        if registry.database.dialect == "sqlite":
            event.listen(registry.database.engine, "connect", _unsynced)
            registry.database.engine.dispose()
        study = issue(registry, IssueRequest(Kind.STUDY)).uids[0]
        series = _series(registry, study)
        large = min(LARGE, entries)
        issue(registry, IssueRequest(Kind.INSTANCE, series_instance_uid=series, count=large))
        one = IssueRequest(Kind.INSTANCE, series_instance_uid=series)
        uid = ""
        for number in range(5, entries):
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
                    (uid,) = issue(registry, one).uids


def _unsynced(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


if __name__ == "__main__":
    main()
