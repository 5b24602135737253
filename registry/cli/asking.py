"""`show`, `tree`, `history`: what the registry knows of a UID."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.arguments import Uid, in_range
from registry.cli.options import Run
from registry.cli.output import show as put
from registry.cli.output import tell

if TYPE_CHECKING:
    from registry.services.showing import Shown


def show(
    run: Run,
    uids: Annotated[
        list[str],
        typer.Argument(
            metavar="UID|-...",
            help="Several, or - for those on standard input.",
        ),
    ],
) -> None:
    """What the registry knows of a UID, or of many. Exit status 1 if it has never heard of one.

    Examples:

      uid-registry show 1.2.826.0.99.1.1

      uid-registry show - --format csv < uids.txt
    """
    from registry.render.asking import all_shown, shown
    from registry.services import showing

    with run.registry(read_only=True) as registry:
        if len(uids) == 1 and uids != ["-"]:
            put(shown(showing.show(registry, uids[0])), run.settings.format)
            return
        unknown = 0

        def told() -> Iterator[Shown]:
            nonlocal unknown
            for one in showing.show_all(registry, _given(uids)):
                unknown += one.state == showing.UNKNOWN
                yield one

        put(all_shown(told()), run.settings.format)
    if unknown:
        tell(f"the registry has never heard of {unknown:,} of them")
        raise typer.Exit(1)


def _given(values: list[str]) -> Iterator[str]:
    """Values, the lines of standard input in place of ``-``, as they come."""
    for value in values:
        yield from (text for line in sys.stdin if (text := line.strip())) if value == "-" else (value,)


def tree(
    run: Run,
    uid: Uid,
    instances: Annotated[
        bool, typer.Option("--instances", help="Each series' instances too, the first 100 or --limit.")
    ] = False,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, help="So many of each series at most.", callback=in_range)
    ] = 100,
) -> None:
    """The study that a UID is in: its series, derived ones under their sources, findings in place.

    Examples:

      uid-registry tree 1.2.826.0.99.1

      uid-registry tree 1.2.826.0.99.1.1 --instances --limit 10
    """
    from registry.render.tree import tree as rendered
    from registry.services.querying import tree as service

    with run.registry(read_only=True) as registry:
        put(rendered(service(registry, uid, instances=limit if instances else 0)), run.settings.format)


def history(run: Run, uid: Uid) -> None:
    """The life of a UID: who recorded it for what, what was made from it, where it was sent, what
    was found, said and decided.

    In the table what repeats is told as one; json and csv hold each event.

    Examples:

      uid-registry history 1.2.826.0.99.1.1.1

      uid-registry history 1.2.826.0.99.1.1.1 --format csv
    """
    from registry.render.history import life as rendered
    from registry.services.history import life as service

    with run.registry(read_only=True) as registry:
        put(rendered(service(registry, uid)), run.settings.format)
