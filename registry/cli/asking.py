"""`show`, `tree`, `history`, `list`, `find`, `stats`: what the registry knows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from registry.cli.issuing import parse_kind
from registry.cli.options import Run, with_globals
from registry.cli.output import show as put
from registry.errors import BadRequest
from registry.uid import parse

Uid = Annotated[str, typer.Argument(metavar="UID")]
Limit = Annotated[int | None, typer.Option(metavar="N", help="At most so many.")]

STATES = ("issued", "registered", "foreign", "withdrawn")


def show(run: Run, uid: Uid) -> None:
    """What the registry knows of one UID. Exit status 1 if it has never heard of it."""
    from registry.render.asking import shown
    from registry.services.querying import show as service

    with run.registry(read_only=True) as registry:
        put(shown(service(registry, uid)), run.settings.format)


def tree(run: Run, uid: Uid) -> None:
    """The study that a UID is in: its series, derived ones under their sources, findings in place."""
    from registry.render.asking import tree as rendered
    from registry.services.querying import tree as service

    with run.registry(read_only=True) as registry:
        put(rendered(service(registry, uid)), run.settings.format)


def history(run: Run, uid: Uid) -> None:
    """All that happened to a UID: recorded, claimed, refused, used, found, withdrawn."""
    from registry.render.asking import history as rendered
    from registry.services.querying import history as service

    with run.registry(read_only=True) as registry:
        put(rendered(uid, service(registry, uid)), run.settings.format)


def list_(
    run: Run,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="Only this kind.")] = None,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="issued, registered, foreign or withdrawn.")
    ] = None,
    study: Annotated[str | None, typer.Option(metavar="UID", help="In this study.")] = None,
    series: Annotated[str | None, typer.Option(metavar="UID", help="In this series.")] = None,
    modality: Annotated[str | None, typer.Option(metavar="CS", help="Of this modality.")] = None,
    root: Annotated[str | None, typer.Option(metavar="OID", help="Under this arc.")] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Recorded by this actor.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Recorded from then on, e.g. 2026-11-01.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Recorded before then.")] = None,
    issued_unused: Annotated[
        bool, typer.Option("--issued-unused", help="Issued, and not yet seen in an object.")
    ] = False,
    parent_unknown: Annotated[
        bool, typer.Option("--parent-unknown", help="Without a place: what was claimed of it was refused.")
    ] = False,
    limit: Limit = None,
) -> None:
    """UIDs in the order in which they were recorded.

    Examples:

      uid-registry list --kind series --modality SEG --since 2026-11-01

      uid-registry list --issued-unused --format csv
    """
    from registry.render.asking import listing
    from registry.services.querying import listing as service
    from registry.store.queries import Filters

    if state is not None and state not in STATES:
        raise BadRequest(f"--state {state!r} is unknown", advice=f"One of {', '.join(STATES)}.")
    filters = Filters(
        kind=parse_kind(kind) if kind else None,
        state=state,
        study=parse(study) if study else None,
        series=parse(series) if series else None,
        modality=modality,
        under=f"{parse(root.removesuffix('.'))}." if root else None,
        actor=by,
        since=parse_time(since),
        until=parse_time(until),
        issued_unused=issued_unused,
        parent_unknown=parent_unknown,
    )
    with run.registry(read_only=True) as registry:
        put(listing(list(service(registry, filters, limit))), run.settings.format)


def find(run: Run, prefix: Annotated[str, typer.Argument(metavar="PREFIX")], limit: Limit = None) -> None:
    """UIDs that begin with these characters."""
    from registry.render.asking import listing
    from registry.services.querying import listing as service
    from registry.store.queries import Filters

    with run.registry(read_only=True) as registry:
        put(listing(list(service(registry, Filters(under=prefix), limit))), run.settings.format)


def stats(run: Run) -> None:
    """The registry in numbers: by kind, state, modality, root and finding."""
    from registry.render.asking import stats as rendered
    from registry.services.querying import stats as service

    with run.registry(read_only=True) as registry:
        put(rendered(service(registry)), run.settings.format)


def parse_time(text: str | None) -> str | None:
    """A moment as the trail writes it, from an ISO 8601 date or time; local unless it says otherwise."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise BadRequest(
            f"{text!r} is no date or time", advice="E.g. 2026-11-22 or 2026-11-22T09:30:00Z."
        ) from None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def add_to(app: typer.Typer) -> None:
    for command in (show, tree, history, find, stats):
        app.command()(with_globals(command))
    app.command("list")(with_globals(list_))
