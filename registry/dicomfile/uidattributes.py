"""The attributes that hold a UID, by name."""

from __future__ import annotations

from pydicom.datadict import DicomDictionary  # type: ignore[attr-defined]  # its __all__ leaves it out

from registry.dicomfile.structural import STRUCTURAL


def instance_keywords() -> list[str]:
    """Those that are replaced, as pydicom's dictionary has them, in the order of their tags."""
    found = (entry[4] for _, entry in sorted(DicomDictionary.items()) if entry[0] == "UI" and entry[4])
    return [keyword for keyword in found if keyword not in STRUCTURAL]
