"""What a DICOMDIR lists (PS3.3 Annex F), and nothing outside of its folder."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterator

from registry.dicomfile.beginning import require_dicom
from registry.dicomfile.identity import shortened
from registry.dicomfile.regularfile import read_regular
from registry.dicomfile.sources import Found, Source, is_inside
from registry.dicomfile.tree import Tree, items, text
from registry.dicomfile.trees import trees_of
from registry.dicomfile.unreadable import UnreadableDicom
from registry.limits import MOST_LISTED, Limits
from registry.records import Listing, Skipped

_DIRECTORY_RECORD_SEQUENCE = 0x0004_1220
_REFERENCED_FILE_ID = 0x0004_1500
_REFERENCED_SOP_CLASS_UID_IN_FILE = 0x0004_1510
_REFERENCED_SOP_INSTANCE_UID_IN_FILE = 0x0004_1511


def listed(dicomdir: str, limits: Limits) -> list[Found]:
    """Each file that a DICOMDIR's records name, once, in their order.

    A record may lead anywhere, to a file of the machine, to the DICOMDIR itself;
    a file is read only where, links followed, it lies in the DICOMDIR's folder.
    Raises ``UnreadableDicom``, and whatever pydicom raises for a broken file.
    """
    _, tree = trees_of(read_regular(dicomdir, limits.file_size, require_dicom), limits)
    folder = os.path.dirname(dicomdir)
    top = os.path.realpath(folder or ".")
    found: dict[str, Found] = {}
    said: dict[str, list[Listing]] = defaultdict(list)
    for number, (parts, listing) in enumerate(dict.fromkeys(_records(tree)), 1):
        one = _found(folder, parts, top)
        place = os.path.realpath(one.path) if isinstance(one, Source) else one.path
        found.setdefault(place, one)
        said[place].append(listing)
        if number > MOST_LISTED:
            raise UnreadableDicom(f"the DICOMDIR lists more than {MOST_LISTED:,} files")
    return [
        one._replace(listings=tuple(said[place])) if isinstance(one, Source) else one
        for place, one in found.items()
    ]


def _found(folder: str, parts: tuple[str, ...], top: str) -> Found:
    path = os.path.join(folder, *parts)
    if "\0" in path:
        return Skipped(path, "the DICOMDIR lists it, but no file can have this name")
    if not is_inside(os.path.realpath(path), top):
        return Skipped(path, "the DICOMDIR leads outside of its folder")
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return Skipped(path, "the DICOMDIR lists it, but it isn't there")
    except OSError as error:
        return Skipped(path, error.strerror or "it can't be looked at")
    if not stat.S_ISREG(status.st_mode):
        return Skipped(path, "not a regular file")
    if os.path.basename(path).upper() == "DICOMDIR":
        return Skipped(path, "a DICOMDIR, not an instance")
    return Source(path, None, status.st_size, status.st_mtime_ns)


def _records(tree: Tree) -> Iterator[tuple[tuple[str, ...], Listing]]:
    """The components of each file's path (PS3.10 section 8.2), and what is said of the file."""
    for record in items(tree, _DIRECTORY_RECORD_SEQUENCE):
        components = tuple(part for part in text(record, _REFERENCED_FILE_ID).split("\\") if part.strip())
        if components:
            yield (
                components,
                Listing(
                    shortened(text(record, _REFERENCED_SOP_INSTANCE_UID_IN_FILE)) or None,
                    shortened(text(record, _REFERENCED_SOP_CLASS_UID_IN_FILE)) or None,
                ),
            )
