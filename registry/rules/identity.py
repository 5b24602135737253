"""UID3: one UID, one thing. Collisions of instances, series, studies and shared UIDs.

Each rule looks at all claims ever made, refused ones too, so that the order in
which they came decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

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
        counts = tuple(f"{encoding} {count}" for encoding, count in sorted(per_encoding.items()))
        yield Sighting(uid, f"stands for {most} different contents", Kind.INSTANCE, evidence=counts)


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
    named = [(kind, uid) for kind, uid in claim.identities if kind in _ROLES]
    if len({uid for _, uid in named}) == len(named):
        return
    roles: dict[str, set[Kind]] = defaultdict(set)
    for kind, uid in named:
        roles[uid].add(kind)
    for uid, kinds in sorted(roles.items()):
        if len(kinds) > 1:
            yield Sighting(
                uid, f"is at once {_words(kinds)} of one object", min(kinds), evidence=_labels(kinds)
            )


_ROLES = frozenset({Kind.STUDY, Kind.SERIES, Kind.INSTANCE, Kind.FRAME_OF_REFERENCE, Kind.SPECIMEN})
"""Of which one object has each under a UID of its own."""


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
        yield Sighting(uid, f"is known as {_words(kinds)}", min(kinds), evidence=_labels(kinds))


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
    for attributes in view.instances[uid].contents.values():
        if len(attributes) > 1:
            yield Sighting(uid, "same content, other attributes than before", Kind.INSTANCE, Severity.NOTE)
            return


def _labels(kinds: AbstractSet[Kind]) -> tuple[str, ...]:
    return tuple(kind.label for kind in sorted(kinds))


def _words(kinds: AbstractSet[Kind]) -> str:
    return " and ".join(kind.words for kind in sorted(kinds))
