"""Every UID that an object names, wherever it stands, for whoever looks for those that mustn't be there.

Reading an object for its identity looks at what the registry knows; this looks at all:
elements at any depth, private ones, and UIDs that stand in a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableSequence
from functools import lru_cache
from typing import Any

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataset import Dataset

from registry.dicomfile.replacing import find
from registry.dicomfile.structural import STRUCTURAL
from registry.limits import MIB
from registry.records import NamedUid
from registry.uid import STANDARD_ROOT, is_under

_TEXT = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
"""VRs in which somebody may have written a UID (PS3.5 section 6.2)."""

_BYTES = frozenset({"OB", "UN"})
_LONGEST = MIB
"""Bytes of a private element that are looked at for a UID: CSA headers of Siemens hold some."""

_IN_TEXT = re.compile(r"(?<![\d.])[0-2](?:\.(?:0|[1-9]\d*)){4,}(?!\d)")
"""What is looked up: so many components has no version of a program and no address."""

_ELSEWHERE = "an element without a VR"


def named(meta: Dataset | None, data_set: Dataset) -> tuple[NamedUid, ...]:
    """The UIDs of file meta information and data set that aren't the standard's, each with where it
    stands first; in a text and in an element of its own are two.

    Raises ``UnreadableDicom`` where there are more than anybody can have meant.
    """
    found = [each for part in (meta, data_set) if part for each in _walked(part)]
    first = {
        (each.uid, each.in_text): each for each in reversed(found) if not is_under(each.uid, STANDARD_ROOT)
    }
    elements = {uid for uid, in_text in first if not in_text}
    for part in (meta, data_set):
        for uid in find(part).uids if part else ():
            if uid not in elements and not is_under(uid, STANDARD_ROOT):
                first[uid, False] = NamedUid(uid, _ELSEWHERE)
                first.pop((uid, True), None)  # the same place, taken for a text
    return tuple(sorted(first.values()))


def _walked(top: Dataset) -> Iterator[NamedUid]:
    """What the elements say, as they stand in the file: converting each would cost more than all else."""
    waiting: list[tuple[Dataset, str]] = [(top, "")]
    while waiting:
        data_set, path = waiting.pop()
        for tag in list(data_set.keys()):
            element: Any = data_set.get_item(tag)
            vr = _vr(int(tag), element.VR)
            if vr == "SQ":
                where = f"{path}{_called(int(tag))} > "
                waiting += [(item, where) for item in _items(data_set, tag)]
            elif vr == "UI" and tag not in _KEPT:
                where = path + _called(int(tag))
                yield from (NamedUid(uid, where) for uid in map(_unpadded, _several(element.value)) if uid)
            elif vr in _TEXT or (vr in _BYTES and _is_private_block(tag, element.value)):
                for text in _several(element.value):
                    for uid in _IN_TEXT.findall(text):
                        yield NamedUid(uid, path + _called(int(tag)), in_text=True)


@lru_cache(maxsize=8192)
def _vr(number: int, said: str | None) -> str:
    """The VR of an element; of what has none here `find` looks at the bytes."""
    if said not in (None, "UN"):
        return said
    try:
        known = dictionary_VR(number)
    except KeyError:
        return "UN"
    return "UN" if known == "SQ" and said == "UN" else known


def _is_private_block(tag: Any, value: Any) -> bool:
    return bool(int(tag) >> 16 & 1) and isinstance(value, bytes) and len(value) <= _LONGEST


@lru_cache(maxsize=8192)
def _called(number: int) -> str:
    return keyword_for_tag(number) or f"({number >> 16:04x},{number & 0xFFFF:04x})"


def _items(data_set: Dataset, tag: Any) -> list[Dataset]:
    try:
        return list(data_set[tag].value or ())
    except Exception:  # noqa: BLE001 (whatever a broken sequence makes pydicom raise: then it has no items)
        return []


def _several(value: Any) -> list[str]:
    """The values of an element, read or not; those of bytes as far as they are ASCII, as UIDs are."""
    if not value:
        return []
    if isinstance(value, bytes):
        return value.decode("latin-1").split("\\")
    return [str(each) for each in value] if isinstance(value, MutableSequence) else [str(value)]


def _unpadded(text: str) -> str:
    return text.strip("\0 ")


_KEPT = frozenset(map(tag_for_keyword, STRUCTURAL))
