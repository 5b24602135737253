"""What ten times the data costs, a thousandfold: the registry and the floor, both growing side by side.

Loads an archive of 10,000, 100,000, ... instances (benchmarks/archive.py) into a registry on each engine
by `services.indexing.register_rows`, which is what registers an archive's index; an index knows no
digests, so these rows have none (benchmarks/sizing.py has). The floor of benchmarks/contestants.py loads
the same rows in turns with it. After each decade it measures the rate of loading, what single look-ups
and 10,000 at once take, checking an export of 500 files of which half are registered, verifying the whole
trail, bytes for each UID by table, and the memory of the loading process. Each loading and each asking has
a process of its own.

Tells JSON lines while it runs (benchmarks/results/growth.jsonl); from these come the table and the plot.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import archive, figures, measure, measured
from benchmarks.contestants import WHO, Place
from benchmarks.figures import RESULTS
from benchmarks.objects import PER_SERIES, objects
from benchmarks.stage import COMMAND, ROOT, start
from registry.services.initializing import init
from tests.postgres import Server

SMALLEST, MOST = 10_000, 10_000_000
ASKED, SINGLE = 10_000, 2_000
SAMPLED = 2 * ASKED
EXPORT = 500
ROUNDS = 3
STRETCHES = 9


def main() -> None:
    given = _options()
    points = RESULTS / "growth.jsonl"
    if not given.redraw:
        RESULTS.mkdir(exist_ok=True)
        kept = measured.complete(points, given.most) if given.resume else []
        points.write_text("".join(f"{line}\n" for line in kept))
        done = {json.loads(line).get("engine") for line in kept}
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: measure.CORES])
        for engine in given.engines:
            if engine not in done:
                _grow(engine, given.most, given.folder, points)
    figures.draw(points, RESULTS)
    print((RESULTS / "growth.md").read_text())
    if given.publish:
        figures.publish(RESULTS, Path(__file__).parent.parent / "docs")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, default=MOST, metavar="N", help=f"how many (usually {MOST:,})")
    parser.add_argument("--quick", action="store_true", help="100,000 instances: to see that it runs")
    parser.add_argument("--engine", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "uid-registry-benchmarks"
    )
    parser.add_argument("--resume", action="store_true", help="engines that were done to the end stay")
    parser.add_argument("--redraw", action="store_true", help="only table and plot, from what was measured")
    parser.add_argument("--publish", action="store_true", help="put both into docs/scale.md")
    given = parser.parse_args()
    given.most = 10 * SMALLEST if given.quick else given.most
    given.engines = ("sqlite", "postgresql") if given.engine == "both" else (given.engine,)
    return given


def _grow(engine: str, most: int, folder: Path, points: Path) -> None:
    export = objects(folder, EXPORT)
    with _places(engine, folder) as (places, settings):
        for place in places.values():
            _begin(place, export)
        with points.open("a") as lines:
            _tell(lines, {"conditions": measure.conditions(), "engine": engine, "settings": settings})
            size = 0
            samples: dict[str, list[str]] = {who: [] for who in WHO}
            for until in decades(most):
                for who, place in places.items():
                    loaded = _apart(_load, who, place, size, until)
                    thinned = samples[who][:: archive.stride(until, SAMPLED) // archive.stride(size, SAMPLED)]
                    samples[who] = thinned + loaded.pop("sample")
                    point = {"engine": engine, "who": who, "size": until, **loaded}
                    point |= _apart(_ask, who, place, samples[who]) | {"bytes": _bytes(place)}
                    if who == "ours":
                        point["check"] = [_check(place, export) for _ in range(ROUNDS)]
                        point["verify"], _ = start(COMMAND, "audit", "verify", folder=place.folder)
                    _tell(lines, point)
                size = until


def decades(most: int) -> Iterator[int]:
    size = SMALLEST
    while size < most:
        yield size
        size *= 10
    yield most


def _tell(lines: Any, point: dict[str, Any]) -> None:
    lines.write(f"{json.dumps(point)}\n")
    lines.flush()
    told = {name: value for name, value in point.items() if name not in ("bytes", "marks")}
    print(json.dumps(told), file=sys.stderr)


# --- places --------------------------------------------------------------------------------


@contextmanager
def _places(engine: str, folder: Path) -> Iterator[tuple[dict[str, Place], str]]:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="growth-", dir=folder) as made:
        own = {who: Path(made) / who for who in WHO}
        for each in own.values():
            each.mkdir()
        if engine == "sqlite":
            yield {who: Place(engine, str(own[who] / "registry.db"), own[who]) for who in WHO}, "as shipped"
            return
        settings = server_settings()
        server = Server(durable=True, place=folder, settings=settings)
        try:
            yield (
                {who: Place(engine, server.url(server.create()), own[who]) for who in WHO},
                ", ".join(settings),
            )
        finally:
            server.close()


def server_settings(shared: float = 0.25) -> tuple[str, ...]:
    """What an administrator sets on a server of this size: a quarter of its memory shared, and
    room in the log, so that checkpoints come by the clock."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    return (
        f"shared_buffers={int(memory * shared)}MB",
        f"effective_cache_size={memory * 3 // 4}MB",
        "max_wal_size=8GB",
        "checkpoint_timeout=15min",
        "maintenance_work_mem=512MB",
    )


def _begin(place: Place, export: Path) -> None:
    """A registry that knows half of the files to be exported, ours and the floor's alike."""
    init(place.settings, root=ROOT)
    (place.folder / "uid-registry.toml").write_text(
        f'database = "{place.url}"\nkey_file = "{place.folder / "key"}"\nseen = "none"\n'
    )
    series = sorted(export.glob("study-*/series-*"))
    start(COMMAND, "register", *series[: EXPORT // PER_SERIES // 2], folder=place.folder)


# --- what is measured ----------------------------------------------------------------------


def _apart(work: Callable[..., dict[str, Any]], *arguments: object) -> dict[str, Any]:
    """In an interpreter of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _load(who: str, place: Place, size: int, until: int) -> dict[str, Any]:
    rows = islice(archive.rows(), size, None)
    source = archive.Source(rows, until, SAMPLED, size)
    marks: list[tuple[int, float]] = []

    def chunks() -> Iterator[list[Any]]:
        for chunk in source.chunks():
            marks.append((source.done - len(chunk), time.perf_counter() - begun - source.seconds))
            yield chunk

    begun = time.perf_counter()
    left_out = WHO[who].load(place, chunks())
    seconds = time.perf_counter() - begun - source.seconds - left_out
    return {
        "loaded": until - size,
        "seconds": seconds,
        "making": source.seconds + left_out,
        "marks": marks[:: max(1, len(marks) // STRETCHES)],
        "memory": _most_memory(),
        "sample": source.sample,
    }


def _most_memory() -> int:
    """The bytes that this process needed at most. Not `getrusage`, which counts those of the process
    that started it."""
    told = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(told[1]) * 1024 if told else 0


def _ask(who: str, place: Place, sample: list[str]) -> dict[str, Any]:
    contestant = WHO[who]
    if place.engine == "postgresql":
        with place.connect() as connection:
            connection.autocommit = True
            connection.execute("ANALYZE")  # as autovacuum does in its own time
    random.Random(len(sample)).shuffle(sample)
    # No look-up profits from another: these UIDs aren't among those asked for at once.
    asked, single = sample[:ASKED], sample[ASKED : ASKED + SINGLE] or sample[:SINGLE]
    many = []
    for _ in range(ROUNDS):
        seconds, found = contestant.many(place, asked)
        if found != len(asked):
            raise SystemExit(f"{found} of {len(asked)} UIDs are known")
        many.append(seconds * ASKED / len(asked))
    each = sorted(contestant.one(place, single))
    return {
        "many": median(many),
        "rounds": many,
        "p50": each[len(each) // 2],
        "p99": each[len(each) * 99 // 100],
    }


def _check(place: Place, export: Path) -> float:
    seconds, answer = start(
        COMMAND, "check", "--format", "json", "--fail-on", "never", export, folder=place.folder
    )
    report = json.loads(answer)
    if report["files"] != EXPORT or report["repeats"] != EXPORT // 2:
        raise SystemExit(f"half of {EXPORT} should be known: {report['files']}, {report['repeats']}")
    return seconds


def _bytes(place: Place) -> dict[str, int]:
    """Of each table with its indexes, each index by its name, and all together."""
    with place.connect() as connection:
        if place.engine == "sqlite":
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            sizes = dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
            return {**sizes, "": Path(place.url).stat().st_size}
        query = (
            "SELECT relname, pg_relation_size(oid) FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')"
        )
        sizes = dict(connection.execute(query).fetchall())
        return {**sizes, "": sum(sizes.values())}


if __name__ == "__main__":
    main()
