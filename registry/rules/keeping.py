"""Objects that were made anew or moved, and kept a UID that they shouldn't have kept."""

from __future__ import annotations

from collections.abc import Iterator

from registry.records import Kind, Mark
from registry.rules.base import Sighting, View, listed
from registry.sopclass import Family, family_of


def lossy_keeps_uid(uid: str, view: View) -> Iterator[Sighting]:
    """Finds lossy copies under the SOP Instance UID of what they were made of.

    What it does
    Finds an instance of which one content has been compressed with loss (Lossy Image
    Compression (0028,2110) is 01, or the transfer syntax always loses something)
    and another has not.

    Why it matters
    Two different images answer to one UID: a measurement made on the one can't be
    repeated on the other.

    Example
    Bad: a JPEG Baseline copy sent under the UID of the uncompressed image.
    Good: the copy with a new SOP Instance UID, DERIVED, and its source named.

    What to do
    Give the lossy copy a UID of its own: `uid-registry issue instance --series UID`.

    Standard
    PS3.3 C.7.6.1.1.5: a lossy compressed image shall receive a new SOP Instance UID.
    """
    contents = view.instances[uid].lossy
    if len(contents) > 1 and {True, False} <= {lost for flags in contents.values() for lost in flags}:
        yield Sighting(uid, "stands for an image and for a lossy copy of it", Kind.INSTANCE)


def changed_document_keeps_uid(uid: str, view: View) -> Iterator[Sighting]:
    """Finds reports and key object selections that were changed under their old UID.

    What it does
    Finds a structured report or key object selection whose UID stands for two
    different contents. UID301 finds it too; this rule tells what to do instead.

    Why it matters
    Whoever refers to the first version finds the second.

    Example
    Bad: a corrected report saved under the UID of the wrong one.
    Good: a new SOP Instance UID and the wrong one in Predecessor Documents.

    What to do
    Write the new version with a SOP Instance UID of its own and name the old one in
    Predecessor Documents Sequence (0040,A360): `uid-registry issue instance --series UID`.

    Standard
    PS3.3 C.17.2.3 (Predecessor Documents), PS3.4 on SR storage: an amended document
    is a new instance.
    """
    facts = view.instances[uid]
    families = {family_of(name) for name in facts.sop_classes}
    if len(facts.contents) > 1 and families & {Family.SR, Family.KO}:
        yield Sighting(
            uid,
            f"was changed under its old UID: {len(facts.contents)} contents",
            Kind.INSTANCE,
            evidence=(str(len(facts.contents)),),
        )


def coerced_without_original_attributes(uid: str, view: View) -> Iterator[Sighting]:
    """Finds objects that were moved without saying so.

    What it does
    Finds an instance that is known in two places (series or study) where no object
    of it holds an Original Attributes Sequence (0400,0561) that says why.

    Why it matters
    An archive may change Study or Series Instance UID when it merges examinations;
    without a trace nobody can tell a correction from a collision.

    Example
    Bad: the same image under two studies, neither saying that it was moved.
    Good: the moved one with its former Study Instance UID in Original Attributes.

    What to do
    Let the system that moved it write Original Attributes; say which place is right
    with `uid-registry resolve UID --keep ENTRY --reason TEXT`.

    Standard
    PS3.4 B.4.1.3 (coercion), PS3.18 10.5.3: the sequence shall be there when stored
    attributes were changed. Remembered only while this rule is on.
    """
    facts = view.instances[uid]
    if len(facts.series) < 2 and len(facts.studies) < 2:
        return
    if (uid, Mark.CORRECTED) not in view.labels:
        yield Sighting(
            uid,
            f"is in {listed(facts.series)}; no object of it says that it was moved",
            Kind.INSTANCE,
            related=tuple(sorted(facts.series))[:4],
            evidence=tuple(sorted(facts.series | facts.studies)),
        )
