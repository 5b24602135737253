"""What a finding rests on: what its UID is recorded as, and what tells that from the file's claim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from registry.records import Finding, Kind, Place, Recorded
from registry.store import queries
from registry.store.session import Connection
from registry.uid import is_key

_KEYWORDS = {
    "series_instance_uid": "SeriesInstanceUID",
    "study_instance_uid": "StudyInstanceUID",
    "modality": "Modality",
    "sop_class_uid": "SOPClassUID",
}


_OF_ITS_SERIES = "modality"  # the ledger knows the modality of a series, no instance's own

_HIERARCHICAL = (Kind.SERIES, Kind.INSTANCE)  # what others are in is nobody's promise
_PATIENT_RULES = frozenset({"UID306", "UID309", "UID311", "UID507"})
"""Rules that compare the Patient ID, of which the ledger holds a keyed fingerprint alone."""

_ATTRIBUTE_RULES = frozenset({"UID403", "UID405", "UID406", "UID407"})
"""Rules whose evidence is the names of the attributes that disagree."""


def explained(connection: Connection, findings: Iterable[Finding]) -> list[Finding]:
    """The findings, each with what the ledger says of its UID; one question for all of them."""
    findings = list(findings)
    uids = {finding.uid for finding in findings if finding.uid and is_key(finding.uid)}
    known = queries.recorded(connection, uids)
    return [_with(finding, known.get(finding.uid or "")) for finding in findings]


def _with(finding: Finding, recorded: Recorded | None) -> Finding:
    differing: tuple[str, ...] = ("PatientID",) if finding.code in _PATIENT_RULES else ()
    if finding.code in _ATTRIBUTE_RULES:
        return replace(finding, recorded=recorded, disagrees=finding.evidence)
    if recorded is not None:
        differing += _disagreeing(finding.claimed, recorded.place)
    return replace(finding, recorded=recorded, disagrees=differing)


def _disagreeing(claimed: Place | None, recorded: Place) -> tuple[str, ...]:
    """The attributes in which a claim and the record differ; what one of them lacks differs in nothing."""
    if claimed is None or claimed.kind is not recorded.kind or claimed.kind not in _HIERARCHICAL:
        return ()
    return tuple(
        keyword
        for name, keyword in _KEYWORDS.items()
        if (name != _OF_ITS_SERIES or claimed.kind is Kind.SERIES)
        and (said := getattr(claimed, name))
        and (known := getattr(recorded, name))
        and said != known
    )
