"""What a batch gives the rules to look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.records import ObjectClaim, Patient, Unreadable
from registry.rules.base import Subject


@dataclass(slots=True)
class Subjects:
    """What a batch gives the rules to look at."""

    claims: list[ObjectClaim] = field(default_factory=list)
    speaking: list[ObjectClaim] = field(default_factory=list)  # of those, one for each setting
    unreadable: list[Unreadable] = field(default_factory=list)
    uids: set[str] = field(default_factory=set)
    instances: set[str] = field(default_factory=set)
    series: set[str] = field(default_factory=set)
    studies: set[str] = field(default_factory=set)
    patients: set[Patient] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)

    def of(self, subject: Subject) -> Sequence[Any]:
        """The subjects of one sort, in a stable order."""
        match subject:
            case Subject.UNREADABLE:
                return self.unreadable
            case Subject.CLAIM:
                return self.claims
            case Subject.UID:
                return sorted(self.uids)
            case Subject.INSTANCE:
                return sorted(self.instances)
            case Subject.SERIES:
                return sorted(self.series)
            case Subject.STUDY:
                return sorted(self.studies)
            case Subject.PATIENT:
                return sorted(self.patients)
            case Subject.SHARED:
                return sorted(self.shared)
            case Subject.CONCATENATION:
                return self._concatenations()

    def _concatenations(self) -> list[list[ObjectClaim]]:
        """The parts in the batch of each concatenation."""
        parts: dict[str, list[ObjectClaim]] = defaultdict(list)
        for claim in self.claims:
            if claim.part is not None:
                parts[claim.part.concatenation_uid].append(claim)
        return [parts[uid] for uid in sorted(parts)]
