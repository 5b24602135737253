"""The frames of reference that a derived object is in, and those that a registration joins."""

from __future__ import annotations

from registry.dicomfile import tags
from registry.dicomfile.tree import Tree, items, text
from registry.sopclass import Family, family_of
from registry.uid import is_key

_PLACED = frozenset({Family.IMAGE, Family.SEG, Family.PM, Family.RTDOSE, Family.ANN, Family.FID})
"""Families whose objects are in the frame of reference of what they were made from."""


def frames_of(tree: Tree, sop_class_uid: str | None) -> tuple[str, ...]:
    """The frames of reference in which a derived object says what it says.

    Its own (0020,0052); for a structure set those that it refers to (3006,0010),
    because its contours are drawn there (PS3.3 C.8.8.5).
    """
    family = family_of(sop_class_uid)
    if family is Family.RTSTRUCT:
        named = [
            text(item, tags.FRAME_OF_REFERENCE_UID)
            for item in items(tree, tags.REFERENCED_FRAME_OF_REFERENCE_SEQUENCE)
        ]
    elif family in _PLACED:
        named = [text(tree, tags.FRAME_OF_REFERENCE_UID)]
    else:
        return ()
    return tuple(dict.fromkeys(uid for uid in named if is_key(uid)))


def registered_frames(tree: Tree, sop_class_uid: str | None) -> tuple[str, ...]:
    """The frames of reference between which a registration leads (PS3.3 C.20.2, C.20.3)."""
    if family_of(sop_class_uid) is not Family.REG:
        return ()
    named = [text(tree, tags.FRAME_OF_REFERENCE_UID)]
    named += [text(item, tags.FRAME_OF_REFERENCE_UID) for item in items(tree, tags.REGISTRATION_SEQUENCE)]
    named += [
        text(item, tags.SOURCE_FRAME_OF_REFERENCE_UID)
        for item in items(tree, tags.DEFORMABLE_REGISTRATION_SEQUENCE)
    ]
    return tuple(sorted({uid for uid in named if is_key(uid)}))
