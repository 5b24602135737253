"""Measuring: contestants in turns, medians, one table."""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
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

_LEGEND = (
    "Rates a second: median over the rounds (minimum-maximum). Ratio: ours / floor, more is better; "
    "spread: its smallest and greatest in a round. Goal: what the ratio is to reach."
)
_WIDTHS = (78, 26, 26, 6, 11, 5, 3)


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


def row(
    what: str,
    ours: Timing,
    floor: Timing,
    amount: int,
    *,
    goal: float | None = None,
    floor_amount: int | None = None,
) -> str:
    """One row of the table. The ratio is that of the medians; the spread is the
    smallest and the greatest ratio within a round, which a slow minute hardly moves.

    ``goal`` is what the ratio is to reach. A floor that did fewer things, its
    ``floor_amount``, is set beside ours by its rate.
    """
    fewer = floor_amount or amount
    as_many = [seconds * amount / fewer for seconds in floor.seconds]
    return _line(what, ours.rates(amount), floor.rates(fewer), *_ratio(ours.seconds, as_many, goal))


def took(what: str, ours: Timing, floor: Timing, *, goal: float | None = None) -> str:
    """A row about how long one thing takes, in milliseconds."""
    times = [
        f"{median(each) * 1e3:,.0f} ({min(each) * 1e3:,.0f}-{max(each) * 1e3:,.0f}) ms"
        for each in (ours.seconds, floor.seconds)
    ]
    return _line(what, *times, *_ratio(ours.seconds, floor.seconds, goal))


def limit(what: str, reached: float, most: float, unit: str) -> str:
    """A row about something that isn't a rate: a figure, and what it may be at most."""
    ours, allowed = _with_unit(reached, unit), f"at most {_with_unit(most, unit)}"
    return _line(what, ours, allowed, _short(most / reached), "", *_reached(most / reached, 1.0))


def figure(what: str, number: float, unit: str) -> str:
    """A row about something that has nothing beside it."""
    return _line(what, _with_unit(number, unit), *[""] * 5)


def _with_unit(number: float, unit: str) -> str:
    return f"{number:,.{2 if number < 10 else 0}f} {unit}".strip()


def _ratio(ours: Sequence[float], floor: Sequence[float], goal: float | None) -> tuple[str, ...]:
    """The ratio of some seconds, its spread, the goal and whether it is met."""
    ratio = median(floor) / median(ours)
    ratios = [below / above for above, below in zip(ours, floor, strict=False)]
    spread = f"{_short(min(ratios))}-{_short(max(ratios))}" if len(ratios) > 1 else "once"
    return _short(ratio), spread, *_reached(ratio, goal)


def _reached(ratio: float, goal: float | None) -> tuple[str, str]:
    if goal is None:
        return "", ""
    return _short(goal), "yes" if round(ratio, 2) >= goal else "no"


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.1f}" if ratio < 100 else f"{ratio:,.0f}"


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
            _LEGEND,
            "",
            _line("what", "ours", "floor", "ratio", "spread", "goal", "met"),
            _line("-", "-:", "-:", "-:", "-:", "-:", "-", fill="-"),
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


if __name__ == "__main__":
    print(head())
