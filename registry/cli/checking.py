"""`check`: whether objects may leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from registry.checksettings import FAIL_ON
from registry.cli import reading
from registry.cli.options import Run
from registry.cli.output import Progress, show, tell, write
from registry.errors import BadRequest
from registry.records import Finding
from registry.settings import FORMATS

if TYPE_CHECKING:
    from registry.rules.base import Rule
    from registry.services.reports import Report
    from registry.services.sorting import SortedFiles


def check(
    run: Run,
    paths: reading.Paths = None,
    null: Annotated[
        bool, typer.Option("-0", "--null", help="Paths on standard input end with NUL, those of --list too.")
    ] = False,
    digest: reading.Digest = "full",
    select: reading.Select = None,
    ignore: reading.Ignore = None,
    statistics: reading.Statistics = False,
    explain: Annotated[
        str | None,
        typer.Option(metavar="RULE", help="Show the page of a rule, and each finding of it whole."),
    ] = None,
    listed: Annotated[
        str | None,
        typer.Option(
            "--list",
            metavar="passed|failed",
            help="Print the paths of those files alone; findings go to standard error.",
        ),
    ] = None,
    named_by: reading.NamedBy = None,
    within: reading.Context = None,
    scope: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The objects are copies whose UIDs this scope replaced; look at every UID in them.",
        ),
    ] = None,
    jobs: reading.Jobs = None,
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

      find inbox -type f -print0 | uid-registry check -0 --list passed - | xargs -0r mv -t outbox

      uid-registry check --scope TRIAL-7 copies/

      uid-registry check --for-export TRIAL_PACS export/ && storescu -aec TRIAL_PACS ...
    """
    if paths or null:
        # Before an export nothing is read that can't be accounted for.
        begin = for_export is None
        reading.get_ready(run, paths, jobs, context=within, digests=False, probed=True, begin=begin)
    from registry.services.checking import check as service

    given, fail_on = fail_on, fail_on or run.settings.check.fail_on or "error"
    reading.require_known("fail-on", fail_on, FAIL_ON)
    rule = _explained(explain)
    if rule is not None and not paths and not null and for_export is None:
        _show_page(run, rule)
        return
    _require_listable(run, listed, for_export)
    run = reading.configured(run, select, ignore, named_by, jobs)
    if statistics and run.settings.format not in FORMATS:
        raise BadRequest(
            f"--statistics can't be told as {run.settings.format}", advice=f"One of {', '.join(FORMATS)}."
        )
    progress = Progress("checked")
    with run.registry(read_only=for_export is None) as registry, reading.unnamed_paths(run):
        reading.name(registry)
        given_paths = reading.paths_given(paths, null)
        progress.among(given_paths)
        result = service(
            registry,
            given_paths,
            digests=reading.wants_digests(digest),
            context=within,
            progress=progress,
            for_export=for_export,
            fail_on=given,
            scope=scope,
        )
        progress.done()
        files = result.sorted_files(fail_on) if listed else None  # by paths that lead to them
        reading.rename(registry, result)
    passed = result.passed(fail_on)
    reading.tell_skipped(result)
    reading.tell_missing(result)
    if listed and files is not None:
        for line in reading.report_output(result, passed, statistics, rule).lines:
            tell(line)
        _list(run, files, listed, null)
    elif run.settings.format in FORMATS:
        reading.show_report(run, result, passed, statistics, rule)
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


def _require_listable(run: Run, listed: str | None, for_export: str | None) -> None:
    """Raise ``BadRequest`` where a list of files can't be what is asked for."""
    if listed is None:
        return
    from registry.render.sorting import LISTS

    reading.require_known("list", listed, LISTS)
    if for_export is not None:
        raise BadRequest(
            "--list sorts files, --for-export lets all of them out or none",
            advice="Sort them first, then ask about those that passed.",
        )
    if run.settings.format not in FORMATS:
        raise BadRequest(
            f"--list can't be told as {run.settings.format}", advice=f"One of {', '.join(FORMATS)}."
        )


def _list(run: Run, files: SortedFiles, which: str, null: bool) -> None:
    from registry.render.sorting import listing, paths_of

    if null and run.settings.format == "table":
        write(paths_of(files, which), end="\0")
    else:
        show(listing(files, which), run.settings.format)


def _explained(code: str | None) -> Rule | None:
    from registry.rules import by_code

    return by_code(code) if code else None


def _show_page(run: Run, rule: Rule) -> None:
    from registry.render.administering import rule as page

    form = run.settings.format
    show(page(rule), form if form in FORMATS else "table")
