"""`audit`: the trail of every act."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli import auditexport
from registry.cli.asking import parse_time
from registry.cli.freetext import looked_at
from registry.cli.options import Run, with_globals
from registry.cli.output import show

app = typer.Typer(
    help="The audit trail: who did what and when, and that nobody changed it.", no_args_is_help=True
)


def log(
    run: Run,
    entry: Annotated[
        int | None, typer.Argument(metavar="[ENTRY]", help="One entry, with all its UIDs.")
    ] = None,
    uid: Annotated[str | None, typer.Option(metavar="UID", help="Acts that touched this UID.")] = None,
    event: Annotated[
        str | None,
        typer.Option(metavar="NOUN:VERB", help="Of this event, e.g. uid:issue; uid: for all of a noun."),
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="By this actor.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="From then on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", help="The newest so many; 0 for all.")] = 50,
) -> None:
    """Who did what and when, and to which UIDs; refused acts too."""
    from registry.render.administering import audit_log
    from registry.services.auditing import audit_log as service

    with run.registry(read_only=True) as registry:
        found = service(
            registry,
            event=event,
            actor=by,
            since=parse_time(since),
            until=parse_time(until),
            uid=uid,
            entry=entry,
            newest=limit or None,
        )
    show(audit_log(found), run.settings.format)


def verify(run: Run) -> None:
    """Recompute the whole trail. Exit status 5 if anything in it was changed."""
    from registry.render.administering import verification
    from registry.services.auditing import audit_verify

    with run.registry(read_only=True) as registry:
        result = audit_verify(registry)
    show(verification(result), run.settings.format)
    raise typer.Exit(0 if result.ok else 5)


def redact(
    run: Run,
    entry: Annotated[int, typer.Argument(metavar="ENTRY", help="The entry whose text it is.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; don't repeat the text.")],
) -> None:
    """Take the free text of an entry out of the registry. The trail goes on verifying.

    Its hash stays, and who took it out and why.

    Example:

      uid-registry audit redact 17 --reason "it named a patient"
    """
    from registry.render.deciding import redacted
    from registry.services.redacting import redact as service

    with run.registry() as registry:
        result = service(registry, entry, looked_at(reason, "--reason") or "")
    show(redacted(result), run.settings.format)


app.command()(with_globals(log))
app.command()(with_globals(verify))
app.command()(with_globals(redact))
auditexport.add_to(app)
