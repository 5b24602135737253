"""What an object must say and doesn't: its patient (UID4), its sources (UID5).

Asked only of whole objects: a row of an index, which may leave anything out, is
never incomplete.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from registry.records import Kind, ObjectClaim, Severity
from registry.rules.base import Sighting, View
from registry.sopclass import Family, family_of, has_patient


def empty_patient_id(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds objects without a Patient ID.

    What it does
    Finds an absent or empty Patient ID (0010,0020) in an object of a class that
    has a patient. One finding a study. Color palettes, hanging protocols, implant
    templates and inventories have none and need none; of a row of an index nothing
    is known.

    Why it matters
    Nobody can tell whose object it is; archives make one patient of all who have
    no ID, and the registry can compare it with nothing.

    Example
    Bad: an image with an empty (0010,0020).
    Good: an image with a pseudonym as Patient ID.

    What to do
    Write the Patient ID, or a pseudonym, into the objects of the study.

    Standard
    PS3.3 section C.7.1.1: type 2, so that an empty value is allowed. That it is a
    warning is policy.
    """
    if not claim.whole or claim.patient is not None or not has_patient(claim.sop_class_uid):
        return
    uids = (claim.study_instance_uid, claim.series_instance_uid, claim.sop_instance_uid)
    kinds = (Kind.STUDY, Kind.SERIES, Kind.INSTANCE)
    # What has none of the three is told by UID109, and is nobody's anyway.
    for uid, kind in zip(uids, kinds, strict=True):
        if uid:
            yield Sighting(uid, "has no Patient ID", kind)
            return


def derived_without_source(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds objects that must name what they were made from, and don't.

    What it does
    Finds a presentation state, key object selection or real world value mapping
    without any reference; a segmentation without any reference that has no frame
    of reference either (with one it is a note); a registration or a set of
    fiducials that names neither images nor frames of reference; a plan with the
    geometry PATIENT that names no structure set; a dose of a plan or of parts of
    one that names no plan, a dose of a record that names no record. Silent: an
    image that says it is derived (its sources are optional), parametric maps,
    structure sets, reports, and rows of an index, of which nothing is known.

    Why it matters
    Nobody can tell what the object is about, viewers can't lay it over anything,
    and whether it stands in its source's series can't be checked.

    Example
    Bad: a presentation state without Referenced Series Sequence (0008,1115).
    Good: a segmentation with a Source Image in its Derivation Image Sequence.

    What to do
    Write the references that the object's class demands, and name the sources
    when its UIDs are issued: `uid-registry derive SOURCE --modality CS`.

    Standard
    PS3.3 C.11.11, C.17.6.2, C.25.2 (type 1), A.51.5, C.20.2, C.21.2, C.8.8.9 and
    C.8.8.3 (type 1C). That a segmentation which a frame of reference alone places
    is told, as a note, is policy.
    """
    family = family_of(claim.sop_class_uid)
    if not claim.whole or family not in _DEMANDING:
        return
    if any(bad.where.endswith(_REFERENCE) for bad in claim.bad_uids):
        return  # it does name something, under a UID that isn't one (UID101)
    severity, lacking = Severity.WARNING, ""
    named = {family_of(reference.sop_class_uid) for reference in claim.references}
    if any(reference.sop_class_uid is None for reference in claim.references):
        named |= set(Family)  # one that doesn't say its class may be what is looked for
    placed = any(kind is Kind.FRAME_OF_REFERENCE for kind, _ in claim.shared)
    match family:
        case Family.PR | Family.KO | Family.RWV if not claim.references:
            lacking = "any other object"
        case Family.SEG if not claim.references:
            lacking = "any image"
            severity = Severity.NOTE if placed else Severity.WARNING
        case Family.REG | Family.FID if not claim.references and not placed:
            lacking = "any image or frame of reference"
        case Family.RTPLAN if claim.plan_geometry == "PATIENT" and Family.RTSTRUCT not in named:
            lacking = "any structure set, though its geometry is PATIENT"
        case Family.RTDOSE if claim.dose_summation_type in _DOSES_OF_A_PLAN and Family.RTPLAN not in named:
            lacking = f"any plan, though its dose summation type is {claim.dose_summation_type}"
        case Family.RTDOSE if claim.dose_summation_type == "RECORD" and Family.RTRECORD not in named:
            lacking = "any treatment record, though its dose summation type is RECORD"
    if lacking:
        yield Sighting(
            claim.sop_instance_uid, f"this {family} doesn't name {lacking}", Kind.INSTANCE, severity
        )


def demanding(subjects: Any, _view: View) -> bool:
    """Whether ``derived_without_source`` may find anything."""
    classes = {claim.sop_class_uid for claim in subjects.claims}
    return any(family_of(sop_class) in _DEMANDING for sop_class in classes)


_DEMANDING = frozenset(
    {
        Family.PR,
        Family.KO,
        Family.RWV,
        Family.SEG,
        Family.REG,
        Family.FID,
        Family.RTPLAN,
        Family.RTDOSE,
    }
)
"""Families whose IODs demand a reference, always or under a condition."""

_REFERENCE = "ReferencedSOPInstanceUID"

_DOSES_OF_A_PLAN = frozenset(
    """PLAN MULTI_PLAN FRACTION BEAM BRACHY FRACTION_SESSION BEAM_SESSION BRACHY_SESSION
    CONTROL_POINT""".split()
)
