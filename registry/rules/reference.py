"""UID5, continued: do references lead where they say, and to the same patient."""

from __future__ import annotations

from collections.abc import Iterator

from registry.records import Kind, Patient, Reference, Severity
from registry.rules.base import Sighting, View, listed


def reference_to_another_patient(uid: str, view: View) -> Iterator[Sighting]:
    """Finds objects that refer to objects of another patient.

    What it does
    Compares the patients of the object's study with those of each study that it
    refers to, as UID306 compares them. Only where the studies differ.

    Why it matters
    A report or contour of one person, drawn on the images of another.

    Example
    Bad: a structure set whose references lead to the study of another patient.
    Good: a report that refers to a prior study of the same patient.

    What to do
    Check which images the object was made from, and make it anew.

    Standard
    PS3.3 A.1.2.1: the model has one patient above study, series and instance.
    """
    facts = view.instances[uid]
    own_studies = facts.studies
    own = _patients(own_studies, view)
    if not facts.references or not own:
        return
    strangers: dict[str, bool] = {}
    for reference in sorted(facts.references, key=lambda reference: reference.target):
        for study in sorted(studies_of(reference, view) - own_studies):
            if study not in strangers:
                others = _patients({study}, view)
                strangers[study] = bool(others) and not any(
                    view.one_patient(one, other) for one in own for other in others
                )
            if strangers[study]:
                yield Sighting(
                    uid,
                    f"refers to {reference.target} in study {study}, which belongs to another patient",
                    Kind.INSTANCE,
                    counterpart=reference.target,
                    related=(reference.target, study),
                )
                break


def _patients(studies: set[str], view: View) -> set[Patient]:
    return {patient for study in studies for patient in view.patients.get(study, ())}


def reference_parent_mismatch(uid: str, view: View) -> Iterator[Sighting]:
    """Finds references that name the wrong series or study for their target.

    What it does
    Compares the Series and Study Instance UID that stand around a reference with
    those that the target was ever said to be in. Only for targets that are known.
    A warning where it named the right ones until somebody decided that the target
    is elsewhere (`uid-registry resolve`).

    Why it matters
    Whoever follows the reference asks the archive for the wrong series and gets
    nothing.

    Example
    Bad: a report copied into a new study whose evidence still names the old one.
    Good: evidence with the study and series that the images are in.

    What to do
    Write the reference anew with the target's series and study:
    `uid-registry show TARGET` tells them.

    Standard
    PS3.3 section 10.4 and C.12.2: the items carry the target's own series and study.
    """
    for reference in sorted(view.instances[uid].references, key=lambda reference: reference.target):
        if reference.target == uid:
            continue  # UID503
        said, known = _said_and_known(reference, view)
        wrong = [
            f"{level} {name}, which is in {listed(real)}"
            for level, name, real in zip(("series", "study"), said, known, strict=True)
            if name and real and name not in real
        ]
        if wrong:
            was_right = all(
                name in was for name, was in zip(said, _former(reference, view), strict=True) if name
            )
            yield Sighting(
                uid,
                f"names {reference.target} in {' and '.join(wrong)}",
                Kind.INSTANCE,
                Severity.WARNING if was_right else None,
                counterpart=reference.target,
                related=(reference.target, *(name for name in said if name)),
            )


def _said_and_known(
    reference: Reference, view: View
) -> tuple[tuple[str | None, str | None], tuple[set[str], set[str]]]:
    if reference.sop_instance_uid is None:
        series = view.series.get(reference.target)
        return (None, reference.study_instance_uid), (set(), series.studies if series else set())
    target = view.instances.get(reference.sop_instance_uid)
    known = (target.series, target.studies) if target else (set[str](), set[str]())
    return (reference.series_instance_uid, reference.study_instance_uid), known


def _former(reference: Reference, view: View) -> tuple[set[str | None], set[str | None]]:
    """The series and studies in which a reference's target is or was, before somebody decided otherwise."""
    if reference.sop_instance_uid is None:
        series = view.series.get(reference.target)
        return set(), {*series.former, *series.studies} if series else set()
    target = view.instances.get(reference.sop_instance_uid)
    if target is None:
        return set(), set()
    places = target.placements | target.former | ({target.issued} if target.issued else set())
    return {place.series_instance_uid for place in places}, {place.study_instance_uid for place in places}


def studies_of(reference: Reference, view: View) -> set[str]:
    """The studies that a reference leads into: as is known, else as it says."""
    known: set[str] = set()
    if reference.sop_instance_uid:
        if reference.sop_instance_uid in view.instances:
            known = view.instances[reference.sop_instance_uid].studies
    elif reference.target in view.series:
        known = view.series[reference.target].studies
    if known or not reference.study_instance_uid:
        return known
    return {reference.study_instance_uid}
