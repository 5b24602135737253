"""`report`: a page for somebody who would rather look."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.options import Run
from registry.cli.output import Progress, show, tell, write
from registry.errors import BadRequest, NoSuchPath

if TYPE_CHECKING:
    from registry.render.page.frame import Made
    from registry.render.page.markup import Element
    from registry.services.opening import OpenRegistry
    from registry.store.verification import Verification


def report(
    run: Run,
    study: Annotated[
        str | None, typer.Argument(metavar="[STUDY]", help="A study, or any UID that is in one.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE|-", help="The page; - for standard output."),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Recompute the whole trail too, as `audit verify` does.")
    ] = False,
) -> None:
    """A page of HTML to look at: a study and what was derived in it, flagged where it is wrong.

    One file that needs nothing else: no network, no script, light and dark, for the screen and for
    paper. Without -o the same is told in the terminal, and as data with --format json.

    Examples:

      uid-registry report 1.2.826.0.99.1 -o report.html
    """
    from registry.render import reporting
    from registry.render.page.study import study_page
    from registry.services.studygraph import study_graph
    from registry.services.trailstate import trail_state

    place = _place(output)
    if study is None:
        raise BadRequest("which study?")
    with run.registry(read_only=True, whatever_was_seen=verify) as registry:
        verification = _verified(registry) if verify else None
        graph = study_graph(registry, study)
        with registry.database.reading() as connection:
            state = trail_state(connection, verification)
    made = _made(run, f"report {graph.study_instance_uid}", verify)
    if output is None:
        show(reporting.study(graph, state), run.settings.format)
    else:
        _put(study_page(graph, state, made), place)
    if verification is not None and not verification.ok:
        raise typer.Exit(5)


def _verified(registry: OpenRegistry) -> Verification:
    from registry.services.accounting import account_verified
    from registry.services.auditing import audit_verify

    progress = Progress("read", "row")
    result = audit_verify(registry, progress=progress)
    progress.done()
    if why := account_verified(registry, result):
        tell(f"that the trail was verified isn't recorded in it: {why}")
    return result


def _made(run: Run, command: str, verify: bool) -> Made:
    from registry.render.page.frame import Made

    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    verified = " --verify" if verify else ""
    return Made(now, run.settings.who, f"uid-registry {command}{verified} -o report.html")


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
