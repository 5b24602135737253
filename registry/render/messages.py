"""An entry as messages to other systems, before they have a format.

Messages of the standard tell of what succeeded or of what failed, never of both
(PS3.15 table A.5.2-1): a batch within which claims were refused gives two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.records import Kind
from registry.render.auditcodes import REFUSED, Codes, codes_of, outcome_of

if TYPE_CHECKING:
    from registry.store.feed import Touched, Whole

INSTANCES_TOLD = 20
"""Instances of a study that a message names; of more it gives their number alone. PS3.15 table
A.5.2-1 advises against lists of them."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that an act was about: a study with what was touched of it, or another UID."""

    what: str  # "study", or the kind of a UID that no study is known of
    uid: str
    series: tuple[str, ...] = ()
    classes: Mapping[str | None, tuple[str, ...]] | None = None  # SOP Class (None: not known) -> instances


@dataclass(frozen=True, slots=True)
class Message:
    """What is told of an entry at once."""

    entry: Whole
    codes: Codes
    outcome: int  # 0, or how grave a failure
    text: str | None  # what failed
    subjects: tuple[Subject, ...]
    second: bool = False  # of two about one entry

    @property
    def event(self) -> str:
        return self.entry.event


def messages(entry: Whole) -> Iterator[Message]:
    """The message, or the two, about an entry."""
    outcome = outcome_of(entry.outcome)
    if outcome:
        yield Message(entry, REFUSED, outcome, _why(entry), _subjects(entry.touched))
        return
    codes = codes_of(entry.event)
    done = [touched for touched in entry.touched if not touched.refused]
    yield Message(entry, codes, 0, None, _subjects(done))
    refused = [touched for touched in entry.touched if touched.refused]
    if refused:
        text = f"claims about {len(refused)} UIDs were refused: they are recorded otherwise"
        yield Message(entry, REFUSED, outcome_of("refused"), text, _subjects(refused), second=True)


def _why(entry: Whole) -> str:
    said = entry.detail.get("message") or entry.detail.get("reason")
    return str(said) if said else f"{entry.event} {entry.outcome}"


def _subjects(touched: Iterable[Touched]) -> tuple[Subject, ...]:
    """By study where one is known, the other UIDs by kind; studies first."""
    studies: dict[str, list[Touched]] = {}
    others: list[Subject] = []
    homeless: list[Touched] = []  # instances: their number is worth more than a list of them
    for one in touched:
        if one.study is not None:
            studies.setdefault(one.study, []).append(one)
        elif one.kind is Kind.INSTANCE:
            homeless.append(one)
        else:
            others.append(Subject(one.kind.label if one.kind else "uid", one.uid))
    found = [_study(study, within) for study, within in sorted(studies.items())]
    if homeless:
        others.append(Subject("instances", f"{len(homeless)} without a study", classes=_classes(homeless)))
    return (*found, *others)


def _study(study: str, within: Iterable[Touched]) -> Subject:
    within = list(within)
    series = sorted({one.series for one in within if one.series is not None})
    return Subject("study", study, tuple(series), _classes(within))


def _classes(touched: Iterable[Touched]) -> dict[str | None, tuple[str, ...]]:
    classes: dict[str | None, list[str]] = {}
    for one in touched:
        if one.kind is Kind.INSTANCE:
            classes.setdefault(one.sop_class, []).append(one.uid)
    return {
        sop_class: tuple(uids) for sop_class, uids in sorted(classes.items(), key=lambda item: item[0] or "")
    }


def audit_log_uri(origin: str) -> str:
    """What names the audit trail of a registry, as PS3.15 section A.5.3.2 wants it: a URI."""
    return f"uid-registry:{origin}"


def facts(message: Message, *, notes: bool = True) -> dict[str, str]:
    """What places the message in the trail, and what its act said of itself, as texts."""
    entry = message.entry
    said = entry.fields
    found = {
        "entry": said["id"],
        "seq": entry.seq,
        "leaf": entry.leaf.hex(),
        "event": entry.event,
        "outcome": entry.outcome,
        "role": said.get("role"),
        "request_id": said["request_id"],
        "detail": said["detail"],
        "uids": len(entry.uids) or None,
        "note": entry.note if notes else None,
        "redacted_in": entry.redacted_in,
    }
    return {name: str(value) for name, value in found.items() if value is not None}
