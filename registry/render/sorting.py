"""The files of a check that passed, or those that failed: what a shell goes on with."""

from __future__ import annotations

from collections.abc import Iterator

from registry.render.formats import Output, Row, visible
from registry.services.sorting import SortedFiles

LISTS = ("passed", "failed")
_COLUMNS = ("path", "outcome", "codes")


def paths_of(files: SortedFiles, which: str) -> list[str]:
    """The paths of one of ``LISTS``."""
    return files.passed if which == "passed" else list(files.failed)


def listing(files: SortedFiles, which: str) -> Output:
    """Those paths in all formats; as a table they stand alone, one a line."""
    rows: list[Row] = [
        {"path": path, "outcome": which, "codes": files.failed.get(path, [])}
        for path in paths_of(files, which)
    ]
    return Output(rows, rows, _lines(rows), columns=_COLUMNS)


def _lines(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        yield visible(str(row["path"]))
