"""UID1: is this a UID at all. Each UI element at any depth, file meta included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from registry.records import BadUid, Kind, ObjectClaim
from registry.rules.base import Sighting, View
from registry.sopclass import has_patient
from registry.uid import (
    EXAMPLE_ROOT,
    STANDARD_ROOT,
    TOOLKIT_ROOTS,
    UUID_ROOT,
    Flaw,
    canonical,
    flaws,
    is_under,
    printable,
)


def malformed_uid(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds text in a UID element that is no UID.

    What it does
    Finds characters other than digits and dots, empty components, a dot at an
    end, and newlines or control characters inside the value. Padding at the end
    is removed first.

    Why it matters
    Such a value can't be compared, is refused or silently altered by other
    systems, and can't be kept in the ledger.

    Example
    Bad: `1.2.840..5`, `anonymous-organization.17`, `1.2.3` and a newline.
    Good: `1.2.840.5`.

    What to do
    Give the object a valid UID: `uid-registry issue KIND`. Mend the program that
    wrote it.

    Standard
    PS3.5 section 9.1. All of it is the standard's.
    """
    for bad in _with(Flaw.MALFORMED, claim):
        yield _sighting(bad, f"{bad.where} is not a UID: {printable(bad.text)}")


def overlong_uid(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds UIDs of more than 64 characters.

    What it does
    Counts the characters of each UID.

    Why it matters
    Databases and devices cut longer values, and two UIDs that differ at the end
    become one.

    Example
    Bad: a parent's UID of 62 characters with `.101` appended.
    Good: a UID of 64 characters.

    What to do
    Give the object a UID of at most 64 characters: `uid-registry issue KIND`.

    Standard
    PS3.5 section 9.1. All of it is the standard's.
    """
    for bad in _with(Flaw.OVERLONG, claim):
        yield _sighting(
            bad, f"{bad.where} has {len(bad.text)} characters, 64 are allowed: {printable(bad.text)}"
        )


def leading_zero_component(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds components that begin with a zero.

    What it does
    Finds a component of more than one digit that begins with 0, names the form
    without it, and says if the ledger knows that form.

    Why it matters
    `1.2.003` and `1.2.3` may be the same UID in two systems, and other systems
    refuse the first.

    Example
    Bad: `1.2.003`.
    Good: `1.2.3`, `1.2.0.3`.

    What to do
    Write components without leading zeros. Before you do, see whether the form
    without zeros is taken by another object.

    Standard
    PS3.5 section 9.1: the first digit of a component is not 0 unless it is the
    only one. Matching the two forms is policy.
    """
    for bad in _with(Flaw.LEADING_ZERO, claim):
        plain = canonical(bad.text)
        known = "which the registry knows" if view.kinds.get(plain) else "which the registry doesn't know"
        yield _sighting(
            bad,
            f"{bad.where} has a leading zero: {bad.text}; without it, it is {plain}, {known}",
            related=(plain,),
        )


def padded_uid(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds UIDs with more padding than the one NUL that is allowed.

    What it does
    Looks at the bytes of each UI element: a space at the end, more than one NUL
    at the end, a NUL before the backslash of a list. A space or NUL before or
    inside a value makes it no UID at all, which UID101 tells.

    Why it matters
    Most readers strip the padding, some keep it: `1.2.3` and `1.2.3 ` are then two
    UIDs in one archive and one in the next.

    Example
    Bad: `1.2.840.55 `, padded to an even length with a space as text would be.
    Good: `1.2.840.55`, and `1.2.840.5` with one NUL.

    What to do
    Write the object anew with a toolkit that pads UIDs with one NUL.

    Standard
    PS3.5 section 9.1: a value of odd length is padded with a single trailing NUL.
    All of it is the standard's.
    """
    places: dict[str, list[str]] = defaultdict(list)
    for uid, where, padding in claim.padded_uids:
        places[uid].append(f"{where} has {padding}")
    for uid, told in places.items():
        rest = f" and {len(told) - 4} more" if len(told) > 4 else ""
        yield Sighting(printable(uid).strip("'"), f"{', '.join(told[:4])}{rest}: {printable(uid)}")


def bare_root(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds a root where a UID of one thing belongs.

    What it does
    Finds a single component, or a root itself (an issuer's, a toolkit's, 2.25,
    2.999, DICOM's own), as the UID of a study, series, instance or shared thing.

    Why it matters
    Every UID under the root begins like it; as a UID it says that nobody minted
    one.

    Example
    Bad: Series Instance UID `2.25`.
    Good: `2.25.329800735698586629295641978511506172918`.

    What to do
    Give the object a UID of its own: `uid-registry issue KIND`.

    Standard
    PS3.5 chapter 9: a UID is a root and a suffix. Which roots are known is policy.
    """
    for bad in _with(Flaw.SINGLE_COMPONENT, claim):
        if bad.identity:
            yield _sighting(bad, f"{bad.where} has a single component: {bad.text}")
    roots = view.roots
    for kind, uid in claim.identities:
        if uid in _SHARED_ROOTS or uid in roots:
            yield Sighting(uid, f"the {kind.words} UID {uid} is a root, not a UID under it", kind)


def bare_roots(subjects: Any, view: View) -> bool:
    """Whether ``bare_root`` may find anything."""
    roots = view.roots
    return any(claim.bad_uids for claim in subjects.claims) or any(
        uid in _SHARED_ROOTS or uid in roots for uid in subjects.uids
    )


_SHARED_ROOTS = frozenset({*TOOLKIT_ROOTS, UUID_ROOT, STANDARD_ROOT, EXAMPLE_ROOT})


def unallocated_arc(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds UIDs under arcs that don't exist.

    What it does
    Finds a first component other than 0, 1 or 2, and a second of 40 or more
    under 0 and 1.

    Why it matters
    No authority can have given out such a root, so nothing keeps the UID unique;
    some systems can't encode it.

    Example
    Bad: `3.1.4`, `1.45.6`.
    Good: `1.2.840.4`, `2.25.4`, `2.999.1`.

    What to do
    Mint under a root that was given to your organisation.

    Standard
    ITU-T X.660 and X.690 8.19.4, on which PS3.5 chapter 9 rests.
    """
    for bad in _with(Flaw.UNALLOCATED_ARC, claim):
        yield _sighting(bad, f"{bad.where} lies under an arc that doesn't exist: {printable(bad.text)}")


def impossible_uuid_arc(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds UIDs under 2.25 that no UUID gives.

    What it does
    Finds `2.25.N` with N of 2 to the power of 128 or more, and more than one
    component after 2.25.

    Why it matters
    Nobody owns 2.25; only a UUID makes a UID there unique. A toolkit's wrong
    default makes thousands of these (a 59-digit number behind 2.25).

    Example
    Bad: `2.25.99999999999999999999999999999999999999999`.
    Good: `2.25.329800735698586629295641978511506172918`.

    What to do
    Mint with `uid-registry issue KIND --method uuid`, or under your own root.

    Standard
    PS3.5 section B.2, ITU-T X.667. All of it is the standard's.
    """
    for bad in _with(Flaw.IMPOSSIBLE_UUID, claim):
        yield _sighting(bad, f"{bad.where} can't come from a UUID: {printable(bad.text)}")


def non_rfc_uuid(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds UIDs under 2.25 whose number is no UUID that a generator makes.

    What it does
    Finds the UID of a study, series, instance or shared thing that is `2.25.N`
    where N, as a UUID, is nil or has not the variant and one of the versions 1 to
    8 of RFC 9562.

    Why it matters
    Such a number was made in some other way, and how unique it is nobody says.
    Random digits behind 2.25 are common and mostly harmless, so this is a note.

    Example
    Bad: `2.25.0`, `2.25.12345678901234567890`.
    Good: `2.25.329800735698586629295641978511506172918`.

    What to do
    Mint with `uid-registry issue KIND`, or let the program make a UUID of version 4.

    Standard
    PS3.5 section B.2 and ITU-T X.667: the number is a UUID's. That its variant and
    version are looked at is policy.
    """
    for kind, uid in claim.identities:
        if is_under(uid, UUID_ROOT) and not flaws(uid) and uid != UUID_ROOT:
            number = int(uid.removeprefix(f"{UUID_ROOT}."))
            if not number:
                yield Sighting(uid, f"the {kind.words} UID {uid} is made from the nil UUID", kind)
            elif not _is_generated(number):
                yield Sighting(uid, f"the {kind.words} UID {uid} comes from no UUID of RFC 9562", kind)


def _is_generated(number: int) -> bool:
    """Whether 128 bits have the variant and a version of RFC 9562 (sections 4.1 and 4.2)."""
    return number >> 62 & 0b11 == 0b10 and 1 <= (number >> 76 & 0xF) <= 8


def missing_uid(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds objects without one of their four UIDs.

    What it does
    Finds SOP Class, SOP Instance, Study or Series Instance UID absent, empty or
    with several values. Objects without a patient (color palettes, hanging
    protocols, implant templates, inventories) need no study and no series.

    Why it matters
    Without them an object has no identity and no place; each archive guesses
    another one.

    Example
    Bad: an image without (0020,000E).
    Good: an image with all four.

    What to do
    Give the object what it lacks: `uid-registry issue` mints the UIDs.

    Standard
    PS3.3 sections C.12.1, C.7.2.1, C.7.3.1: all four are type 1.
    """
    needed = claim.missing
    if not has_patient(claim.sop_class_uid):
        needed = tuple(keyword for keyword in needed if keyword.startswith("SOP"))
    if needed:
        subject = next(
            (
                (uid, kind)
                for uid, kind in (
                    (claim.sop_instance_uid, Kind.INSTANCE),
                    (claim.series_instance_uid, Kind.SERIES),
                    (claim.study_instance_uid, Kind.STUDY),
                )
                if uid
            ),
            (None, None),
        )
        yield Sighting(
            subject[0],
            f"absent, empty or with several values: {', '.join(needed)}",
            subject[1],
            evidence=needed,
        )


def _with(flaw: Flaw, claim: ObjectClaim) -> Iterator[BadUid]:
    return (bad for bad in claim.bad_uids if flaw in flaws(bad.text))


def _sighting(bad: BadUid, message: str, related: tuple[str, ...] = ()) -> Sighting:
    # A malformed value may hold anything; the subject is its escaped, shortened form.
    return Sighting(printable(bad.text).strip("'"), message, related=related)
