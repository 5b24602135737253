"""Measuring: contestants in turns, medians, one table."""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import pydicom

CORES = 2
"""Processors that a run may use, so that machines of different size compare."""

Contestant = Callable[[], float]
"""Does its work once and says how many seconds that took, preparations left out."""

_WIDTHS = (66, 26, 26, 5, 9)


@dataclass(slots=True)
class Timing:
    """The seconds of one contestant, a number for each round."""

    seconds: list[float] = field(default_factory=list)

    def rates(self, amount: int) -> str:
        """Things done in a second: median, minimum and maximum over the rounds."""
        slowest, fastest = amount / max(self.seconds), amount / min(self.seconds)
        return f"{amount / median(self.seconds):,.0f} ({slowest:,.0f}-{fastest:,.0f})"


def in_turns(contestants: Mapping[str, Contestant], rounds: int) -> dict[str, Timing]:
    """Let each contestant work once in each round: A B C A B C ..."""
    timings = {name: Timing() for name in contestants}
    for number in range(1, rounds + 1):
        for name, work in contestants.items():
            timings[name].seconds.append(seconds := work())
            print(f"round {number} of {rounds}: {name}, {seconds:.2f} s", file=sys.stderr)
    return timings


def timed(work: Callable[[], object]) -> float:
    """The seconds that something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def in_fresh_process(work: Callable[..., float], *arguments: object) -> float:
    """The seconds that a function of a module returns, run by an interpreter of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def row(what: str, ours: Timing, floor: Timing, amount: int) -> str:
    """One row of the table. The ratio is that of the medians; the spread is the
    smallest and the greatest ratio within a round, which a slow minute hardly moves."""
    ratio = median(floor.seconds) / median(ours.seconds)
    ratios = [below / above for above, below in zip(ours.seconds, floor.seconds, strict=True)]
    spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
    return _line(what, ours.rates(amount), floor.rates(amount), f"{ratio:.2f}", spread)


def conditions() -> str:
    """Those of a run."""
    load = f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    versions = {"Python": platform.python_version(), "pydicom": pydicom.__version__}
    versions["SQLite"] = sqlite3.sqlite_version
    told = [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"{CORES} of {os.cpu_count()} processors{load}",
        *(f"{name} {version}" for name, version in versions.items()),
    ]
    return ", ".join(told)


def head() -> str:
    """The conditions of a run, and the head of its table."""
    return "\n".join(
        (
            conditions(),
            "",
            "Rates a second: median over the rounds (minimum-maximum). Ratio: ours / floor, more is better.",
            "",
            _line("what", "ours", "floor", "ratio", "spread"),
            _line("-", "-:", "-:", "-:", "-:", fill="-"),
        )
    )


def _line(what: str, *numbers: str, fill: str = " ") -> str:
    cells = [what.ljust(_WIDTHS[0], fill)]
    cells += [number.rjust(width, fill) for number, width in zip(numbers, _WIDTHS[1:], strict=True)]
    return f"| {' | '.join(cells)} |"


def options(
    description: str | None, amount: str, usual: int, quick: int, *, table: bool = True
) -> argparse.Namespace:
    """The options of a benchmark; ``amount`` is what it takes many of, ``usual`` how many. Without
    a ``table`` the benchmark tells its conditions itself."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, metavar="N", help=f"how many {amount} (usually {usual:,})")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each takes its turn")
    parser.add_argument("--quick", action="store_true", help=f"{quick:,} {amount}: to see that it runs")
    parser.add_argument(
        "--folder",
        type=lambda text: Path(text).absolute(),
        default=Path(tempfile.gettempdir()) / "uid-registry-benchmarks",
        metavar="PATH",
        help="where to work, on the disk to be measured; the objects stay there for the next run",
    )
    parser.add_argument("--rows", action="store_true", help="only the rows of the table, without its head")
    given = parser.parse_args()
    if given.count is None:
        given.count = quick if given.quick else usual
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    if table and not given.rows:
        print(head(), flush=True)
    return given
