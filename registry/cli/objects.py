"""`register` and `check`: what files say."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.options import Run, with_globals
from registry.cli.output import Progress, paint, show, tell
from registry.errors import BadRequest
from registry.records import Severity, Verdict

if TYPE_CHECKING:
    from registry.services.opening import OpenRegistry, RegistryName
    from registry.services.reports import Report

Paths = Annotated[
    list[str] | None,
    typer.Argument(help="Files, folders, zip archives, DICOMDIRs; - reads paths from standard input."),
]
Null = Annotated[bool, typer.Option("-0", "--null", help="Paths on standard input end with NUL.")]
Digest = Annotated[str, typer.Option("--digest", metavar="full|none", help="Whether contents are compared.")]
Context = Annotated[
    str | None,
    typer.Option(
        "--context",
        metavar="NAME",
        help="What the objects are copies for; contents and patients compare within it. "
        "Also UID_REGISTRY_CONTEXT; default clinical.",
    ),
]

_SEVERITIES = {severity.label: severity for severity in Severity}
_NAMED = 10


def register(
    run: Run,
    paths: Paths = None,
    null: Null = False,
    digest: Digest = "full",
    within: Context = None,
    fail_on: Annotated[
        str,
        typer.Option(metavar="WHAT", help="collision, error, warning, note or never: when to exit with 1."),
    ] = "collision",
) -> None:
    """Record what objects made elsewhere say about their UIDs.

    Reads files, folders, zip archives and DICOMDIR media. Whole batches are
    recorded at a time; interrupted and run again, it goes on where it stopped.

    Examples:

      uid-registry register /archive/2026

      find . -name '*.dcm' -print0 | uid-registry register -0 -
    """
    from registry.services.registering import register as service

    _known(fail_on, ("collision", *_SEVERITIES, "never"))
    progress = Progress("registered")
    with run.registry() as registry:
        _name(registry)
        result = service(
            registry, _paths(paths, null), digests=_digests(digest), context=within, progress=progress
        )
    progress.done()
    failed = result.verdicts[Verdict.COLLISION] > 0 if fail_on == "collision" else _reaches(result, fail_on)
    _finish(run, result, not failed)


def check(
    run: Run,
    paths: Paths = None,
    null: Null = False,
    digest: Digest = "full",
    within: Context = None,
    fail_on: Annotated[
        str, typer.Option(metavar="WHAT", help="error, warning, note or never: when to exit with 1.")
    ] = "error",
) -> None:
    """Decide about objects before they leave, against themselves and the whole registry.

    Writes nothing at all: a read-only database will do.

    Examples:

      uid-registry check export/

      uid-registry check --fail-on warning --format json export/ > report.json
    """
    from registry.services.checking import check as service

    _known(fail_on, (*_SEVERITIES, "never"))
    progress = Progress("checked")
    with run.registry(read_only=True) as registry:
        _name(registry)
        result = service(
            registry, _paths(paths, null), digests=_digests(digest), context=within, progress=progress
        )
    progress.done()
    _finish(run, result, not _reaches(result, fail_on))


def _known(value: str, choice: tuple[str, ...]) -> None:
    if value not in choice:
        raise BadRequest(f"--fail-on {value!r} is unknown", advice=f"One of {', '.join(choice)}.")


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


def _reaches(result: Report, fail_on: str) -> bool:
    worst = result.worst()
    return fail_on != "never" and worst is not None and worst >= _SEVERITIES[fail_on]


def _finish(run: Run, result: Report, passed: bool) -> None:
    from registry.render.findings import report
    from registry.render.formats import visible

    for skip in result.skipped[:_NAMED]:
        tell(visible(f"skipped {skip.path}: {skip.reason}"))
    if len(result.skipped) > _NAMED:
        tell(f"skipped {len(result.skipped) - _NAMED:,} more; --format json names them")
    show(report(result, passed, paint), run.settings.format)
    raise typer.Exit(0 if passed else 1)


def add_to(app: typer.Typer) -> None:
    app.command()(with_globals(register))
    app.command()(with_globals(check))
