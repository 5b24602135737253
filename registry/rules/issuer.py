"""UID2: whose arc is it under. Roots nest; the longest match counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from registry.records import Kind, ObjectClaim, Severity
from registry.roots import Policy, Roots
from registry.rules.base import Sighting, View, listed
from registry.uid import EXAMPLE_ROOT, STANDARD_ROOT, TOOLKIT_ROOTS, is_under, longest_root

_HOST_ID = ".832332"
_LOOPBACK = re.compile(r"\.832332[89]\.[0-9]{1,7}\.[0-9]{9,10}\.[0-9]+\Z")
"""gethostid() of 127.0.0.1 and 127.0.1.1, then process, seconds since 1970 and a counter."""

_IDENTITY = frozenset({Kind.STUDY, Kind.SERIES, Kind.INSTANCE, Kind.FRAME_OF_REFERENCE})


def standard_root_instance(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds things named under the standard's own root.

    What it does
    Finds a UID under 1.2.840.10008 for a study, series, instance or shared thing.
    The well-known frames of reference and color palettes of PS3.6 are fine.

    Why it matters
    That root is DICOM's; a UID there belongs to the standard, now or in a later
    edition, and many copy one by mistake.

    Example
    Bad: Series Instance UID `1.2.840.10008.5.1.4.1.1.2` (the CT class).
    Good: Frame of Reference UID `1.2.840.10008.1.4.1.1` (the Talairach atlas).

    What to do
    Give the object a UID under your own root: `uid-registry issue KIND`.

    Standard
    PS3.5 chapter 9: the root "shall not be used for privately defined items".
    """
    for kind, uid in claim.identities:
        if is_under(uid, STANDARD_ROOT):
            yield Sighting(uid, f"the {kind.words} UID {uid} lies under DICOM's own root", kind)


def example_root(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds things named under the root for examples.

    What it does
    Finds a UID under 2.999.

    Why it matters
    X.660 sets 2.999 aside for examples in documents: anybody may use it, so
    nothing there is unique.

    Example
    Bad: `2.999.1.2`.
    Good: a UID under your own root.

    What to do
    Give the object a UID under your own root: `uid-registry issue KIND`.

    Standard
    ITU-T X.660 A.2.
    """
    for kind, uid in claim.identities:
        if is_under(uid, EXAMPLE_ROOT):
            yield Sighting(uid, f"the {kind.words} UID {uid} lies under 2.999, which is for examples", kind)


def unissued_uid(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds UIDs under our production root that this registry never issued.

    What it does
    Finds a UID under a production root that was neither issued nor registered
    before this object. Silent for delegated and research roots, and until the
    moment from which the root is enforced (`root add --enforce-from`).

    Why it matters
    Only the registry mints under a production root. A UID that it doesn't know
    was minted past it, and may be minted again.

    Example
    Bad: a program that appends a counter to the hospital's root.
    Good: a UID that came from `uid-registry issue`.

    What to do
    Let the program ask the registry. If another system is meant to mint there,
    say so: `uid-registry root add OID --policy delegated --minter NAME`.

    Standard
    PS3.5 chapter 9: the owner of a root ensures uniqueness "by providing
    registration policies". This policy is the registry's.
    """
    if not view.roots.any_enforced:
        return
    for kind, uid in claim.identities:
        root = view.roots.of(uid)
        if root is None or root.policy is not Policy.PRODUCTION or root.retired or view.was_known(uid):
            continue
        if root.enforced_from is not None and root.enforced_from <= view.now:
            yield Sighting(
                uid,
                f"the {kind.words} UID {uid} lies under {root.prefix} but was never issued",
                kind,
                evidence=(root.prefix,),
            )


def research_root(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds UIDs under a toolkit's shared root in a registry for production.

    What it does
    Finds a study, series, instance or frame of reference UID under the default
    root of a toolkit (pydicom, highdicom, DCMTK, ITK, GDCM, MATLAB). One finding
    a series. A warning where the object is made here: another of its UIDs is ours
    or lies under one of our roots. A note for what comes from elsewhere.

    Why it matters
    Everybody who runs the toolkit mints under that root. It is fine for
    development; in production the organisation can't say which UIDs are its own.

    Example
    Bad: a segmentation written with the toolkit's default, for a study of ours.
    Good: the same with UIDs from `uid-registry derive`.

    What to do
    Take the UIDs from the registry: `uid-registry derive SOURCE --modality CS`.

    Standard
    PS3.5 chapter 9 makes the owner of the root responsible. That a shared root
    isn't good enough is policy.
    """
    if not view.roots.in_production:
        return
    named = [(kind, uid) for kind, uid in claim.identities if kind in _IDENTITY]
    shared = [
        (kind, uid, root)
        for kind, uid in named
        if (root := longest_root(uid, TOOLKIT_ROOTS)) and not view.roots.of(uid)
    ]
    if not shared:
        return
    ours = any(view.roots.of(uid) or view.was_issued(uid) for _, uid in named)
    subject = claim.series_instance_uid or claim.sop_instance_uid
    toolkits = sorted({TOOLKIT_ROOTS[root] for _, _, root in shared})
    # One finding a series: each of its objects must show the same.
    above = {uid for kind, uid, _ in shared if kind is not Kind.INSTANCE}
    yield Sighting(
        subject,
        f"holds UIDs under the root that everybody who uses {' or '.join(toolkits)} shares",
        Kind.SERIES if claim.series_instance_uid else Kind.INSTANCE,
        Severity.WARNING if ours else Severity.NOTE,
        related=tuple(sorted(above - {subject})),
        evidence=tuple(toolkits),
    )


def suffixed_uid(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds UIDs made by appending to a UID that was issued here.

    What it does
    Finds a UID that wasn't issued here and begins with the whole of one that was,
    followed by a dot. Of UIDs that came from elsewhere nobody can tell whether one
    owner assigned both, so of those nothing is said.

    Why it matters
    Two programs that append `.1` to the same UID make the same one; and a UID that
    grows by what is appended passes 64 characters sooner or later.

    Example
    Bad: the SOP Instance UID `<series UID>.101` under a series that was issued here.
    Good: an instance UID from `uid-registry issue instance --series UID`.

    What to do
    Let the program ask the registry for each UID: `uid-registry issue KIND --count N`.

    Standard
    PS3.5 chapter 9: UIDs are not to be made by appending to those that others assigned.
    """
    for kind, uid in claim.identities:
        if view.roots.of(uid) is None or view.was_issued(uid):
            continue
        for base in beginnings(uid, view.roots):
            if view.was_issued(base):
                yield Sighting(
                    uid,
                    f"the {kind.words} UID {uid} is {base} with something appended",
                    kind,
                    related=(base,),
                )
                break


def beginnings(uid: str, roots: Roots) -> Iterator[str]:
    """What a UID under one of the organisation's roots begins with, below that root: the longest first."""
    root = roots.of(uid)
    if root is None:
        return
    base = uid
    while (base := base.rpartition(".")[0]) and len(base) > len(root.prefix):
        yield base


def loopback_host_id(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds UIDs that DCMTK made on a machine without a number of its own.

    What it does
    Finds a study, series, instance or frame of reference UID made as DCMTK makes
    them (root, host id, process, time, counter) whose host id is 8323328 or
    8323329: what a machine answers that knows itself only by its loopback
    address. One finding a series.

    Why it matters
    Every container and every machine so set up has the same host id. What keeps
    their UIDs apart is the second and the process number, and in a container that
    is the same number each time.

    Example
    Bad: `1.2.276.0.7230010.3.1.4.8323329.7.1700000000.1`.
    Good: `1.2.276.0.7230010.3.1.4.2831156.7.1700000000.1`, better a UID that came
    from `uid-registry issue`.

    What to do
    Give the machine a host id or an address of its own, or let the program take
    its UIDs from the registry: `uid-registry issue KIND`.

    Standard
    PS3.5 chapter 9 asks for uniqueness. That this way of minting is weak is policy.
    """
    named = [(uid, kind) for kind, uid in claim.identities if _HOST_ID in uid]
    found = {uid: kind for uid, kind in named if kind in _IDENTITY and _LOOPBACK.search(uid)}
    if found:
        subject = claim.series_instance_uid or claim.sop_instance_uid
        # One finding a series: each of its objects must show the same.
        above = {uid for uid, kind in found.items() if kind is not Kind.INSTANCE}
        yield Sighting(
            subject,
            f"{listed(set(found))}: made on a machine that only knows its loopback address",
            Kind.SERIES if claim.series_instance_uid else Kind.INSTANCE,
            related=tuple(sorted(above - {subject})),
        )


def host_ids(subjects: Any, _view: View) -> bool:
    """Whether ``loopback_host_id`` may find anything."""
    return any(_HOST_ID in uid for uid in subjects.uids)


def retired_root(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds first uses of UIDs under a root that was retired.

    What it does
    Finds a UID under a retired root that the registry didn't know before.

    Why it matters
    Nothing is minted there any more: some program still is.

    Example
    Bad: a new object under the root of a closed site.
    Good: an old object under it, registered before the root was retired.

    What to do
    Find the program that still mints there and give it a root that is in force.

    Standard
    Policy of the registry.
    """
    if not view.roots.any_retired:
        return
    for kind, uid in claim.identities:
        root = view.roots.of(uid)
        if root is not None and root.retired and not view.was_known(uid):
            yield Sighting(
                uid,
                f"the {kind.words} UID {uid} is new, but its root {root.prefix} is retired",
                kind,
                evidence=(root.prefix,),
            )
