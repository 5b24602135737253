"""A data set in memory as a claim: what a program is about to write, before it writes it.

The claim is the one that the written file would give, digests included. It is
made in this very process: whoever holds the data set trusts it already.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from registry.dicomfile import tags
from registry.dicomfile.beginning import PREAMBLE
from registry.dicomfile.named import named
from registry.dicomfile.objects import claim_of
from registry.dicomfile.parsed import Parsed
from registry.dicomfile.parsedtree import tree_of
from registry.dicomfile.quiet import ALONE, quiet_pydicom
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.tree import PIXEL_DATA, Tree, text
from registry.dicomfile.unreadable import NotDicom, told
from registry.limits import Limits
from registry.records import NamedUid, ObjectClaim, Reading, Skipped, Unreadable
from registry.sopclass import MEDIA_DIRECTORY

DataSet = Dataset
"""pydicom's class, for whom no import of pydicom is allowed."""

_MEDIA_STORAGE_SOP_CLASS_UID = 0x0002_0002
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_ITEM = b"\xfe\xff\x00\xe0"  # with what encapsulated pixel data begins (PS3.5 section A.4)


def read_data_set(data_set: Dataset, keys: ReaderKeys, name: str, *, digests: bool = True) -> Reading:
    """The claim of a data set; it isn't changed. Never raises for what is in it."""
    try:
        with ALONE, quiet_pydicom():
            return _claim(data_set, keys, name, digests)
    except Exception as error:  # noqa: BLE001 (pydicom raises whatever a broken data set makes it raise)
        return told(name, error, Limits())


def name_uids(data_set: Dataset, name: str) -> tuple[NamedUid, ...] | Unreadable | Skipped:
    """Every UID that a data set names, wherever it stands. Never raises for what is in it."""
    try:
        with ALONE, quiet_pydicom():
            return named(getattr(data_set, "file_meta", None), data_set)
    except Exception as error:  # noqa: BLE001 (as above)
        return told(name, error, Limits())


def _claim(data_set: Dataset, keys: ReaderKeys, name: str, digests: bool) -> ObjectClaim:
    tree, meta = tree_of(data_set), _meta(data_set)
    if meta and text(meta, _MEDIA_STORAGE_SOP_CLASS_UID) == MEDIA_DIRECTORY:
        raise NotDicom("a DICOMDIR, not an instance")
    preamble = getattr(data_set, "preamble", None) or b""
    return claim_of(
        Parsed(meta or {}, tree),
        keys,
        name,
        in_file=meta is not None,
        digests=digests and _is_comparable(tree, meta),
        preamble=preamble[:PREAMBLE] if meta else b"",
    )


def _meta(data_set: Dataset) -> Tree | None:
    """The file meta information, if the data set has it as far as a file would need it.

    Without a transfer syntax it isn't decided yet how the file will look, and what
    else is missing a toolkit adds when it writes.
    """
    meta: Dataset | None = getattr(data_set, "file_meta", None)
    tree = tree_of(meta) if meta else {}
    return tree if tags.TRANSFER_SYNTAX_UID in tree else None


def _is_comparable(tree: Tree, meta: Tree | None) -> bool:
    """Whether the pixels are as a file would have them, so that their digest is the file's.

    In big endian they would be swapped, and of compressed ones nobody knows how
    where no transfer syntax is named.
    """
    if meta is not None:
        return text(meta, tags.TRANSFER_SYNTAX_UID) != _BIG_ENDIAN
    _, pixels = tree.get(PIXEL_DATA, ("", b""))
    return bytes(pixels[:4]) != _ITEM
