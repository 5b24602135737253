"""What a subject must have for a rule to have anything to tell about it.

Most objects refer to nothing, have no malformed UID, stand in one place. A rule that
speaks only of the others says so in its row of the table, and isn't asked about the
rest. What it is told here is the claim, the facts of an instance, or the kinds of a UID;
what it would find is the same (tests/rules/test_given.py). And what is nowhere in a batch,
and not in the registry, is looked for once for the batch (``somewhere``).
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from operator import attrgetter
from typing import Any

from registry.facts import InstanceFacts
from registry.records import Kind, ObjectClaim
from registry.uid import EXAMPLE_ROOT, STANDARD_ROOT, TOOLKIT_ROOTS, UUID_ROOT

Given = Callable[[Any], object]
Somewhere = Callable[[Any, Any], object]
"""Asked of the subjects of a batch and the view of the registry."""

bad_uids: Given = attrgetter("bad_uids")
padded_uids: Given = attrgetter("padded_uids")
missing: Given = attrgetter("missing")
listings: Given = attrgetter("listings")
named: Given = attrgetter("named")

_NOBODYS = (STANDARD_ROOT, EXAMPLE_ROOT, UUID_ROOT, *TOOLKIT_ROOTS)


def nobodys_named(subjects: Any, _view: Any) -> bool:
    return any(uid.startswith(_NOBODYS) for uid in subjects.uids)


def nobodys(claim: ObjectClaim) -> bool:
    """Names something by a UID that seems to lie under a root which no organisation has for itself."""
    return any(uid.startswith(_NOBODYS) for _, uid in claim.identities)


references: Given = attrgetter("references")
frames: Given = attrgetter("frames")


def incomplete_meta(claim: ObjectClaim) -> bool:
    """Its file meta information isn't simply there, known, and that of the object."""
    meta = claim.meta
    if meta is None:
        return False
    return not (
        meta.media_storage_sop_instance_uid == claim.sop_instance_uid
        and meta.media_storage_sop_class_uid == claim.sop_class_uid
        and meta.present
        and meta.transfer_syntax_uid
        and meta.transfer_syntax_known
    )


def preamble(claim: ObjectClaim) -> object:
    return claim.meta and claim.meta.preamble


def patientless(claim: ObjectClaim) -> bool:
    return claim.whole and claim.patient is None


def several_contents(facts: InstanceFacts) -> bool:
    return len(facts.contents) > 1


def several_attributes(facts: InstanceFacts) -> bool:
    return bool(facts.contents) and max(map(len, facts.contents.values())) > 1


def several_classes(facts: InstanceFacts) -> bool:
    return len(facts.sop_classes) > 1


def several_places(facts: InstanceFacts) -> bool:
    return len(facts.placements) + (facts.issued is not None) > 1


def several_roles(subjects: Any, view: Any) -> bool:
    """A UID of the batch is known as two things."""
    return any(len(view.kinds[uid]) > 1 for uid in subjects.uids)


def issued(_subjects: Any, view: Any) -> object:
    return view.any_issued


def withdrawn(_subjects: Any, view: Any) -> object:
    return view.any_withdrawn


def enforced_roots(subjects: Any, view: Any) -> object:
    return view.roots.any_enforced and any(map(view.roots.of, subjects.uids))


def retired_roots(_subjects: Any, view: Any) -> object:
    return view.roots.any_retired


def several_kinds(kinds: AbstractSet[Kind]) -> bool:
    return len(kinds) > 1


def a_thing(kinds: AbstractSet[Kind]) -> bool:
    return Kind.SPECIMEN in kinds or Kind.DEVICE in kinds


def _remarkable(claim: ObjectClaim) -> object:
    """Has any of what is seen in an object itself. Most have nothing of it, and are looked at once."""
    return (
        claim.patient is None
        or claim.bad_uids
        or claim.padded_uids
        or claim.missing
        or claim.listings
        or incomplete_meta(claim)
        or preamble(claim)
    )


def _involved(facts: InstanceFacts) -> object:
    """Refers to something, or is several things."""
    return (
        facts.references
        or facts.frames
        or len(facts.contents) > 1
        or several_attributes(facts)
        or several_classes(facts)
        or several_places(facts)
    )


AMONG: dict[Given, Given] = {
    **dict.fromkeys(
        (bad_uids, padded_uids, missing, listings, incomplete_meta, preamble, patientless), _remarkable
    ),
    **dict.fromkeys(
        (references, frames, several_contents, several_attributes, several_classes, several_places), _involved
    ),
}
"""Whoever has one has the other."""
