"""What a subject must have for a rule to have anything to tell about it.

Most objects refer to nothing, have no malformed UID, stand in one place. A rule that
speaks only of the others says so in its row of the table, and isn't asked about the
rest. What it is told here is the claim, the facts of an instance, or the kinds of a UID;
what it would find is the same (tests/rules/test_given.py).
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

bad_uids: Given = attrgetter("bad_uids")
padded_uids: Given = attrgetter("padded_uids")
missing: Given = attrgetter("missing")
listings: Given = attrgetter("listings")

_NOBODYS = (STANDARD_ROOT, EXAMPLE_ROOT, UUID_ROOT, *TOOLKIT_ROOTS)


def nobodys(claim: ObjectClaim) -> bool:
    """Names something by a UID that seems to lie under a root which no organisation has for itself."""
    return any(uid.startswith(_NOBODYS) for _, uid in claim.identities)


references: Given = attrgetter("references")
frames: Given = attrgetter("frames")


def several_contents(facts: InstanceFacts) -> bool:
    return len(facts.contents) > 1


def several_classes(facts: InstanceFacts) -> bool:
    return len(facts.sop_classes) > 1


def several_places(facts: InstanceFacts) -> bool:
    return len(facts.placements) + (facts.issued is not None) > 1


def several_kinds(kinds: AbstractSet[Kind]) -> bool:
    return len(kinds) > 1


def a_thing(kinds: AbstractSet[Kind]) -> bool:
    return Kind.SPECIMEN in kinds or Kind.DEVICE in kinds
