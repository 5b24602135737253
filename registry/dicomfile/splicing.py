"""A file with other values in some of its elements: all other bytes as they were.

Only what was replaced is written anew, by pydicom, and put between what stands before
and behind it in the file. So a copy differs from its original where it must and nowhere
else, and most of the work of writing a file isn't done. Where a file isn't plain enough
for that, it is written whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any, NamedTuple

from pydicom import dcmwrite
from pydicom.charset import default_encoding
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

_UNDEFINED = 0xFFFF_FFFF
_GROUP_LENGTH = 0x0002_0000


class Touched(NamedTuple):
    """An element at the top of a data set or of its file meta information in which something is
    replaced, as it was read."""

    part: Dataset
    tag: Any
    element: Any


class _NotPlain(Exception):
    """The file has to be written whole."""


class _Span(NamedTuple):
    begin: int
    end: int
    instead: bytes


def written(data: bytes, data_set: FileDataset, touched: Iterable[Touched]) -> bytes:
    """The bytes of a file that was read from ``data``, with what now stands in what was touched.

    Where ``data`` is empty, for what was read isn't what the file holds (it was inflated),
    the file is written whole.
    """
    try:
        return _spliced(data, data_set, list(touched))
    except _NotPlain:
        file = BytesIO()
        dcmwrite(file, data_set, enforce_file_format=False)
        return file.getvalue()


def _spliced(data: bytes, data_set: FileDataset, touched: list[Touched]) -> bytes:
    meta = getattr(data_set, "file_meta", None)
    implicit, little = data_set.original_encoding
    if not data or implicit is None or little is None:
        raise _NotPlain
    encodings = {id(data_set): (implicit, little), id(meta): (False, True)}
    if any(int(tag) & 0xFFFF == 0 for tag in data_set.keys()):  # noqa: SIM118 (a Dataset iterates over elements)
        raise _NotPlain  # lengths of groups, long retired
    spans = sorted(_span(data, each, *encodings[id(each.part)]) for each in touched)
    grown = sum(
        len(span.instead) - (span.end - span.begin)
        for span, each in zip(spans, sorted(touched, key=_place), strict=True)
        if each.part is meta
    )
    if grown:
        spans.insert(0, _group_length(data, meta, grown))
    pieces, at = [], 0
    for begin, end, instead in spans:
        if begin < at:
            raise _NotPlain
        pieces += [data[at:begin], instead]
        at = end
    return b"".join([*pieces, data[at:]])


def _place(each: Touched) -> int:
    return _value_at(each.element)


def _value_at(element: Any) -> int:
    place = element.value_tell if isinstance(element, RawDataElement) else element.file_tell
    if not place:
        raise _NotPlain
    return int(place)


def _span(data: bytes, each: Touched, implicit: bool, little: bool) -> _Span:
    """Where an element stands in the file, and what stands there now."""
    begin, bare = _begin(data, each.element, int(each.tag), implicit, little)
    return _Span(begin, _end(data, each, implicit, little), _encoded(each, bare, little))


def _begin(data: bytes, element: Any, tag: int, implicit: bool, little: bool) -> tuple[int, bool]:
    """Where an element begins, and whether it says no VR: in some files such stand among others."""
    for bare in (False, True)[implicit:]:
        begin = _value_at(element) - _header(element, bare)
        if data[begin : begin + 4] == _encoded_tag(tag, little) and (
            bare or (element.VR and data[begin + 4 : begin + 6] in (element.VR.encode(), b"UN"))
        ):
            return begin, bare
    raise _NotPlain


def _end(data: bytes, each: Touched, implicit: bool, little: bool) -> int:
    element = each.element
    if isinstance(element, RawDataElement) and element.length != _UNDEFINED:
        return _value_at(element) + int(element.length)
    # A sequence of undefined length ends where the next element begins.
    tags = [tag for tag in each.part.keys() if tag > each.tag]  # noqa: SIM118 (as above)
    if not tags:
        raise _NotPlain
    after: Any = each.part.get_item(min(tags))
    return _begin(data, after, int(min(tags)), implicit, little)[0]


def _header(element: Any, implicit: bool) -> int:
    """Bytes of an element before its value (PS3.5 section 7.1)."""
    return 12 if not implicit and element.VR in EXPLICIT_VR_LENGTH_32 else 8


def _encoded_tag(tag: int, little: bool) -> bytes:
    order = "little" if little else "big"
    return (tag >> 16).to_bytes(2, order) + (tag & 0xFFFF).to_bytes(2, order)  # type: ignore[arg-type]


def _encoded(each: Touched, implicit: bool, little: bool) -> bytes:
    file = DicomBytesIO()
    file.is_implicit_VR, file.is_little_endian = implicit, little
    element: Any = each.part.get_item(each.tag)
    write_data_element(file, element, getattr(each.part, "_character_set", None) or [default_encoding])
    return file.getvalue()


def _group_length(data: bytes, meta: Dataset | None, grown: int) -> _Span:
    """The length of the file meta information (PS3.10 section 7.1), with what was added to it."""
    element: Any = None if meta is None else meta.get_item(_GROUP_LENGTH)
    if element is None:
        raise _NotPlain
    begin = _value_at(element)
    if data[begin - 8 : begin] != b"\2\0\0\0UL\4\0":
        raise _NotPlain
    length = int.from_bytes(data[begin : begin + 4], "little") + grown
    return _Span(begin, begin + 4, length.to_bytes(4, "little"))
