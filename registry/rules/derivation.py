"""UID5: derived objects and what they refer to.

All of it is decided from what an object says of its sources and from what is
known of them, so the derived object may arrive before its source or after it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from registry.facts import InstanceFacts
from registry.modality import TERMS
from registry.records import Kind, Reference, Role, Severity, Trait
from registry.rules.base import Sighting, View, listed
from registry.rules.reference import studies_of
from registry.sopclass import STORAGE, Family, family_of

_BLENDING_CLASSES = frozenset({f"{STORAGE}.11.4", f"{STORAGE}.11.8"})
_LEGAL_BESIDE_SOURCE = frozenset(
    {Trait.PYRAMID, Trait.CONCATENATION, Trait.FRAME_EXTRACTION, Trait.LOSSY, Trait.RECODED}
)


@dataclass(slots=True)
class _Reuse:
    """References of one object that lead into its own series."""

    severity: Severity = Severity.NOTE
    families: set[Family] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)


def derived_in_source_series(uid: str, view: View) -> Iterator[Sighting]:
    """Finds derived objects that stand in the series of their source.

    What it does
    Finds an object whose Series Instance UID is that of a series, or of an
    instance's series, that it refers to. The references alone suffice: the source
    may arrive later, or never. An error if the object is of another family than
    its target (a segmentation, report, presentation state, plan in the series of
    the images), a warning while the target's class isn't known. An image made
    from an image of its series is a warning; a note if it is a pyramid level, part
    of a concatenation, an extracted frame, the lossy copy, or a compressed copy that
    names its source as its Uncompressed predecessor (121320, DCM). Silent: Referenced
    Image, raw data, waveform, stereo and predecessor references between images;
    objects that refer to their own family (an amended report, a plan's
    predecessor); raw data and private classes.

    Why it matters
    A derived object is made by other equipment, mostly of another modality, and
    so belongs to a series of its own. In its source's series, viewers show it as
    one more image, worklists count it as one, and exports leave it out or take it
    twice. No archive notices.

    Example
    Bad: `Segmentation(..., series_instance_uid=ct.SeriesInstanceUID)`.
    Good: `Segmentation(..., series_instance_uid=` a UID from `uid-registry derive` `)`.

    What to do
    Give the object a series of its own: `uid-registry derive SOURCE --modality CS`
    prints study, series and instance UIDs to write into it.

    Standard
    PS3.3 A.1.2.3 (one modality, one equipment a series), C.11.9 (presentation
    states), C.17.1 (reports do not reside in a series of images). That an image
    derived from an image gets a series of its own is policy, and so is the rule
    for parametric maps, whose Modality may be that of the source.
    """
    facts = view.instances[uid]
    own_families = {family for name in facts.sop_classes if (family := family_of(name))}
    if not facts.references or not own_families:
        return
    found: dict[str, _Reuse] = defaultdict(_Reuse)
    own_series = facts.series
    for reference in facts.references:
        # What names its own UID (UID503) leads where it says, not where it stands itself.
        reused = own_series & (_said(reference) if reference.target == uid else _series_of(reference, view))
        severity, families = _gravity(reference, own_families, facts, view)
        if not reused or severity is None:
            continue
        for series in reused:
            reuse = found[series]
            reuse.severity = max(reuse.severity, severity)
            reuse.families |= families
            reuse.targets.add(reference.target)
    for series, reuse in sorted(found.items()):
        own = " and ".join(sorted(own_families))
        what = " and ".join(sorted(reuse.families)) or "object of a class that isn't known here"
        targets = reuse.targets - {series, uid}
        where = f" ({listed(targets)})" if targets else ""
        yield Sighting(
            uid,
            f"{own} in series {series}, which is the series of the {what} it refers to{where}",
            Kind.INSTANCE,
            reuse.severity,
            counterpart=series,
            related=(series, *sorted(targets)[:8]),
            evidence=(*sorted(targets), *sorted(own_families), *sorted(reuse.families)),
            fix=_way_out(uid, series, own_families, view),
        )


def _series_of(reference: Reference, view: View) -> set[str]:
    """The series that a reference leads into: as it says, and as is known."""
    said = _said(reference)
    known = view.instances.get(reference.sop_instance_uid or "")
    return said | known.series if known else said


def _said(reference: Reference) -> set[str]:
    return {reference.series_instance_uid} if reference.series_instance_uid else set()


def _gravity(
    reference: Reference, own_families: set[Family], facts: InstanceFacts, view: View
) -> tuple[Severity | None, set[Family]]:
    """How grave it is to share a series with the target; None if it is legal."""
    classes = _classes_of(reference, view)
    targets = {family for name in classes if (family := family_of(name))}
    if not classes:
        image_from_unknown = own_families == {Family.IMAGE} and reference.role is not Role.SOURCE
        return (None if image_from_unknown else Severity.WARNING), targets
    if targets - own_families:
        return Severity.ERROR, targets - own_families
    if Family.IMAGE in targets and reference.role is Role.SOURCE:
        return (Severity.NOTE if facts.traits & _LEGAL_BESIDE_SOURCE else Severity.WARNING), targets
    return None, targets


def _classes_of(reference: Reference, view: View) -> set[str]:
    """The target's SOP Classes: as the reference says, else as is known."""
    if reference.sop_class_uid:
        return {reference.sop_class_uid}
    if reference.sop_instance_uid:
        known = view.instances.get(reference.sop_instance_uid)
        return known.sop_classes if known else set()
    series = view.series.get(reference.target)
    return series.sop_classes if series else set()


def _way_out(uid: str, series: str, own_families: set[Family], view: View) -> str:
    """The command that gives the object a series of its own."""
    facts = view.instances[uid]
    study = min((p.study_instance_uid for p in facts.placements if p.study_instance_uid), default="UID")
    modality = next((_MODALITIES[family] for family in sorted(own_families) if family in _MODALITIES), None)
    if modality is None:
        # Of an image or a map it may be the source's; a term that nobody may issue for becomes OT.
        known = view.series.get(series)
        own = facts.modalities or (known.modalities if known else set())
        modality = min(own & TERMS, default="OT")
    return (
        "give the object a series of its own and write it anew: "
        f"uid-registry issue series --study {study} --modality {modality} --source {series}"
    )


_MODALITIES = {
    Family.SEG: "SEG",
    Family.SR: "SR",
    Family.KO: "KO",
    Family.PR: "PR",
    Family.RTSTRUCT: "RTSTRUCT",
    Family.RTPLAN: "RTPLAN",
    Family.RTDOSE: "RTDOSE",
    Family.RTRECORD: "RTRECORD",
    Family.REG: "REG",
    Family.FID: "FID",
    Family.ANN: "ANN",
    Family.RWV: "RWV",
}
"""Of the families whose objects have one Modality."""


def derived_keeps_source_uid(uid: str, view: View) -> Iterator[Sighting]:
    """Finds objects that carry the SOP Instance UID of their own source.

    What it does
    Finds an object that names its own SOP Instance UID as what it was made from:
    through the source and derivation macros, or as an object of another family.
    A plain reference to itself is a warning.

    Why it matters
    The derived object takes the place of its source: the archive keeps one of
    them, and the reference leads nowhere.

    Example
    Bad: `Segmentation(..., sop_instance_uid=ct.SOPInstanceUID)`.
    Good: a SOP Instance UID from `uid-registry derive`.

    What to do
    Give the object a SOP Instance UID of its own: `uid-registry derive SOURCE --modality CS`.

    Standard
    PS3.3 C.7.6.1.1.2: a derived image whose pixels differ shall have a UID
    different from all its sources.
    """
    facts = view.instances[uid]
    own_families = {family_of(name) for name in facts.sop_classes}
    selves = [reference for reference in facts.references if reference.sop_instance_uid == uid]
    if not selves:
        return
    grave = any(
        reference.role is Role.SOURCE
        or (
            reference.sop_class_uid
            and own_families
            and family_of(reference.sop_class_uid) not in own_families
        )
        for reference in selves
    )
    yield Sighting(
        uid,
        "names its own SOP Instance UID as its source" if grave else "refers to itself",
        Kind.INSTANCE,
        Severity.ERROR if grave else Severity.WARNING,
        counterpart=uid,
    )


def derived_in_another_study(uid: str, view: View) -> Iterator[Sighting]:
    """Finds derived objects that stand in a study of none of their sources.

    What it does
    Finds an object of which no source is in its own study, as far as all its
    sources' studies are known. An error for presentation states (blending ones
    excepted), a warning for segmentations, parametric maps and reports, a note
    for key objects and RT objects, where teaching files and adaptive plans do so.

    Why it matters
    Nobody who opens the examination finds the object.

    Example
    Bad: a segmentation with a new Study Instance UID.
    Good: a report of today that also refers to a prior study.

    What to do
    Write the object into its source's study: `uid-registry derive SOURCE
    --modality CS` prints the Study Instance UID to use.

    Standard
    PS3.3 C.11.11 for presentation states: the series referred to are part of the
    same study. For the others it is policy.
    """
    facts = view.instances[uid]
    severity = max((_FOREIGN_STUDY.get(family_of(name), 0) for name in facts.sop_classes), default=0)
    if not severity or not facts.references or facts.sop_classes & _BLENDING_CLASSES:
        return
    each = [studies_of(reference, view) for reference in facts.references]
    sources: set[str] = set().union(*each)
    if all(each) and facts.studies and not sources & facts.studies:
        yield Sighting(
            uid,
            f"is in study {listed(facts.studies)}, all that it refers to in {listed(sources)}",
            Kind.INSTANCE,
            Severity(severity),
            related=tuple(sorted(sources))[:4],
            evidence=(*sorted(sources), *sorted(facts.studies)),
        )


_FOREIGN_STUDY: dict[Family | None, Severity] = {
    Family.PR: Severity.ERROR,
    Family.SEG: Severity.WARNING,
    Family.PM: Severity.WARNING,
    Family.SR: Severity.WARNING,
    Family.KO: Severity.NOTE,
    Family.RTSTRUCT: Severity.NOTE,
    Family.RTPLAN: Severity.NOTE,
    Family.RTDOSE: Severity.NOTE,
}
