"""`doctor`: is everything as it must be."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.options import Run
from registry.cli.output import show
from registry.errors import BadRequest


def doctor(
    run: Run,
    fail_on: Annotated[
        str, typer.Option(metavar="STATE", help="failure, or warning: then warnings are exit status 1.")
    ] = "failure",
) -> None:
    """Look at the database, its server or file, its rights and the key; change nothing.

    Exit status 3 if it can't be reached or used, 5 if history isn't protected.

    Examples:

      uid-registry doctor

      uid-registry doctor --fail-on warning --format json
    """
    from registry.render.operating import diagnosis
    from registry.services.checkup import State
    from registry.services.doctoring import doctor as service

    if fail_on not in ("failure", "warning"):
        raise BadRequest(f"--fail-on {fail_on!r} is unknown", advice="failure or warning.")
    result = service(run.settings)
    show(diagnosis(result), run.settings.format)
    warned = fail_on == "warning" and result.count(State.WARNING) > 0
    raise typer.Exit(result.status or int(warned))
