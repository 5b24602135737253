"""What `--help` tells: in a sentence what a command does, then examples, and then all the rest."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

PROGRAM = "uid-registry"

_VERBATIM = "\b\n"
"""What the writer of the help takes for lines that stay as they are."""
_WIDTH = 74
_INDENT = "  "
_BREAKS = re.compile(r" (?=--\w|\| )")
"""Where an example may go on in the next line."""


def examples_first(command: Any) -> Any:
    """The command itself, its help in that order; all below it, too."""
    command.help = _ordered(command.help or "")
    if any(getattr(each, "hidden", False) and each.param_type_name == "argument" for each in command.params):
        command.collect_usage_pieces = partial(_usage, command)
    for below in getattr(command, "commands", {}).values():
        examples_first(below)
    return command


def _usage(command: Any, context: Any) -> list[str]:
    """What the first line names: what is hidden isn't in it."""
    shown = [each for each in command.get_params(context) if not getattr(each, "hidden", False)]
    return [command.options_metavar, *(piece for each in shown for piece in each.get_usage_pieces(context))]


def _ordered(text: str) -> str:
    parts = [part for part in text.split("\n\n") if part.strip()]
    shown = [part.strip() for part in parts if _is_example(part)]
    if not shown:
        return text
    # The last sentence before them may say that they come.
    prose = [re.sub(r"\s*Examples?:$", "", part) for part in parts if not _is_example(part)]
    said, *rest = filter(None, prose)
    heading = "Example:" if len(shown) == 1 else "Examples:"
    lines = "\n".join(_INDENT + line for example in shown for line in _short(example))
    return "\n\n".join([said, f"{_VERBATIM}{heading}\n{lines}", *rest])


def _is_example(part: str) -> bool:
    return part.startswith(" ") and PROGRAM in part


def _short(example: str) -> list[str]:
    """A command line as a shell takes it, in lines that a screen is wide enough for."""
    lines = [""]
    for part in _BREAKS.split(example):
        if lines[-1] and len(lines[-1]) + 1 + len(part) > _WIDTH:
            lines[-1] += " \\"
            lines.append(f"    {part}")
        else:
            lines[-1] += f" {part}" if lines[-1] else part
    return lines


def examples(text: str) -> list[str]:
    """The command lines that a help shows."""
    return [
        line.strip()
        for part in text.split("\n\n")
        if part.startswith(_VERBATIM)
        for line in part.removeprefix(_VERBATIM).replace("\\\n", "").splitlines()[1:]
    ]
