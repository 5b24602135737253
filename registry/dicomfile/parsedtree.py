"""The tree of a data set that pydicom has parsed, or that a program has made with it."""

from __future__ import annotations

from array import array

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import correct_ambiguous_vr_element, write_data_element
from pydicom.valuerep import AMBIGUOUS_VR, CUSTOMIZABLE_CHARSET_VR

from registry.dicomfile.dictionary import name_of, vr_of
from registry.dicomfile.tree import MAX_DEPTH, PIXEL_DATA, Element, Tree
from registry.dicomfile.unreadable import UnreadableDicom

_WORDS = {
    **dict.fromkeys(("US", "SS", "OW", "AT"), "H"),
    **dict.fromkeys(("UL", "SL", "FL", "OL", "OF"), "I"),
    **dict.fromkeys(("FD", "OD", "SV", "UV", "OV"), "Q"),
}

_IMPLICIT_HEADER = 8  # tag and length


def tree_of(data_set: Dataset, around: tuple[Dataset, ...] = ()) -> Tree:
    """The tree of a data set that pydicom has read, or that a program has made with it.

    ``around`` are the data sets in whose sequences it stands, the nearest first.
    Raises ``UnreadableDicom`` where a sequence of the standard can't be parsed or
    sequences nest too deeply. A private one that can't be parsed stays bytes.
    """
    if len(around) > MAX_DEPTH:
        raise UnreadableDicom(f"its sequences are nested more than {MAX_DEPTH} deep")
    tree: Tree = {}
    inside = (data_set, *around)
    for element in data_set.values():
        tag = int(element.tag)
        if tag & 0xFFFF == 0:
            continue
        if isinstance(element, RawDataElement) and not (element.value is None and element.length):
            tree[tag] = _raw(element, inside)
        else:
            # What is still in its file (pydicom's ``defer_size``) is fetched by asking for it.
            tree[tag] = _parsed(data_set[element.tag], inside)
    return tree


def _raw(element: RawDataElement, inside: tuple[Dataset, ...]) -> Element:
    data_set = inside[0]
    tag = int(element.tag)
    vr = element.VR
    if vr is None or vr == "UN":
        vr = vr_of(tag)
    if vr == "SQ":
        try:
            members = data_set[element.tag].value
        except (MemoryError, RecursionError):
            raise  # of this process, not of the element: it says nothing of what is in the file
        except Exception as error:
            if tag >> 16 & 1:
                return "UN", element.value or b""
            raise UnreadableDicom(f"its sequence {name_of(tag)} is broken") from error
        return "SQ", [tree_of(member, inside) for member in members or ()]
    value = element.value or b""
    if not element.is_little_endian and vr in _WORDS:
        word = _WORDS[vr]
        if tag == PIXEL_DATA:
            # Pixels of 32 bits and more are swapped whole (PS3.5 section 8.1.1).
            word = {32: "I", 64: "Q"}.get(_bits_allocated(data_set), word)
        value = _swapped(value, word)
    return vr, value


def _bits_allocated(data_set: Dataset) -> int:
    bits = data_set.get("BitsAllocated")
    return bits if isinstance(bits, int) else 16


def _parsed(element: DataElement, inside: tuple[Dataset, ...]) -> Element:
    # pydicom converts while it reads: sequences of undefined length, and the few
    # elements that it needs itself, such as the character set. What a program made
    # was never anything else.
    if element.VR == "SQ":
        return "SQ", [tree_of(member, inside) for member in element.value or ()]
    if element.tag == PIXEL_DATA and isinstance(element.value, bytes):
        return str(element.VR), element.value
    if element.VR in AMBIGUOUS_VR:
        element = DataElement(element.tag, element.VR, element.value)  # which is changed
        correct_ambiguous_vr_element(element, inside[0], True, list(inside))
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, True
    write_data_element(file, element, _charset(inside) if element.VR in CUSTOMIZABLE_CHARSET_VR else None)
    return str(element.VR), file.getvalue()[_IMPLICIT_HEADER:]


def _charset(inside: tuple[Dataset, ...]) -> str | list[str] | None:
    """The Specific Character Set in force (PS3.5 section 7.5.3: an item has that of what is around it)."""
    for data_set in inside:
        if "SpecificCharacterSet" in data_set:
            charset: str | list[str] | None = data_set.SpecificCharacterSet
            return charset or None
    return None


def _swapped(value: bytes, word: str) -> bytes:
    size = array(word).itemsize
    whole = len(value) // size * size
    words = array(word, value[:whole])
    words.byteswap()
    return words.tobytes() + value[whole:]
