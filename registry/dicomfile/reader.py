"""One file, one reading: a claim, or why there is none."""

from __future__ import annotations

import zipfile

from registry.dicomfile.objects import claim_of
from registry.dicomfile.parsing import parse, quiet_pydicom
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.scan import Unusual, scan
from registry.dicomfile.sources import Source
from registry.dicomfile.tags import SOP_CLASS_UID, SOP_INSTANCE_UID
from registry.dicomfile.tree import Tree, text, tree_of
from registry.dicomfile.unreadable import NotDicom, UnreadableDicom
from registry.records import Reading, Skipped, Unreadable
from registry.sopclass import MEDIA_DIRECTORY

MAX_BYTES = 4 * 2**30
"""The largest file that is read; more fits no instance that an archive would take."""

_MEDIA_STORAGE_SOP_CLASS_UID = 0x0002_0002


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
    with open(source.path, "rb", buffering=0) as file:
        return file.readall()


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
        with quiet_pydicom():
            data_set = parse(data)
            meta = tree_of(data_set.file_meta) if data_set.file_meta else {}
            tree = tree_of(data_set)
    if text(meta, _MEDIA_STORAGE_SOP_CLASS_UID) == MEDIA_DIRECTORY:
        raise NotDicom("a DICOMDIR, not an instance")
    if not meta and not text(tree, SOP_CLASS_UID) and not text(tree, SOP_INSTANCE_UID):
        raise UnreadableDicom("after its DICM mark there is no data set of an object")
    return meta, tree
