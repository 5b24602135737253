"""UID4, continued: numbers and descriptions that tell when series were cut up or mixed."""

from __future__ import annotations

from collections.abc import Iterator

from registry.records import Kind, Mark
from registry.rules.base import Sighting, View, listed

_MANY = 4
"""Series of one instance each, of equal number and description, that are no chance."""


def series_per_instance(uid: str, view: View) -> Iterator[Sighting]:
    """Finds studies in which each image has a series of its own.

    What it does
    Finds four and more series of a study that hold one image each and have the
    same Series Number and Series Description. Only images count: segmentations,
    reports, presentation states and key objects mostly come one a series.

    Why it matters
    A volume in as many series as slices can't be shown or measured as a volume.

    Example
    Bad: a converter that issues a Series Instance UID for each slice that it writes.
    Good: four localizers with numbers of their own; four presentation states.

    What to do
    Write the objects again with one Series Instance UID for all of them.

    Standard
    PS3.3 A.1.2.3 says what a series is; that these are one is policy. Remembered
    only while this rule is on.
    """
    for series in view.labels.get((uid, Mark.SERIES_LOOK), {}).values():
        single = {one for one in series if len(_numbered(one, view)) == 1}
        if len(single) >= _MANY:
            yield Sighting(
                uid,
                f"{len(single)} series of one instance each have the same number and description: "
                f"{listed(single)}",
                Kind.STUDY,
                related=tuple(sorted(single))[:4],
                evidence=tuple(sorted(single)),
            )
            return


def _numbered(series: str, view: View) -> set[str]:
    labels = view.labels.get((series, Mark.INSTANCE_NUMBER), {})
    return {instance for instances in labels.values() for instance in instances}


def number_reused(uid: str, view: View) -> Iterator[Sighting]:
    """Finds numbers that are given twice.

    What it does
    Finds two series of a study with one Series Number, and two instances of a
    series with one Instance Number.

    Why it matters
    UIDs are what counts; but people and viewers sort by the numbers, and a repeated
    number often comes from a derived object that kept its source's.

    Example
    Bad: two maps in one series, both with Instance Number 1.
    Good: numbers 1 to 40 for forty slices.

    What to do
    Number the objects anew where they are made. Nothing is wrong with the UIDs.

    Standard
    PS3.3 C.7.3.1 and C.7.6.1: numbers identify for people. That they are unique is
    policy. Remembered only while this rule is on.
    """
    for mark, kind, what in (
        (Mark.SERIES_NUMBER, Kind.STUDY, "series with one Series Number"),
        (Mark.INSTANCE_NUMBER, Kind.SERIES, "instances with one Instance Number"),
    ):
        shared = [uids for uids in view.labels.get((uid, mark), {}).values() if len(uids) > 1]
        if shared:
            first = min(sorted(uids) for uids in shared)
            yield Sighting(
                uid,
                f"holds {what}: {listed(set(first))}",
                kind,
                related=tuple(first[:4]),
                evidence=tuple(sorted(uid for uids in shared for uid in uids)),
            )
