"""`config`: the settings that a run has, and where they come from."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.options import Run, with_globals
from registry.cli.output import show as put
from registry.settings import CHECK_FORMATS, FORMATS

app = typer.Typer(help="The settings that a run has.", no_args_is_help=True)


def show(
    run: Run,
    origin: Annotated[bool, typer.Option("--origin", help="Also where each came from.")] = False,
) -> None:
    """Every setting with its value; no password is shown.

    Example:

      uid-registry config show --origin
    """
    from registry.render.configuring import configuration as rendered
    from registry.rules.policy import Policy
    from registry.services.configuring import configuration

    Policy(run.settings.check)  # a rule that nobody knows is told here too
    form = run.settings.format
    # A format that `check` alone speaks is shown as the setting that it is.
    put(rendered(configuration(run.settings), origin), form if form in FORMATS else "table")


app.command()(with_globals(show, CHECK_FORMATS))
