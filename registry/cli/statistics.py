"""`stats`: the registry in numbers."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.arguments import (
    By,
    OfKind,
    Since,
    UnderRoot,
    Until,
    chosen,
    parse_arc,
    parse_time,
)
from registry.cli.options import Run
from registry.cli.output import show as put
from registry.cli.output import tell
from registry.kinds import parse_kind

_DIMENSIONS = ("year", "month", "day", "root", "actor", "kind", "modality")


def stats(
    run: Run,
    per: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help=f"Count by {', '.join(_DIMENSIONS)}; several: month,root, or --per again.",
        ),
    ] = None,
    kind: OfKind = None,
    root: UnderRoot = None,
    by: By = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """The registry in numbers: what is there by kind, state, modality, root and finding; or, by
    whatever --per names, how many UIDs were issued and registered.

    Each counts once, by how it came in, and at that time (UTC): an issued UID stays issued when
    an object is registered that has it; foreign are those that were only named.

    Examples:

      uid-registry stats

      uid-registry stats --per month --per root

      uid-registry stats --per actor --kind series --since 2026-11-01

      uid-registry stats --per day,root,actor,kind --format csv
    """
    from registry.render.asking import stats as rendered
    from registry.services.querying import stats as service

    if per or kind or root or by or since or until:
        _counts(run, per, kind=kind, root=root, by=by, since=since, until=until)
        return
    with run.registry(read_only=True) as registry:
        put(rendered(service(registry)), run.settings.format)


def _counts(run: Run, per: list[str] | None, **narrowed: str | None) -> None:
    from registry.render.tallies import counts
    from registry.services.statistics import Dimension, statistics

    known = {each.value: each for each in Dimension}
    words = [word.strip() for words in per or () for word in words.split(",") if word.strip()]
    dimensions = list(dict.fromkeys(chosen("--per", word, known) for word in words)) or [Dimension.KIND]
    by, kind = narrowed["by"], narrowed["kind"]
    with run.registry(read_only=True) as registry:
        found = statistics(
            registry,
            dimensions,
            kind=parse_kind(kind) if kind else None,
            under=parse_arc(narrowed["root"]),
            actor=by,
            since=parse_time(narrowed["since"]),
            until=parse_time(narrowed["until"]),
        )
    put(counts(found, dimensions), run.settings.format)
    if not found and by in known:
        tell(f"--by names an actor, and none is called {by}; --per {by} counts by it")
