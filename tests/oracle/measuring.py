"""Which attributes dcentvfy compares, and as whose: asked of the program itself.

Two instances of a class are filled with every attribute of the data dictionary,
each with two values; what it reports is what it compares.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterable
from pathlib import Path

from pydicom.uid import UID_dictionary

from tests.oracle import peers, study, values

_ANY_CLASS = "1.2.840.10008.5.1.4.1.1.2"

Compared = dict[tuple[str, str], list[str]]
"""(entity, attribute) -> the classes for which it is compared."""


def storage_classes() -> list[str]:
    """Every storage class that pydicom knows by name."""
    return [
        uid
        for uid, (name, kind, *_) in UID_dictionary.items()
        if kind == "SOP Class" and "Storage" in name and uid.startswith("1.2.840.10008.5.1.4.1.1.")
    ]


def compared(classes: Iterable[str]) -> tuple[Compared, list[str]]:
    """What is compared for some classes, and those that dcentvfy doesn't know."""
    with tempfile.TemporaryDirectory() as folder:
        filled = _filled()

        def ask(sop_class: str) -> set[peers.Remark]:
            paths = []
            for name, data in filled.items():
                path = Path(folder) / f"{sop_class}-{name}"
                path.write_bytes(_of_class(data, sop_class))
                paths.append(path)
            remarks = peers.dcentvfy(paths)
            for path in paths:
                path.unlink()
            return remarks

        listed = list(classes)
        answers = peers.at_once(ask, listed)
    found: Compared = {}
    unknown = []
    for sop_class, remarks in zip(listed, answers, strict=True):
        attributes = sorted((r.entity, r.attribute) for r in remarks if r.error and r.attribute and r.entity)
        for attribute in attributes:
            found.setdefault(attribute, []).append(sop_class)
        if not attributes:
            unknown.append(sop_class)
    return dict(sorted(found.items())), unknown


def _filled() -> dict[str, bytes]:
    """Two objects of one series that disagree in everything."""
    files = study.pair(_ANY_CLASS, "Series")
    filled = {}
    for second, (name, data) in enumerate(files.items()):
        wanted = {keyword: values.value(keyword, bool(second)) for keyword in values.everything()}
        for keyword, value in wanted.items():
            if second and values.vr_of(keyword) == "SQ":
                value.append(value[0])  # it counts items before it looks into them
        filled[name] = study.edited(data, study.setting(**wanted))
    return filled


def _of_class(data: bytes, sop_class: str) -> bytes:
    """The same object with another SOP Class UID."""
    start = data.index(b"\x08\x00\x16\x00UI") + 6
    (length,) = struct.unpack("<H", data[start : start + 2])
    value = sop_class.encode() + b"\0" * (len(sop_class) % 2)
    return data[:start] + struct.pack("<H", len(value)) + value + data[start + 2 + length :]
