"""The global options, accepted before and after the verb, and what a command gets of them."""

from __future__ import annotations

import gc
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from registry.settings import FORMATS, Settings, load_settings

if TYPE_CHECKING:
    from registry.services.opening import OpenRegistry

_PANEL = "Global options"

Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="The registry's database; also UID_REGISTRY_DATABASE.",
        rich_help_panel=_PANEL,
    ),
]
Actor = Annotated[
    str | None,
    typer.Option(
        "--actor",
        metavar="NAME",
        help="Who acts, for the audit trail; also UID_REGISTRY_ACTOR.",
        rich_help_panel=_PANEL,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="table, json, ndjson or csv; also UID_REGISTRY_FORMAT.",
        rich_help_panel=_PANEL,
    ),
]
NoInput = Annotated[bool, typer.Option("--no-input", help="Never ask anything.", rich_help_panel=_PANEL)]

Unrecorded = Annotated[
    bool,
    typer.Option("--unrecorded", help="Where nothing can be written, do it without the entry that says so."),
]
"""For what is recorded though it only reads; no global option."""

_GLOBALS: dict[str, tuple[Any, Any]] = {
    "database": (Database, None),
    "actor": (Actor, None),
    "format": (Format, None),
    "no_input": (NoInput, False),
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command: its settings, and whether it may ask."""

    settings: Settings
    no_input: bool

    def registry(self, *, read_only: bool = False, **although: bool) -> AbstractContextManager[OpenRegistry]:
        """The registry that the settings name, opened (services/opening.py)."""
        from registry.services.opening import opened

        if not gc.get_freeze_count():
            gc.freeze()  # what is imported by now stays to the end
        # What files say is many small objects without cycles; looking for cycles among them
        # as often as Python does takes a quarter of the time of a large batch.
        gc.set_threshold(100_000, 20, 50)
        return opened(self.settings, read_only=read_only, **although)

    @property
    def may_ask(self) -> bool:
        return not self.no_input and sys.stdin.isatty() and sys.stderr.isatty()


def with_globals(function: Callable[..., None], formats: Sequence[str] = FORMATS) -> Callable[..., None]:
    """A command whose first parameter is the ``Run``: it takes the global options too.

    ``formats`` are those that it speaks; another one, wherever it was set, is refused.
    """
    hints = get_type_hints(function, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in list(inspect.signature(function).parameters.items())[1:]
    ]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _GLOBALS.items()
    ]
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)

    def command(context: typer.Context, **values: Any) -> None:
        given = {name: values.pop(name) for name in _GLOBALS}
        before: dict[str, Any] = context.obj or {}
        flags = {name: given[name] or before.get(name) for name in _GLOBALS}
        no_input = bool(flags.pop("no_input"))
        function(Run(load_settings(flags, formats=formats), no_input), **values)

    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__signature__ = inspect.Signature([context, *own, *added])  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in (context, *own, *added)}
    return command


def colour_wanted(stream: Any) -> bool:
    """Colour only on a terminal, or with FORCE_COLOR (force-color.org), and never with NO_COLOR
    (no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")
