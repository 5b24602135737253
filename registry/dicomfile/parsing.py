"""pydicom's reader, kept quiet and within bounds: the truth about how a file reads."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import pydicom
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from registry.dicomfile.deflated import inflate
from registry.dicomfile.unreadable import NotDicom
from registry.limits import Limits
from registry.uid import is_key

ZIP_MARK = b"PK\x03\x04"
PREAMBLE = 128
"""Bytes before the DICM mark (PS3.10 section 7.1)."""

START = PREAMBLE + 4
"""Bytes that tell whether a file is worth reading as DICOM."""

_FIRST_GROUPS = frozenset({0x0002, 0x0008})


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """pydicom without its opinions on values: its warnings and log lines quote them."""
    validation, log = pydicom.config.settings.reading_validation_mode, logging.getLogger("pydicom")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        disabled, log.disabled = log.disabled, True
        pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
        try:
            yield
        finally:
            log.disabled = disabled
            pydicom.config.settings.reading_validation_mode = validation


def is_marked(start: bytes) -> bool:
    """Whether a file has the DICM mark after its preamble (PS3.10 section 7.1)."""
    return start[PREAMBLE:START] == b"DICM"


def require_dicom(start: bytes) -> None:
    """Raise ``NotDicom`` for a file whose first bytes rule it out."""
    if not is_marked(start) and not _begins_like_a_data_set(start[:START]):
        raise NotDicom(
            "a zip archive; one is opened only as a file of its own whose name ends in .zip"
            if start[:4] == ZIP_MARK
            else "not DICOM"
        )


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


def _begins_like_a_data_set(start: bytes) -> bool:
    """Whether bytes without preamble begin with a tag that data sets begin with."""
    groups = (int.from_bytes(start[:2], "little"), int.from_bytes(start[:2], "big"))
    return len(start) > 8 and not _FIRST_GROUPS.isdisjoint(groups)
