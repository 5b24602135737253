"""The UID value: what is a UID, what is wrong with one, whose arc is it under.

Pure functions on text, by PS3.5 chapter 9 and Annex B and by ITU-T X.660.
They are stricter than pydicom's ``UID.is_valid``, which accepts ``1.2.3\\n``,
``3.1`` and a ``2.25.`` arc that no UUID can have.

Words: a UID is a dotted row of *components*; each prefix of whole components
names an *arc*; the arc that an organisation owns is its *root*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache

from registry.errors import MalformedUid

MAX_LENGTH = 64
"""Characters in a UID at most (PS3.5 section 9.1)."""

STANDARD_ROOT = "1.2.840.10008"
"""DICOM's own root; never for instances of anything (PS3.5 chapter 9)."""

WELL_KNOWN_ARCS = ("1.2.840.10008.1.4", "1.2.840.10008.1.5")
"""Frames of reference and color palettes that PS3.6 itself defines: shared by everyone on purpose."""

EXAMPLE_ROOT = "2.999"
"""The arc that X.660 sets aside for examples in documents."""

UUID_ROOT = "2.25"
"""The arc of UIDs made from a UUID (PS3.5 section B.2): one component of 128 bits."""

TOOLKIT_ROOTS: dict[str, str] = {
    "1.2.826.0.1.3680043.8.498": "pydicom",
    "1.2.826.0.1.3680043.10.511.3": "highdicom",
    "1.2.276.0.7230010.3": "DCMTK",
    "1.2.826.0.1.3680043.2.1125": "ITK",
    "1.2.826.0.1.3680043.2.1143": "GDCM",
    "1.3.6.1.4.1.9590.100.1": "MATLAB",
}
"""Roots under which everybody who runs a toolkit mints: unique only by chance,
owned by no one who uses them."""

PYDICOM_PREFIX = "1.2.826.0.1.3680043.8.498."
"""What pydicom's ``generate_uid`` takes as its prefix where none is given: ``PYDICOM_ROOT_UID``."""

_CHARACTERS = re.compile(r"[0-9]+(?:\.[0-9]+)*\Z")
_KEY = re.compile(r"[0-9]+(?:\.[0-9]+)+\Z")
_LEADING_ZERO = re.compile(r"(?:\A|\.)0[0-9]")
_MAX_UUID = 2**128 - 1


class Flaw(Enum):
    """One way in which text fails to be a UID; the value says so to a person."""

    MALFORMED = "it isn't digits with single dots between them"
    OVERLONG = f"it has more than {MAX_LENGTH} characters"
    LEADING_ZERO = "a component begins with a zero"
    UNALLOCATED_ARC = "no such arc exists: the first is 0, 1 or 2, and the second under 0 and 1 is below 40"
    IMPOSSIBLE_UUID = "2.25 takes exactly one component, and that below 2 to the power of 128"
    SINGLE_COMPONENT = "it has a single component"


@lru_cache(maxsize=8192)
def flaws(text: str) -> tuple[Flaw, ...]:
    """Everything that is wrong with ``text`` as a UID; empty for a valid one.

    ``text`` is taken as it is: a trailing newline or NUL counts as a flaw.
    """
    if not _CHARACTERS.match(text):
        over = (Flaw.OVERLONG,) if len(text) > MAX_LENGTH else ()
        return (Flaw.MALFORMED, *over)
    found = []
    if len(text) > MAX_LENGTH:
        found.append(Flaw.OVERLONG)
    if _LEADING_ZERO.search(text):
        found.append(Flaw.LEADING_ZERO)
    first, *rest = canonical(text).split(".", 2)
    if first not in ("0", "1", "2") or (rest and first != "2" and (len(rest[0]) > 2 or int(rest[0]) >= 40)):
        found.append(Flaw.UNALLOCATED_ARC)
    if first == "2" and rest and rest[0] == "25" and not _is_uuid_suffix(rest[1:]):
        found.append(Flaw.IMPOSSIBLE_UUID)
    if not rest:
        found.append(Flaw.SINGLE_COMPONENT)
    return tuple(found)


def _is_uuid_suffix(suffix: list[str]) -> bool:
    # "2.25" alone is a bare root, which is another matter (UID105).
    return not suffix or ("." not in suffix[0] and len(suffix[0]) <= 39 and int(suffix[0]) <= _MAX_UUID)


def canonical(text: str) -> str:
    """``text`` without leading zeros in its components.

    Registration authorities write some arcs with leading zeros; encoded, they
    "should be ignored" (PS3.5 section 9.1), so 1.2.003 may be another system's 1.2.3.
    """
    if not _LEADING_ZERO.search(text):
        return text
    return ".".join(component.lstrip("0") or "0" for component in text.split("."))


def is_key(text: str) -> bool:
    """Whether ``text`` can be a key of the ledger: at least two components of
    digits in at most 64 characters. It may still have flaws, such as a leading zero."""
    return len(text) <= MAX_LENGTH and _KEY.match(text) is not None


@lru_cache(maxsize=65536)
def is_own_key(text: str) -> bool:
    """Whether ``text`` is a key for the ledger to hold: not one that the standard defines."""
    return is_key(text) and not is_well_known(text)


def parse(text: str) -> str:
    """``text`` itself if it is a valid UID.

    Raises ``MalformedUid``, which says what is wrong and what would be right.
    """
    found = flaws(text)
    if not found:
        return text
    advice = None
    if found == (Flaw.LEADING_ZERO,):
        advice = f"Without leading zeros it is {canonical(text)}."
    raise MalformedUid(f"{printable(text)} is not a valid UID: {found[0].value}", advice=advice)


def findable(text: str) -> str:
    """``text`` if it can be in the ledger: a valid UID, or one with leading zeros.

    Raises ``MalformedUid``.
    """
    return text if is_key(text) else parse(text)


def printable(text: str) -> str:
    """``text`` for a message: quoted, control characters escaped, cut at 64."""
    shown = text.encode("unicode_escape").decode("ascii")
    return f"'{shown[:MAX_LENGTH]}…'" if len(shown) > MAX_LENGTH else f"'{shown}'"


def is_under(uid: str, root: str) -> bool:
    """Whether ``uid`` is ``root`` itself or lies below its arc."""
    return uid.startswith(root) and (len(uid) == len(root) or uid[len(root)] == ".")


def is_well_known(uid: str) -> bool:
    """Whether the standard itself defines the thing, so that no one's ledger need hold it."""
    return uid.startswith(WELL_KNOWN_ARCS) and any(is_under(uid, arc) for arc in WELL_KNOWN_ARCS)


def longest_root(uid: str, roots: Iterable[str]) -> str | None:
    """Of ``roots``, which may nest, the longest that ``uid`` lies under."""
    found = None
    for root in roots:
        if uid.startswith(root) and is_under(uid, root) and (found is None or len(root) > len(found)):
            found = root
    return found
