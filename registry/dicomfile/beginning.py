"""What the first bytes of a file tell: whether it is worth reading as DICOM."""

from __future__ import annotations

from registry.dicomfile.unreadable import NotDicom

ZIP_MARK = b"PK\x03\x04"
PREAMBLE = 128
"""Bytes before the DICM mark (PS3.10 section 7.1)."""

START = PREAMBLE + 4
"""Bytes that tell whether a file is worth reading as DICOM."""

_FIRST_GROUPS = frozenset({0x0002, 0x0008})


def is_marked(start: bytes) -> bool:
    """Whether a file has the DICM mark after its preamble (PS3.10 section 7.1)."""
    return start[PREAMBLE:START] == b"DICM"


def require_dicom(start: bytes) -> None:
    """Raise ``NotDicom`` for a file whose first bytes rule it out."""
    if not is_marked(start) and not _begins_like_a_data_set(start[:START]):
        raise NotDicom(
            "a zip archive; one is opened only as a file of its own whose name ends in .zip"
            if start[:4] == ZIP_MARK
            else "not DICOM"
        )


def _begins_like_a_data_set(start: bytes) -> bool:
    """Whether bytes without preamble begin with a tag that data sets begin with."""
    groups = (int.from_bytes(start[:2], "little"), int.from_bytes(start[:2], "big"))
    return len(start) > 8 and not _FIRST_GROUPS.isdisjoint(groups)
