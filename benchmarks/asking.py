"""Asking what UIDs are, beside the barest question to the same table: `SELECT * FROM ledger WHERE uid = ?`.

Ours: ``Registry.show_all`` of 10,000 UIDs at random, each with its place, its state, by whom and
when, its findings, where it was sent to; and one after the other (``Registry.show``), as services
do. The floor: a loop over the same UIDs with the driver alone, one after the other, rows as they
are stored. Each in a fresh process, on a registry of so many instances that were registered from
an index. Also the same look-ups of 10,000 of which none is known, and a list of all there is.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from statistics import median, quantiles
from typing import Any

from benchmarks import measure
from benchmarks.stage import ACTOR, ROOT
from registry.records import IndexRow
from registry.services.indexing import register_rows
from registry.services.initializing import init
from registry.services.listing import listed
from registry.services.opening import opened
from registry.services.showing import show, show_all
from registry.settings import Settings
from registry.store.listing import Filters
from registry.store.packing import pack
from tests.postgres import Server

ASKED = 10_000
GOAL = 0.5
IN_SERIES, IN_STUDY = 100, 4

_QUESTION = "SELECT * FROM ledger WHERE uid = "

Uids = Sequence[str]


def main() -> None:
    given = measure.options(__doc__, "instances", usual=1_000_000, quick=20_000)
    server = Server(durable=True)
    folder = given.folder / f"asking-{given.count}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        places = {
            "SQLite": Settings(str(folder / "registry.db"), actor=ACTOR),
            "PostgreSQL": Settings(server.url(server.create()), actor=ACTOR, key_file=f"{folder}/key"),
        }
        for engine, settings in places.items():
            fill(settings, given.count)
            for line in table(engine, settings, sample(given.count, ASKED), given.count, given.rounds):
                print(line, flush=True)
    finally:
        server.close()


def fill(settings: Settings, count: int) -> None:
    """A registry of so many instances; one that was made by an earlier run stays."""
    init(settings, root=ROOT)
    with opened(settings) as registry:
        with registry.database.reading() as connection:
            before = registry.name(connection).size
        if before < count:
            register_rows(registry, map(_row, range(count)))
        if registry.database.dialect == "postgresql":
            with registry.database.engine.connect() as connection:
                options = connection.execution_options(isolation_level="AUTOCOMMIT")
                options.exec_driver_sql("VACUUM ANALYZE")


def _row(number: int) -> IndexRow:
    series = number // IN_SERIES
    study = f"1.2.826.0.1.3680043.8.498.{_digits(1, series // IN_STUDY)}"
    return IndexRow(
        f"1.2.826.0.1.3680043.8.498.{_digits(3, number)}",
        "1.2.840.10008.5.1.4.1.1.2",
        f"1.2.826.0.1.3680043.8.498.{_digits(2, series)}",
        study,
        "CT",
    )


def _digits(level: int, number: int) -> int:
    return random.Random(level << 40 | number).getrandbits(100)


def sample(count: int, asked: int) -> list[str]:
    """Some of the instances, at random."""
    chosen = random.Random(count).sample(range(count), min(asked, count))
    return [str(_row(number).sop_instance_uid) for number in chosen]


def table(engine: str, settings: Settings, uids: Uids, count: int, rounds: int) -> Iterator[str]:
    """The rows of the benchmark's table for one registry."""
    unknown = [f"{uid[:-1]}{(int(uid[-1]) + 5) % 10}" for uid in uids]
    work: dict[str, tuple[Callable[..., float], Uids]] = {
        "floor": (floor, uids),
        "at once": (at_once, uids),
        "one by one": (one_by_one, uids),
        "unknown at once": (at_once, unknown),
    }
    contestants = {
        name: lambda ask=ask, some=some: measure.in_fresh_process(ask, settings, some)  # type: ignore[misc]
        for name, (ask, some) in work.items()
    }
    timings = measure.in_turns(contestants, rounds)
    base = timings.pop("floor")
    for name, ours in timings.items():
        what = f"{engine}: {len(uids):,} of {count:,} looked up, {name}; floor: bare selects"
        yield measure.row(what, ours, base, len(uids), goal=GOAL if name == "at once" else None)
    for name, seconds in (
        ("floor", _each(settings, uids[:2000], bare=True)),
        ("ours", _each(settings, uids[:2000])),
    ):
        *_, last = quantiles(seconds, n=100)
        print(
            f"{engine}: one UID, {name}: median {median(seconds) * 1e6:.0f} µs, p99 {last * 1e6:.0f} µs",
            file=sys.stderr,
        )
    seconds = measure.in_fresh_process(list_all, settings)
    print(f"{engine}: a list of all: {count / seconds:,.0f} instances a second", file=sys.stderr)


def at_once(settings: Settings, uids: Uids) -> float:
    with opened(settings, read_only=True) as registry:
        return measure.timed(lambda: sum(1 for _ in show_all(registry, uids)))


def one_by_one(settings: Settings, uids: Uids) -> float:
    with opened(settings, read_only=True) as registry:
        return measure.timed(lambda: [show(registry, uid) for uid in uids])


def list_all(settings: Settings) -> float:
    with opened(settings, read_only=True) as registry:
        return measure.timed(lambda: sum(1 for _ in listed(registry, Filters()).items))


def floor(settings: Settings, uids: Uids) -> float:
    """The seconds of bare questions by the driver, one after the other."""
    connection, mark = _bare(settings)
    return measure.timed(
        lambda: [connection.execute(_QUESTION + mark, (pack(uid),)).fetchone() for uid in uids]
    )


def _bare(settings: Settings) -> tuple[Any, str]:
    if "://" in settings.database:
        import psycopg

        return psycopg.connect(settings.database.replace("+psycopg", "")), "%s"
    import sqlite3

    return sqlite3.connect(settings.database), "?"


def _each(settings: Settings, uids: Uids, *, bare: bool = False) -> list[float]:
    """The seconds of each of some look-ups, those of the first few left out."""
    seconds = []
    connection, mark = _bare(settings)
    with opened(settings, read_only=True) as registry:
        for uid in uids:
            begun = time.perf_counter()
            if bare:
                connection.execute(_QUESTION + mark, (pack(uid),)).fetchone()
            else:
                show(registry, uid)
            seconds.append(time.perf_counter() - begun)
    return list(islice(seconds, len(seconds) // 10, None))


if __name__ == "__main__":
    main()
