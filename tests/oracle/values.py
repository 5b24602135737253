"""Two values for any attribute, and the same value written in another way."""

from __future__ import annotations

from typing import Any

from pydicom.datadict import DicomDictionary, dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset

from tests.oracle.study import STUDY

_VALUES: dict[str, tuple[Any, Any]] = {
    "AE": ("ONE", "TWO"),
    "AS": ("041Y", "042Y"),
    "CS": ("ONE", "TWO"),
    "DA": ("20200101", "20200102"),
    "DS": ("1", "2"),
    "DT": ("20200101", "20200102"),
    "FD": (1.0, 2.0),
    "FL": (1.0, 2.0),
    "IS": ("1", "2"),
    "LO": ("one", "two"),
    "LT": ("one", "two"),
    "PN": ("One^A", "Two^A"),
    "SH": ("one", "two"),
    "SL": (1, 2),
    "SS": (1, 2),
    "ST": ("one", "two"),
    "TM": ("1001", "1002"),
    "UC": ("one", "two"),
    "UI": (f"{STUDY}.61", f"{STUDY}.62"),
    "UL": (1, 2),
    "UR": ("urn:one", "urn:two"),
    "US": (1, 2),
    "UT": ("one", "two"),
}
_OTHERWISE: dict[str, Any] = {
    "DS": "1.0",
    "IS": "+1",
    "PN": "One^A^^",
    "TM": "100100",
    **dict.fromkeys(("LO", "LT", "SH", "ST", "UC", "UT"), "one  "),
    "AE": "ONE  ",
    "CS": "ONE  ",
}


def vr_of(keyword: str) -> str:
    """The value representation, the first where there is a choice ("US or SS")."""
    return dictionary_VR(tag_for_keyword(keyword) or 0).split(" ")[0]


def value(keyword: str, second: bool = False) -> Any:
    """The first or the second value of an attribute; a sequence has one item."""
    if vr_of(keyword) == "SQ":
        return [_item(keyword, second)]
    return _VALUES[vr_of(keyword)][second]


def otherwise(keyword: str) -> Any:
    """The first value in another writing; None where there is none."""
    return _OTHERWISE.get(vr_of(keyword))


def _item(keyword: str, second: bool) -> Dataset:
    item = Dataset()
    if keyword.startswith("Referenced") and keyword != "ReferencedPatientPhotoSequence":
        item.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.3"  # a procedure step
        item.ReferencedSOPInstanceUID = _VALUES["UI"][second]
    else:
        item.CodeValue = "2" if second else "1"
        item.CodingSchemeDesignator = "99TEST"
        item.CodeMeaning = "two" if second else "one"
    return item


def everything() -> list[str]:
    """Every attribute of the dictionary that can stand at the top of an object."""
    return [
        keyword
        for tag, (vr, _, _, _, keyword) in DicomDictionary.items()
        if keyword
        and (tag >> 16) not in _NOT_OF_OBJECTS
        and tag not in _NOT_HERE
        and (vr.split(" ")[0] in _VALUES or vr == "SQ")
    ]


_NOT_OF_OBJECTS = (0x0000, 0x0002, 0x0004, 0x0006, 0x7FE0, 0xFFFA, 0xFFFC, 0xFFFE)
_NOT_HERE = (
    0x00080001,  # Length to End: a reader believes it
    0x00080005,  # Specific Character Set: of the encoding, not of an entity
    0x00080016,
    0x00080018,
    0x00100020,  # these five UIDs and the Patient ID say whose object it is
    0x0020000D,
    0x0020000E,
)
