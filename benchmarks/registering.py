"""Registering and checking a folder of CT images, beside other programs that read the same files.

Ours: `uid-registry register` and `check` as whole processes, from start to end:
every file read, its UIDs walked, its content digested, all rules asked, and for
`register` all of it on the disk. The files are in the page cache, for everybody;
all may use two processors. Beside it:

- dcmread: one process that calls ``pydicom.dcmread(path, stop_before_pixels=True)``
  for each file and does nothing with it, as it stands in any script that looks at UIDs;
- dicomindex: a packaged indexer; parses with pydicom, keeps identifiers and paths in SQLite;
- gdcmscanner: GDCM's compiled scanner; reads three tags and keeps nothing;
- Orthanc: an archive; takes the files by REST, keeps them whole, with an index in SQLite;
- dcentvfy: compares the headers of all files with each other, keeps nothing. Twice the
  files take it four times as long, so it is run on few, and once on all of them.

Only ours and Orthanc read the pixels; only ours digests them, compares what a file says
with all that was ever registered, and writes a trail of what it did.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import measure, peers
from benchmarks.measure import Timing
from benchmarks.objects import objects
from benchmarks.stage import Registry, Stage, stage, start

_FLOOR = """
import sys
from pathlib import Path

import pydicom

for path in sorted(Path(sys.argv[1]).rglob("*.dcm")):
    pydicom.dcmread(path, stop_before_pixels=True)
"""

NEW = "register, new files"

FEW, MORE = 10, 2
"""So many times fewer files dcentvfy is given, of each size; and of the small ones, once more."""

_WORDS = {
    "dcmread": "pydicom's dcmread, which parses only",
    "dicomindex": "dicomindex, parses and indexes",
    "gdcmscanner": "gdcmscanner, reads three tags",
    "Orthanc": "upload to Orthanc, stores the pixels too",
}
_GOALS = {"dcmread": 4.0, "dicomindex": 20.0, "gdcmscanner": 1.0, "Orthanc": 10.0}
_DCENTVFY_GOAL = 25.0


def main() -> None:
    given = measure.options(__doc__, "files of each size", usual=5000, quick=500)
    for large in (False, True):
        with stage(given.folder) as place:
            folder = objects(given.folder, given.count, large=large)
            _warm(folder)
            timings = measure.in_turns(contestants(place, given.folder, folder, given.count), given.rounds)
        files = f"{given.count:,} files of {'530' if large else '40'} KB"
        _tell(timings, files, given.count)
        _compare(given.folder, folder, timings[NEW], files, given.count, [FEW] if large else [FEW, MORE])


def _warm(folder: Path) -> None:
    for path in folder.rglob("*.dcm"):
        path.read_bytes()  # from now on the files are in memory, for everybody


def _tell(timings: dict[str, Timing], files: str, count: int) -> None:
    others = {name: timings.pop(name) for name in _WORDS if name in timings}
    new = timings[NEW]
    for name, peer in others.items():
        what = f"register {files}; floor: {_WORDS[name]}"
        print(measure.row(what, new, peer, count, goal=_GOALS[name]), flush=True)
    for name, ours in timings.items():
        if name != NEW:
            print(measure.row(f"{name}, {files}; floor: dcmread", ours, others["dcmread"], count), flush=True)


def _compare(packages: Path, folder: Path, ours: Timing, files: str, count: int, shares: list[int]) -> None:
    """Beside dcentvfy, once on each share of the files: it takes long, and what it takes hardly varies."""
    paths = sorted(folder.rglob("*.dcm"))
    for some in (paths[: count // share] for share in shares):
        try:
            peer = Timing([peers.dcentvfy(packages, some)])
        except peers.Missing as why:
            print(f"dcentvfy is left out: {why}", file=sys.stderr)
            return
        what = f"register {files}; floor: dcentvfy on {len(some):,}, compares headers"
        row = measure.row(what, ours, peer, count, goal=_DCENTVFY_GOAL, floor_amount=len(some))
        print(row, flush=True)


def contestants(place: Stage, packages: Path, folder: Path, count: int) -> dict[str, measure.Contestant]:
    fresh, full = place.registry(), place.registry()
    full.run("register", folder)

    def ours(before: Registry, expected: str, *arguments: object) -> measure.Contestant:
        def work() -> float:
            seconds, report = place.copy(before).run(*arguments, folder)
            if report[expected] != count:
                raise SystemExit(f"{expected} should be {count}: {report}")
            return seconds

        return work

    return {
        "dcmread": lambda: start(sys.executable, "-c", _FLOOR, folder, folder=place.folder())[0],
        **peers.contestants(place, packages, folder, count),
        NEW: ours(fresh, "new", "register"),
        "register, digests none": ours(fresh, "new", "register", "--digest", "none"),
        "register again": ours(full, "repeats", "register"),
        "check new": ours(fresh, "new", "check"),
        "check registered": ours(full, "repeats", "check"),
    }


if __name__ == "__main__":
    main()
