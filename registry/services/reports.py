"""What came of registering or checking, for whoever shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from registry.records import Finding, Kind, ObjectClaim, Reading, Severity, Skipped, Unreadable, Verdict
from registry.services.assessing import Assessment
from registry.services.opening import RegistryName


@dataclass(slots=True)
class Report:
    """Counts are of files; new, repeats and collisions are of instances."""

    registry: RegistryName
    files: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)
    unreadable: int = 0
    findings: list[Finding] = field(default_factory=list)
    context: str | None = None  # None: clinical
    resumed: int = 0  # files that an interrupted run had recorded before
    _told: set[tuple[str | None, ...]] = field(default_factory=set)

    def add(self, readings: Iterable[Reading], assessment: Assessment) -> None:
        """Take in one batch."""
        for reading in readings:
            self.files += 1
            if isinstance(reading, Skipped):
                self.skipped.append(reading)
            self.unreadable += isinstance(reading, Unreadable)
        self.verdicts.update(verdict for _, verdict in assessment.decision.verdicts)
        paths = _paths(assessment.subjects.claims)
        for finding in assessment.findings:
            # About a file each file counts, about anything else the key.
            told = (*finding.key, finding.path)
            if told not in self._told:
                self._told.add(told)
                place = finding.path or paths.get(finding.uid or "")
                self.findings.append(replace(finding, path=place))

    def worst(self) -> Severity | None:
        """The gravest finding."""
        return max((finding.severity for finding in self.findings), default=None)

    def sorted_findings(self) -> list[Finding]:
        """The gravest first, then by file; what is about the object before what is about
        its series, which mostly follows from it."""
        return sorted(self.findings, key=_place)


def _place(finding: Finding) -> tuple[object, ...]:
    nearness = {Kind.INSTANCE: 0, Kind.SERIES: 2, Kind.STUDY: 3}.get(finding.kind or Kind.OTHER, 1)
    subject = (finding.code, finding.uid or "", finding.counterpart or "")
    return (-finding.severity, finding.path or "", nearness, *subject)


def _paths(claims: Iterable[ObjectClaim]) -> dict[str, str]:
    """For each UID in a batch the first file that names it."""
    paths: dict[str, str] = {}
    for claim in claims:
        for uid in (*claim.place, *(uid for _, uid in claim.shared)):
            if uid is not None:
                paths.setdefault(uid, claim.path)
    return paths
