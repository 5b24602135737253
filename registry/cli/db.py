"""`init` and `db`: the database under the registry."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.options import Run, with_globals
from registry.cli.output import show

app = typer.Typer(help="The database under the registry.", no_args_is_help=True)


def init(
    run: Run,
    root: Annotated[str | None, typer.Option(metavar="OID", help="The organisation's issuer root.")] = None,
    organization: Annotated[str | None, typer.Option(metavar="NAME", help="Who owns the root.")] = None,
    research: Annotated[
        bool, typer.Option("--research", help="The root is for research, not for production.")
    ] = False,
) -> None:
    """Create the registry, or upgrade it, and add the issuer root. Safe to repeat.

    Examples:

      uid-registry init --root 1.3.6.1.4.1.32473.1 --organization "St. Elsewhere"

      uid-registry init --database sqlite:////srv/registry.db
    """
    from registry.render.administering import initialized
    from registry.services.initializing import init as service

    result = service(run.settings, root=root, organization=organization, research=research)
    show(initialized(result), run.settings.format)


def upgrade(run: Run) -> None:
    """Bring the database to the schema of this program."""
    from registry.render.administering import schema_state
    from registry.services.initializing import upgrade_existing

    show(schema_state(upgrade_existing(run.settings)), run.settings.format)


def current(run: Run) -> None:
    """The schema that the database stands at. Exit status 3 if it isn't this program's."""
    from registry.render.administering import schema_state
    from registry.services.initializing import current as service

    state = service(run.settings)
    show(schema_state(state), run.settings.format)
    raise typer.Exit(0 if state.up_to_date else 3)


app.command()(with_globals(upgrade))
app.command()(with_globals(current))
