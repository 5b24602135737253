"""Copies whose UIDs are replaced (UID7): by the map of their scope, wholly, and always the same.

Asked only where objects are said to be replacements of a scope (``check --scope``). What is
told names elements and files, never an original: a report must not be a part of the map.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from registry.records import Kind, MapRow, NamedUid, ObjectClaim, Unreadable
from registry.rules.base import Sighting, View

_MOST_PLACES = 3


def mapping_not_one_to_one(row: Unreadable, view: View) -> Iterator[Sighting]:
    """Finds pairs of a map that would make two of one, or one of two.

    What it does
    Finds a pair of a map that is imported into a scope (``scope import``) where the original
    has another replacement, or the replacement stands for another original, in the
    map itself or in what the registry has recorded. The pair isn't taken over; the others
    are. Inside the registry there is no such pair: the database refuses it.

    Why it matters
    Two originals under one replacement become one object, and one of them is lost. One original
    under two replacements becomes two patients' worth of data, and references to it lead
    to one of the two alone.

    Example
    Bad: a map in which 1.2.3.1 and 1.2.3.2 are both replaced by 2.25.9.
    Good: each original once, with a replacement of its own.

    What to do
    Find out which of the two holds in what was already given away, and replace the objects of the
    other anew, by the map of the scope.

    Standard
    PS3.15 Table E.1-1, action U: a UID that is internally consistent within a set of instances.
    """
    if isinstance(row, MapRow):
        yield Sighting(row.replacement, row.reason)


def original_uid_present(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds copies in which an original is left.

    What it does
    Finds an object that is said to be a copy of a scope and names a UID that the scope replaces:
    in any element, at any depth, private ones and file meta information included, or in a
    text. The finding says where, not which.

    Why it matters
    Whoever has the original object, or an archive that does, is led from the copy to the
    patient. And a reference that kept its original leads to nothing in the copies: so did
    segmentations and structure sets of published collections lose their images.

    Example
    Bad: a segmentation whose own UIDs are replaced, with the original series in
    ReferencedSeriesSequence.
    Good: the same with what replaces the series.

    What to do
    Replace the UIDs of the object by the map of the scope, at any depth: `uid-registry remap FILE
    --scope NAME --output FOLDER`. What stands in a text has to be cleaned there.

    Standard
    PS3.15 section E.1.1 and Table E.1-1, action U: UIDs are replaced, also in sequences. The table
    doesn't list every attribute that names an instance; that those count is policy.
    """
    scope = view.scope
    if scope is None:
        return
    left = [each for each in claim.named if each.uid in scope.originals]
    if left:
        count = len({each.uid for each in left})
        several = "a UID" if count == 1 else f"{count} UIDs"
        wheres = _places(left)
        yield Sighting(
            claim.sop_instance_uid,
            f"names {several} that scope {scope.name} replaces, in {_told(wheres)}",
            Kind.INSTANCE,
            evidence=wheres,
        )


def partly_replaced(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds copies of which some UIDs were replaced and others not, or none at all.

    What it does
    Finds an object that is said to be a copy of a scope and names a UID, in any element at
    any depth, that is none of the scope's replacements. Fine are what the standard
    defines, what this registry issued for something new (a segmentation of the copies),
    and what the policy calls external. Where that UID is one which the scope replaces, it is
    UID702 that tells.

    Why it matters
    A tool that forgets an attribute leaves a way back to the patient, and a reference that
    leads nowhere. Nothing asked the registry for that UID, so it isn't in the map, and
    looking for known originals alone doesn't find it.

    Example
    Bad: an image with replaced UIDs and the frame of reference that the scanner gave it.
    Good: a frame of reference that the scope gave.

    What to do
    Replace all UIDs by the map of the scope: `uid-registry remap FILE --scope NAME --output FOLDER`, or
    one of the adapters. What is another's on purpose belongs into `external` of the check policy.

    Standard
    PS3.15 Table E.1-1, action U: internally consistent within a set of instances, which only
    holds where all of them are replaced. That an element without an action U counts is policy.
    """
    scope = view.scope
    if scope is None:
        return
    elements = [each for each in claim.named if not each.in_text]
    fine = scope.replacements | scope.issued | scope.originals
    others = [each for each in elements if each.uid not in fine and not view.is_external(each.uid)]
    if not others:
        return
    wheres = _places(others)
    if any(each.uid in scope.replacements for each in elements):
        told = f"not all of its UIDs are replacements of scope {scope.name}: not what is in {_told(wheres)}"
    else:
        told = f"none of its UIDs is a replacement of scope {scope.name}"
    if any(each.uid in scope.elsewhere for each in others):
        told += "; some are another scope's"
    yield Sighting(claim.sop_instance_uid, told, Kind.INSTANCE, evidence=wheres)


def replaced_otherwise(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds copies that are in another study or series than the map of their scope puts them into.

    What it does
    Finds an object that is said to be a copy of a scope, whose own UID is a replacement in it,
    and whose Study or Series Instance UID isn't what replaces the study or series of the object
    that it stands for. Nothing is found where the original isn't recorded, or its
    study isn't replaced in the scope yet.

    Why it matters
    A study that was given away before, and is given away again under another UID, is two
    studies at the receiver. Follow-up examinations are no longer one patient's, and who
    counts cases counts twice.

    Example
    Bad: an image whose instance and series were replaced by the map, and whose study by a tool that
    made up a new UID.
    Good: the study that the scope has for it since the first delivery.

    What to do
    Give the object what the map says: `uid-registry remap FILE --scope NAME --output FOLDER` from the
    original. Where the original was moved to another study on purpose, `resolve` says so.

    Standard
    PS3.15 Table E.1-1, action U, asks for consistency within a set of instances. That the set is
    everything that was ever given away within the scope is policy.
    """
    scope = view.scope
    expected = scope.expected.get(claim.sop_instance_uid or "") if scope is not None else None
    if scope is None or expected is None:
        return
    pairs = {
        "series": (claim.series_instance_uid, expected.series_instance_uid),
        "study": (claim.study_instance_uid, expected.study_instance_uid),
    }
    wrong = [(what, right) for what, (said, right) in pairs.items() if right and said != right]
    if wrong:
        told = " and ".join(f"its {what} is {right} there" for what, right in wrong)
        yield Sighting(
            claim.sop_instance_uid,
            f"isn't where scope {scope.name} puts it: {told}",
            Kind.INSTANCE,
            related=tuple(right for _, right in wrong),
        )


def _places(named: Iterable[NamedUid]) -> tuple[str, ...]:
    return tuple(sorted({f"the text of {each.where}" if each.in_text else each.where for each in named}))


def _told(wheres: tuple[str, ...]) -> str:
    shown, rest = wheres[:_MOST_PLACES], len(wheres) - _MOST_PLACES
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")
