"""Which of the files that were checked may go on, and which are to be kept back.

A finding about a series, a study or a shared UID keeps back every file that names it:
which of them is wrong, nobody knows yet. What can't be laid to any file keeps back all.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from registry.records import Finding, ObjectClaim
from registry.rules.attributes import pseudonym
from registry.services.gathering import of_its_file

if TYPE_CHECKING:
    from registry.services.reports import Report


class SortedFiles(NamedTuple):
    """The files of a check by what came of it; what is no DICOM object is in neither."""

    passed: list[str]
    failed: dict[str, list[str]]  # each with the codes of the rules that keep it back


def sort(report: Report, fail_on: str = "error") -> SortedFiles:
    """The files of a check, in the order in which they were read.

    An archive is one file, which passes where all its members do.
    """
    held: dict[str, set[str]] = defaultdict(set)
    named = _Named(report.claims)
    for finding in report.failing(fail_on):
        for path in named.files(finding):
            held[_file(path)].add(finding.code)
    passed = dict.fromkeys(file for claim in report.claims if (file := _file(claim.path)) not in held)
    return SortedFiles(list(passed), {path: sorted(codes) for path, codes in held.items()})


class _Named:
    """Which files name a UID as their own, as that of what they are in, or as one that they share."""

    def __init__(self, claims: Iterable[ObjectClaim]) -> None:
        self._all = [claim.path for claim in claims]
        self._files: dict[str, list[str]] = defaultdict(list)
        for claim in claims:
            for uid in {*claim.place, *(uid for _, uid in claim.shared)}:
                if uid is not None:
                    self._files[uid].append(claim.path)
            if claim.patient is not None:
                self._files[pseudonym(claim.patient)].append(claim.path)

    def files(self, finding: Finding) -> Iterable[str]:
        if finding.path is not None and of_its_file(finding):
            return (finding.path, *finding.also)
        if files := self._files.get(finding.uid or ""):
            return files
        # What is recorded, and fails because of what came now: that is among what shows it.
        others = {uid for uid in (finding.counterpart, *finding.related) if uid in self._files}
        return [path for uid in sorted(others) for path in self._files[uid]] or self._all


def _file(path: str) -> str:
    """The file that holds an object: of a member of an archive that archive."""
    file = path
    while "!" in file and not os.path.lexists(file):
        file = file.rpartition("!")[0]
    return file or path
