"""UID4: do the objects of one series fit together."""

from __future__ import annotations

from collections.abc import Iterator

from registry.records import Kind, Severity
from registry.rules.base import Sighting, View, listed
from registry.sopclass import FRAME_OF_REFERENCE_CLASSES, Family, family_of


def mixed_modality_series(uid: str, view: View) -> Iterator[Sighting]:
    """Finds series with more than one modality.

    What it does
    Compares the Modality (0008,0060) of all objects of a series. An absent one
    disagrees with nothing.

    Why it matters
    Viewers take the modality of the first object for the whole series: 546 images
    shown as structure sets is a real complaint.

    Example
    Bad: a segmentation in the series of its CT.
    Good: the segmentation in a series of its own.

    What to do
    Give the objects of the other modality a series of their own:
    `uid-registry derive SOURCE --modality CS`.

    Standard
    PS3.3 A.1.2.3 (a): all instances within a series shall be of the same modality.
    """
    modalities = view.series[uid].modalities
    if len(modalities) > 1:
        yield Sighting(
            uid,
            f"holds {len(modalities)} modalities: {listed(modalities)}",
            Kind.SERIES,
            evidence=tuple(sorted(modalities)),
        )


def incompatible_classes_in_series(uid: str, view: View) -> Iterator[Sighting]:
    """Finds series with objects that can't stand in one series, whatever their Modality says.

    What it does
    Finds two families of SOP Class in one series, unless both are images. Raw
    data, spectroscopy, waveforms and private classes stand in no family. A
    document beside images is a warning: its Modality may be theirs.

    Why it matters
    It finds the object in the wrong series even where Modality was changed to
    hide it.

    Example
    Bad: a parametric map (Modality MR, as its IOD allows) in the series of its MR.
    Good: enhanced and classic MR images in one series.

    What to do
    Give the objects of the other family a series of their own:
    `uid-registry derive SOURCE --modality CS`.

    Standard
    PS3.3 A.1.2.3 (a) and (c), C.11.9, C.17.1. Which classes make a family is policy.
    """
    families = {family for name in view.series[uid].sop_classes if (family := family_of(name))}
    if len(families) > 1:
        severity = Severity.WARNING if families == {Family.IMAGE, Family.DOCUMENT} else Severity.ERROR
        names = set(families)
        yield Sighting(
            uid,
            f"holds objects that don't go together: {listed(names)}",
            Kind.SERIES,
            severity,
            evidence=tuple(sorted(names)),
        )


def mixed_frame_of_reference_series(uid: str, view: View) -> Iterator[Sighting]:
    """Finds series with more than one frame of reference.

    What it does
    Compares the Frame of Reference UID (0020,0052) of all objects of a series.
    Two different ones are an error. One that is missing is a warning, and only
    for classes that must have it (CT, MR, PET, RT dose and their enhanced forms):
    slide labels, secondary captures, projections and documents may do without.

    Why it matters
    Positions in such a series can't be compared; a volume made of it is wrong.

    Example
    Bad: half of a CT series with a new Frame of Reference UID after a repeat.
    Good: a slide label without one beside the slide's volume.

    What to do
    Put objects with another frame of reference into a series of their own.

    Standard
    PS3.3 A.1.2.3 (b), C.7.4.1.1.1; PS3.3 table A.32.8-1 for slides.
    """
    appearances = view.series[uid].appearances
    frames = {a.frame_of_reference_uid for a in appearances if a.frame_of_reference_uid}
    if len(frames) > 1:
        yield Sighting(
            uid,
            f"has {len(frames)} frames of reference: {listed(frames)}",
            Kind.SERIES,
            related=tuple(sorted(frames))[:4],
            evidence=tuple(sorted(frames)),
        )
    elif frames and any(
        a.is_whole and a.frame_of_reference_uid is None and a.sop_class_uid in FRAME_OF_REFERENCE_CLASSES
        for a in appearances
    ):
        yield Sighting(
            uid,
            "has a frame of reference in some objects and none in others",
            Kind.SERIES,
            Severity.WARNING,
            related=tuple(frames),
        )
