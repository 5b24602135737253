"""The audit trail: what it costs an act, and how long and in how much memory it verifies.

The cost: the same calls of `issue` with the trail's hashing on and off, in turns within one process, each
on a registry of its own; *off* is an act without digests of its rows, canonical bytes, leaf hash and tree
nodes, and with everything else (a random leaf stands in for the hash). The share is (on - off) / on.
Verifying: registries of single issues, batches and withdrawals, and one great batch (growing.py), one ten
times the other; each is verified by a process of its own, which tells its time and its greatest resident
memory. JSON lines on stdout.
"""

from __future__ import annotations

import json
import os
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from benchmarks import measure
from benchmarks.growing import grow
from benchmarks.stage import ACTOR, ROOT
from registry.records import Kind
from registry.services.auditing import audit_verify
from registry.services.initializing import init
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry, opened
from registry.services.requests import IssueRequest
from registry.settings import Settings
from registry.store import act as act_module
from registry.store import sqlite
from registry.store.entries import ledger_size
from tests.postgres import Server

SINGLE, BATCH = 1, 1000
"""UIDs in a call."""


def main() -> None:
    given = measure.options(__doc__, "entries", usual=100_000, quick=2000)
    given.folder.mkdir(parents=True, exist_ok=True)
    server = Server(durable=True)
    try:
        with tempfile.TemporaryDirectory(prefix="auditing-", dir=given.folder) as folder:
            for engine in ("sqlite", "postgresql"):
                on, off = (_place(engine, server, Path(folder), name) for name in ("on", "off"))
                for line in _costs(on, off, 20 if given.quick else 300):
                    _tell(line)
            sizes = [given.count // 10, given.count]
            for engine in ("sqlite", "postgresql"):
                for entries in sizes:
                    _tell(_verified(_place(engine, server, Path(folder), str(entries)), entries))
    finally:
        server.close()


def _place(engine: str, server: Server, folder: Path, name: str) -> Settings:
    """Where a registry is to be."""
    if engine == "sqlite":
        return Settings(f"{folder}/{name}.db", actor=ACTOR)
    return Settings(server.url(server.create()), actor=ACTOR, key_file=f"{folder}/{name}.key")


def _tell(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


# --- what it costs ---------------------------------------------------------------------------


def _costs(on: Settings, off: Settings, rounds: int) -> Iterator[dict[str, Any]]:
    for settings in (on, off):
        init(settings, root=ROOT)
    with opened(on) as hashing, opened(off) as bare:
        engine = hashing.database.dialect
        if engine == "postgresql":
            with bare.database.engine.connect() as connection:
                connection.exec_driver_sql("DROP TRIGGER tr_entries_tree ON entries")
                connection.commit()
        sides = [(registry, _series(registry)) for registry in (hashing, bare)]
        for count, pairs in ((SINGLE, rounds * 3), (BATCH, rounds // 2)):
            ours, others = _in_pairs(sides, count, max(pairs, 3))
            shares = [(more - less) / more for more, less in zip(ours, others, strict=True)]
            yield {
                "what": f"trail's share of issue, {count:,} UIDs a call",
                "engine": engine,
                "share": round((median(ours) - median(others)) / median(ours), 3),
                "share_of_pairs": round(median(shares), 3),
                "on_ms": round(median(ours) * 1000, 3),
                "off_ms": round(median(others) * 1000, 3),
                "pairs": len(ours),
                "load": round(os.getloadavg()[0], 1),
            }


def _in_pairs(
    sides: Sequence[tuple[OpenRegistry, str]], count: int, pairs: int
) -> tuple[list[float], list[float]]:
    """The seconds of calls with the hashing on and off, which go first by turns."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(-3, pairs):  # the first few warm up
        for off in (0, 1) if number % 2 else (1, 0):
            registry, series = sides[off]
            asked = IssueRequest(Kind.INSTANCE, series_instance_uid=series, count=count)
            with _hashing_off() if off else nullcontext():
                begun = time.perf_counter()
                issue(registry, asked)
                took = time.perf_counter() - begun
            if number >= 0:
                seconds[off].append(took)
    return seconds


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


def _series(registry: OpenRegistry) -> str:
    study = issue(registry, IssueRequest(Kind.STUDY)).uids[0]
    return issue(registry, IssueRequest(Kind.SERIES, study_instance_uid=study, modality="SEG")).uids[0]


# --- verifying -------------------------------------------------------------------------------


def _verified(settings: Settings, entries: int) -> dict[str, Any]:
    begun = time.perf_counter()
    grow(settings, entries)
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
        "engine": settings.database.split(":")[0] if "://" in settings.database else "sqlite",
        "entries": size,
        "uids": _ledger_size(settings),
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


def _ledger_size(settings: Settings) -> int:
    with opened(settings, read_only=True) as registry, registry.database.reading() as connection:
        return ledger_size(connection)


if __name__ == "__main__":
    main()
