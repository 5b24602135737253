"""The audit trail: what it costs an act, and how long and in how much memory it verifies.

The cost: the same calls of `issue` with the trail's hashing on and off, in turns within one process, each
on a registry of its own; *off* is an act without digests of its rows, canonical bytes, leaf hash and tree
nodes, and with everything else (a random leaf stands in for the hash). The share is (on - off) / on.
Verifying: registries of single issues, batches and withdrawals, and one great batch (growing.py), one ten
times the other; each is verified by a process of its own, which tells its time and its greatest resident
memory; PostgreSQL a tenth of it. JSON lines on stdout.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from unittest.mock import patch

from benchmarks import measure
from benchmarks.growing import grow
from benchmarks.stage import ACTOR, ROOT
from registry.records import Kind
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
    given = measure.options(__doc__, "entries", usual=1_000_000, quick=2000, table=False)
    _tell({"what": "conditions", "told": measure.conditions()})
    given.folder.mkdir(parents=True, exist_ok=True)
    server = Server(durable=True)
    try:
        with tempfile.TemporaryDirectory(prefix="auditing-", dir=given.folder) as folder:
            for engine in ("sqlite", "postgresql"):
                on, off = (_place(engine, server, Path(folder), name) for name in ("on", "off"))
                for line in _costs(on, off, 20 if given.quick else 300):
                    _tell(line)
            for engine, most in (("sqlite", given.count), ("postgresql", given.count // 10)):
                for entries in (most // 10, most):
                    place = _place(engine, server, Path(folder), str(entries))
                    _tell(_verified(place, entries))
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
            yield {
                "what": f"trail's share of issue, {count:,} UIDs a call",
                "engine": engine,
                **_shares([each.seconds for each in ours], [each.seconds for each in others]),
                "cpu": _shares([each.cpu for each in ours], [each.cpu for each in others]),
                "pairs": len(ours),
                "load": round(os.getloadavg()[0], 1),
            }


class _Took(NamedTuple):
    """What a call took: seconds of the clock, and of the processor in this process."""

    seconds: float
    cpu: float


def _shares(on: Sequence[float], off: Sequence[float]) -> dict[str, float]:
    shares = [(more - less) / more for more, less in zip(on, off, strict=True)]
    return {
        "share": round((median(on) - median(off)) / median(on), 3),
        "share_of_pairs": round(median(shares), 3),
        "on_ms": round(median(on) * 1000, 3),
        "off_ms": round(median(off) * 1000, 3),
    }


def _in_pairs(
    sides: Sequence[tuple[OpenRegistry, str]], count: int, pairs: int
) -> tuple[list[_Took], list[_Took]]:
    """Calls with the hashing on and off, which go first by turns."""
    took: tuple[list[_Took], list[_Took]] = ([], [])
    for number in range(-3, pairs):  # the first few warm up
        for off in (0, 1) if number % 2 else (1, 0):
            registry, series = sides[off]
            asked = IssueRequest(Kind.INSTANCE, series_instance_uid=series, count=count)
            with _hashing_off() if off else nullcontext():
                begun, used = time.perf_counter(), time.process_time()
                issue(registry, asked)
                each = _Took(time.perf_counter() - begun, time.process_time() - used)
            if number >= 0:
                took[off].append(each)
    return took


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
    command = [sys.executable, "-m", "benchmarks.verifying", settings.database, settings.key_file or ""]
    load = os.getloadavg()[0]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    if not told.pop("ok"):
        raise SystemExit("the trail doesn't verify")
    return {
        "what": "audit verify",
        "engine": settings.database.split(":")[0] if "://" in settings.database else "sqlite",
        "uids": _ledger_size(settings),
        **told,
        "built_in_s": round(built),
        "load": round(load, 1),
    }


def _ledger_size(settings: Settings) -> int:
    with opened(settings, read_only=True) as registry, registry.database.reading() as connection:
        return ledger_size(connection)


if __name__ == "__main__":
    main()
