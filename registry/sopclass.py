"""SOP Classes by family: which kinds of object may share a series.

A series holds one modality from one equipment (PS3.3 A.1.2.3), so objects of
two families don't belong together, unless both are images. Raw data,
spectroscopy, waveforms and private classes stand in no family: vendors put
them beside the images they belong to, and nothing forbids it.
"""

from __future__ import annotations

from enum import StrEnum

STORAGE = "1.2.840.10008.5.1.4.1.1"
"""The arc of nearly all storage classes (PS3.6 Annex A)."""


class Family(StrEnum):
    """What sort of object a SOP Class describes, as far as sharing a series goes."""

    IMAGE = "image"
    SEG = "segmentation"
    PM = "parametric map"
    SR = "structured report"
    KO = "key object selection"
    PR = "presentation state"
    RTSTRUCT = "RT structure set"
    RTPLAN = "RT plan"
    RTDOSE = "RT dose"
    RTRECORD = "RT record"
    REG = "registration"
    FID = "fiducials"
    ANN = "annotation"
    RWV = "real world value mapping"
    DOCUMENT = "encapsulated document"


_SUFFIXES: dict[Family, str] = {
    Family.IMAGE: """
        1 1.1 1.1.1 1.2 1.2.1 1.3 1.3.1 2 2.1 2.2 3 3.1 4 4.1 4.3 4.4 5 6 6.1 6.2 6.3
        7 7.1 7.2 7.3 7.4 12.1 12.1.1 12.2 12.2.1 12.3 13.1.1 13.1.2 13.1.3 13.1.4 13.1.5
        14.1 14.2 20 77.1 77.2 77.1.1 77.1.1.1 77.1.2 77.1.2.1 77.1.3 77.1.4 77.1.4.1
        77.1.5.1 77.1.5.2 77.1.5.4 77.1.5.5 77.1.5.6 77.1.5.7 77.1.6 77.1.7 77.1.8 77.1.9
        81.1 82.1 128 128.1 130 481.1 481.23 481.24 501.1 501.2.1 501.2.2 601.1 601.2""",
    Family.SEG: "66.4 66.5 66.7 66.8",
    Family.PM: "30",
    Family.SR: """
        88.1 88.2 88.3 88.4 88.11 88.22 88.33 88.34 88.35 88.40 88.50 88.65 88.67 88.68
        88.69 88.70 88.71 88.72 88.73 88.74 88.75 88.76 88.77 79.1""",
    Family.KO: "88.59",
    Family.PR: "11.1 11.2 11.3 11.4 11.5 11.6 11.7 11.8 11.9 11.10 11.11 11.12",
    Family.RTSTRUCT: "481.3",
    Family.RTPLAN: "481.5 481.8",
    Family.RTDOSE: "481.2",
    Family.RTRECORD: "481.4 481.6 481.7 481.9 481.16 481.17 481.18 481.19 481.20",
    Family.REG: "66.1 66.3",
    Family.FID: "66.2",
    Family.ANN: "91.1",
    Family.RWV: "67",
    Family.DOCUMENT: "104.1 104.2 104.3 104.4 104.5",
}

_FAMILIES: dict[str, Family] = {
    f"{STORAGE}.{suffix}": family for family, suffixes in _SUFFIXES.items() for suffix in suffixes.split()
}

FRAME_OF_REFERENCE_CLASSES: frozenset[str] = frozenset(
    f"{STORAGE}.{suffix}"
    for suffix in """
        2 2.1 2.2 4 4.1 4.3 4.4 6.2 6.3 13.1.1 13.1.2 13.1.3 13.1.4 13.1.5 14.1 14.2 77.1.3 77.1.5.5 77.1.5.6
        77.1.5.7 77.1.8 82.1 128 128.1 130 481.2 481.23 481.24
    """.split()
)
"""Classes whose IOD has the Frame of Reference module as mandatory without a
condition (PS3.3 Annex A). Tiled slides, whose labels have none, secondary
captures, projection X-ray, ultrasound, plans and documents may do without one."""

_WITHOUT_PATIENT: frozenset[str] = frozenset(
    [
        *(f"{STORAGE}.{suffix}" for suffix in "200.1 200.3 200.7 201.1".split()),
        *(f"1.2.840.10008.5.1.4.{suffix}" for suffix in "38.1 39.1 43.1 44.1 45.1".split()),
    ]
)

MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
"""Media Storage Directory Storage: a DICOMDIR, which is no instance of anything."""

NATIVE_TRANSFER_SYNTAXES: frozenset[str] = frozenset(
    [
        "1.2.840.10008.1.2",  # Implicit VR Little Endian
        "1.2.840.10008.1.2.1",  # Explicit VR Little Endian
        "1.2.840.10008.1.2.1.99",  # Deflated Explicit VR Little Endian
        "1.2.840.10008.1.2.2",  # Explicit VR Big Endian (retired)
    ]
)
"""Transfer syntaxes with native pixel data: contents compare across them."""


LOSSY_TRANSFER_SYNTAXES: frozenset[str] = frozenset(
    f"1.2.840.10008.1.2.4.{suffix}"
    for suffix in """
        50 51 81 100 100.1 101 101.1 102 102.1 103 103.1 104 104.1 105 105.1 106 106.1 107 108
    """.split()
)
"""Transfer syntaxes of which nothing comes back as it was: JPEG Baseline and Extended,
JPEG-LS Near-lossless, MPEG2, MPEG-4 and HEVC (PS3.5 Annex A.4). Those of JPEG 2000 and
High-Throughput JPEG 2000 that may be lossy may be lossless too."""


def family_of(sop_class_uid: str | None) -> Family | None:
    """The family of a SOP Class; None for one that stands in none or isn't known."""
    return _FAMILIES.get(sop_class_uid or "")


def has_patient(sop_class_uid: str | None) -> bool:
    """Whether objects of the class belong to a patient, a study and a series.

    Color palettes, hanging protocols, implant templates, defined procedure
    protocols and inventories don't (PS3.4 Annex GG).
    """
    return sop_class_uid not in _WITHOUT_PATIENT
