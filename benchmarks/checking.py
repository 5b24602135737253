"""Checking a folder of CT series and their segmentations with all rules, beside dcentvfy on the same files.

Ours: `uid-registry check` as a whole process, in a registry that knows none of the
files: every file read and digested, every rule asked, those too that are off unless
selected. Beside it:

- dcentvfy, the one other program that compares files with each other. It digests
  nothing and knows a part of the rules, and searches its lists from end to end, so
  that twice the files take it four times as long: it is given the tenth of the files
  that is as large as an export of one study is;
- a tenth of the files: ten times the files may take ten times the time, 11 at most;
- one rule alone: what all the others cost, which may be three tenths of it at most.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from benchmarks import measure, peers
from benchmarks.measure import Timing
from benchmarks.objects import with_segmentations
from benchmarks.stage import Registry, Stage, stage

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
    whole, tenth, one = ours["all rules"], ours["all rules, a tenth of the files"], ours["one rule"]
    export = sorted(few.rglob("*.dcm"))
    what = f"check an export of {len(export):,} files, all rules"
    print(measure.figure(f"{what}, in all", median(tenth.seconds), "s"))
    try:
        # Once is enough: it takes long, and what it takes hardly varies.
        peer = Timing([peers.dcentvfy(given.folder, export)])
        print(measure.row(f"{what}; floor: dcentvfy", tenth, peer, len(export)))
    except peers.Missing as why:
        print(f"dcentvfy is left out: {why}", file=sys.stderr)
    ten_times = Timing([10 * seconds for seconds in tenth.seconds])
    what = f"check {given.count:,} files, all rules"
    print(measure.row(f"{what}; floor: ten times a tenth", whole, ten_times, given.count, goal=0.91))
    print(measure.row(f"{what}; floor: one rule", whole, one, given.count, goal=0.7))


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


if __name__ == "__main__":
    main()
