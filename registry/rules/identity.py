"""UID3: one UID, one thing. Collisions of instances, series, studies and shared UIDs.

Each rule looks at all claims ever made, refused ones too, so that the order in
which they came decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from registry.facts import identities
from registry.records import Kind, ObjectClaim, Severity
from registry.rules.base import Sighting, View, listed


def changed_content(uid: str, view: View) -> Iterator[Sighting]:
    """Finds one SOP Instance UID on objects with different content.

    What it does
    Compares keyed digests of what an object is made of: pixels, waveforms, the
    encapsulated document, or the parsed content of objects without any of these
    (reports, presentation states, structure sets). Native encodings compare with
    each other, compressed ones only with the same transfer syntax.

    Why it matters
    Two different images under one UID: an archive keeps one of them and answers
    "stored" for both.

    Example
    Bad: a denoised image saved under the UID of the image it was made from.
    Good: the same object again, rewritten by another toolkit or with a corrected
    patient name.

    What to do
    Find out which object the UID was given to; give the other a UID of its own:
    `uid-registry issue instance --series UID`.

    Standard
    PS3.5 chapter 9; PS3.3 C.7.6.1.1.2: a derived image whose pixels differ in a
    way that matters shall have another UID.
    """
    per_encoding: dict[str, int] = defaultdict(int)
    for content in view.instances[uid].contents:
        per_encoding[content.encoding] += 1
    most = max(per_encoding.values(), default=0)
    if most > 1:
        yield Sighting(uid, f"stands for {most} different contents", Kind.INSTANCE)


def instance_in_two_series(uid: str, view: View) -> Iterator[Sighting]:
    """Finds one SOP Instance UID in several series.

    What it does
    Finds an instance that objects put into more than one series.

    Why it matters
    An instance belongs to one series. Copies in another series need new UIDs;
    archives keep both, or lose one, and every reference to it becomes unclear.

    Example
    Bad: images copied into a new series with their old SOP Instance UIDs.
    Good: copies with new SOP Instance UIDs.

    What to do
    Give the copies UIDs of their own: `uid-registry derive SOURCE --modality CS`.

    Standard
    PS3.3 A.1.2.4: a composite instance is contained in exactly one series.
    """
    series = {place.series_instance_uid for place in view.instances[uid].placements}
    if len(series) > 1:
        yield Sighting(
            uid, f"is in {len(series)} series: {listed(series)}", Kind.INSTANCE, related=tuple(sorted(series))
        )


def instance_in_two_studies(uid: str, view: View) -> Iterator[Sighting]:
    """Finds one SOP Instance UID in several studies.

    What it does
    Finds an instance that objects put into more than one study.

    Why it matters
    The same image answers for two examinations, often of two people.

    Example
    Bad: a study sent again under another Study Instance UID, its images unchanged.
    Good: a copy with new study, series and instance UIDs.

    What to do
    Find out which study is right. A copy needs UIDs of its own:
    `uid-registry derive SOURCE --modality CS`.

    Standard
    PS3.3 A.1.2.3 and A.1.2.4.
    """
    studies = {p.study_instance_uid for p in view.instances[uid].placements if p.study_instance_uid}
    if len(studies) > 1:
        yield Sighting(
            uid,
            f"is in {len(studies)} studies: {listed(studies)}",
            Kind.INSTANCE,
            related=tuple(sorted(studies)),
        )


def instance_of_two_classes(uid: str, view: View) -> Iterator[Sighting]:
    """Finds one SOP Instance UID on objects of different SOP Classes.

    What it does
    Finds an instance whose SOP Class UID isn't the same in all objects.

    Why it matters
    An object can't be a CT image and a segmentation: one of them took the
    other's UID.

    Example
    Bad: an enhanced multi-frame object that keeps the UID of its first slice.
    Good: a new UID for the converted object.

    What to do
    Give the later object a UID of its own: `uid-registry issue instance --series UID`.

    Standard
    PS3.3 C.12.1, PS3.4 (status 0119, class-instance conflict).
    """
    classes = view.instances[uid].sop_classes
    if len(classes) > 1:
        yield Sighting(
            uid,
            f"is of {len(classes)} SOP Classes: {listed(classes)}",
            Kind.INSTANCE,
            related=tuple(sorted(classes)),
        )


def series_in_two_studies(uid: str, view: View) -> Iterator[Sighting]:
    """Finds one Series Instance UID in several studies.

    What it does
    Finds a series that objects put into more than one study.

    Why it matters
    A series belongs to one study. Viewers mix the two, exports take half of it.

    Example
    Bad: a study split in two after the examination, the series left in both.
    Good: a series moved whole, all its objects changed.

    What to do
    Find out which study is right and correct the other objects.

    Standard
    PS3.3 A.1.2.3: each series belongs to exactly one study.
    """
    studies = view.series[uid].studies
    if len(studies) > 1:
        yield Sighting(
            uid,
            f"is in {len(studies)} studies: {listed(studies)}",
            Kind.SERIES,
            related=tuple(sorted(studies)),
        )


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
        yield Sighting(uid, "belongs to two patients whose IDs can't be the same", Kind.STUDY)


def uid_in_two_roles(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds one UID in two roles inside one object.

    What it does
    Finds a UID that is at once study, series, instance, frame of reference or
    specimen of the same object.

    Why it matters
    A UID names one thing. Databases that key on it mix up the levels.

    Example
    Bad: Frame of Reference UID equal to the Study Instance UID.
    Good: four different UIDs.

    What to do
    Give each role a UID of its own: `uid-registry issue KIND`.

    Standard
    PS3.5 chapter 9: a UID can't identify both a study and a series.
    """
    roles: dict[str, set[Kind]] = defaultdict(set)
    for kind, uid in identities(claim):
        if kind <= Kind.FRAME_OF_REFERENCE or kind is Kind.SPECIMEN:
            roles[uid].add(kind)
    for uid, kinds in sorted(roles.items()):
        if len(kinds) > 1:
            yield Sighting(uid, f"is at once {_words(kinds)} of one object", min(kinds))


def uid_of_two_kinds(uid: str, view: View) -> Iterator[Sighting]:
    """Finds a UID that is known as another kind of thing.

    What it does
    Finds a UID that objects or requests use for two kinds, in any two objects:
    a series here, a study there.

    Why it matters
    UIDs are one namespace over all kinds: the second use is a collision even
    though each level alone looks fine.

    Example
    Bad: a Series Instance UID that another file uses as Study Instance UID.
    Good: a Frame of Reference UID shared by several series of a study.

    What to do
    Find out which use came first and give the other a UID of its own:
    `uid-registry history UID`.

    Standard
    PS3.5 chapter 9: the same UID can't identify a study and a series, "within
    that study or a different study".
    """
    kinds = view.kinds[uid]
    if len(kinds) > 1:
        yield Sighting(uid, f"is known as {_words(kinds)}", min(kinds))


def frame_of_reference_of_two_patients(uid: str, view: View) -> Iterator[Sighting]:
    """Finds one Frame of Reference UID under two patients.

    What it does
    Finds a frame of reference that objects of two patients share. The standard's
    well-known ones (atlases) are shared on purpose.

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
    if Kind.FRAME_OF_REFERENCE in view.kinds.get(uid, set()) and view.two_patients(
        view.patients.get(uid, set())
    ):
        yield Sighting(uid, "is the frame of reference of two patients", Kind.FRAME_OF_REFERENCE)


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
        yield Sighting(uid, "tracks findings of two patients", Kind.TRACKING)


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
    for kind, uid in identities(claim):
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
        yield Sighting(uid, message, Kind.SERIES, related=(facts.issued_study, *sorted(studies)))


def changed_attributes(uid: str, view: View) -> Iterator[Sighting]:
    """Finds objects with the same content and other attributes under one UID.

    What it does
    Compares keyed digests of the whole data set where the content is the same.
    Group lengths, padding, sequence encoding, byte order and the file meta
    information don't count.

    Why it matters
    Mostly it doesn't: a corrected patient name or a converter's rewrite. It is
    told so that a person can see that the object was changed.

    Example
    Bad: an image whose geometry was edited under its old UID.
    Good: the same file, received twice.

    What to do
    Nothing, if the change was meant; otherwise compare the two files.

    Standard
    PS3.3 C.12.1 leaves to the writer which changes need a new UID. Policy.
    """
    if any(len(attributes) > 1 for attributes in view.instances[uid].contents.values()):
        yield Sighting(uid, "same content, other attributes than before", Kind.INSTANCE, Severity.NOTE)


def _words(kinds: AbstractSet[Kind]) -> str:
    return " and ".join(kind.words for kind in sorted(kinds))
