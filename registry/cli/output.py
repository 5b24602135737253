"""stdout is data, stderr is messages and progress; a reader that stops reading is fine."""

from __future__ import annotations

import io
import os
import shutil
import sys
import time
from collections.abc import Iterable

import typer

from registry.cli.options import colour_wanted
from registry.records import Severity
from registry.render.formats import Output, counted, rendered, visible
from registry.render.screen import SCREEN

_TOLD_EVERY = 0.2  # seconds


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
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # a path is told as the bytes that it has
    try:
        for line in lines:
            sys.stdout.write(f"{line}{end}")
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered must not fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def tell(message: str) -> None:
    """A message for a person, on stderr; what it quotes does nothing to a terminal."""
    typer.echo("\n".join(visible(line) for line in message.split("\n")), err=True)


def _duration(seconds: float) -> str:
    """A time as it is told to somebody who waits: ``44 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 100:
        return f"{seconds:,.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60:,} h {minutes % 60:02} min"


class Progress:
    """How far a long run is; silent where stderr isn't a terminal."""

    def __init__(self, verb: str, what: str = "file") -> None:
        self._verb, self._what = verb, what
        self._begun, self._told = time.monotonic(), 0.0
        self._silent = not sys.stderr.isatty()

    def __call__(self, done: int, of: int | None = None, share: float = 0.0) -> None:
        """``done`` of them are done, ``of`` so many where that is known; else ``share`` may say what
        part of the whole they are."""
        now = time.monotonic()
        if self._silent or now - self._told < _TOLD_EVERY:
            return
        self._told = now
        sys.stderr.write(f"\r\033[K{self._line(done, of, share, now - self._begun)}")
        sys.stderr.flush()

    def _line(self, done: int, of: int | None, share: float, seconds: float) -> str:
        so_far = counted(done, self._what) if of is None else f"{done:,} of {counted(of, self._what)}"
        rate = f"{done / max(seconds, 1e-6):,.0f} a second"
        share = done / of if of else share
        if of is None and share:
            so_far += f" ({share:.0%})"
        left = f", {_duration(seconds / share - seconds)} left" if 0 < share < 1 and seconds > 1 else ""
        return f"{self._verb} {so_far}, {rate}{left}"

    def done(self) -> None:
        if self._told:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
