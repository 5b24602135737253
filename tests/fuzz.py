"""The long run of the fuzzer: ``scripts/fuzz [--mutants N] [--seed S]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path
from time import perf_counter

from tests.fuzzing import Fuzzer, Summary, run

_BATCH = 1000


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    fuzzer, summary, begun = Fuzzer(given.seed), Summary(), perf_counter()
    last = given.first + given.mutants
    for first in range(given.first, last, _BATCH):
        with tempfile.TemporaryDirectory() as folder:
            run(fuzzer, range(first, min(first + _BATCH, last)), Path(folder), summary)
        if sys.stderr.isatty():
            print(f"\r{summary.mutants:,} mutants", end="", file=sys.stderr)
    show(summary, given.seed, perf_counter() - begun)
    return 1 if summary.violations or summary.lost else 0


def show(summary: Summary, seed: int, seconds: float) -> None:
    slowest, name = summary.slowest
    rows = [
        ("seed", str(seed)),
        ("mutants", f"{summary.mutants:,}"),
        ("read as objects", f"{summary.claims:,}"),
        ("skipped", f"{summary.skipped:,}"),
        ("unreadable", f"{summary.unreadable.total():,}"),
        *((f"  {reason}", f"{count:,}") for reason, count in summary.unreadable.most_common()),
        ("short cut compared", f"{summary.scanned:,}"),
        ("short cut alone", f"{summary.scanned_alone:,}"),
        ("workers lost", f"{summary.lost:,}"),
        ("violations", f"{len(summary.violations):,}"),
        ("slowest", f"{slowest:.2f} s, {Path(name).name}"),
        ("seconds", f"{seconds:.0f}"),
    ]
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        print(f"{label:{width}}  {value}")
    for line in summary.violations:
        print(line)


if __name__ == "__main__":
    sys.exit(main())
