"""How the row of a series' appearance says in which frame of reference it is."""

from __future__ import annotations

from registry.facts import Appearance

_NONE, _UNTOLD = "", "0"
"""No frame of reference; nothing told of any, as in an index. No UID is either of them."""


def stored_frame(appearance: Appearance) -> str:
    return appearance.frame_of_reference_uid or (_NONE if appearance.is_whole else _UNTOLD)


def appearance(sop_class_uid: str | None, modality: str | None, stored: str) -> Appearance:
    """The appearance that a row holds."""
    frame = None if stored in (_NONE, _UNTOLD) else stored
    return Appearance(sop_class_uid, modality, frame, stored != _UNTOLD)
