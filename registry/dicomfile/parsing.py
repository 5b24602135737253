"""pydicom's reader, kept quiet: the truth about how a file reads."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import pydicom
from pydicom.dataset import FileDataset

from registry.dicomfile.unreadable import NotDicom
from registry.uid import is_key

ZIP_MARK = b"PK\x03\x04"
_PREAMBLE = 128
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


def parse(data: bytes) -> FileDataset:
    """What pydicom makes of a file; one without preamble is read where it begins like a data set.

    Raises ``NotDicom``, or whatever pydicom raises for a broken file.
    """
    start = data[: _PREAMBLE + 4]
    marked = start[_PREAMBLE:] == b"DICM"
    if not marked and not _begins_like_a_data_set(start):
        raise NotDicom("a zip archive; its name must end in .zip" if data[:4] == ZIP_MARK else "not DICOM")
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
