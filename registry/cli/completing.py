"""What Tab offers, in bash, zsh and fish: commands, options, and what may stand behind them.

A shell asks by running the program with ``_UID_REGISTRY_COMPLETE`` in its environment. It must
hear nothing but offers, whatever is wrong: no error, no warning, no registry made or changed.
What a value is offered follows from how the help calls it: one literal table for all commands.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry.settings import Settings

ASKED = "_UID_REGISTRY_COMPLETE"

Offers = Iterable[str | tuple[str, str]]
"""Words, or words with what they mean."""

Offering = Callable[[Any, str], Offers]
"""What is offered in a context for a word that is begun."""


def complete() -> None:
    """Answer the shell."""
    _silence()
    from registry.cli import plain
    from registry.cli.app import app

    plain.equipped = equip
    try:
        app(prog_name="uid-registry")
    except SystemExit:
        raise
    except BaseException:  # noqa: BLE001 (there is nobody to tell)
        sys.exit(1)  # to fish: nothing is offered, so files may be


def _silence() -> None:
    """Whatever anybody has to say of it, the line that is being typed must stay as it is."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def equip(parameter: Any) -> None:
    """Have a parameter offer what the help says that it is."""
    offering = _offering(parameter)
    if offering is None:
        return

    def offered(context: Any, _parameter: Any, incomplete: str) -> list[Any]:
        from typer.core import CompletionItem  # type: ignore[attr-defined]

        pairs = (each if isinstance(each, tuple) else (each, None) for each in offering(context, incomplete))
        return [CompletionItem(word, help=told) for word, told in pairs if word.startswith(incomplete)]

    parameter._custom_shell_complete = offered


def _offering(parameter: Any) -> Offering | None:
    called = (parameter.metavar or "").strip("[].")
    if parameter.name in _BY_NAME:
        return _BY_NAME[parameter.name]
    for part in called.split("|"):
        if part in _BY_METAVAR:
            return _BY_METAVAR[part]
    words = [word for word in called.split("|") if word.islower()]
    return _one_of(words) if words else None


def _one_of(words: Iterable[str]) -> Offering:
    known = list(words)
    return lambda _context, _incomplete: known


def _kinds(_context: Any, _incomplete: str) -> Offers:
    from registry.records import Kind

    return [kind.label for kind in Kind]


def _modalities(_context: Any, _incomplete: str) -> Offers:
    from registry.modality import TERMS

    return sorted(TERMS)


def _codes(_context: Any, incomplete: str) -> Offers:
    from registry.rules import RULES

    if incomplete[:1].islower():
        return [(rule.name, rule.code) for rule in RULES]
    return [(rule.code, rule.name) for rule in RULES]


def _events(_context: Any, _incomplete: str) -> Offers:
    from registry.events import EVENTS

    return [(event.name, event.does) for event in EVENTS]


def _policies(_context: Any, _incomplete: str) -> Offers:
    from registry.roots import Policy

    return list(Policy)


def _formats(context: Any, _incomplete: str) -> Offers:
    from registry.settings import CHECK_FORMATS, EXPORT_FORMATS, FORMATS

    spoken = {"check": CHECK_FORMATS, "export": EXPORT_FORMATS, "forward": ("dicom", "ndjson")}
    return spoken.get(context.info_name, FORMATS)


def _states(context: Any, _incomplete: str) -> Offers:
    from registry.cli.arguments import FINDING_STATES
    from registry.kinds import STATES

    return FINDING_STATES if context.parent.info_name == "findings" else STATES


def _uids(context: Any, incomplete: str) -> Offers:
    """UIDs of the registry; behind a rule's code, what its findings are about."""
    from registry.services import glancing

    code = context.params.get("code")
    if isinstance(code, str) and code:
        from registry.rules import by_code

        return glancing.found(_settings(context), by_code(code).code, incomplete)
    return glancing.uids(_settings(context), incomplete)


def _studies(context: Any, incomplete: str) -> Offers:
    from registry.services import glancing

    return glancing.uids(_settings(context), incomplete, "study")


def _series(context: Any, incomplete: str) -> Offers:
    from registry.services import glancing

    return glancing.uids(_settings(context), incomplete, "series")


def _roots(context: Any, _incomplete: str) -> Offers:
    from registry.services import glancing

    return glancing.roots(_settings(context))


def _actors(context: Any, _incomplete: str) -> Offers:
    from registry.services import glancing

    return glancing.actors(_settings(context))


def _destinations(context: Any, _incomplete: str) -> Offers:
    from registry.services import glancing

    return glancing.destinations(_settings(context))


_SEVERITIES: Sequence[str] = ("error", "warning", "note")

_BY_NAME: dict[str, Offering] = {
    "study": _studies,
    "series": _series,
    "by": _actors,
    "actor": _actors,
    "fail_on": _one_of((*_SEVERITIES, "never")),
    "severity": _one_of(_SEVERITIES),
    "format": _formats,
    "per": _one_of(("year", "month", "day", "root", "actor", "kind", "modality")),
    "digest": _one_of(("full", "none")),
    "named_by": _one_of(("full", "name", "hash", "none")),
    "index_format": _one_of(("csv", "ndjson", "parquet")),
}

_BY_METAVAR: dict[str, Offering] = {
    "UID": _uids,
    "PREFIX": _uids,
    "OID": _roots,
    "KIND": _kinds,
    "CS": _modalities,
    "CODE": _codes,
    "RULE": _codes,
    "RULE,": _codes,
    "NOUN:VERB": _events,
    "POLICY": _policies,
    "STATE": _states,
    "DESTINATION": _destinations,
}


def _settings(context: Any) -> Settings:
    """The settings that the command would have which is being typed."""
    from registry.settings import load_settings

    database = None
    while context is not None and database is None:
        database, context = context.params.get("database"), context.parent
    return load_settings({"database": database})
