"""Very many small files: how much memory registering them takes, and whether the rate holds.

Ours: `uid-registry register` as a whole process with its readers, over real CT
headers with few pixels, each file with an identity of its own; once all in one
folder, once a folder to a series. What is told is the greatest resident memory of
the program itself, of a reader, and of all together at one moment, each by itself
counting what they share. Beside the rate at half of the files that at a twentieth.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pydicom

from benchmarks import measure
from benchmarks.measure import Timing
from benchmarks.objects import BUNDLED, PER_SERIES, PER_STUDY
from benchmarks.stage import ACTOR, COMMAND, Registry, Stage, stage

MOST = 300
"""Megabytes."""

_ROOT = "1.3.6.1.4.1.32473.7"
_DIGITS = 40
_PIXELS = 16

_EVERY = 0.05
"""Seconds between two looks at the memory."""


class Peak(NamedTuple):
    """The greatest memory of a run, in megabytes, and how long it took."""

    program: float
    reader: float
    together: float
    seconds: float


def main() -> None:
    given = measure.options(__doc__, "files", usual=100_000, quick=2000)
    given.folder.mkdir(parents=True, exist_ok=True)
    flat, deep = _folders(given.folder, given.count)
    with stage(given.folder) as place:
        for name, folder in (("in one folder", flat), ("a folder to a series", deep)):
            peak = _registered(place, folder, given.count)
            what = f"memory of registering {given.count:,} files, {name}"
            print(measure.limit(f"{what}: all processes", peak.together, MOST, "MB"), flush=True)
            print(measure.figure(f"{what}: the program", peak.program, "MB"), flush=True)
            print(measure.figure(f"{what}: a reader", peak.reader, "MB"), flush=True)
        many, few = given.count // 2, given.count // 20
        for verb in ("register", "check"):
            took = {
                count: Timing([_timed(place, verb, _linked(place, flat, count))]) for count in (few, many)
            }
            what = f"{verb} {many:,} small files; floor: the rate at {few:,}"
            print(measure.row(what, took[many], took[few], many, floor_amount=few, goal=0.91), flush=True)


# --- the files -----------------------------------------------------------------------------------


def _folders(folder: Path, count: int) -> tuple[Path, Path]:
    """The same files twice, in one folder and in many; made once and kept."""
    flat, deep = folder / f"flat-{count}", folder / f"deep-{count}"
    if not deep.is_dir():
        for unfinished in (flat, deep.with_suffix(".unfinished")):
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
        for index, data in enumerate(_files(count)):
            file = flat / f"{index:06}.dcm"
            file.write_bytes(data)
            study, series = index // PER_STUDY, index // PER_SERIES
            within = unfinished / f"study-{study}" / f"series-{series}"
            if index % PER_SERIES == 0:
                within.mkdir(parents=True)
            os.link(file, within / file.name)
        unfinished.rename(deep)
    return flat, deep


def _files(count: int) -> Iterator[bytes]:
    """A real header again and again, its identifiers put in place of others of one length."""
    template = _template()
    digits = random.Random(count)
    study = series = b""
    for index in range(count):
        if index % PER_STUDY == 0:
            study = template.replace(_mark(1), _fresh(digits, 1)).replace(_mark(4), _fresh(digits, 4))
            study = study.replace(b"PATIENT-0000", b"PATIENT-%04d" % (index // PER_STUDY))
        if index % PER_SERIES == 0:
            series = study.replace(_mark(2), _fresh(digits, 2))
        yield series.replace(_mark(3), _fresh(digits, 3))[:-4] + index.to_bytes(4, "little")


def _template() -> bytes:
    image = pydicom.dcmread(BUNDLED / "CT_small.dcm")
    image.PatientID = "PATIENT-0000"
    for number, other in enumerate(image.OtherPatientIDsSequence):
        other.PatientID = f"PATIENT-0000-{number}"
    image.StudyInstanceUID, image.SeriesInstanceUID = _mark(1).decode(), _mark(2).decode()
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = _mark(3).decode()
    image.FrameOfReferenceUID = _mark(4).decode()
    image.Rows = image.Columns = _PIXELS
    image.PixelData = image.PixelData[: 2 * _PIXELS * _PIXELS]
    del image.DataSetTrailingPadding
    buffer = BytesIO()
    image.save_as(buffer)
    return buffer.getvalue()


def _mark(kind: int) -> bytes:
    return f"{_ROOT}.{kind}.{'1' * _DIGITS}".encode()


def _fresh(digits: random.Random, kind: int) -> bytes:
    lowest = 10 ** (_DIGITS - 1)
    return f"{_ROOT}.{kind}.{digits.randrange(lowest, 10 * lowest)}".encode()


def _linked(place: Stage, flat: Path, count: int) -> Path:
    """A folder of some of the files."""
    folder = place.folder()
    for file in islice(sorted(flat.iterdir()), count):
        os.link(file, folder / file.name)
    return folder


# --- what it takes ---------------------------------------------------------------------------------


def _registered(place: Stage, folder: Path, count: int) -> Peak:
    registry = place.registry()
    peak = _watched(registry, folder)
    _, stats = registry.run("stats")
    if count not in (found := _numbers(stats)):
        raise SystemExit(f"{count} instances should be registered: {found}")
    print(f"{folder.name}: {peak.seconds:.1f} s", file=sys.stderr)
    return peak


def _numbers(told: object) -> list[object]:
    """All that stands in some JSON."""
    if isinstance(told, dict):
        return [each for value in told.values() for each in _numbers(value)]
    if isinstance(told, list):
        return [each for value in told for each in _numbers(value)]
    return [told]


def _watched(registry: Registry, folder: Path) -> Peak:
    environment = {**os.environ, "HOME": str(registry.folder), "UID_REGISTRY_ACTOR": ACTOR}
    command = [COMMAND, "register", "--database", registry.database, "--format", "json", folder]
    begun = time.perf_counter()
    program = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most, together = dict[int, int](), 0
    while program.poll() is None:
        now = 0
        for process in (program.pid, *_children(program.pid)):
            resident, greatest = _resident(process)
            now += resident
            most[process] = max(most.get(process, 0), greatest)
        together = max(together, now)
        time.sleep(_EVERY)
    if program.returncode:
        raise SystemExit(f"register ended with {program.returncode}")
    own = most.pop(program.pid)
    return Peak(own / 2**10, max(most.values()) / 2**10, together / 2**10, time.perf_counter() - begun)


def _children(process: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:  # it has ended
        return []


def _resident(process: int) -> tuple[int, int]:
    """The memory of a process in kilobytes, now and at most so far."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    told = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return tuple(int(told.get(name, "0 kB").split()[0]) for name in ("VmRSS", "VmHWM"))  # type: ignore[return-value]


def _timed(place: Stage, verb: str, folder: Path) -> float:
    return place.registry().run(verb, folder)[0]


if __name__ == "__main__":
    main()
