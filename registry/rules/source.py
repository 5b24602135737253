"""UID5, continued: does a derived object fit what it was made from."""

from __future__ import annotations

from collections.abc import Iterator

from registry.records import Kind, Mark, Role
from registry.rules.base import Sighting, View, listed
from registry.sopclass import Family, family_of


def derived_among_originals(uid: str, view: View) -> Iterator[Sighting]:
    """Finds series that hold original and derived images.

    What it does
    Compares value 1 of Image Type (0008,0008) of all images of a series.

    Why it matters
    A derived image among originals is mostly one that kept its source's series. Some
    devices do so on purpose (diffusion maps, pyramids), so this is a note.

    Example
    Bad: `DERIVED\\PRIMARY` maps in the series of the `ORIGINAL\\PRIMARY` images.
    Good: all of them DERIVED in a series of their own.

    What to do
    If a program of yours made the derived ones, give them a series of their own:
    `uid-registry derive SOURCE --modality CS`.

    Standard
    PS3.3 C.7.6.1.1.2 defines the values; that they don't mix is policy. Remembered
    only while this rule is on.
    """
    if (uid, Mark.ORIGINAL) in view.labels and (uid, Mark.DERIVED) in view.labels:
        yield Sighting(uid, "holds original and derived images", Kind.SERIES)


def frame_of_reference_differs_from_source(uid: str, view: View) -> Iterator[Sighting]:
    """Finds derived objects in another frame of reference than their sources.

    What it does
    Compares the frame of reference of a segmentation, map, dose, annotation or
    derived image, or the Referenced Frame of Reference of a structure set, with those
    of the series that it refers to. Silent where one side has none, where one of the
    sources shares it, or where a registration that the registry knows joins the two.

    Why it matters
    Viewers lay the object over images of its frame of reference: it is shown
    nowhere, or in the wrong place. Planning systems refuse it.

    Example
    Bad: a converter that writes a new Frame of Reference UID into a segmentation.
    Good: the segmentation with its source's.

    What to do
    Write the object with the Frame of Reference UID of its source; if it really lies
    in another space, register the spatial registration that joins them.

    Standard
    PS3.3 C.7.4.1.1.1: objects that share a frame of reference are spatially related,
    and A.51.5 for segmentations.
    """
    facts = view.instances[uid]
    if not facts.frames:
        return
    images = {family_of(name) for name in facts.sop_classes} == {Family.IMAGE}
    theirs: set[str] = set()
    for reference in facts.references:
        if reference.role is Role.BYSTANDER or (images and reference.role is not Role.SOURCE):
            continue
        target = view.instances.get(reference.sop_instance_uid or "")
        for series in target.series if target else {reference.target}:
            known = view.series.get(series)
            theirs |= {
                frame
                for appearance in (known.appearances if known else ())
                if (frame := appearance.frame_of_reference_uid)
            }
    if not theirs or not theirs.isdisjoint(facts.frames):
        return
    if any(view.joined(frame) & theirs for frame in facts.frames):
        return
    yield Sighting(
        uid,
        f"lies in {listed(facts.frames)}, what it was made from in {listed(theirs)}",
        Kind.INSTANCE,
        related=tuple(sorted(facts.frames | theirs))[:4],
        evidence=tuple(sorted(theirs)),
    )
