"""The manual page, uid-registry(1): what `--help` says, for `man`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from registry.settings import VARIABLES
from registry.version import __version__

_VERBATIM = "\b\n"

_STATUSES = (
    ("0", "Success, and a check that passed."),
    ("1", "The registry says no: a finding that fails the check, a collision, what it doesn't know."),
    ("2", "It was asked wrongly."),
    ("3", "The registry can't be asked: no database, another schema, a missing key."),
    ("4", "A bug."),
    ("5", "History was changed."),
    ("130", "It was interrupted; what was recorded stays; the same command, run again, does the rest."),
)

_MEANT = {
    "database": "The registry's database: a file, or a postgresql:// URL.",
    "actor": "Who acts, for the audit trail.",
    "format": "How results are told: table, json, ndjson or csv.",
    "paths": "How reports name files: full, name, hash or none.",
    "key_file": "The registry's key.",
    "signing_key_file": "The key that signs checkpoints.",
    "seen": "The folder of the trails' heads that were last seen.",
    "context": "Within which contents and patients are compared.",
    "file_limit": "How large a file may be.",
    "memory_limit": "What memory a reading process may take.",
    "time_limit": "How long one may take over a file.",
    "jobs": "How many processes read.",
}


def manual(app: Any) -> str:
    """The page, in roff."""
    return "\n".join(_page(app)) + "\n"


def _page(app: Any) -> Iterator[str]:
    yield '.\\" Written by scripts/reference from the code; changes belong there.'
    yield f'.TH UID\\-REGISTRY 1 "" "uid\\-registry {__version__}" "User Commands"'
    yield ".SH NAME"
    yield "uid\\-registry \\- the ledger of an organisation's DICOM UIDs"
    yield ".SH SYNOPSIS"
    yield ".B uid\\-registry"
    yield "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGS\\fR]..."
    said, shown, _ = _parts(app.help)
    yield ".SH DESCRIPTION"
    yield _escaped(said)
    yield "Standard output is data, standard error is messages and progress."
    yield "On a terminal tables take its width, and UIDs are never cut; elsewhere a row is a line."
    yield ".SH EXAMPLES"
    yield from _examples(shown)
    yield ".SH OPTIONS"
    yield "They may stand before a command or behind it."
    yield from _options(app, panel="Global options")
    yield from _options(app, panel=None)
    yield ".SH COMMANDS"
    yield from _commands(app)
    yield ".SH ENVIRONMENT"
    for name, variable in VARIABLES.items():
        yield from _item(f"\\fB{variable}\\fR", _MEANT.get(name, name.replace("_", " ")))
    yield from _item("\\fBNO_COLOR\\fR, \\fBFORCE_COLOR\\fR", "Colours never, or also off a terminal.")
    yield ".SH EXIT STATUS"
    for status, meaning in _STATUSES:
        yield from _item(f"\\fB{status}\\fR", meaning)


def _commands(group: Any, *above: str) -> Iterator[str]:
    for name, command in group.commands.items():
        words = (*above, name)
        if hasattr(command, "commands"):
            yield from _commands(command, *words)
            continue
        said, shown, rest = _parts(command.help)
        arguments = [_named(each) for each in _parameters(command) if each.param_type_name == "argument"]
        yield f".SS uid\\-registry {_escaped(' '.join(words))} {_escaped(' '.join(arguments))}".rstrip()
        yield _escaped(said)
        for part in rest:
            yield ".PP"
            yield _escaped(part)
        yield from _options(command, panel=None)
        if shown:
            yield ".PP"
            yield from _examples(shown)


def _parameters(command: Any) -> list[Any]:
    import typer

    with typer.Context(command) as context:
        found = command.get_params(context)
    return [each for each in found if not getattr(each, "hidden", False)]


def _named(argument: Any) -> str:
    name = (argument.metavar or argument.name.upper()).strip()
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _options(command: Any, panel: str | None) -> Iterator[str]:
    for option in _parameters(command):
        if option.param_type_name != "option" or getattr(option, "rich_help_panel", None) != panel:
            continue
        if "--help" in option.opts:
            continue
        names = ", ".join(f"\\fB{_escaped(each)}\\fR" for each in option.opts)
        value = "" if option.is_flag else f" \\fI{_escaped(option.metavar or 'TEXT')}\\fR"
        yield from _item(f"{names}{value}", option.help or "")


def _item(head: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield head
    yield _escaped(text) or "\\&"


def _parts(text: str) -> tuple[str, str, list[str]]:
    """What is said in a sentence, the examples, all the rest."""
    parts = text.split("\n\n")
    shown = next((part.removeprefix(_VERBATIM) for part in parts if part.startswith(_VERBATIM)), "")
    said, *rest = [part for part in parts if not part.startswith(_VERBATIM)]
    return said, shown, rest


def _examples(shown: str) -> Iterator[str]:
    yield ".nf"
    yield from (_escaped_line(line) for line in shown.splitlines()[1:])
    yield ".fi"


def _escaped(text: str) -> str:
    return "\n".join(map(_escaped_line, textwrap.wrap(text, 76, break_on_hyphens=False)))


def _escaped_line(line: str) -> str:
    line = line.replace("\\", "\\e").replace("-", "\\-").replace("…", "\\&...").replace("`", "\\(ga")
    return f"\\&{line}" if line.startswith((".", "'")) else line
