"""`register`: what files, or the index of an archive, say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry.checksettings import FAIL_ON
from registry.cli import reading
from registry.cli.options import Run
from registry.cli.output import Progress
from registry.errors import BadRequest

if TYPE_CHECKING:
    from registry.services.opening import OpenRegistry
    from registry.services.reports import Report

Indexes = Annotated[
    list[str] | None,
    typer.Option(
        "--index",
        metavar="FILE",
        help="An index of an archive instead of files: CSV, NDJSON or Parquet; - for standard input.",
    ),
]
IndexFormat = Annotated[
    str | None,
    typer.Option(metavar="FORMAT", help="csv, ndjson or parquet; found out if not given."),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="NAME=KEYWORD",
        help="Which column of the index holds what, e.g. series_iuid=SeriesInstanceUID; NAME= leaves it out.",
    ),
]


def register(
    run: Run,
    paths: reading.Paths = None,
    null: reading.Null = False,
    digest: reading.Digest = "full",
    select: reading.Select = None,
    ignore: reading.Ignore = None,
    statistics: reading.Statistics = False,
    named_by: reading.NamedBy = None,
    within: reading.Context = None,
    jobs: reading.Jobs = None,
    index: Indexes = None,
    index_format: IndexFormat = None,
    column: Columns = None,
    fail_on: Annotated[
        str,
        typer.Option(metavar="WHAT", help="collision, error, warning, note or never: when to exit with 1."),
    ] = "collision",
) -> None:
    """Record what objects made elsewhere say about their UIDs.

    Reads files, folders, zip archives and DICOMDIR media, or the index of an archive
    with a row for each instance or series. Whole batches are recorded at a time;
    interrupted and run again, it goes on where it stopped.

    Examples:

      uid-registry register /archive/2026

      find . -name '*.dcm' -print0 | uid-registry register -0 -

      uid-registry register --index pacs.csv --column series_iuid=SeriesInstanceUID
    """
    if index:
        _only_index(paths, null)
    elif index_format or column:
        raise BadRequest("--index-format and --column are about an index", advice="Name it: --index FILE.")
    else:
        reading.get_ready(run, paths, jobs, context=within, digests=digest != "none")
    reading.require_known("fail-on", fail_on, ("collision", *FAIL_ON))
    run = reading.configured(run, select, ignore, named_by, jobs)
    with run.registry() as registry, reading.unnamed_paths(run):
        reading.name(registry)
        if index:
            result = _index_registered(registry, index, index_format, column, within)
        else:
            result = _files_registered(registry, reading.paths_given(paths, null), digest, within)
        reading.rename(registry, result)
    passed = result.passed(fail_on)
    reading.tell_skipped(result)
    reading.tell_missing(result)
    reading.show_report(run, result, passed, statistics)
    raise typer.Exit(0 if passed else 1)


def _files_registered(registry: OpenRegistry, paths: list[str], digest: str, within: str | None) -> Report:
    from registry.services.registering import register as service

    progress = Progress("registered")
    progress.among(paths)
    result = service(
        registry, paths, digests=reading.wants_digests(digest), context=within, progress=progress
    )
    progress.done()
    return result


def _index_registered(
    registry: OpenRegistry,
    paths: list[str],
    form: str | None,
    column: list[str] | None,
    within: str | None,
) -> Report:
    from registry.services.indexfiles import register_index as service

    progress = Progress("registered", "row")
    result = service(registry, paths, columns=_columns(column), form=form, context=within, progress=progress)
    progress.done()
    return result


def _only_index(paths: list[str] | None, null: bool) -> None:
    if paths or null:
        raise BadRequest("files and an index can't be registered in one run", advice="Run it twice.")


def _columns(given: list[str] | None) -> dict[str, str]:
    columns = {}
    for each in given or ():
        name, equals, keyword = each.rpartition("=")
        if not equals or not name:
            raise BadRequest(f"--column {each!r} isn't NAME=KEYWORD", advice="e.g. uid=SOPInstanceUID.")
        columns[name] = keyword
    return columns
