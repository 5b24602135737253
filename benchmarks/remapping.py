"""How long it takes to copy a study with other UIDs, beside reading and writing it with pydicom.

`uid-registry remap FOLDER --output COPIES`, from its start to its end: the files read, all
their UIDs replaced, what replaces what recorded in a durable transaction, the copies written.
Beside it a program of one process that reads each file with pydicom's ``dcmread`` and writes
it with ``save_as``, from its start to its end, and replaces nothing. In turns, each into a
folder of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import measure
from benchmarks.objects import objects
from benchmarks.stage import Registry, Stage, stage, start

MOST = 1.5
"""Times as long as reading and writing, at most."""

_FLOOR = (
    "import os, sys, pydicom; source, target = sys.argv[1:]\n"
    "for folder, _, names in os.walk(source):\n"
    "    for name in names:\n"
    "        pydicom.dcmread(os.path.join(folder, name)).save_as(os.path.join(target, name))"
)


def main() -> None:
    given = measure.options(__doc__, "files", usual=500, quick=50)
    folder = objects(given.folder, given.count)
    with stage(given.folder) as place:
        first, again = _ours(place, folder)
        contestants = {"ours": first, "ours again": again, "floor": lambda: _read_and_write(place, folder)}
        timings = measure.in_turns(contestants, given.rounds)
    what = f"files of 40 KB, `remap` of {given.count}; floor: pydicom's dcmread and save_as"
    print(measure.row(what, timings["ours"], timings["floor"], given.count, goal=1 / MOST))
    known = "the same where all is known, into another folder"
    print(measure.row(known, timings["ours again"], timings["floor"], given.count))


def _ours(place: Stage, folder: Path) -> tuple[measure.Contestant, measure.Contestant]:
    """A study whose UIDs nobody has seen, and one of which all were replaced before."""
    fresh, known = place.registry(), place.registry()

    def remap(registry: Registry, copies: Path) -> float:
        seconds, told = registry.run("remap", folder, "--scope", "TRIAL-7", "--output", copies)
        if told["failed"] or told["repeats"]:
            raise SystemExit(f"not every file was copied: {told}")
        return float(seconds)

    remap(known, place.folder())
    return (
        lambda: remap(place.copy(fresh), place.folder()),
        lambda: remap(known, place.folder()),
    )


def _read_and_write(place: Stage, folder: Path) -> float:
    target = place.folder()
    return start(sys.executable, "-c", _FLOOR, folder, target, folder=target)[0]


if __name__ == "__main__":
    main()
