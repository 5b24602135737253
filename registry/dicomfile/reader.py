"""One file, one reading: a claim, or why there is none. The only user of pydicom's reader."""

from __future__ import annotations

import warnings
import zipfile
from io import BytesIO

import pydicom
from pydicom.dataset import FileDataset

from registry.dicomfile.objects import ReaderKeys, claim_of
from registry.dicomfile.scan import Unusual, scan
from registry.dicomfile.sources import Source
from registry.dicomfile.tree import Tree, text, tree_of
from registry.dicomfile.unreadable import NotDicom, UnreadableDicom
from registry.records import Reading, Skipped, Unreadable
from registry.sopclass import MEDIA_DIRECTORY
from registry.uid import is_key

MAX_BYTES = 4 * 2**30
"""The largest file that is read; more fits no instance that an archive would take."""

_PREAMBLE = 128
_FIRST_GROUPS = frozenset({0x0002, 0x0008})
_MEDIA_STORAGE_SOP_CLASS_UID = 0x0002_0002

pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


def read(source: Source, keys: ReaderKeys, *, digests: bool = True) -> Reading:
    """Read one file, or one member of a zip archive. Never raises for what is in it."""
    try:
        meta, tree = _trees(_bytes(source))
        return claim_of(meta, tree, keys, source.name, digests=digests)
    except NotDicom as reason:
        return Skipped(source.name, str(reason))
    except UnreadableDicom as reason:
        return Unreadable(source.name, str(reason))
    except RecursionError:
        return Unreadable(source.name, "its sequences are nested too deeply")
    except MemoryError:
        return Unreadable(source.name, "it needs more memory than there is")
    except OSError as error:
        return Unreadable(source.name, f"the system says: {error.strerror or type(error).__name__}")
    except Exception as error:  # noqa: BLE001 (pydicom raises whatever a broken file makes it raise)
        # Their texts may quote what they choked on, and that may be a name.
        return Unreadable(source.name, f"its data set is broken ({type(error).__name__})")


def _bytes(source: Source) -> bytes:
    if source.size > MAX_BYTES:
        raise UnreadableDicom(f"it has {source.size} bytes; {MAX_BYTES} are read at most")
    if source.member is not None:
        return _member(source.path, source.member)
    with open(source.path, "rb") as file:
        return file.read(MAX_BYTES)


def _member(path: str, member: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            return file.read(MAX_BYTES)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise UnreadableDicom(f"the archive is broken or encrypted ({type(error).__name__})") from error


def _trees(data: bytes) -> tuple[Tree, Tree]:
    """File meta information and data set: by the short cut, else by pydicom."""
    try:
        meta, tree = scan(data)
    except Unusual:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's warnings quote values
            data_set = _parse(data)
            meta = tree_of(data_set.file_meta) if data_set.file_meta else {}
            tree = tree_of(data_set)
    if text(meta, _MEDIA_STORAGE_SOP_CLASS_UID) == MEDIA_DIRECTORY:
        raise NotDicom("a DICOMDIR, not an instance")
    return meta, tree


def _parse(data: bytes) -> FileDataset:
    start = data[: _PREAMBLE + 4]
    marked = start[_PREAMBLE:] == b"DICM"
    if not marked and not _begins_like_a_data_set(start):
        raise NotDicom("not DICOM")
    try:
        data_set = pydicom.dcmread(BytesIO(data), force=not marked)
    except Exception:
        if not marked:
            raise NotDicom("not DICOM") from None
        raise
    if not marked and not is_key(str(data_set.get("SOPInstanceUID", ""))):
        raise NotDicom("not DICOM")
    return data_set


def _begins_like_a_data_set(start: bytes) -> bool:
    """Whether bytes without preamble begin with a tag that data sets begin with."""
    groups = (int.from_bytes(start[:2], "little"), int.from_bytes(start[:2], "big"))
    return len(start) > 8 and not _FIRST_GROUPS.isdisjoint(groups)
