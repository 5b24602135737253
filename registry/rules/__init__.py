"""The rule book: the one table of all rules, and asking them.

Codes are for ever: UID, family, two digits. A rule is retired with a version,
never renumbered.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from registry.errors import BadRequest
from registry.records import Finding, Kind, ObjectClaim, Severity, Unreadable
from registry.rules import belonging, derivation, filemeta, hierarchy, identity, issuer, reference, syntax
from registry.rules.base import Rule, Scope, Subject, View

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_FILE, _REGISTRY = Scope.FILE, Scope.REGISTRY

RULES: tuple[Rule, ...] = (
    Rule("UID101", "malformed-uid", _E, _FILE, Subject.CLAIM, syntax.malformed_uid),
    Rule("UID102", "overlong-uid", _E, _FILE, Subject.CLAIM, syntax.overlong_uid),
    Rule("UID103", "leading-zero-component", _E, _FILE, Subject.CLAIM, syntax.leading_zero_component),
    Rule("UID105", "bare-root", _E, _FILE, Subject.CLAIM, syntax.bare_root),
    Rule("UID106", "unallocated-arc", _E, _FILE, Subject.CLAIM, syntax.unallocated_arc),
    Rule("UID107", "impossible-uuid-arc", _E, _FILE, Subject.CLAIM, syntax.impossible_uuid_arc),
    Rule("UID109", "missing-uid", _E, _FILE, Subject.CLAIM, syntax.missing_uid),
    Rule("UID201", "standard-root-instance", _E, _FILE, Subject.CLAIM, issuer.standard_root_instance),
    Rule("UID202", "example-root", _E, _FILE, Subject.CLAIM, issuer.example_root),
    Rule("UID203", "unissued-uid", _E, _REGISTRY, Subject.CLAIM, issuer.unissued_uid),
    Rule("UID204", "research-root", _W, _REGISTRY, Subject.CLAIM, issuer.research_root),
    Rule("UID207", "retired-root", _E, _REGISTRY, Subject.CLAIM, issuer.retired_root),
    Rule("UID301", "changed-content", _E, _REGISTRY, Subject.INSTANCE, identity.changed_content),
    Rule(
        "UID302", "instance-in-two-series", _E, _REGISTRY, Subject.INSTANCE, identity.instance_in_two_series
    ),
    Rule(
        "UID303", "instance-in-two-studies", _E, _REGISTRY, Subject.INSTANCE, identity.instance_in_two_studies
    ),
    Rule(
        "UID304", "instance-of-two-classes", _E, _REGISTRY, Subject.INSTANCE, identity.instance_of_two_classes
    ),
    Rule("UID305", "series-in-two-studies", _E, _REGISTRY, Subject.SERIES, identity.series_in_two_studies),
    Rule(
        "UID306",
        "study-of-two-patients",
        _E,
        _REGISTRY,
        Subject.STUDY,
        belonging.study_of_two_patients,
        retractable=True,
    ),
    Rule("UID307", "uid-in-two-roles", _E, _FILE, Subject.CLAIM, identity.uid_in_two_roles),
    Rule("UID308", "uid-of-two-kinds", _E, _REGISTRY, Subject.UID, identity.uid_of_two_kinds),
    Rule(
        "UID309",
        "frame-of-reference-of-two-patients",
        _E,
        _REGISTRY,
        Subject.SHARED,
        belonging.frame_of_reference_of_two_patients,
        retractable=True,
    ),
    Rule(
        "UID311",
        "tracking-uid-of-two-patients",
        _E,
        _REGISTRY,
        Subject.SHARED,
        belonging.tracking_uid_of_two_patients,
        retractable=True,
    ),
    Rule("UID312", "withdrawn-uid", _E, _REGISTRY, Subject.CLAIM, belonging.withdrawn_uid),
    Rule(
        "UID313", "issued-for-another-parent", _E, _REGISTRY, Subject.UID, belonging.issued_for_another_parent
    ),
    Rule("UID315", "changed-attributes", _N, _REGISTRY, Subject.INSTANCE, identity.changed_attributes),
    Rule("UID401", "mixed-modality-series", _E, _REGISTRY, Subject.SERIES, hierarchy.mixed_modality_series),
    Rule(
        "UID402",
        "incompatible-classes-in-series",
        _E,
        _REGISTRY,
        Subject.SERIES,
        hierarchy.incompatible_classes_in_series,
    ),
    Rule(
        "UID404",
        "mixed-frame-of-reference-series",
        _E,
        _REGISTRY,
        Subject.SERIES,
        hierarchy.mixed_frame_of_reference_series,
    ),
    Rule(
        "UID501",
        "derived-in-source-series",
        _E,
        _REGISTRY,
        Subject.INSTANCE,
        derivation.derived_in_source_series,
    ),
    Rule(
        "UID503",
        "derived-keeps-source-uid",
        _E,
        _REGISTRY,
        Subject.INSTANCE,
        derivation.derived_keeps_source_uid,
    ),
    Rule(
        "UID507",
        "reference-to-another-patient",
        _E,
        _REGISTRY,
        Subject.INSTANCE,
        reference.reference_to_another_patient,
        retractable=True,
    ),
    Rule(
        "UID510",
        "reference-parent-mismatch",
        _E,
        _REGISTRY,
        Subject.INSTANCE,
        reference.reference_parent_mismatch,
        retractable=True,
    ),
    Rule(
        "UID514",
        "derived-in-another-study",
        _W,
        _REGISTRY,
        Subject.INSTANCE,
        derivation.derived_in_another_study,
        retractable=True,
    ),
    Rule(
        "UID601", "media-storage-uid-mismatch", _E, _FILE, Subject.CLAIM, filemeta.media_storage_uid_mismatch
    ),
    Rule(
        "UID602",
        "media-storage-class-mismatch",
        _E,
        _FILE,
        Subject.CLAIM,
        filemeta.media_storage_class_mismatch,
    ),
    Rule("UID603", "unknown-transfer-syntax", _E, _FILE, Subject.CLAIM, filemeta.unknown_transfer_syntax),
    Rule("UID608", "unreadable-dicom", _E, _FILE, Subject.UNREADABLE, filemeta.unreadable_dicom),
)

_BY_CODE = {rule.code: rule for rule in RULES}
if len(_BY_CODE) != len(RULES):
    raise ValueError("a rule code is used twice")


def by_code(code: str) -> Rule:
    """The rule with a code, or with a name. Raises ``BadRequest`` for an unknown one."""
    wanted = code.strip()
    for rule in RULES:
        if wanted.upper() == rule.code or wanted.lower() == rule.name:
            return rule
    near = difflib.get_close_matches(wanted.lower(), [rule.name for rule in RULES], n=1)
    near = near or difflib.get_close_matches(wanted.upper(), _BY_CODE, n=1)
    meant = f"Did you mean {near[0]}? " if near else ""
    raise BadRequest(f"there is no rule {wanted!r}", advice=f"{meant}`uid-registry rule` lists them all.")


@dataclass(slots=True)
class Subjects:
    """What a batch gives the rules to look at."""

    claims: list[ObjectClaim] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    uids: set[str] = field(default_factory=set)
    instances: set[str] = field(default_factory=set)
    series: set[str] = field(default_factory=set)
    studies: set[str] = field(default_factory=set)
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
            case Subject.SHARED:
                return sorted(self.shared)


def ask(rules: Iterable[Rule], subjects: Subjects, view: View) -> Iterator[Finding]:
    """What the rules find in the subjects; a finding about a file carries its path."""
    listed = {subject: subjects.of(subject) for subject in Subject}
    for rule in rules:
        for subject in listed[rule.subject]:
            for finding in rule.find(subject, view):
                series = _series_of(finding, subject, view)
                path = subject.path or None if isinstance(subject, ObjectClaim | Unreadable) else None
                yield replace(finding, path=path, series_instance_uid=series)


def _series_of(finding: Finding, subject: Any, view: View) -> str | None:
    """The series of the object that a finding is about, where it is about one."""
    if finding.kind is Kind.SERIES:
        return finding.uid
    if finding.kind not in (Kind.INSTANCE, None):
        return None
    if isinstance(subject, ObjectClaim):
        return subject.series_instance_uid
    known = view.instances.get(finding.uid or "")
    return min(known.series, default=None) if known else None
