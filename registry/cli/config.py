"""`config`: the settings that a run has, and where they come from."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.options import Run, with_globals
from registry.cli.output import show as put
from registry.settings import CHECK_FORMATS, FORMATS

app = typer.Typer(
    help="""The settings that a run has.

Example:

  uid-registry config show
""",
    no_args_is_help=True,
)


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


def history(
    run: Run,
    policy: Annotated[
        str | None, typer.Argument(metavar="[POLICY]", help="One, as entries name it, with all that it sets.")
    ] = None,
) -> None:
    """The check policies that this registry was ever used with, by first use.

    Entries name the policy that was asked with; where nobody had set anything, it is the
    program's own, which isn't listed.

    Examples:

      uid-registry config history

      uid-registry config history 5f0c9a1be2d34477
    """
    from registry.render.configuring import adopted as rendered
    from registry.services.adopting import adopted

    with run.registry(read_only=True) as registry:
        put(rendered(adopted(registry, policy), one=policy is not None), run.settings.format)


app.command()(with_globals(show, CHECK_FORMATS))
app.command()(with_globals(history))
