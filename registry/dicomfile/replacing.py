"""Replacing the UIDs of a whole data set: file meta information, sequences at any depth, private ones.

First everything is found, then all of it is replaced: so that whoever knows the
replacements is asked once for an object. What isn't a UI element stays as it is, to the
byte; pixels aren't looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from itertools import product
from typing import Any

from pydicom.datadict import dictionary_VR, private_dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_sequence
from pydicom.filewriter import write_sequence
from pydicom.sequence import Sequence

from registry.dicomfile import tags
from registry.dicomfile.splicing import Touched
from registry.dicomfile.structural import STRUCTURAL
from registry.dicomfile.unreadable import UnreadableDicom
from registry.kinds import Kind
from registry.limits import LONGEST_NAMED, MIB, MOST_NAMED
from registry.uid import flaws

_KINDS: dict[int, Kind] = {
    tags.STUDY_INSTANCE_UID: Kind.STUDY,
    tags.SERIES_INSTANCE_UID: Kind.SERIES,
    tags.SOP_INSTANCE_UID: Kind.INSTANCE,
    tags.REFERENCED_SOP_INSTANCE_UID: Kind.INSTANCE,
    **tags.SHARED_KINDS,
}
"""Of what kind the UID in an element is, where the element alone says so."""

_STUDY_REFERENCES = frozenset({0x0008_1110, 0x3006_0012})
"""In whose items (0008,1155) names a study."""

_SIGNED = frozenset({0xFFFA_FFFA, 0x4FFE_0001})
_ENCRYPTED = 0x0400_0500
_ITEM = b"\xfe\xff\x00\xe0"
_END = b"\xfe\xff\xdd\xe0\0\0\0\0"  # of a sequence of undefined length (PS3.5 section 7.5.2)

_ONE = rb"[0-9]+(?:\.[0-9]+){5,}"
_LIKE_UIDS = re.compile(rb"%b(?:\\%b)*[\0 ]*\Z" % (_ONE, _ONE))
"""What a UI element in UN is taken for: so many components has no version and no address."""

_LONGEST = MIB
"""Bytes of a value that is looked at so."""


@dataclass(slots=True)
class Places:
    """The UIDs of an object, and where they stand."""

    uids: dict[str, Kind | None] = field(default_factory=dict)
    signed: bool = False  # a signature in it holds no longer once anything is replaced (PS3.15 Annex C)
    encrypted: bool = False  # what is encrypted in it nobody sees (PS3.15 Annex E)
    touched: list[Touched] = field(default_factory=list)  # in which something is to be replaced
    _elements: list[tuple[Dataset, Any, list[str], bool]] = field(default_factory=list)
    _enclosed: list[tuple[Dataset, Any, Places, Sequence, bool, bytes]] = field(default_factory=list)

    def replace(self, replacement: Mapping[str, str]) -> None:
        """Replace each UID by what the mapping says of it; one that stays is its own."""
        for data_set, element, values, raw in self._elements:
            new = [replacement.get(value, value) for value in values]
            if new == values:
                continue
            if raw:
                _put(data_set, element, "\\".join(new).encode("latin-1", "replace"))
            else:
                _set(data_set, element, new if len(new) > 1 else new[0])
        for data_set, element, within, sequence, implicit, end in self._enclosed:
            if any(replacement.get(uid, uid) != uid for uid in within.uids):
                within.replace(replacement)
                _put(data_set, element, _encoded(sequence, implicit) + end)


def find(data_set: Dataset) -> Places:
    """All UIDs of a data set and its file meta information, but what names no instance.

    Raises ``UnreadableDicom`` where there are more, longer or deeper ones than anybody can have meant.
    """
    places = Places()
    meta = getattr(data_set, "file_meta", None)
    for part in (meta, data_set):
        if part:
            _walk(part, places)
    return places


def _walk(top: Dataset, places: Places) -> None:
    waiting: list[tuple[Dataset, int, Touched | None]] = [(top, 0, None)]
    while waiting:
        data_set, within, above = waiting.pop()
        for number in list(data_set.keys()):
            element: Any = data_set.get_item(number)
            vr = _vr(data_set, int(number), element.VR)
            if vr not in ("SQ", "UI", "UN"):
                continue
            found = len(places._elements) + len(places._enclosed)
            at = above or Touched(data_set, number, element)
            if number in _SIGNED:
                places.signed = True
            elif number == _ENCRYPTED:
                places.encrypted = True
            if vr == "SQ":
                waiting += [(item, int(number), at) for item in data_set[number].value or ()]
            elif vr == "UI" and number not in _KEPT:
                _name(places, data_set, element, _kind(number, within))
            elif vr == "UN":
                _unknown(places, data_set, element)
            if len(places._elements) + len(places._enclosed) > found:
                places.touched.append(at)
            if len(places.uids) > MOST_NAMED:
                raise UnreadableDicom(f"it names more than {MOST_NAMED:,} UIDs")


def _vr(data_set: Dataset, number: int, said: str | None) -> str:
    """The VR of an element: as it says itself, else as PS3.6 or the private creator's dictionary has it."""
    if said not in (None, "UN"):
        return said
    vr = _private_vr(data_set, number) if number >> 16 & 1 else _known_vr(number)
    # A sequence in UN is read as bytes, and is to be written as it was.
    return "UN" if vr == "SQ" and said == "UN" else vr


@lru_cache(maxsize=8192)
def _known_vr(number: int) -> str:
    try:
        return dictionary_VR(number)
    except KeyError:
        return "UN"


def _private_vr(data_set: Dataset, number: int) -> str:
    creator: Any = data_set.get_item(number & 0xFFFF_0000 | number >> 8 & 0xFF)
    if creator is None or not creator.value:
        return "UN"
    name = creator.value if isinstance(creator.value, str) else bytes(creator.value).decode("latin-1")
    try:
        return private_dictionary_VR(number, name.strip("\0 "))
    except KeyError:
        return "UN"


def _kind(number: int, within: int) -> Kind | None:
    if number == tags.REFERENCED_SOP_INSTANCE_UID and within in _STUDY_REFERENCES:
        return Kind.STUDY
    return _KINDS.get(number)


def _name(places: Places, data_set: Dataset, element: Any, kind: Kind | None) -> None:
    raw = isinstance(element, RawDataElement)
    values = _values(element.value, raw)
    if not any(values):
        return
    for value in values:
        if len(value) > LONGEST_NAMED:
            raise UnreadableDicom(f"one of its UIDs has more than {LONGEST_NAMED:,} characters")
        if value and places.uids.get(value) is None:
            places.uids[value] = kind
    places._elements.append((data_set, element, values, raw))


def _values(value: Any, raw: bool) -> list[str]:
    """The values of a UI element, without their padding."""
    if not value:
        return []
    if raw or isinstance(value, bytes):
        value = bytes(value).decode("latin-1").split("\\")
    several = [value] if isinstance(value, str) else list(value)
    return [str(each).strip("\0 ") for each in several]


def _unknown(places: Places, data_set: Dataset, element: Any) -> None:
    """An element in UN: a UID that lost its VR, a sequence that did, or anything else, which stays."""
    value = element.value
    if not isinstance(value, bytes) or not value:
        return
    if len(value) <= _LONGEST and _LIKE_UIDS.match(value):
        values = value.rstrip(b"\0 ").decode().split("\\")
        if not any(map(flaws, values)):
            for uid in values:
                places.uids.setdefault(uid, None)
            places._elements.append((data_set, element, values, True))
    elif value.startswith(_ITEM):
        _enclosed(places, data_set, element, value)


def _enclosed(places: Places, data_set: Dataset, element: Any, value: bytes) -> None:
    """A sequence in UN, if it is one that would be written as it was read.

    It is encoded without VRs (PS3.5 section 6.2.2), by some with them; and by some with the item
    that ends a sequence of undefined length.
    """
    ends = (b"", _END) if value.endswith(_END) else (b"",)
    for end, implicit in product(ends, (True, False)):
        items = value.removesuffix(end)
        try:
            sequence = _decoded(items, implicit)
            if _encoded(sequence, implicit) != items:
                continue
            within = Places()
            for item in sequence:
                _walk(item, within)
        except UnreadableDicom:
            raise
        except RecursionError:
            raise UnreadableDicom("its sequences are nested too deeply") from None
        except Exception:  # noqa: BLE001, S112 (pydicom raises whatever broken data makes it raise: then it is none)
            continue
        places.signed |= within.signed
        places.encrypted |= within.encrypted
        if within.uids:
            places.uids = {**within.uids, **places.uids}
            places._enclosed.append((data_set, element, within, sequence, implicit, end))
        return


def _decoded(value: bytes, implicit: bool) -> Sequence:
    return read_sequence(BytesIO(value), implicit, True, len(value), "iso8859")


def _encoded(sequence: Sequence, implicit: bool) -> bytes:
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, implicit
    write_sequence(file, DataElement(0x0009_1001, "SQ", sequence), ["iso8859"])
    return file.getvalue()


def _put(data_set: Dataset, element: Any, value: bytes) -> None:
    """Another value for an element as it was read; of even length (PS3.5 section 7.1.1)."""
    value += b"\0" * (len(value) % 2)
    if isinstance(element, RawDataElement):
        # Past __setitem__, which would convert a private one and lose how it was encoded.
        data_set._dict[element.tag] = element._replace(value=value, length=len(value))
    else:
        _set(data_set, element, value)


def _set(data_set: Dataset, element: DataElement, value: Any) -> None:
    """Another element in its place: a program may have put this one into several data sets."""
    data_set[element.tag] = DataElement(element.tag, element.VR, value)


_KEPT = frozenset(map(tag_for_keyword, STRUCTURAL))
