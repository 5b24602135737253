"""`audit`: the trail of every act."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli import auditexport, checkpoint
from registry.cli.arguments import in_range, parse_time
from registry.cli.checkpoint import KeyOption, keys_for
from registry.cli.freetext import looked_at
from registry.cli.options import Run, Unrecorded, with_globals
from registry.cli.output import Progress, show, tell

app = typer.Typer(
    help="""The audit trail: who did what and when, and that nobody changed it.

Examples:

  uid-registry audit log --since 2027-01-01

  uid-registry audit verify
""",
    no_args_is_help=True,
)


def log(
    run: Run,
    entry: Annotated[
        int | None, typer.Argument(metavar="[ENTRY]", help="One entry, with all its UIDs.", callback=in_range)
    ] = None,
    uid: Annotated[str | None, typer.Option(metavar="UID", help="Acts that touched this UID.")] = None,
    event: Annotated[
        str | None,
        typer.Option(metavar="NOUN:VERB", help="Of this event, e.g. uid:issue; uid: for all of a noun."),
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="By this actor.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="From then on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")] = None,
    limit: Annotated[
        int, typer.Option(metavar="N", help="The newest so many; 0 for all.", callback=in_range)
    ] = 50,
    unrecorded: Unrecorded = False,
) -> None:
    """Who did what and when, and to which UIDs; refused acts too.

    That you read the trail is in it as well, written before you see anything.

    Examples:

      uid-registry audit log --event uid: --since 2027-01-01

      uid-registry audit log 17
    """
    from registry.render.administering import audit_log
    from registry.services.auditing import read_log

    with run.registry(read_only=unrecorded, whatever_was_seen=True) as registry:
        found = read_log(
            registry,
            unrecorded=unrecorded,
            event=event,
            actor=by,
            since=parse_time(since),
            until=parse_time(until),
            uid=uid,
            entry=entry,
            newest=limit or None,
        )
        show(audit_log(found, one=entry is not None), run.settings.format)


def verify(
    run: Run,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="NOTE",
            help="A checkpoint kept elsewhere, a folder of them, or - for standard input.",
        ),
    ] = None,
    key: KeyOption = None,
) -> None:
    """Recompute the whole trail. Exit status 5 if anything in it was changed.

    Only a checkpoint that was kept elsewhere shows that the newest entries were
    removed, or that everything was written anew. That you verified it, and what
    came of it, is in the trail where anything can be written.

    Examples:

      uid-registry audit verify

      uid-registry audit verify --against checkpoint.txt --key dicom-uid-registry/...
    """
    from registry.render.administering import verification
    from registry.services.accounting import account_verified
    from registry.services.auditing import audit_verify
    from registry.services.trusting import read_notes, trusted

    notes = read_notes(against or ())
    progress = Progress("read", "row")
    with run.registry(read_only=True, whatever_was_seen=True) as registry:
        keys = keys_for(registry, key) if notes else []
        checkpoints = [trusted(registry, note, keys) for note in notes]
        result = audit_verify(registry, checkpoints, progress)
        progress.done()
        if why := account_verified(registry, result):
            tell(f"this isn't recorded in the trail: {why}")
    show(verification(result, checkpoints), run.settings.format)
    raise typer.Exit(0 if result.ok else 5)


def redact(
    run: Run,
    entry: Annotated[
        int, typer.Argument(metavar="ENTRY", help="The entry whose text it is.", callback=in_range)
    ],
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
app.command("checkpoint")(with_globals(checkpoint.checkpoint))
app.command()(with_globals(checkpoint.prove))
app.command()(with_globals(checkpoint.key))
app.command()(with_globals(checkpoint.accept))
auditexport.add_to(app)
