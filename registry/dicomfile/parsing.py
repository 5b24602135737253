"""pydicom's reader, kept within bounds: the truth about how a file reads."""

from __future__ import annotations

from io import BytesIO

import pydicom
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from registry.dicomfile.beginning import START, is_marked, require_dicom
from registry.dicomfile.deflated import inflate
from registry.dicomfile.unreadable import NotDicom
from registry.limits import Limits
from registry.uid import is_key


def parse(data: bytes, limits: Limits) -> tuple[Dataset, Dataset]:
    """What pydicom makes of a file: file meta information and data set. One without
    preamble is read where it begins like a data set.

    Raises ``NotDicom``, ``UnreadableDicom``, or whatever pydicom raises for a broken file.
    """
    require_dicom(data)
    marked = is_marked(data)
    try:
        meta, data_set = _deflated(data, START if marked else 0, limits) or _plain(data, marked)
    except (MemoryError, RecursionError):
        raise
    except Exception:
        if not marked:
            raise NotDicom("not DICOM") from None
        raise
    if not marked and not is_key(str(data_set.get("SOPInstanceUID", ""))):
        raise NotDicom("not DICOM")
    return meta, data_set


def _plain(data: bytes, marked: bool) -> tuple[Dataset, Dataset]:
    data_set = pydicom.dcmread(BytesIO(data), force=not marked)
    return data_set.file_meta or Dataset(), data_set


def _deflated(data: bytes, start: int, limits: Limits) -> tuple[Dataset, Dataset] | None:
    """A deflated file (PS3.5 section A.5), which pydicom would inflate without bound."""
    if DeflatedExplicitVRLittleEndian.encode() not in data:
        return None
    file = BytesIO(data)
    file.seek(start)
    meta = read_dataset(file, False, True, stop_when=_is_beyond_meta)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return None
    plain = inflate(memoryview(data)[file.tell() :], limits)
    return meta, read_dataset(BytesIO(plain), False, True)


def _is_beyond_meta(tag: BaseTag, vr: str | None, length: int) -> bool:  # noqa: ARG001 (what pydicom calls)
    return tag >> 16 != 2
