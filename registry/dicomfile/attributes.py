"""The attributes that all objects of a patient, a study or a series must share,
as one small keyed fingerprint each.

A fingerprint says later *which* attribute disagrees without ever holding a
value: eight bytes for each attribute that is present, a bit for each that is
absent. Level, subject and attribute go into the hash, so equal values of two
patients don't look equal. Which attributes they are stands in registry/fingerprint.py.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from hashlib import blake2b

from registry.dicomfile.canonical import canonical
from registry.dicomfile.dictionary import tag
from registry.dicomfile.quiet import quiet_pydicom
from registry.dicomfile.tags import SPECIFIC_CHARACTER_SET
from registry.dicomfile.tree import TEXT_VRS, Tree, text
from registry.fingerprint import KEYWORDS, SIZE, pack
from registry.records import Level

_LARGEST_REMEMBERED = 1 << 14
"""Bytes of all values of a fingerprint, which is some hundred for a real object."""

ATTRIBUTES: dict[Level, tuple[int, ...]] = {
    level: tuple(map(tag, keywords)) for level, keywords in KEYWORDS.items()
}
"""The attributes of each level, in the order of the fingerprint's bits."""


_TAGS = {level: frozenset(tags) for level, tags in ATTRIBUTES.items()}


def fingerprint(level: Level, subject: bytes, tree: Tree, key: bytes) -> bytes:
    """The fingerprint of one entity, as one object describes it.

    ``subject`` is the entity: the patient's token, or the study's or series' UID.
    """
    present, size = [], 0
    for number in sorted(_TAGS[level] & tree.keys()):
        vr, value = element = tree[number]
        if vr == "SQ":
            value = canonical(element)
        present.append((number, vr, value))
        size += len(value)
    charset = text(tree, SPECIFIC_CHARACTER_SET)
    # All objects of a series say the same; hashing it once is enough. What is remembered
    # must not grow with what strange files say.
    make = _remembered if size + len(charset) <= _LARGEST_REMEMBERED else _fingerprint
    return make(level, subject, tuple(present), charset, key)


def _fingerprint(
    level: Level, subject: bytes, present: tuple[tuple[int, str, bytes], ...], charset: str, key: bytes
) -> bytes:
    hashes: dict[int, bytes] = {}
    for number, vr, value in present:
        if plain := _plain(vr, value, charset):
            hashes[number] = _hashed((bytes([level]), subject, number.to_bytes(4, "big"), plain), key)
    return pack([hashes.get(number) for number in ATTRIBUTES[level]])


_remembered = lru_cache(maxsize=1024)(_fingerprint)


def hasher(level: Level, keyword: str, value: str, key: bytes) -> Callable[[bytes], bytes]:
    """From an entity to what its fingerprint holds where a text attribute has this value."""
    before, after = _joined((bytes([level]),)), _joined((tag(keyword).to_bytes(4, "big"), _stripped(value)))
    keyed = blake2b(before, digest_size=SIZE, key=key, person=b"attribute")

    def hashed(subject: bytes) -> bytes:
        made = keyed.copy()
        made.update(len(subject).to_bytes(4, "big") + subject + after)
        return made.digest()

    return hashed


def _stripped(value: str) -> bytes:
    return value.strip(" \0").encode()


def _joined(parts: tuple[bytes, ...]) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _hashed(parts: tuple[bytes, ...], key: bytes) -> bytes:
    return blake2b(_joined(parts), digest_size=SIZE, key=key, person=b"attribute").digest()


def _plain(vr: str, value: bytes, charset: str) -> bytes:
    """A value as it is compared: characters decoded, padding and empty name parts removed."""
    if vr not in TEXT_VRS:
        return value
    if vr in ("DS", "IS"):
        return b"\\".join(_number(part) for part in value.split(b"\\"))
    characters = decoded(value, charset).strip(" \0")
    if vr == "PN":
        characters = "=".join(group.rstrip("^ ") for group in characters.split("=")).rstrip("=")
    return characters.encode()


def _number(part: bytes) -> bytes:
    try:
        return str(Decimal(part.decode("ascii").strip(" \0")).normalize()).encode()
    except (InvalidOperation, UnicodeDecodeError):
        return part.strip(b" \0")


def decoded(value: bytes, charset: str) -> str:
    """The characters of a text value in the object's Specific Character Set (0008,0005)."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    from pydicom.charset import convert_encodings, decode_bytes

    try:
        with quiet_pydicom():
            encodings = convert_encodings(charset.split("\\"))
            return decode_bytes(value, encodings, {ord("\\"), ord("^"), ord("=")})
    except (LookupError, ValueError):
        return value.decode("latin-1")
