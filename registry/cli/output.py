"""stdout is data, stderr is messages and progress; a reader that stops reading is fine."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress

import typer

from registry.cli.options import colour_wanted
from registry.cli.progress import Progress, clear
from registry.cli.streams import give_up_output
from registry.records import Severity
from registry.render.formats import Output, rendered, visible
from registry.render.screen import SCREEN

__all__ = ["Progress", "look_at_screen", "paint", "show", "tell", "write"]


def paint(text: str, severity: Severity) -> str:
    """A word in the colour of its severity, where colours are wanted."""
    return SCREEN.toned(text, severity.label)


def look_at_screen() -> None:
    """Learn what tables will be shown on."""
    SCREEN.colour = colour_wanted(sys.stdout)
    SCREEN.width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def show(output: Output, form: str) -> None:
    """Write a result to stdout."""
    lines = rendered(output, form)
    if form == "table" and SCREEN.width is not None:
        lines = (part for line in lines for part in SCREEN.fitted(line))
    write(lines)


def write(lines: Iterable[str], end: str = "\n") -> None:
    """Write lines to stdout. A broken pipe ends the run with exit status 0."""
    clear()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # a path is told as the bytes that it has
    try:
        for line in lines:
            sys.stdout.write(f"{line}{end}")
        sys.stdout.flush()
    except BrokenPipeError:
        give_up_output()
        raise typer.Exit(0) from None


def tell(message: str) -> None:
    """A message for a person, on stderr; what it quotes does nothing to a terminal."""
    clear()
    # A log that is full, or that nobody reads, doesn't take the result with it.
    with suppress(OSError):
        typer.echo("\n".join(visible(line) for line in message.split("\n")), err=True)
