"""What a rule is, and all that a rule may see.

A rule is one function with one docstring; the docstring is its documentation
(``uid-registry rule CODE`` and the reference are made from it), under the fixed
headings *What it does*, *Why it matters*, *Example*, *What to do*, *Standard*.
It looks at one subject and yields a sighting for each thing that is wrong.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from registry.agreement import Attributes
from registry.facts import InstanceFacts, SeriesFacts
from registry.records import Finding, Kind, Mark, Patient, Severity
from registry.roots import Roots
from registry.rules.given import Given, Somewhere
from registry.scoped import Scoped
from registry.uid import printable

HEADINGS = ("What it does", "Why it matters", "Example", "What to do", "Standard")
"""The parts of a rule's docstring, in this order."""


class View(Protocol):
    """The registry as a rule sees it: read only, the batch laid over the ledger."""

    @property
    def kinds(self) -> Mapping[str, AbstractSet[Kind]]:
        """What each UID was ever said to identify."""

    @property
    def instances(self) -> Mapping[str, InstanceFacts]: ...

    @property
    def series(self) -> Mapping[str, SeriesFacts]: ...

    @property
    def patients(self) -> Mapping[str, AbstractSet[Patient]]:
        """Whom each study, frame of reference and tracking identifier was said to belong to."""

    @property
    def attributes(self) -> Attributes:
        """What patients, studies and series were said to be, as far as fingerprints tell."""

    @property
    def frame_series(self) -> Mapping[str, AbstractSet[str]]:
        """The series that are in each frame of reference."""

    @property
    def labels(self) -> Mapping[tuple[str, Mark], Mapping[bytes, AbstractSet[str]]]:
        """Within a scope, who carries which label; for the rules that ask for labels."""

    @property
    def roots(self) -> Roots: ...

    @property
    def now(self) -> datetime: ...

    @property
    def gate(self) -> bool:
        """True before an export (``check``), False while foreign objects are recorded."""

    def in_batch(self, uid: str) -> bool:
        """Whether the UID is the series or the instance of an object that is here."""

    @property
    def leaves(self) -> bool:
        """Whether the objects are checked for a destination that they are to go to."""

    def was_sent(self, uid: str) -> bool:
        """Whether the UID was let out to that destination before."""

    @property
    def scope(self) -> Scoped | None:
        """The scope of replacement whose copies the objects are said to be; None: nobody says so."""

    def joined(self, frame: str) -> AbstractSet[str]:
        """The frames of reference that registrations lead to from one, itself left out."""

    @property
    def shared_frames(self) -> AbstractSet[str]:
        """Frames of reference that are shared on purpose, as configured."""

    def is_external(self, uid: str) -> bool:
        """Whether the UID is configured as somebody else's, not to be found here."""

    def was_known(self, uid: str) -> bool:
        """Whether the UID was in the ledger before this batch."""

    def was_issued(self, uid: str) -> bool:
        """Whether the UID was issued by this registry."""

    def is_withdrawn(self, uid: str) -> bool: ...

    @property
    def any_issued(self) -> bool:
        """Whether one of the UIDs that are looked at was issued by this registry."""

    @property
    def any_withdrawn(self) -> bool: ...

    def one_patient(self, one: Patient, other: Patient) -> bool:
        """Whether two patients can be the same person."""

    def two_patients(self, patients: AbstractSet[Patient]) -> bool:
        """Whether there are two among them who can't be the same person."""


class Scope(StrEnum):
    """How much a rule needs to see."""

    FILE = "file"
    BATCH = "batch"
    REGISTRY = "registry"


class Subject(StrEnum):
    """What a rule is asked about, once for each in the batch."""

    UNREADABLE = "file that can't be read"
    CLAIM = "object"
    UID = "UID"
    INSTANCE = "instance"
    SERIES = "series"
    STUDY = "study"
    PATIENT = "patient"
    SHARED = "shared UID"
    CONCATENATION = "parts of a concatenation"


class Sighting(NamedTuple):
    """What a rule saw; the engine makes a finding of it."""

    uid: str | None
    message: str
    kind: Kind | None = None
    severity: Severity | None = None  # None: the rule's own
    counterpart: str | None = None
    related: tuple[str, ...] = ()  # other UIDs that show it
    evidence: tuple[str, ...] = ()  # what else shows it, so that a change of it is seen
    fix: str | None = None  # None: what the docstring says under "What to do"
    weight: Severity | None = None  # the severity where there is no gate, if the one given is a gate's


Check = Callable[[Any, View], Iterator[Sighting]]


@dataclass(frozen=True)
class Rule:
    """A rule with its stable code. Codes are never renumbered; they retire with a version."""

    code: str
    severity: Severity
    scope: Scope
    subject: Subject
    check: Check
    given: Given | None = None  # what a subject must have for the check to find anything
    somewhere: Somewhere | None = None  # what there must be at all, in the batch or the registry
    retractable: bool = False  # what is learned later may clear a finding
    labels: bool = False  # it asks for labels, which are remembered only then
    since: str = "0.1"
    preview: bool = False

    @cached_property
    def name(self) -> str:
        """What it is called: ``derived-in-source-series``."""
        return self.check.__name__.replace("_", "-")

    @cached_property
    def sections(self) -> dict[str, str]:
        """The docstring by heading, each part one paragraph or more of plain text."""
        text = inspect.getdoc(self.check) or ""
        parts = re.split(rf"^({'|'.join(HEADINGS)})\n", text, flags=re.MULTILINE)
        bodies = zip(parts[1::2], parts[2::2], strict=True)
        return {heading: inspect.cleandoc(body) for heading, body in bodies}

    @cached_property
    def fix(self) -> str:
        """What to do about a finding, in one line."""
        return " ".join(self.sections["What to do"].split("\n\n")[0].split())

    def finding(self, sighting: Sighting) -> Finding:
        """What is told of a sighting."""
        return Finding(
            code=self.code,
            name=self.name,
            severity=self.severity if sighting.severity is None else sighting.severity,
            uid=_escaped(sighting.uid),
            message=sighting.message,
            fix=self.fix if sighting.fix is None else sighting.fix,
            kind=sighting.kind,
            counterpart=sighting.counterpart,
            related=sighting.related,
            evidence=sighting.evidence,
            weight=sighting.weight,
        )


def _escaped(uid: str | None) -> str | None:
    """A subject as it may be kept and shown: whatever a file has in the place of a UID may be in it."""
    if uid is None or (uid.isprintable() and uid.rstrip("…").isascii()):
        return uid  # also what was shortened before
    return printable(uid).strip("'")


def listed(uids: AbstractSet[str], most: int = 4) -> str:
    """UIDs or other names for a sentence, sorted, the rest counted."""
    *before, last = sorted(uids)[:most]
    if rest := len(uids) - len(before) - 1:
        before, last = [*before, last], f"{rest} more"
    return f"{', '.join(before)} and {last}" if before else last
