"""`report`: a page for somebody who would rather look."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from registry.cli.arguments import parse_time
from registry.cli.options import Run
from registry.cli.output import Progress, show, tell, write
from registry.errors import BadRequest, NoSuchPath
from registry.uid import parse

if TYPE_CHECKING:
    from registry.render.formats import Output
    from registry.render.page.frame import Made
    from registry.render.page.markup import Element
    from registry.services.opening import OpenRegistry
    from registry.services.trailstate import TrailState
    from registry.store.verification import Verification


def report(
    run: Run,
    study: Annotated[
        str | None, typer.Argument(metavar="STUDY", help="A study, or any UID that is in one.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE|-", help="The page; - for standard output."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="The whole registry from then on; else the last twelve months."),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Before then.")] = None,
    root: Annotated[str | None, typer.Option(metavar="OID", help="Of the whole registry, this arc.")] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Recompute the whole trail too, as `audit verify` does.")
    ] = False,
) -> None:
    """A page of HTML to look at: a study, or the registry over time.

    Of a study what was derived from what, and what is wrong with it; of the
    registry what was issued, by root and actor, and the findings that stand.

    One file that needs nothing else: no network, no script; light and dark, for
    the screen and for paper. Without -o the same is told in the terminal, with
    --format json as data. Nothing is recorded, unless the trail is verified; exit
    status 5 if it is, and doesn't hold.

    Examples:

      uid-registry report 1.2.826.0.99.1 -o report.html

      uid-registry report --since 2026-01-01 -o report.html
    """
    from registry.services.trailstate import trail_state

    place = _place(output)
    if study is not None and (since or until or root):
        raise BadRequest(
            "--since, --until and --root are of the whole registry", advice="Leave them out, or the study."
        )
    moments = parse_time(since), parse_time(until)
    with run.registry(read_only=True, whatever_was_seen=verify) as registry:
        verification = _verified(registry) if verify else None
        with registry.database.reading() as connection:
            state = trail_state(connection, verification)
        if study is not None:
            told = _study(registry, study, state)
        else:
            told = _overview(registry, state, moments, root)
    if output is None:
        show(told.data, run.settings.format)
        if sys.stdout.isatty():
            tell("note: -o report.html draws it")
    else:
        _put(told.page(_made(run, told.words, verify)), place)
    if verification is not None and not verification.ok:
        raise typer.Exit(5)


class _Told(NamedTuple):
    """One report in both its forms, the page made only if it is asked for."""

    words: str  # of the command that makes it again
    data: Output
    page: Callable[[Made], Element]


def _study(registry: OpenRegistry, uid: str, state: TrailState) -> _Told:
    from registry.render import reporting
    from registry.services.studygraph import study_graph

    def page(made: Made) -> Element:
        from registry.render.page.study import study_page

        return study_page(graph, state, made)

    graph = study_graph(registry, uid)
    return _Told(graph.study_instance_uid, reporting.study(graph, state), page)


def _overview(
    registry: OpenRegistry, state: TrailState, moments: tuple[str | None, str | None], root: str | None
) -> _Told:
    from registry.render import reporting
    from registry.services.overview import overview

    def page(made: Made) -> Element:
        from registry.render.page.overview import overview_page

        return overview_page(result, state, made)

    under = parse(root.removesuffix(".")) if root else None
    since, until = moments
    result = overview(registry, since=since, until=until, under=under)
    given = {"--since": result.since, "--until": result.until, "--root": under}
    words = " ".join(f"{name} {value}".replace(":00.000000Z", "Z") for name, value in given.items() if value)
    return _Told(words, reporting.overview(result, state), page)


def _verified(registry: OpenRegistry) -> Verification:
    from registry.services.accounting import account_verified
    from registry.services.auditing import audit_verify

    progress = Progress("read", "row")
    result = audit_verify(registry, progress=progress)
    progress.done()
    if why := account_verified(registry, result):
        tell(f"that the trail was verified isn't recorded in it: {why}")
    return result


def _made(run: Run, words: str, verify: bool) -> Made:
    from registry.render.page.frame import Made

    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    verified = " --verify" if verify else ""
    return Made(now, run.settings.who, f"uid-registry report {words}{verified} -o report.html")


def _place(output: str | None) -> Path | None:
    """Where the page goes, looked at before anything is asked; None: to standard output."""
    if output is None or output == "-":
        return None
    place = Path(output).expanduser()
    if not place.parent.is_dir():
        raise NoSuchPath(f"there is no folder {place.parent}", advice="Make it, or give another -o.")
    if place.exists() and not stat.S_ISREG(place.stat().st_mode):
        raise BadRequest(f"{place} is no file", advice="Give the name of the page, e.g. -o report.html.")
    return place


def _put(page: Element, place: Path | None) -> None:
    from registry.placement import replaced
    from registry.render.page.markup import written

    text = written(page)
    if place is None:
        write([text.removesuffix("\n")])
        return
    try:
        with replaced(place, mode=0o666) as file:
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadRequest(f"{place} can't be written: {error.strerror}", advice="Give another -o.") from error
    tell(f"wrote {place}")
