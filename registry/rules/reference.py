"""UID5, continued: do references lead where they say, and to the same patient."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from registry.facts import Facts
from registry.records import Finding, Kind, Patient, Reference, Severity
from registry.rules.base import Sighting, View, listed
from registry.sopclass import Family, family_of

_DECLARING = frozenset(
    {Family.SEG, Family.PM, Family.SR, Family.KO, Family.REG, Family.FID, Family.RWV, Family.ANN}
)
"""Families whose IODs make the evidence or Common Instance Reference (C.12.2) mandatory."""


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
    for reference in sorted(facts.references, key=_place):
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


def _patients(studies: set[str], view: View | Facts) -> set[Patient]:
    return {patient for study in studies for patient in view.patients.get(study, ())}


def is_explained(finding: Finding, facts: Facts) -> bool:
    """Whether other facts, as another key of the registry shows them, say that a reference leads
    to the same patient after all: what one key shows of a study may not be all of its patients."""
    if finding.code != _OF_ANOTHER_PATIENT or finding.uid not in facts.instances:
        return False
    studies = {uid for uid in finding.related if uid != finding.counterpart}
    own, others = _patients(facts.instances[finding.uid].studies, facts), _patients(studies, facts)
    return any(facts.one_patient(one, other) for one in own for other in others)


_OF_ANOTHER_PATIENT = "UID507"


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
    for target, group in groupby(sorted(view.instances[uid].references, key=_place), _target):
        if target == uid:
            continue  # UID503
        wrong: dict[tuple[str, str], set[str]] = {}  # as named -> where the target really is
        references = list(group)
        for reference in references:
            said, known = _said_and_known(reference, view)
            for level, name, real in zip(("series", "study"), said, known, strict=True):
                if name and real and name not in real:
                    wrong[level, name] = real
        if wrong:
            told = (f"{level} {name}, which is in {listed(real)}" for (level, name), real in wrong.items())
            yield Sighting(
                uid,
                f"names {target} in {' and '.join(told)}",
                Kind.INSTANCE,
                Severity.WARNING if all(_was_right(reference, view) for reference in references) else None,
                counterpart=target,
                related=(target, *dict.fromkeys(name for _, name in wrong)),
                evidence=tuple(sorted(set().union(*wrong.values()))),
            )


def _target(reference: Reference) -> str:
    return reference.target


def _place(reference: Reference) -> tuple[str, ...]:
    """The order in which an object's references are looked at: the same in every run."""
    return (reference.target, *(str(part) for part in reference[1:]))


def _said_and_known(
    reference: Reference, view: View
) -> tuple[tuple[str | None, str | None], tuple[set[str], set[str]]]:
    if reference.sop_instance_uid is None:
        series = view.series.get(reference.target)
        return (None, reference.study_instance_uid), (set(), series.studies if series else set())
    target = view.instances.get(reference.sop_instance_uid)
    known = (target.series, target.studies) if target else (set[str](), set[str]())
    return (reference.series_instance_uid, reference.study_instance_uid), known


def _was_right(reference: Reference, view: View) -> bool:
    """Whether a reference leads to where its target is or was."""
    said, _ = _said_and_known(reference, view)
    return all(name in was for name, was in zip(said, _former(reference, view), strict=True) if name)


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


def undeclared_other_study(uid: str, view: View) -> Iterator[Sighting]:
    """Finds objects that refer to another study without naming it.

    What it does
    Finds a segmentation, parametric map, report, key object selection, registration,
    annotation or mapping that refers to an instance of another study, where nothing
    in the object names that study: Studies Containing Other Referenced Instances,
    evidence and predecessor documents all do. Only targets that are known.

    Why it matters
    Without study and series an archive can't be asked for the target.

    Example
    Bad: a segmentation of a prior study's images, filed in today's study.
    Good: a report whose Pertinent Other Evidence names the prior study.

    What to do
    Write the object with Studies Containing Other Referenced Instances Sequence
    (0008,1200), or into the study that it is about.

    Standard
    PS3.3 C.12.2: required if the object refers to instances in other studies.
    """
    facts = view.instances[uid]
    if not facts.references or not {family_of(name) for name in facts.sop_classes} & _DECLARING:
        return
    named = {r.study_instance_uid for r in facts.references} | facts.studies
    other = {
        study
        for reference in facts.references
        if (known := _known_studies(reference, view)) and known.isdisjoint(named)
        for study in known
    }
    if other and facts.studies:
        yield Sighting(
            uid,
            f"refers to instances of {listed(other)} and doesn't name that study",
            Kind.INSTANCE,
            related=tuple(sorted(other))[:4],
            evidence=tuple(sorted(other)),
        )


def _known_studies(reference: Reference, view: View) -> set[str]:
    if reference.sop_instance_uid:
        target = view.instances.get(reference.sop_instance_uid)
        return target.studies if target else set()
    series = view.series.get(reference.target)
    return series.studies if series else set()


def reference_class_mismatch(uid: str, view: View) -> Iterator[Sighting]:
    """Finds references that name another SOP Class than their target has.

    What it does
    Compares Referenced SOP Class UID (0008,1150) with the class that the target was
    ever said to be of. Only for targets that are known.

    Why it matters
    A receiver picks its viewer by the class in the reference, and an archive answers
    a storage commitment for it with a conflict (status 0119).

    Example
    Bad: a reference that says CT Image Storage and leads to an Enhanced CT image.
    Good: a reference whose class is its target's.

    What to do
    Write the reference anew with the target's class: `uid-registry show TARGET` tells it.

    Standard
    PS3.3 section 10.8: it identifies the class of the referenced instance.
    """
    for reference in sorted(view.instances[uid].references, key=_place):
        said = reference.sop_class_uid
        if not said or reference.sop_instance_uid is None or reference.target == uid:
            continue
        target = view.instances.get(reference.sop_instance_uid)
        if target and target.sop_classes and said not in target.sop_classes:
            yield Sighting(
                uid,
                f"names {reference.target} as {said}, which is {listed(target.sop_classes)}",
                Kind.INSTANCE,
                counterpart=reference.target,
                related=(reference.target, said),
                evidence=tuple(sorted(target.sop_classes)),
            )


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
