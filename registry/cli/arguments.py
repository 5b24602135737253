"""Arguments and options that several commands have, and what their texts mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer

from registry.errors import BadRequest
from registry.kinds import STATES
from registry.records import Severity
from registry.suggestion import meant
from registry.uid import parse

_Value = TypeVar("_Value")

FINDING_STATES = ("open", "acknowledged", "resolved", "all")

Uid = Annotated[str, typer.Argument(metavar="UID")]


def in_range(number: int | None) -> int | None:
    """A number as it was given. Raises ``BadRequest`` where no database counts so far."""
    if number is not None and not 0 <= number < 2**63:
        raise BadRequest(
            f"{number} is out of range", advice="Give a number from 0 on that a database can count to."
        )
    return number


Limit = Annotated[int | None, typer.Option(metavar="N", help="At most so many.", callback=in_range)]
After = Annotated[
    str | None, typer.Option(metavar="UID", help="Only what comes after this one: the last that was listed.")
]
OfKind = Annotated[str | None, typer.Option("--kind", metavar="KIND", help="Only this kind.")]
OfState = Annotated[str | None, typer.Option("--state", metavar="STATE", help=f"{', '.join(STATES)}.")]
OfStudy = Annotated[str | None, typer.Option("--study", metavar="UID", help="In this study.")]
OfSeries = Annotated[str | None, typer.Option("--series", metavar="UID", help="In this series.")]
OfModality = Annotated[str | None, typer.Option("--modality", metavar="CS", help="Of this modality.")]
UnderRoot = Annotated[str | None, typer.Option("--root", metavar="OID", help="Under this arc.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Recorded by this actor.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Recorded from then on, e.g. 2026-11-01.")
]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Recorded before then.")]


def chosen(option: str, text: str, known: Mapping[str, _Value]) -> _Value:
    """What an option's text stands for. Raises ``BadRequest``, with what may have been meant."""
    if text in known:
        return known[text]
    raise BadRequest(
        f"{option} {text!r} is unknown", advice=f"{meant(text, known)}One of {', '.join(known)}."
    )


def one_of(option: str, text: str, known: Iterable[str]) -> str:
    """The text itself, if it is known. Raises ``BadRequest``."""
    return chosen(option, text, {each: each for each in known})


def parse_severity(text: str | None) -> Severity | None:
    """A severity by its name. Raises ``BadRequest``."""
    return chosen("--severity", text, {each.label: each for each in Severity}) if text else None


def parse_code(text: str | None) -> str | None:
    """A rule's code, from that or its name. Raises ``BadRequest``."""
    from registry.rules import by_code

    return by_code(text).code if text else None


def parse_arc(text: str | None) -> str | None:
    """An arc, with a dot behind it or not. Raises ``MalformedUid``."""
    return parse(text.removesuffix(".")) if text else None


def parse_time(text: str | None) -> str | None:
    """A moment as the trail writes it, from an ISO 8601 date or time; local unless it says otherwise."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRequest(
            f"{text!r} is no date or time", advice="E.g. 2026-11-22 or 2026-11-22T09:30:00Z."
        ) from None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
