"""UID4: do the parts of one concatenation fit together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from registry.records import Kind, ObjectClaim
from registry.rules.base import Sighting, View, listed


def concatenation_mismatch(parts: Sequence[ObjectClaim], view: View) -> Iterator[Sighting]:
    """Finds concatenations whose parts contradict each other.

    What it does
    Compares the parts of one Concatenation UID (0020,9161) in one batch: Series
    Instance UID, SOP Class UID, In-concatenation Total Number (0020,9163) and the
    object that was split (0020,0242). What a part doesn't say disagrees with
    nothing. Also finds two instances with one In-concatenation Number
    (0020,9162). One finding a concatenation.

    Why it matters
    A receiver puts the parts together again by these; from wrong ones it makes a
    wrong image, or none.

    Example
    Bad: two instances of one concatenation that both say they are part 1.
    Good: part 1 and part 2 of 2, in one series, of one class.

    What to do
    Split the source object anew, all parts in one run.

    Standard
    PS3.3 section 7.5.1 and C.7.6.16.1: a concatenation is a group of instances
    within a series, split from one object. All of it is the standard's.
    """
    said: dict[str, set[str]] = defaultdict(set)
    instances: dict[int, set[str]] = defaultdict(set)
    for claim in parts:
        part = claim.part
        if part is None:
            continue
        for what, value in (
            ("series", claim.series_instance_uid),
            ("classes", claim.sop_class_uid),
            ("total numbers", str(part.total) if part.total is not None else None),
            ("source objects", part.source),
        ):
            if value:
                said[what].add(value)
        if part.number is not None and claim.sop_instance_uid:
            instances[part.number].add(claim.sop_instance_uid)
    wrong = [
        f"{len(values)} {what}: {listed(values)}" for what, values in said.items() if len(values) > 1
    ] + [
        f"part {number} twice: {listed(uids)}" for number, uids in sorted(instances.items()) if len(uids) > 1
    ]
    if wrong:
        twice = {uid for uids in instances.values() if len(uids) > 1 for uid in uids}
        series = said["series"] if len(said["series"]) > 1 else set[str]()
        yield Sighting(
            next(claim.part.concatenation_uid for claim in parts if claim.part),
            f"its parts don't fit together: {'; '.join(wrong)}",
            Kind.CONCATENATION,
            related=tuple(sorted(series | twice))[:8],
            evidence=tuple(wrong),
        )
