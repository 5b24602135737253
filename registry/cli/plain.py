"""Options that are texts are taken as they are.

Typer has pydantic look at the value of every option, be it None, and importing pydantic
takes longer than all else that a short command needs. A value that has its type already
is taken without it; what must be converted, and what is missing, stays with typer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

equipped: Callable[[Any], None] | None = None
"""What each parameter is given besides, where a shell asks what may be typed (cli/completing.py)."""


def plainly(command: Any) -> Any:
    """The command itself, which now takes plain values without asking; all below it, too."""
    command.get_params = partial(_parameters, command.get_params)  # `--help` is among these alone
    for below in getattr(command, "commands", {}).values():
        plainly(below)
    return command


def _parameters(of_typer: Any, context: Any) -> Any:
    parameters = of_typer(context)
    for parameter in parameters:
        if equipped is not None:
            equipped(parameter)
        # Typer's word for what an option is; where it isn't there, typer does as it always did.
        described = getattr(parameter, "type_descriptor", None)
        by_typer = parameter.process_value
        if described is not None and not isinstance(by_typer, partial):
            parameter.process_value = partial(_taken, parameter, described.annotation, by_typer)
    return parameters


def _taken(parameter: Any, kind: Any, by_typer: Any, context: Any, given: Any) -> Any:
    several = parameter.multiple or parameter.nargs != 1
    value = given
    if given is None:
        plain = not parameter.required or context.resilient_parsing  # then nothing need be there yet
        value = () if several else None
    elif several:
        plain = kind == list[str] and isinstance(given, list | tuple) and set(map(type, given)) == {str}
        value = list(given) if plain else given
    else:
        plain = kind in (str, int) and type(given) is kind
    if not plain:
        return by_typer(context, given)
    return value if parameter.callback is None else parameter.callback(context, parameter, value)
