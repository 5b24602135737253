"""UID3, continued: whose a UID is, and what it was issued for.

Studies, frames of reference and tracking identifiers belong to one patient; an
issued UID to the place that it was issued for.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from registry.records import Kind, Mark, ObjectClaim, Patient
from registry.rules.base import Sighting, View, listed


def study_of_two_patients(uid: str, view: View) -> Iterator[Sighting]:
    """Finds one Study Instance UID under two patients.

    What it does
    Compares Patient ID and its issuer as keyed fingerprints. An issuer missing on
    one side matches any; IDs that one object gives to one person (Other Patient
    IDs, Original Attributes) are one; an empty ID is compared with nothing.

    Why it matters
    Images of two people in one study: a mistake here is made at the bedside.

    Example
    Bad: a fixed Study Instance UID in an export program, used for every patient.
    Good: a study whose Patient ID was corrected, with the old one in Original
    Attributes.

    What to do
    Find out whose study it is. Copies for another patient (teaching, de-identified)
    need new UIDs.

    Standard
    PS3.3 A.1.2.2: a study belongs to exactly one patient.
    """
    if view.two_patients(view.patients.get(uid, set())):
        yield Sighting(
            uid,
            "belongs to two patients whose IDs can't be the same",
            Kind.STUDY,
            evidence=_counted(view.patients[uid]),
        )


def frame_of_reference_of_two_patients(uid: str, view: View) -> Iterator[Sighting]:
    """Finds one Frame of Reference UID under two patients.

    What it does
    Finds a frame of reference that objects of two patients share. The standard's
    well-known ones (atlases) are shared on purpose, and so are those that
    `shared_frames` in the configuration names.

    Why it matters
    Objects with one frame of reference are overlaid as they are: contours drawn
    on one person appear on another.

    Example
    Bad: a converter that writes a fixed Frame of Reference UID.
    Good: one per patient and position.

    What to do
    Issue one for each patient: `uid-registry issue frame_of_reference`.

    Standard
    PS3.3 C.7.4.1.1.1: images that share it shall be spatially related.
    """
    if uid in view.shared_frames or Kind.FRAME_OF_REFERENCE not in view.kinds.get(uid, set()):
        return
    if view.two_patients(view.patients.get(uid, set())):
        yield Sighting(
            uid,
            "is the frame of reference of two patients",
            Kind.FRAME_OF_REFERENCE,
            evidence=_counted(view.patients[uid]),
        )


def frame_of_reference_in_two_studies(uid: str, view: View) -> Iterator[Sighting]:
    """Finds frames of reference that lead from one study into another.

    What it does
    Finds a Frame of Reference UID (0020,0052) on series of two studies. The
    standard's well-known ones are shared on purpose.

    Why it matters
    It is right where one examination was filed as two (PET and CT), and wrong where
    a program copied the frame of a study into another.

    Example
    Bad: follow-up images that were given the baseline's Frame of Reference UID.
    Good: PET and CT of one session, billed as two studies.

    What to do
    If the objects aren't in one space, give the later ones a frame of reference of
    their own: `uid-registry issue frame_of_reference`.

    Standard
    PS3.3 C.7.4.1.1.1: several series within a study may share one; across studies
    it says nothing. Policy.
    """
    if Kind.FRAME_OF_REFERENCE not in view.kinds.get(uid, set()) or uid in view.shared_frames:
        return
    series = view.frame_series.get(uid, set())
    studies = {study for one in series if one in view.series for study in view.series[one].studies}
    if len(studies) > 1:
        yield Sighting(
            uid,
            f"is the frame of reference of {len(studies)} studies: {listed(studies)}",
            Kind.FRAME_OF_REFERENCE,
            related=tuple(sorted(studies))[:4],
            evidence=tuple(sorted(studies)),
        )


def specimen_or_device_reused(uid: str, view: View) -> Iterator[Sighting]:
    """Finds one UID on two specimens, or on two devices.

    What it does
    Finds a Specimen UID (0040,0554) with two Specimen Identifiers or under two
    patients, and a Device UID (0018,1002) with two makers, models or serial numbers.

    Why it matters
    A pathology result of one person is looked up under the specimen of another.

    Example
    Bad: a slide scanner that writes one Specimen UID for every slide.
    Good: several images of one slide, all with its Specimen UID.

    What to do
    Issue one for each: `uid-registry issue specimen`, `uid-registry issue device`.

    Standard
    PS3.3 C.7.6.22 and C.7.5.1: each identifies one thing. Remembered only while this
    rule is on.
    """
    kinds = view.kinds.get(uid, set())
    kind = next((kind for kind in (Kind.SPECIMEN, Kind.DEVICE) if kind in kinds), None)
    if kind is None:
        return
    described = view.labels.get((uid, Mark.DESCRIPTION), {})
    patients = {Patient(value[:16], value[16:]) for value in view.labels.get((uid, Mark.PATIENT), {})}
    if len(described) > 1:
        yield Sighting(
            uid, f"stands for {len(described)} {kind.words}s", kind, evidence=(str(len(described)),)
        )
    elif view.two_patients(patients):
        yield Sighting(uid, "is a specimen of two patients", kind, evidence=("patients",))


def tracking_uid_of_two_patients(uid: str, view: View) -> Iterator[Sighting]:
    """Finds one Tracking UID under two patients.

    What it does
    Finds a tracking identifier that findings of two patients share. Sharing
    inside one patient is what it is for.

    Why it matters
    It says that two lesions are the same lesion.

    Example
    Bad: a template with a fixed Tracking UID, used for every patient.
    Good: one lesion, followed over several studies of one patient.

    What to do
    Issue one for each thing that is tracked: `uid-registry issue tracking`.

    Standard
    PS3.3 C.8.20.4, PS3.16 TID 4108 (concept 112040).
    """
    if Kind.TRACKING in view.kinds.get(uid, set()) and view.two_patients(view.patients.get(uid, set())):
        yield Sighting(
            uid, "tracks findings of two patients", Kind.TRACKING, evidence=_counted(view.patients[uid])
        )


def withdrawn_uid(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds the use of a UID that was withdrawn.

    What it does
    Finds a UID of the object that someone withdrew (`uid-registry withdraw`).

    Why it matters
    It was taken out of use for a reason; `uid-registry history UID` tells it.

    Example
    Bad: an object under a UID that was withdrawn after a wrong export.
    Good: the corrected object under a new UID.

    What to do
    Read the reason with `uid-registry history UID`; give the object a new UID.

    Standard
    Policy of the registry, after the life cycle of ISO 13582.
    """
    for kind, uid in claim.identities:
        if view.is_withdrawn(uid):
            yield Sighting(uid, f"the {kind.words} UID {uid} was withdrawn", kind)


def issued_for_another_parent(uid: str, view: View) -> Iterator[Sighting]:
    """Finds issued UIDs that are used otherwise than they were issued for.

    What it does
    Finds an issued instance in another series or study, and an issued series in
    another study or with another modality, than it was issued for.

    Why it matters
    The ledger promises where an issued UID stands. Whoever relies on it is told
    the wrong place.

    Example
    Bad: a series issued for modality SEG in study A, written as SR into study B.
    Good: the UIDs of one `uid-registry derive` call in one object.

    What to do
    Issue a UID for the place where the object really is; withdraw the other:
    `uid-registry withdraw UID --reason TEXT`.

    Standard
    Policy of the registry.
    """
    if uid in view.instances:
        yield from _instance_elsewhere(uid, view)
    if uid in view.series:
        yield from _series_elsewhere(uid, view)


def _instance_elsewhere(uid: str, view: View) -> Iterator[Sighting]:
    facts = view.instances[uid]
    if facts.issued is None:
        return
    series = {
        place.series_instance_uid
        for place in facts.placements
        if place.series_instance_uid != facts.issued.series_instance_uid
        or place.study_instance_uid not in (None, facts.issued.study_instance_uid)
    }
    if series:
        yield Sighting(
            uid,
            f"was issued for series {facts.issued.series_instance_uid} of study "
            f"{facts.issued.study_instance_uid} and is used elsewhere, in {listed(series)}",
            Kind.INSTANCE,
            related=(facts.issued.series_instance_uid, *sorted(series)),
            evidence=tuple(sorted(facts.studies)),
        )


def _series_elsewhere(uid: str, view: View) -> Iterator[Sighting]:
    facts = view.series[uid]
    if facts.issued_study is None:
        return
    wrong = []
    if studies := facts.studies - {facts.issued_study}:
        wrong.append(f"study {facts.issued_study} and is used in {listed(studies)}")
    if facts.issued_modality and (modalities := facts.modalities - {facts.issued_modality}):
        wrong.append(f"modality {facts.issued_modality} and is used for {listed(modalities)}")
    if wrong:
        message = f"was issued for {'; for '.join(wrong)}"
        yield Sighting(
            uid,
            message,
            Kind.SERIES,
            related=(facts.issued_study, *sorted(studies)),
            evidence=tuple(sorted(facts.modalities)),
        )


def _counted(patients: AbstractSet[Patient]) -> tuple[str, ...]:
    """How many there are, so that one more is seen; objects often drop the issuer."""
    ids, issuers = {patient.token for patient in patients}, {patient.issuer for patient in patients} - {b""}
    return (f"{len(ids)} IDs", f"{len(issuers)} issuers")
