"""`scope`: within what UIDs are replaced, and what becomes of the map."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli import reading
from registry.cli.freetext import looked_at
from registry.cli.options import Run, with_globals
from registry.cli.output import show
from registry.cli.remapping import standard_input

app = typer.Typer(
    help="""Scopes of replacement (`remap`): who may know what replaces what, and until when.

Examples:

  uid-registry scope list

  uid-registry scope original 1.3.6.1.4.1.32473.1.4 --scope TRIAL-7
""",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The scope.")]


def list_(run: Run) -> None:
    """The scopes, and how many UIDs were replaced in each.

    Example:

      uid-registry scope list
    """
    from registry.render.remapping import scopes
    from registry.services.scoping import list_scopes

    with run.registry(read_only=True) as registry:
        show(scopes(list_scopes(registry)), run.settings.format)


def show_(run: Run, name: Name) -> None:
    """One scope: who made it, and who purged it.

    Example:

      uid-registry scope show TRIAL-7
    """
    from registry.render.remapping import scope
    from registry.services.scoping import show_scope

    with run.registry(read_only=True) as registry:
        show(scope(show_scope(registry, name)), run.settings.format)


def original(
    run: Run,
    uids: Annotated[list[str], typer.Argument(metavar="UID...", help="Replacements.")],
    scope: Annotated[str | None, typer.Option(metavar="NAME", help="Only within this scope.")] = None,
) -> None:
    """What replacements stand for. The trail tells that it was asked, and by whom.

    Example:

      uid-registry scope original 1.3.6.1.4.1.32473.1.4 --scope TRIAL-7
    """
    from registry.render.remapping import revealed
    from registry.services.scoping import reveal

    with run.registry() as registry:
        found = reveal(registry, uids, scope)
    show(revealed(found), run.settings.format)


def export(run: Run, name: Name) -> None:
    """The whole map of a scope. Whoever has it can undo the replacement; the trail tells that it was read.

    Example:

      uid-registry scope export TRIAL-7 --format csv
    """
    from registry.render.remapping import pairs
    from registry.services.scoping import export_map

    with run.registry() as registry:
        show(pairs(name, export_map(registry, name)), run.settings.format)


def import_(
    run: Run,
    name: Name,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Original and replacement on each line (CSV), or a JSON object of them; - for stdin.",
        ),
    ],
    named_by: reading.NamedBy = None,
) -> None:
    """Take over what another program replaced, so that it goes on as before.

    Pairs that would make two UIDs of one, or one of two, are refused and told (UID701), and fail
    the run; the others are taken. Saying the same again changes nothing. Example:

      uid-registry scope import TRIAL-7 uids.csv
    """
    from registry.services.takingover import read_map, take_over

    run = reading.configured(run, None, None, named_by, None)
    text = "\n".join(standard_input(file))
    with run.registry() as registry:
        result = take_over(registry, read_map(text, "-" if file == "-" else file), name)
        reading.rename(registry, result)
    passed = result.passed("collision")
    reading.tell_skipped(result)
    reading.show_report(run, result, passed, statistics=False)
    raise typer.Exit(0 if passed else 1)


def purge(
    run: Run,
    name: Name,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why; kept apart from the trail. Name no patient.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Take away, for ever, what the replacements of a scope stand for.

    That they are replacements stays, so that none is given out again. In this scope
    nothing can be replaced any more. Example:

      uid-registry scope purge TRIAL-7 --reason "the trial is over, protocol 9.3"
    """
    from registry.render.remapping import purged
    from registry.services.scoping import purge as service
    from registry.services.scoping import show_scope

    with run.registry() as registry:
        state = show_scope(registry, name)
        if run.may_ask and not yes and state.purged_entry is None:
            asked = f"nobody will know what {state.uids:,} replacements stand for; purge {name}?"
            if not typer.confirm(asked, err=True):
                raise typer.Exit(0)
        result = service(registry, name, looked_at(reason, "--reason") or "")
    show(purged(result), run.settings.format)


app.command("list")(with_globals(list_))
app.command("show")(with_globals(show_))
app.command()(with_globals(original))
app.command()(with_globals(export))
app.command("import")(with_globals(import_))
app.command()(with_globals(purge))
