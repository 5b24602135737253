"""What `register` and `check` share: options, paths, and what is told besides the report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli.options import Run
from registry.cli.output import paint, show, tell
from registry.errors import BadRequest, NoSuchPath
from registry.limits import MOST_JOBS
from registry.settings import PATHS
from registry.suggestion import meant

if TYPE_CHECKING:
    from registry.render.findings import Paint
    from registry.render.formats import Output
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

_NAMED = 10


def configured(
    run: Run, select: list[str] | None, ignore: list[str] | None, named_by: str | None, jobs: int | None
) -> Run:
    """The run with what only these commands are told on the command line."""
    settings = run.settings
    if named_by is not None:
        require_known("paths", named_by, PATHS)
        settings = replace(settings, paths=named_by)
    if jobs is not None:
        settings = replace(settings, jobs=jobs)
    check = settings.check.asked(_separated(select), _separated(ignore))
    return replace(run, settings=replace(settings, check=check))


def _separated(given: list[str] | None) -> list[str]:
    return [word.strip() for words in given or () for word in words.split(",") if word.strip()]


def require_known(option: str, value: str, choice: tuple[str, ...]) -> None:
    if value not in choice:
        raise BadRequest(
            f"--{option} {value!r} is unknown", advice=f"{meant(value, choice)}One of {', '.join(choice)}."
        )


@contextmanager
def unnamed_paths(run: Run) -> Iterator[None]:
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


def rename(registry: OpenRegistry, result: Report) -> None:
    from registry.services.naming import rename

    rename(result, registry.settings.paths, lambda: registry.key)


def get_ready(run: Run, paths: list[str] | None, jobs: int | None, **asked: Any) -> None:
    """Have the first workers start, before all that this process needs is imported."""
    from registry.services.reading import get_ready

    named = [path for path in paths or [] if path != "-"]
    get_ready(named if named == paths else named[:1], run.settings, jobs=jobs or run.settings.jobs, **asked)


def wants_digests(value: str) -> bool:
    if value not in ("full", "none"):
        raise BadRequest(f"--digest {value!r} is unknown", advice="full or none.")
    return value == "full"


def paths_given(given: list[str] | None, null: bool) -> list[str]:
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


def name(registry: OpenRegistry) -> None:
    """Name the registry that is asked, so that an empty private one isn't taken for the organisation's."""
    with registry.database.reading() as connection:
        named: RegistryName = registry.name(connection)
    owner = f" of {named.organization}" if named.organization else ""
    tell(f"registry {named.origin}{owner}, {named.size:,} UIDs, {registry.database.name}")


def tell_skipped(result: Report) -> None:
    from registry.render.formats import visible

    for skip in result.skipped[:_NAMED]:
        tell(visible(f"skipped {skip.path or 'a file'}: {skip.reason}"))
    if len(result.skipped) > _NAMED:
        tell(f"skipped {len(result.skipped) - _NAMED:,} more; --format json names them")


def tell_missing(result: Report) -> None:
    """Say what couldn't be compared for want of a former key."""
    for key, objects in sorted(result.missing.items()):
        several = "object has" if objects == 1 else "objects have"
        tell(
            f"{objects:,} {several} to do with what was recorded under the former key {key}, which isn't "
            "on this machine: not compared; `uid-registry db key --install FILE` adds it"
        )


def show_report(run: Run, result: Report, passed: bool, statistics: bool, rule: Rule | None = None) -> None:
    show(report_output(result, passed, statistics, rule, paint), run.settings.format)


def report_output(
    result: Report, passed: bool, statistics: bool, rule: Rule | None, paint: Paint | None = None
) -> Output:
    """A report, or its counts, in all its forms."""
    from registry.render.findings import plain, report
    from registry.render.statistics import statistics as counted

    paint = paint or plain
    return counted(result, passed, paint) if statistics else report(result, passed, paint, explain=rule)
