"""`patient`: which Patient IDs are one person's. They are read from standard input alone."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from registry.cli.freetext import looked_at
from registry.cli.options import Run, with_globals
from registry.cli.output import show
from registry.errors import BadRequest

app = typer.Typer(
    help="""Which Patient IDs are one person's, as far as objects don't tell it.

Example:

  uid-registry patient merge - < ids.txt
""",
    no_args_is_help=True,
)

Input = Annotated[
    list[str], typer.Argument(metavar="-", help="Standard input: an ID a line, its issuer behind a tab.")
]
Reason = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Why; kept apart from the trail. Name no patient.")
]


def merge(run: Run, source: Input, reason: Reason = None) -> None:
    """Say that Patient IDs are one person's. Findings that this explains are cleared.

    Example:

      uid-registry patient merge - < ids.txt
    """
    _say(run, source, reason, same=True)


def split(run: Run, source: Input, reason: Reason = None) -> None:
    """Say that no Patient ID is another's person, whatever objects or earlier merges say.

    Example:

      uid-registry patient split - < ids.txt
    """
    _say(run, source, reason, same=False)


def _say(run: Run, source: list[str], reason: str | None, *, same: bool) -> None:
    from registry.render.deciding import said
    from registry.services.patients import parse_lines
    from registry.services.patients import say as service

    if source != ["-"]:
        # What was given isn't told: it may be an ID.
        raise BadRequest(
            "Patient IDs are never arguments: those stay in the shell's history, and others can see them",
            advice="Give - and the IDs on standard input, one a line.",
        )
    # As files say them: an ID may be in any character set, and the reader compares characters.
    given = parse_lines(sys.stdin.buffer.read().decode("utf-8", "replace").split("\n"))
    with run.registry() as registry:
        result = service(registry, given, same=same, reason=looked_at(reason, "--reason"))
    show(said(result), run.settings.format)


# An ID may begin with a dash; the parser must not repeat it as an option that it doesn't know.
for _command in (merge, split):
    app.command(context_settings={"ignore_unknown_options": True})(with_globals(_command))
