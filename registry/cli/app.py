"""The commands, by name; the module of each is imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from registry.cli.helping import examples_first
from registry.cli.options import Actor, Database, Format, NoInput, with_globals
from registry.cli.plain import plainly
from registry.settings import CHECK_FORMATS, FORMATS
from registry.version import __version__

_HELP = """The ledger of an organisation's DICOM UIDs: each is issued once, recorded with its
study and series, and checked before it leaves.

Examples:

  uid-registry init --root 1.3.6.1.4.1.32473.1 --organization "St. Elsewhere"

  uid-registry register archive/

  uid-registry derive archive/ct.dcm --modality SEG

  uid-registry check export/
"""


@dataclass(frozen=True, slots=True)
class _In:
    """Where a command is: a function of a module, or ``app``, which has commands of its own."""

    module: str
    name: str = "app"
    formats: Sequence[str] = FORMATS
    settings: Mapping[str, Any] = field(default_factory=dict)

    def load(self, called: str) -> Any:
        found = getattr(importlib.import_module(f"registry.cli.{self.module}"), self.name)
        part = typer.Typer()
        if isinstance(found, typer.Typer):
            part.add_typer(found, name=called)
        else:
            part.command(called, context_settings=dict(self.settings))(with_globals(found, self.formats))
        return examples_first(plainly(get_group(part).commands[called]))


# A Patient ID may begin with a dash; the parser must not repeat it as an option that it doesn't know.
_SILENT = {"ignore_unknown_options": True}

_COMMANDS = {
    "init": _In("db", "init"),
    "issue": _In("issuing", "issue"),
    "derive": _In("issuing", "derive"),
    "remap": _In("remapping", "remap"),
    "withdraw": _In("deciding", "withdraw"),
    "reinstate": _In("deciding", "reinstate"),
    "resolve": _In("deciding", "resolve"),
    "register": _In("registering", "register"),
    "check": _In("checking", "check", CHECK_FORMATS),
    "show": _In("asking", "show"),
    "tree": _In("asking", "tree"),
    "history": _In("asking", "history"),
    "find": _In("listing", "find"),
    "stats": _In("statistics", "stats"),
    "list": _In("listing", "list_", settings=_SILENT),
    "report": _In("reporting", "report"),
    "rule": _In("findings", "rule"),
    "doctor": _In("doctor", "doctor"),
    "root": _In("root"),
    "scope": _In("scope"),
    "patient": _In("patient"),
    "findings": _In("findings"),
    "audit": _In("audit"),
    "db": _In("db"),
    "config": _In("config"),
}


class _Loaded(Mapping[str, Any]):
    """The commands as the parser wants them: their names are there before they are."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = _COMMANDS[name].load(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class _Group(TyperGroup):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        examples_first(plainly(self))
        self.commands = _Loaded()  # type: ignore[assignment]  # nobody adds to it


app = typer.Typer(
    cls=_Group,
    help=_HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"uid-registry {__version__}")
        raise typer.Exit


@app.callback()
def _globals(
    context: typer.Context,
    database: Database = None,
    actor: Actor = None,
    format: Format = None,  # noqa: A002 (the option's name)
    no_input: NoInput = False,
    _wants_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    context.obj = {"database": database, "actor": actor, "format": format, "no_input": no_input}
