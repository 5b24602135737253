"""What a DICOMDIR lists (PS3.3 Annex F)."""

from __future__ import annotations

from collections.abc import Iterator

import pydicom

from registry.dicomfile.parsing import quiet_pydicom
from registry.dicomfile.tree import items, text, tree_of

_DIRECTORY_RECORD_SEQUENCE = 0x0004_1220
_REFERENCED_FILE_ID = 0x0004_1500


def referenced_files(dicomdir: str) -> Iterator[tuple[str, ...]]:
    """The components of each file's path in a DICOMDIR's records, in their order.

    Yields nothing where the DICOMDIR can't be read.
    """
    try:
        with quiet_pydicom():
            tree = tree_of(pydicom.dcmread(dicomdir))
    except Exception:  # noqa: BLE001 (pydicom raises whatever a broken file makes it raise)
        return
    for record in items(tree, _DIRECTORY_RECORD_SEQUENCE):
        components = tuple(part for part in text(record, _REFERENCED_FILE_ID).split("\\") if part.strip())
        if components:
            yield components
