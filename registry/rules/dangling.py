"""UID5, continued: references to what isn't there, here or where the object goes."""

from __future__ import annotations

from collections.abc import Iterator

from registry.facts import InstanceFacts
from registry.records import Kind
from registry.rules.base import Sighting, View, listed


def dangling_reference(uid: str, view: View) -> Iterator[Sighting]:
    """Finds references to what nobody has seen.

    What it does
    Finds an object that is to leave with references to instances or series that are
    neither recorded nor among the objects that leave with it. One finding an object.
    Only in `check`: while an archive is registered, what is still awaited is kept
    apart and costs no finding.

    Why it matters
    The receiver will look for the target and not find it; or it never existed.

    Example
    Bad: a presentation state whose image was deleted, or whose UID wasn't replaced
    with the image's.
    Good: a report sent alone, whose images the registry knows.

    What to do
    Register what it refers to, or write the references anew. Arcs that are known to
    lie elsewhere belong into `external` of the check policy.

    Standard
    PS3.3 section 10.8 and C.12.2 say what a reference is; targets outside are legal.
    """
    if not view.gate or not view.in_batch(uid):
        return
    missing = {
        target
        for target in _targets(view.instances[uid], uid)
        if not view.kinds.get(target) and not view.is_external(target)
    }
    if missing:
        yield Sighting(
            uid,
            f"refers to {_counted(missing)} that the registry has never heard of: {listed(missing)}",
            Kind.INSTANCE,
            related=tuple(sorted(missing))[:4],
            evidence=tuple(sorted(missing)),
        )


def reference_outside_export(uid: str, view: View) -> Iterator[Sighting]:
    """Finds references to recorded objects that aren't where the object goes.

    What it does
    Finds an object that refers to instances or series which are recorded, but are
    neither among the objects that leave with it nor were approved for the same
    destination before. One finding an object, in `check --for-export` alone.

    Why it matters
    A segmentation sent without its images can't be shown where it arrives.

    Example
    Bad: an export of a study's segmentations to where the study's images never went.
    Good: an export of the whole study; a report on images that were sent last week.

    What to do
    Add the objects to the export, or make sure that the receiver has them. Arcs that
    are known to be there belong into `external` of the check policy.

    Standard
    Policy: the standard lets references lead out of what is sent (PS3.3 section 10.8).
    """
    if not view.leaves or not view.in_batch(uid):
        return
    left = {
        target
        for target in _targets(view.instances[uid], uid)
        if view.kinds.get(target)
        and not view.in_batch(target)
        and not view.was_sent(target)
        and not view.is_external(target)
    }
    if left:
        yield Sighting(
            uid,
            f"refers to {_counted(left)} that neither {'goes' if len(left) == 1 else 'go'} there with it "
            f"nor went there before: {listed(left)}",
            Kind.INSTANCE,
            related=tuple(sorted(left))[:4],
            evidence=tuple(sorted(left)),
        )


def _targets(facts: InstanceFacts, uid: str) -> set[str]:
    return {reference.target for reference in facts.references} - {uid}


def _counted(uids: set[str]) -> str:
    return "one object" if len(uids) == 1 else f"{len(uids):,} objects"
