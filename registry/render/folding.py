"""Findings that are alike, folded into one block of the table; the data formats hold each.

A wrong series has the same thing wrong in all of its thousand objects: that is one
piece of news. Alike are findings of one rule and severity that differ in nothing but
UIDs, about objects of one series.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from registry.records import Finding, Kind

_WHOLE = 3  # so many that are alike are still shown each by itself
_WHOLE_ELSEWHERE = 10  # where they are about no series, or about one each
_UID = re.compile(r"\d+(\.\d+)+")


@dataclass(slots=True)
class Block:
    """Findings that are alike."""

    first: Finding
    series: str | None
    of: str  # what they are about, in the plural
    count: int = 1


def folded(findings: Iterable[Finding]) -> Iterator[Block]:
    """The findings in their order, those that are alike as one block at the place of the first."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault(_likeness(finding), []).append(finding)
    for group in groups.values():
        first, series = group[0], _series(group[0])
        if len(group) <= (_WHOLE if series else _WHOLE_ELSEWHERE):
            yield from (Block(finding, _series(finding), "") for finding in group)
        else:
            yield Block(first, series, _nouns(first), len(group))


def _likeness(finding: Finding) -> tuple[object, ...]:
    shape = _UID.sub("", finding.message)
    return (finding.code, finding.severity, finding.acknowledged, finding.kind, _series(finding), shape)


def _series(finding: Finding) -> str | None:
    """The series of what a finding is about, where that is something in a series."""
    return None if finding.kind in (Kind.SERIES, Kind.STUDY) else finding.series_instance_uid


def _nouns(finding: Finding) -> str:
    if finding.kind is Kind.SERIES:
        return "series"
    if finding.kind is Kind.STUDY:
        return "studies"
    return "objects" if finding.path else "findings"
