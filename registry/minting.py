"""Fresh UIDs: random, from a UUID, or keyed. Minting records nothing; issuing does.

Each function gives a UID that is valid by PS3.5 section 9.1, whatever the root.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from registry.errors import BadRequest, BadRoot
from registry.suggestion import meant
from registry.uid import MAX_LENGTH, UUID_ROOT, is_under

MIN_BITS = 122
"""Random bits in a minted UID at least: as many as a random UUID has."""

_FEWEST_DIGITS = 37
"""Decimal digits that hold 122 bits when the first isn't zero: log2(9e36) = 122.76."""

_MOST_DIGITS = 39
"""As many as a 2.25 UID has; more would only make UIDs longer."""


class Method(StrEnum):
    """How an issued UID gets its suffix."""

    RANDOM = "random"
    UUID = "uuid"
    KEYED = "keyed"


def parse_method(text: str) -> Method:
    """A method by its name. Raises ``BadRequest``."""
    try:
        return Method(text)
    except ValueError:
        advice = f"{meant(text, list(Method))}One of {', '.join(Method)}."
        raise BadRequest(f"there is no method {text!r}", advice=advice) from None


@lru_cache(maxsize=64)
def suffix_digits(root: str) -> int:
    """How many digits a suffix under ``root`` gets.

    Raises ``BadRoot`` if the root leaves no room for 122 random bits.
    """
    if is_under(root, UUID_ROOT):
        raise BadRoot(
            f"under {UUID_ROOT} only UUIDs may stand (PS3.5 section B.2)",
            advice="Use --method uuid, which needs no root.",
        )
    room = MAX_LENGTH - len(root) - 1
    if room < _FEWEST_DIGITS:
        raise BadRoot(
            f"the root {root} has {len(root)} characters; a UID of {MAX_LENGTH} leaves {room} digits for "
            f"the suffix, and {MIN_BITS} random bits need {_FEWEST_DIGITS}",
            advice=f"Use a root of at most {MAX_LENGTH - 1 - _FEWEST_DIGITS} characters, or --method uuid.",
        )
    return min(room, _MOST_DIGITS)


_DRAWN = 24
"""Random bytes for a suffix: 192 bits spread evenly over some 2**129 numbers, short of one part in 2**60."""


def mint_random(root: str) -> str:
    """A UID under ``root`` with at least 122 bits from the system's secure source."""
    return mint_many(root, 1)[0]


def mint_many(root: str, count: int) -> list[str]:
    """So many UIDs under ``root``, each as ``mint_random`` gives one; the system is asked once."""
    lowest = 10 ** (suffix_digits(root) - 1)
    drawn, number, numbers = secrets.token_bytes(_DRAWN * count), int.from_bytes, 9 * lowest
    return [
        f"{root}.{lowest + number(drawn[start : start + _DRAWN]) % numbers}"
        for start in range(0, len(drawn), _DRAWN)
    ]


def mint_uuid() -> str:
    """A UID made from a random UUID: 2.25 and its decimal value (PS3.5 section B.2)."""
    return f"{UUID_ROOT}.{uuid.uuid4().int}"


def mint_keyed(key: bytes, root: str, parts: Sequence[str]) -> str:
    """The UID under ``root`` that ``key`` and ``parts`` always give: HMAC-SHA-256.

    Each part is preceded by its length, so that ("ab", "c") and ("a", "bc")
    differ, which pydicom's ``generate_uid(entropy_srcs=...)`` lacks. Without the
    key nobody can try out parts (a Patient ID, a date) against a UID.
    """
    lowest = 10 ** (suffix_digits(root) - 1)
    encoded = [part.encode("utf-8", "surrogateescape") for part in (root, *parts)]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in encoded)
    number = int.from_bytes(hmac.digest(key, message, hashlib.sha256), "big")
    return f"{root}.{lowest + number % (9 * lowest)}"
