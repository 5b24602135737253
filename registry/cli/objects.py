"""`register` and `check`: what files say."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from registry.checksettings import FAIL_ON
from registry.cli.options import Run
from registry.cli.output import Progress, paint, show, tell, write
from registry.errors import BadRequest, NoSuchPath
from registry.limits import MOST_JOBS
from registry.records import Finding
from registry.settings import FORMATS, PATHS

if TYPE_CHECKING:
    from registry.rules.base import Rule
    from registry.services.opening import OpenRegistry, RegistryName
    from registry.services.reports import Report

Paths = Annotated[
    list[str] | None,
    typer.Argument(help="Files, folders, zip archives, DICOMDIRs; - reads paths from standard input."),
]
Null = Annotated[bool, typer.Option("-0", "--null", help="Paths on standard input end with NUL.")]
Digest = Annotated[str, typer.Option("--digest", metavar="full|none", help="Whether contents are compared.")]
Select = Annotated[
    list[str] | None,
    typer.Option(metavar="RULE,...", help="Ask these rules too: codes, names, families (UID4) or ALL."),
]
Ignore = Annotated[
    list[str] | None, typer.Option(metavar="RULE,...", help="Don't ask these, unless one is selected closer.")
]
Statistics = Annotated[bool, typer.Option("--statistics", help="Counts of each rule instead of findings.")]
NamedBy = Annotated[
    str | None,
    typer.Option("--paths", metavar="HOW", help="full, name, hash or none: how the report names files."),
]
Context = Annotated[
    str | None,
    typer.Option(
        "--context",
        metavar="NAME",
        help="What the objects are copies for; contents and patients compare within it. "
        "Also UID_REGISTRY_CONTEXT; default clinical.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        metavar="N",
        min=1,
        max=MOST_JOBS,
        help="Processes that read; also UID_REGISTRY_JOBS; default one for each processor.",
    ),
]

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

_NAMED = 10


def register(
    run: Run,
    paths: Paths = None,
    null: Null = False,
    digest: Digest = "full",
    select: Select = None,
    ignore: Ignore = None,
    statistics: Statistics = False,
    named_by: NamedBy = None,
    within: Context = None,
    jobs: Jobs = None,
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
        _get_ready(paths, jobs or run.settings.jobs)
    _known("fail-on", fail_on, ("collision", *FAIL_ON))
    run = _configured(run, select, ignore, named_by, jobs)
    with run.registry() as registry, _unnamed_paths(run):
        _name(registry)
        if index:
            result = _index_registered(registry, index, index_format, column, within)
        else:
            result = _files_registered(registry, _paths(paths, null), digest, within)
        _rename(registry, result)
    passed = result.passed(fail_on)
    _tell_skipped(result)
    _tell_missing(result)
    _show(run, result, passed, statistics)
    raise typer.Exit(0 if passed else 1)


def _files_registered(registry: OpenRegistry, paths: list[str], digest: str, within: str | None) -> Report:
    from registry.services.registering import register as service

    progress = Progress("registered")
    result = service(registry, paths, digests=_digests(digest), context=within, progress=progress)
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


def check(
    run: Run,
    paths: Paths = None,
    null: Null = False,
    digest: Digest = "full",
    select: Select = None,
    ignore: Ignore = None,
    statistics: Statistics = False,
    explain: Annotated[
        str | None,
        typer.Option(metavar="RULE", help="Show the page of a rule, and each finding of it whole."),
    ] = None,
    named_by: NamedBy = None,
    within: Context = None,
    jobs: Jobs = None,
    fail_on: Annotated[
        str | None,
        typer.Option(metavar="WHAT", help="error (default), warning, note or never: when to exit with 1."),
    ] = None,
    for_export: Annotated[
        str | None,
        typer.Option(
            metavar="DESTINATION",
            help="Record whether the objects may go there: an AE title, a host, a project.",
        ),
    ] = None,
) -> None:
    """Decide about objects before they leave, against themselves and the whole registry.

    Writes nothing at all: a read-only database will do. With --for-export it writes one
    entry, approval or block, with the UIDs and the head of the trail; where it can't, it
    reads nothing and exits with 3. Besides the formats of all commands it speaks sarif,
    junit and github.

    Examples:

      uid-registry check export/

      uid-registry check --fail-on warning --format json export/ > report.json

      uid-registry check --ignore ALL --select UID501 export/

      uid-registry check --explain UID501

      uid-registry check --for-export TRIAL_PACS export/ && storescu -aec TRIAL_PACS ...
    """
    if paths or null:
        _get_ready(paths, jobs or run.settings.jobs)
    from registry.services.checking import check as service

    given, fail_on = fail_on, fail_on or run.settings.check.fail_on or "error"
    _known("fail-on", fail_on, FAIL_ON)
    rule = _explained(explain)
    if rule is not None and not paths and not null and for_export is None:
        _show_page(run, rule)
        return
    run = _configured(run, select, ignore, named_by, jobs)
    if statistics and run.settings.format not in FORMATS:
        raise BadRequest(
            f"--statistics can't be told as {run.settings.format}", advice=f"One of {', '.join(FORMATS)}."
        )
    progress = Progress("checked")
    with run.registry(read_only=for_export is None) as registry, _unnamed_paths(run):
        _name(registry)
        result = service(
            registry,
            _paths(paths, null),
            digests=_digests(digest),
            context=within,
            progress=progress,
            for_export=for_export,
            fail_on=given,
        )
        progress.done()
        _rename(registry, result)
    passed = result.passed(fail_on)
    _tell_skipped(result)
    _tell_missing(result)
    if run.settings.format in FORMATS:
        _show(run, result, passed, statistics, rule)
    else:
        write(_for_tools(run.settings.format, result, result.failing(fail_on), passed=passed))
    if result.export is not None:
        tell(result.export.told)
    raise typer.Exit(0 if passed else 1)


def _for_tools(form: str, result: Report, failing: list[Finding], *, passed: bool) -> Iterator[str]:
    """A report in one of the formats of other tools."""
    if form == "sarif":
        from registry.render.sarif import sarif

        return sarif(result, passed)
    if form == "junit":
        from registry.render.junit import junit

        return junit(result, failing)
    from registry.render.github import github

    return github(result, passed)


def _explained(code: str | None) -> Rule | None:
    from registry.rules import by_code

    return by_code(code) if code else None


def _show_page(run: Run, rule: Rule) -> None:
    from registry.render.administering import rule as page

    form = run.settings.format
    show(page(rule), form if form in FORMATS else "table")


def _configured(
    run: Run, select: list[str] | None, ignore: list[str] | None, named_by: str | None, jobs: int | None
) -> Run:
    """The run with what only these commands are told on the command line."""
    settings = run.settings
    if named_by is not None:
        _known("paths", named_by, PATHS)
        settings = replace(settings, paths=named_by)
    if jobs is not None:
        settings = replace(settings, jobs=jobs)
    check = settings.check.asked(_separated(select), _separated(ignore))
    return replace(run, settings=replace(settings, check=check))


def _separated(given: list[str] | None) -> list[str]:
    return [word.strip() for words in given or () for word in words.split(",") if word.strip()]


def _known(option: str, value: str, choice: tuple[str, ...]) -> None:
    if value not in choice:
        raise BadRequest(f"--{option} {value!r} is unknown", advice=f"One of {', '.join(choice)}.")


@contextmanager
def _unnamed_paths(run: Run) -> Iterator[None]:
    """Keep a path that isn't there, or that is no index, out of the message, where files aren't
    to be named."""
    from registry.archiveindex.fields import NotAnIndex

    try:
        yield
    except NotAnIndex as error:
        if run.settings.paths == "full":
            raise
        raise NotAnIndex(error.unnamed, advice=error.advice) from error
    except NoSuchPath as error:
        if run.settings.paths == "full":
            raise
        raise NoSuchPath(
            f"one of the paths isn't there; --paths {run.settings.paths} keeps it unnamed"
        ) from error


def _rename(registry: OpenRegistry, result: Report) -> None:
    from registry.services.naming import rename

    rename(result, registry.settings.paths, lambda: registry.key)


def _get_ready(paths: list[str] | None, jobs: int | None) -> None:
    from registry.services.reading import get_ready

    get_ready(paths or [], jobs)


def _digests(value: str) -> bool:
    if value not in ("full", "none"):
        raise BadRequest(f"--digest {value!r} is unknown", advice="full or none.")
    return value == "full"


def _paths(given: list[str] | None, null: bool) -> list[str]:
    """The paths of the command line, those on standard input in place of ``-``."""
    if not given and not null:
        raise BadRequest(
            "there is nothing to read", advice="Name files or folders, or - for paths on standard input."
        )
    paths: list[str] = []
    for path in given or ["-"]:
        paths += _from_stdin(null) if path == "-" else [path]
    return paths


def _from_stdin(null: bool) -> list[str]:
    data = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    return [path for path in (data.split("\0") if null else data.splitlines()) if path]


def _name(registry: OpenRegistry) -> None:
    """Name the registry that is asked, so that an empty private one isn't taken for the organisation's."""
    with registry.database.reading() as connection:
        named: RegistryName = registry.name(connection)
    owner = f" of {named.organization}" if named.organization else ""
    tell(f"registry {named.origin}{owner}, {named.size:,} UIDs, {registry.database.name}")


def _tell_skipped(result: Report) -> None:
    from registry.render.formats import visible

    for skip in result.skipped[:_NAMED]:
        tell(visible(f"skipped {skip.path or 'a file'}: {skip.reason}"))
    if len(result.skipped) > _NAMED:
        tell(f"skipped {len(result.skipped) - _NAMED:,} more; --format json names them")


def _tell_missing(result: Report) -> None:
    """Say what couldn't be compared for want of a former key."""
    for key, objects in sorted(result.missing.items()):
        several = "object has" if objects == 1 else "objects have"
        tell(
            f"{objects:,} {several} to do with what was recorded under the former key {key}, which isn't "
            "on this machine: not compared; `uid-registry db key --install FILE` adds it"
        )


def _show(run: Run, result: Report, passed: bool, statistics: bool, rule: Rule | None = None) -> None:
    from registry.render.findings import report
    from registry.render.statistics import statistics as counted

    output = counted(result, passed, paint) if statistics else report(result, passed, paint, explain=rule)
    show(output, run.settings.format)
