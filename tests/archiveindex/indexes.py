"""Indexes for the tests: the same rows in every format."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from tests.objects import CT_CLASS

COLUMNS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "Modality", "PatientID")

Row = Mapping[str, str | None]


def rows_of(series: str, count: int, study: str = "1.2.3", patient: str = "P1", **said: str) -> list[Row]:
    """The rows of one series."""
    return [
        dict(zip(COLUMNS, (study, series, f"{series}.{n}", CT_CLASS, "CT", patient), strict=True)) | said
        for n in range(1, count + 1)
    ]


def as_csv(rows: Sequence[Row], delimiter: str = ",", columns: Sequence[str] = COLUMNS) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(columns)
    writer.writerows([[row.get(column) for column in columns] for row in rows])
    return text.getvalue().encode()


def as_ndjson(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_parquet(rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> bytes:
    made = io.BytesIO()
    table = pa.table({column: pa.array([row.get(column) for row in rows], pa.string()) for column in columns})
    parquet.write_table(table, made, row_group_size=max(1, len(rows) // 2))
    return made.getvalue()


def in_every_format(rows: Sequence[Row]) -> dict[str, bytes]:
    return {
        "commas.csv": as_csv(rows),
        "tabs.tsv": as_csv(rows, "\t"),
        "semicolons.csv": as_csv(rows, ";"),
        "packed.csv.gz": gzip.compress(as_csv(rows)),
        "marked.csv": b"\xef\xbb\xbf" + as_csv(rows),
        "wide.csv": as_csv(rows).decode().encode("utf-16"),
        "lines.ndjson": as_ndjson(rows),
        "packed.ndjson.gz": gzip.compress(as_ndjson(rows)),
        "table.parquet": as_parquet(rows),
    }


def write(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)
