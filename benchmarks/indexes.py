"""Indexes of archives: reading them, and registering what they say.

Reading, in this process: from the bytes of a file to clean columns with hidden
patients, beside what takes the same file apart and does nothing with it. Registering:
`register --index`, a file and a process that reads it, beside the same rows handed over in
memory. Last, if `idc-index-data` is here, the whole public index of the Imaging
Data Commons, a million series, by the command as users start it.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from benchmarks import archive, measure
from benchmarks.stage import ACTOR, COMMAND, ROOT, Stage, stage
from registry.archiveindex.opening import Index
from registry.archiveindex.tasks import Open, Rows
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.tokens import token
from registry.records import IndexRow, Patient
from registry.services.indexfiles import register_index
from registry.services.indexing import BATCH, register_rows
from registry.services.initializing import init
from registry.services.opening import opened
from registry.settings import Settings

COLUMNS = ("SOPInstanceUID", "SOPClassUID", "SeriesInstanceUID", "StudyInstanceUID", "Modality")
KEYS = ReaderKeys(b"f" * 32, b"d" * 32)
MOST = 300
"""Megabytes."""


def main() -> None:
    given = measure.options(__doc__, "rows", usual=100_000, quick=5000)
    given.folder.mkdir(parents=True, exist_ok=True)
    rows = [
        row._replace(patient=Patient(token(str(row.study_instance_uid), KEYS.fingerprint)))
        for row in islice(archive.rows(), given.count)
    ]
    with stage(given.folder) as place:
        folder = place.folder()
        for name, (write, floor) in FORMATS.items():
            path = folder / f"index.{name}"
            write(path, rows)
            pair = {
                "floor": lambda path=path, floor=floor: measure.timed(lambda: floor(path)),
                "ours": lambda path=path: measure.timed(lambda: _read(path)),
            }
            timings = measure.in_turns(pair, given.rounds)
            what = f"read an index as {name}; floor: taken apart alone"
            print(measure.row(what, timings["ours"], timings["floor"], given.count), flush=True)
        path = folder / "index.csv"
        pair = {
            "floor": lambda: _registered(place, lambda registry: register_rows(registry, rows)),
            "ours": lambda: _registered(place, lambda registry: register_index(registry, [str(path)])),
        }
        timings = measure.in_turns(pair, given.rounds)
        what = "register an index from CSV; floor: the same rows in memory"
        print(measure.row(what, timings["ours"], timings["floor"], given.count), flush=True)
        if not given.quick:
            _public_index(place)


def _as_csv(path: Path, rows: list[IndexRow]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*COLUMNS, "PatientID"))
        writer.writerows((*row[:5], row.study_instance_uid) for row in rows)


def _as_ndjson(path: Path, rows: list[IndexRow]) -> None:
    with path.open("w") as file:
        for row in rows:
            said = dict(zip(COLUMNS, row, strict=False)) | {"PatientID": row.study_instance_uid}
            file.write(json.dumps(said) + "\n")


def _as_parquet(path: Path, rows: list[IndexRow]) -> None:
    columns = {name: pa.array([row[place] for row in rows]) for place, name in enumerate(COLUMNS)}
    parquet.write_table(pa.table(columns | {"PatientID": columns["StudyInstanceUID"]}), path)


def _csv_alone(path: Path) -> None:
    with path.open(newline="") as file:
        for _ in csv.reader(file):
            pass


def _ndjson_alone(path: Path) -> None:
    with path.open("rb") as file:
        for line in file:
            json.loads(line)


def _parquet_alone(path: Path) -> None:
    for batch in parquet.ParquetFile(path).iter_batches(BATCH, use_threads=False):
        for column in batch.columns:
            column.to_pylist()


Format = tuple[Callable[[Path, list[IndexRow]], None], Callable[[Path], None]]

FORMATS: dict[str, Format] = {
    "csv": (_as_csv, _csv_alone),
    "ndjson": (_as_ndjson, _ndjson_alone),
    "parquet": (_as_parquet, _parquet_alone),
}


def _read(path: Path) -> None:
    with closing(Index(Open(str(path), None, {}, BATCH), KEYS)) as index:
        while index.read(Rows(BATCH)).total >= BATCH:
            pass


def _registered(place: Stage, work: Callable[[Any], object]) -> float:
    settings = Settings(str(place.folder() / "registry.db"), actor=ACTOR)
    init(settings, root=ROOT)
    with opened(settings) as registry:
        return measure.timed(lambda: work(registry))


def _public_index(place: Stage) -> None:
    """All of a real index in one go: how fast, and with how much memory."""
    try:
        path = import_module("idc_index_data").IDC_INDEX_PARQUET_FILEPATH
    except ImportError:
        print("idc-index-data isn't installed: its index is left out", file=sys.stderr)
        return
    registry = place.registry()
    count = parquet.ParquetFile(path).metadata.num_rows
    command = [str(COMMAND), "--database", registry.database, "register", "--index", str(path)]
    environment = {"HOME": str(registry.folder), "UID_REGISTRY_ACTOR": ACTOR, "PATH": os.environ["PATH"]}

    def work() -> None:
        quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
        process = os.posix_spawn(command[0], command, environment, file_actions=quiet)
        _, status, usage = os.wait4(process, 0)
        # 1 says that something collided, which is so.
        if os.waitstatus_to_exitcode(status) not in (0, 1):
            raise SystemExit(f"{' '.join(command)} ended with {status}")
        used.append(usage.ru_maxrss / 1024)

    used: list[float] = []
    seconds = measure.timed(work)
    what = f"register the Imaging Data Commons' index, {count:,} series, SQLite"
    print(measure.figure(what, count / seconds, "a second"))
    print(measure.limit(f"{what}: memory of the program", used[0], MOST, "MB"), flush=True)


if __name__ == "__main__":
    main()
