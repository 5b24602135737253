"""Registering and checking a folder of CT images, beside reading it with pydicom.

Ours: `uid-registry register` and `check` as whole processes, from start to end:
every file read, its UIDs walked, its content digested, all rules asked, and for
`register` all of it on the disk. The floor: one process that calls
``pydicom.dcmread(path, stop_before_pixels=True)`` for each file and does nothing
with it, which is what any script does that only looks at the UIDs. Ours may use
two processors; the floor is one plain loop, as it stands in such scripts.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import measure
from benchmarks.objects import objects
from benchmarks.stage import Registry, Stage, stage, start

_FLOOR = """
import sys
from pathlib import Path

import pydicom

for path in sorted(Path(sys.argv[1]).rglob("*.dcm")):
    pydicom.dcmread(path, stop_before_pixels=True)
"""


def main() -> None:
    given = measure.options(__doc__, "files", usual=5000, quick=500)
    with stage(given.folder) as place:
        folder = objects(given.folder, given.count)
        for path in folder.rglob("*.dcm"):
            path.read_bytes()  # from now on the files are in memory, for everybody
        timings = measure.in_turns(contestants(place, folder, given.count), given.rounds)
    floor = timings.pop("floor")
    for name, ours in timings.items():
        print(measure.row(f"{name}; floor: dcmread", ours, floor, given.count))


def contestants(place: Stage, folder: Path, count: int) -> dict[str, measure.Contestant]:
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
        "floor": lambda: start(sys.executable, "-c", _FLOOR, folder, folder=place.copy(fresh).folder)[0],
        "register, new files": ours(fresh, "new", "register"),
        "register, new files, --digest none": ours(fresh, "new", "register", "--digest", "none"),
        "register, the same files again": ours(full, "repeats", "register"),
        "check, new files": ours(fresh, "new", "check"),
        "check, files that are registered": ours(full, "repeats", "check"),
    }


if __name__ == "__main__":
    main()
