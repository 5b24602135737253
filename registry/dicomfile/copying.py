"""Files read, looked through for UIDs, and written again with others in their place.

A copy appears under its name whole, and never in the place of another file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from typing import NamedTuple

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset

from registry.dicomfile.archive import Archives, members
from registry.dicomfile.beginning import PREAMBLE, is_marked, require_dicom
from registry.dicomfile.copytasks import Seen, Written
from registry.dicomfile.media import listed
from registry.dicomfile.parsing import parse
from registry.dicomfile.quiet import quiet_pydicom
from registry.dicomfile.regularfile import read_regular
from registry.dicomfile.replacing import Places, find
from registry.dicomfile.sources import Found, Source, is_dicomdir
from registry.dicomfile.splicing import Touched, written
from registry.dicomfile.unreadable import NotDicom, UnreadableDicom, told
from registry.kinds import Kind
from registry.limits import Limits
from registry.records import Skipped, Unreadable
from registry.sopclass import MEDIA_DIRECTORY
from registry.uid import is_key

_NAMES = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


class Held(NamedTuple):
    """A file that was looked through, and is to be written."""

    name: str
    data: bytes
    data_set: FileDataset
    places: Places


class Copier:
    """Copies files, some at a time: first looks through them all, then writes them all."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._archives = Archives()
        self.held: list[Held] = []  # those that were looked through since it was emptied

    def look_into(self, path: str, changed: int) -> list[Found]:
        """The files in a zip archive or on a DICOMDIR's medium. Never raises for what is in it."""
        try:
            if is_dicomdir(path):
                return [Skipped(path, "a DICOMDIR, not an instance"), *listed(path, self._limits)]
            return list(members(path, changed))
        except Exception as error:  # noqa: BLE001 (a broken archive raises whatever it likes)
            return [told(path, error, self._limits)]

    def look(self, source: Source, uids: dict[str, Kind | None]) -> Seen | Skipped | Unreadable:
        """Look through one more file, adding its UIDs to ``uids``. Never raises for what is in it."""
        try:
            with quiet_pydicom():
                data, data_set = self._parsed(source)
                places = find(data_set)
        except Exception as error:  # noqa: BLE001 (pydicom raises whatever a broken file makes it raise)
            return told(source.name, error, self._limits)
        for uid, kind in places.uids.items():
            if uids.get(uid) is None:
                uids[uid] = kind
        self.held.append(Held(source.name, data, data_set, places))
        return Seen(places.signed, places.encrypted)

    def _parsed(self, source: Source) -> tuple[bytes, FileDataset]:
        if source.member is not None:
            data = self._archives.read(source, self._limits)
        else:
            data = read_regular(source.path, self._limits.file_size, require_dicom)
        meta, data_set = parse(data, self._limits)
        if meta.get("MediaStorageSOPClassUID") == MEDIA_DIRECTORY:
            raise NotDicom("a DICOMDIR, not an instance")
        if isinstance(data_set, FileDataset):
            return data, data_set
        preamble = data[:PREAMBLE] if is_marked(data) else None
        inflated = FileDataset(BytesIO(), data_set, preamble, FileMetaDataset(meta), False, True)
        inflated.set_original_encoding(False, True, data_set.original_character_set)
        return b"", inflated

    def write(self, held: Held, replacement: Mapping[str, str], folder: str) -> Written | Unreadable:
        """Write the copy of a file that was looked through, as ``study/series/instance.dcm``."""
        try:
            with quiet_pydicom():
                held.places.replace(replacement)
                name = _name(held.data_set)
                data = written(held.data, held.data_set, _distinct(held.places.touched))
            return Written(name, _put(os.path.join(folder, name), data))
        except Exception as error:  # noqa: BLE001 (as above)
            return _failed(held.name, error, self._limits)


def _distinct(touched: list[Touched]) -> list[Touched]:
    """Each of them once: in a sequence there may be many places."""
    return list({(id(each.part), int(each.tag)): each for each in touched}.values())


def _failed(name: str, error: Exception, limits: Limits) -> Unreadable:
    outcome = told(name, error, limits)
    return outcome if isinstance(outcome, Unreadable) else Unreadable(outcome.path, outcome.reason)


def _name(data_set: Dataset) -> str:
    """What a copy is called: by its own UIDs alone, for names of files say who it is."""
    *above, instance = (str(data_set.get(name) or "") for name in _NAMES)
    if not is_key(instance):
        raise UnreadableDicom("it has no SOP Instance UID that its copy could be called by")
    return os.path.join(*(uid for uid in above if is_key(uid)), f"{instance}.dcm")


def _put(path: str, data: bytes) -> bool:
    """Have a file appear at a path; whether the same one was there already."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        return _same(path, data)
    # Not by the process: in containers that share a folder several have the same number.
    unfinished = f"{path}.{os.urandom(6).hex()}.part"
    try:
        with open(unfinished, "xb") as file:
            file.write(data)
        try:
            os.link(unfinished, path)
        except FileExistsError:
            return _same(path, data)
        except OSError:  # a file system without links: whoever comes second there isn't noticed
            os.rename(unfinished, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(unfinished)
    return False


def _same(path: str, data: bytes) -> bool:
    with open(path, "rb") as file:
        if file.read(len(data) + 1) == data:
            return True
    raise UnreadableDicom("another file with its SOP Instance UID is in the place of its copy, and stays")
