"""What came of registering or checking, for whoever shows it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from registry.errors import BadRequest, FindingsError
from registry.records import (
    Finding,
    Kind,
    ObjectClaim,
    Place,
    Reading,
    Severity,
    Skipped,
    Unreadable,
    Verdict,
)
from registry.rules.attributes import pseudonym
from registry.rules.policy import PLAIN, Policy
from registry.services.assessing import Assessment
from registry.services.gathering import of_its_file
from registry.services.opening import RegistryName

if TYPE_CHECKING:
    from registry.services.sorting import SortedFiles

_SEVERITIES = {severity.label: severity for severity in Severity}
MOST_TOLD = 1000
"""Findings of each severity that are told of an index, so that memory is bounded whatever is in it."""

_OF_COPIES = "UID7"
"""What the file says that it is may be an original: nothing but the object and its file is named."""

_NAMED = 3
"""Findings that the message of an error names."""


@dataclass(frozen=True, slots=True)
class Export:
    """What was decided of an export, and which state of the trail it was decided on."""

    destination: str
    approved: bool
    entry: int
    tree_size: int
    root_hash: bytes
    fail_on: str = "error"
    empty: bool = False  # there was no object that could have been approved

    @property
    def told(self) -> str:
        """It in one line."""
        word = "approved" if self.approved else "blocked"
        why = ", there was no DICOM object to approve" if self.empty else ""
        return f"{word} for {self.destination}: entry {self.entry}{why}"


@dataclass(slots=True)
class Report:
    """Counts are of files, of an index those of unreadable and resumed ones of rows; new,
    repeats and collisions are of instances, or of series where an index has no instances."""

    registry: RegistryName
    policy: Policy = PLAIN
    files: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)
    unreadable: int = 0
    findings: list[Finding] = field(default_factory=list)
    accepted: int = 0  # collisions that somebody has acknowledged
    context: str | None = None  # None: clinical
    missing: Counter[str] = field(default_factory=Counter)  # former keys that aren't here -> objects
    resumed: int = 0  # files that an interrupted run had recorded before
    explained: bool = False  # whether the findings tell what their UIDs are recorded as
    export: Export | None = None  # where it was a check before an export
    rows: int | None = None  # of an index; None: files were read
    untold: Counter[Severity] = field(default_factory=Counter)  # further findings, of which only this is kept
    claims: Sequence[ObjectClaim] = field(default=(), repr=False)  # of a check: what its objects say
    _told: set[tuple[object, ...]] = field(default_factory=set)
    _told_at: Counter[Severity] = field(default_factory=Counter)

    def add(self, readings: Iterable[Reading], assessment: Assessment) -> None:
        """Take in one batch."""
        for reading in readings:
            self.files += 1
            if isinstance(reading, Skipped):
                self.skipped.append(reading)
            self.unreadable += isinstance(reading, Unreadable)
        self.verdicts.update(verdict for _, verdict in assessment.decision.verdicts)
        placed = _Placed(assessment)
        self.accepted += assessment.weighed.accepted
        self.missing.update(assessment.missing)
        for finding in assessment.weighed.told:
            # About a file each file counts, about anything else the key.
            # What one batch shows as acknowledged may have grown in the next.
            place = finding.path if of_its_file(finding) else None
            told = (*finding.key, finding.kind, place, finding.acknowledged)
            if told not in self._told:
                severity = self.policy.severity(finding, placed.modalities(finding))
                if self.rows is not None and self._told_at[severity] >= MOST_TOLD:
                    self.untold[severity] += not finding.acknowledged
                    continue
                self._told.add(told)
                self._told_at[severity] += 1
                self.findings.append(replace(placed.told(finding), severity=severity))

    def resume(self, files: int) -> None:
        """Count files that an interrupted run had recorded before."""
        self.files += files
        self.resumed += files

    def worst(self) -> Severity | None:
        """The gravest finding that nobody has acknowledged."""
        told = (finding.severity for finding in self.findings if not finding.acknowledged)
        return max((*told, *+self.untold), default=None)

    def failing(self, fail_on: str = "error") -> list[Finding]:
        """The findings that fail a run, the gravest first: those that are at least as grave as
        ``fail_on`` (``note``, ``warning``, ``error``) says and that nobody has acknowledged. For
        ``collision`` the errors, if there was a collision; for ``never`` none.
        """
        if fail_on == "never" or (fail_on == "collision" and not self._collided):
            return []
        least = Severity.ERROR if fail_on == "collision" else _SEVERITIES.get(fail_on)
        if least is None:
            raise BadRequest(
                f"{fail_on!r} is no severity", advice="One of collision, error, warning, note, never."
            )
        return [f for f in self.sorted_findings() if f.severity >= least and not f.acknowledged]

    def sorted_files(self, fail_on: str = "error") -> SortedFiles:
        """Of a check: which of the files nothing keeps back, and which something does.

        A finding about a series, a study or what is shared keeps back all that name it.
        """
        from registry.services.sorting import sort

        return sort(self, fail_on)

    def passed(self, fail_on: str = "error") -> bool:
        """Whether nothing fails the run, as ``--fail-on`` decides it, and an export wasn't blocked."""
        if self.export is not None and not self.export.approved:
            return False
        if fail_on == "collision":
            return not self._collided
        failing = self.failing(fail_on)
        return not failing and not any(severity >= _SEVERITIES.get(fail_on, 9) for severity in +self.untold)

    @property
    def _collided(self) -> bool:
        return self.verdicts[Verdict.COLLISION] > self.accepted

    def raise_for_findings(self, fail_on: str = "error") -> None:
        """Raise ``FindingsError`` unless the run passed, so that what follows isn't reached.

        The error carries the findings that failed it; its message names the first of them.
        """
        if not self.passed(fail_on):
            if self.export is not None and not self.export.approved:
                findings = self.failing(self.export.fail_on)
                told = f": {self._told_of(findings)}" if findings else ""
                raise FindingsError(f"{self.export.told}{told}", findings=findings)
            findings = self.failing(fail_on)
            raise FindingsError(self._told_of(findings), findings=findings)

    def _told_of(self, findings: Sequence[Finding]) -> str:
        if not findings:
            return f"{self.verdicts[Verdict.COLLISION]:,} collisions"
        named = "; ".join(
            f"{f.code} {f.name}{f' in {f.path}' if f.path else ''}: {f.message}" for f in findings[:_NAMED]
        )
        rest = f"; and {len(findings) - _NAMED:,} more" if len(findings) > _NAMED else ""
        return f"{len(findings):,} finding{'s' * (len(findings) != 1)}: {named}{rest}"

    def sorted_findings(self) -> list[Finding]:
        """The gravest first, then by file; what is about the object before what is about
        its series, which mostly follows from it."""
        return sorted(self.findings, key=_order)


def _order(finding: Finding) -> tuple[object, ...]:
    nearness = {Kind.INSTANCE: 0, Kind.SERIES: 2, Kind.STUDY: 3}.get(finding.kind or Kind.OTHER, 1)
    subject = (finding.code, finding.uid or "", finding.counterpart or "")
    return (finding.acknowledged, -finding.severity, finding.path or "", nearness, *subject)


class _Placed:
    """Which object of a batch each finding is about; looked up once there is a finding."""

    def __init__(self, assessment: Assessment) -> None:
        self._facts = assessment.facts
        self._claims = assessment.subjects.claims

    @cached_property
    def _by_path(self) -> dict[str, ObjectClaim]:
        return {claim.path: claim for claim in reversed(self._claims)}

    @cached_property
    def _by_uid(self) -> dict[str, ObjectClaim]:
        named: dict[str, ObjectClaim] = {}
        for claim in self._claims:
            for uid in (*claim.place, *(uid for _, uid in claim.shared)):
                if uid is not None:
                    named.setdefault(uid, claim)
        return named

    @cached_property
    def _files(self) -> dict[str, dict[str, None]]:
        """The files of each instance, in order."""
        files: dict[str, dict[str, None]] = defaultdict(dict)
        for claim in self._claims:
            if claim.place[0] and claim.path:
                files[claim.place[0]][claim.path] = None
        return files

    @cached_property
    def _of_patient(self) -> dict[str, str]:
        return {pseudonym(claim.patient): claim.path for claim in reversed(self._claims) if claim.patient}

    def _claim(self, finding: Finding) -> ObjectClaim | None:
        """The object that it was found in, else the first in the batch that names its UID."""
        if finding.path:
            return self._by_path.get(finding.path)
        return self._by_uid.get(finding.uid or "")

    def told(self, finding: Finding) -> Finding:
        """The finding with the file that it is about, that one's series, and what it says of the UID."""
        claim = self._claim(finding)
        series = finding.series_instance_uid or self._series(finding, claim)
        if claim is None:
            path = finding.path or self._of_patient.get(finding.uid or "") or None
            return replace(finding, path=path, series_instance_uid=series)
        # Of an index only rows with a flaw have a place: what several rows share isn't about one of them.
        path = finding.path or (claim.path if claim.whole else "") or None
        if finding.code.startswith(_OF_COPIES):
            return replace(finding, path=path, also=self._also(finding, path), series_instance_uid=None)
        claimed = _claimed(finding.uid, claim)
        return replace(
            finding, path=path, also=self._also(finding, path), series_instance_uid=series, claimed=claimed
        )

    def _also(self, finding: Finding, path: str | None) -> tuple[str, ...]:
        """The other files with the instance that a finding is about: of two that collide, which."""
        if finding.kind is not Kind.INSTANCE or of_its_file(finding):
            return ()
        return tuple(each for each in self._files.get(finding.uid or "", ()) if each != path)

    def _series(self, finding: Finding, claim: ObjectClaim | None) -> str | None:
        if finding.kind is Kind.SERIES:
            return finding.uid
        if finding.kind is Kind.STUDY:
            return None
        if claim is not None:
            return claim.place[1]
        known = self._facts.instances.get(finding.uid or "")
        return min(known.series, default=None) if known else None

    def modalities(self, finding: Finding) -> set[str]:
        """Those of the object or series that a finding is about, as far as anything says."""
        claim = self._claim(finding)
        if claim is not None and claim.modality:
            return {claim.modality}
        series = self._facts.series.get(self._series(finding, claim) or "")
        return series.modalities if series else set()


def _claimed(uid: str | None, claim: ObjectClaim) -> Place | None:
    """What an object says that a UID of it is."""
    kind = next((kind for kind, own in claim.identities if own == uid), None)
    if kind is None:
        return None
    instance, series = kind is Kind.INSTANCE, kind is Kind.SERIES
    return Place(
        kind,
        claim.series_instance_uid if instance else None,
        claim.study_instance_uid if kind is not Kind.STUDY else None,
        claim.modality if instance or series else None,
        claim.sop_class_uid if instance else None,
    )
