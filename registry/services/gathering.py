"""Findings about one study, series or shared UID that several objects of a batch show: told once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from registry.records import Finding, Kind, Severity

_OF_A_FILE = "UID109"
"""Its subject may be the series of an object without a UID of its own; what lacks something is the object."""


def of_its_file(finding: Finding) -> bool:
    """Whether a finding is about the file that it was found in, and not about what many files share."""
    return finding.path is not None and (finding.kind in (None, Kind.INSTANCE) or finding.code == _OF_A_FILE)


def gathered(found: Iterable[Finding]) -> list[Finding]:
    """The findings in their order, those about one thing that many files share as one: the
    gravest, with all that shows it. Those about a file stay, each with its file."""
    several: dict[tuple[object, ...], list[Finding]] = {}
    for finding in found:
        if of_its_file(finding):
            several[len(several), finding.path] = [finding]
        else:
            several.setdefault((*finding.key, finding.kind), []).append(finding)
    return [joined(group) for group in several.values()]


def joined(group: list[Finding]) -> Finding:
    """Several findings about one thing as one."""
    if len(group) == 1:
        return group[0]
    gravest = max(group, key=lambda finding: finding.severity)
    return replace(
        gravest,
        weight=max(_weight(finding) for finding in group),
        related=_all_of(finding.related for finding in group),
        evidence=_all_of(finding.evidence for finding in group),
    )


def _weight(finding: Finding) -> Severity:
    return finding.severity if finding.weight is None else finding.weight


def _all_of(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({text for part in parts for text in part}))
