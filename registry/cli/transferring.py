"""`db copy` and `db reopen`: a registry in another database."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.freetext import looked_at
from registry.cli.options import Run, Unrecorded, with_globals
from registry.cli.output import Progress, show


def copy(
    run: Run,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="An empty database, or a file to be made.")],
    move: Annotated[
        bool, typer.Option("--move", help="The registry goes on there; here it takes no more entries.")
    ] = False,
    unrecorded: Unrecorded = False,
) -> None:
    """Copy the registry into another database, of either engine, its trail as it is.

    The copy is verified before it can be seen, and is for reading. With --move
    the registry goes on there: who still asks the old database is told where.
    A move that was cut off goes on when it is repeated.

    Examples:

      uid-registry db copy --to postgresql://registry@db.example.org/registry --move

      uid-registry db copy --to sqlite:////srv/copies/registry.db
    """
    from registry.render.transferring import transfer as rendered
    from registry.services.transferring import transfer_to

    shown: list[Progress] = []

    def watch(verb: str) -> Progress:
        for one in shown:
            one.done()
        shown.append(Progress(verb, "row"))
        return shown[-1]

    with run.registry(read_only=unrecorded, though_moved=True) as registry:
        try:
            result = transfer_to(registry, to, move=move, unrecorded=unrecorded, watch=watch)
        finally:
            for one in shown:
                one.done()
    show(rendered(result), run.settings.format)


def reopen(
    run: Run,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why this one is to go on.")],
) -> None:
    """Let a registry that was moved, or a copy, take entries again.

    For when the other database is lost for good: two that go on can never be
    joined.

    Example:

      uid-registry db reopen --reason "the server's disk is lost, this copy is the newest"
    """
    from registry.render.transferring import reopened
    from registry.services.transferring import reopen as service

    with run.registry(though_moved=True) as registry:
        entry = service(registry, looked_at(reason, "--reason") or "")
        show(reopened(entry, registry.database.name), run.settings.format)


def add_to(app: typer.Typer) -> None:
    app.command()(with_globals(copy))
    app.command()(with_globals(reopen))
