"""Every UID that an object names, wherever it stands, for whoever looks for those that mustn't be there.

Reading an object for its identity looks at what the registry knows; this looks at all:
elements at any depth, private ones, and UIDs that stand in a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableSequence
from typing import Any

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset

from registry.dicomfile.replacing import find
from registry.dicomfile.structural import STRUCTURAL
from registry.records import NamedUid
from registry.uid import STANDARD_ROOT, is_under

_TEXT = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
"""VRs in which somebody may have written a UID (PS3.5 section 6.2)."""

_IN_TEXT = re.compile(r"(?<![\d.])[0-2](?:\.(?:0|[1-9]\d*)){4,}(?!\d)")
"""What is looked up: so many components has no version of a program and no address."""

_ELSEWHERE = "an element without a VR"


def named(meta: Dataset | None, data_set: Dataset) -> tuple[NamedUid, ...]:
    """The UIDs of file meta information and data set that aren't the standard's, each with where it
    stands first; in a text and in an element of its own are two.

    Raises ``UnreadableDicom`` where there are more than anybody can have meant.
    """
    found = dict.fromkeys(_own(each) for part in (meta, data_set) if part for each in _walked(part))
    first = {(each.uid, each.in_text): each for each in reversed(list(filter(None, found)))}
    elements = {uid for uid, in_text in first if not in_text}
    for part in (meta, data_set):
        for uid in find(part).uids if part else ():
            if uid not in elements and not is_under(uid, STANDARD_ROOT):
                first[uid, False] = NamedUid(uid, _ELSEWHERE)
    return tuple(sorted(first.values()))


def _own(each: NamedUid) -> NamedUid | None:
    return None if is_under(each.uid, STANDARD_ROOT) else each


def _walked(top: Dataset) -> Iterator[NamedUid]:
    waiting: list[tuple[Dataset, str]] = [(top, "")]
    while waiting:
        data_set, path = waiting.pop()
        for tag in list(data_set.keys()):
            try:
                element = data_set[tag]
                value: Any = element.value
            except Exception:  # noqa: BLE001, S112 (whatever broken data makes pydicom raise; `find` sees its bytes)
                continue
            where = path + (keyword_for_tag(tag) or str(tag))
            if element.VR == "SQ":
                waiting += [(item, f"{where} > ") for item in value or ()]
            elif element.VR == "UI":
                if element.keyword not in STRUCTURAL:
                    yield from (NamedUid(uid, where) for uid in map(str, _several(value)) if uid)
            elif element.VR in _TEXT:
                for text in map(str, _several(value)):
                    yield from (NamedUid(uid, where, in_text=True) for uid in _IN_TEXT.findall(text))


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, MutableSequence) else [value]
