"""A data set written as a DICOM file, and read back to see what it says there."""

from __future__ import annotations

import os
import warnings
from typing import BinaryIO

from pydicom import dcmread
from pydicom.dataset import Dataset

from registry.dicomfile.memory import read_data_set
from registry.dicomfile.quiet import ALONE, quiet_pydicom
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.unreadable import told
from registry.errors import NotWritable
from registry.limits import Limits
from registry.records import Reading


def write(data_set: Dataset, file: BinaryIO) -> None:
    """Write a data set in the file format (PS3.10 section 7), and all of it to the disk.

    Raises ``NotWritable`` for one of which no file can be made, and ``OSError`` where the disk
    can't take it; neither quotes what is in it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they quote values
            data_set.save_as(file, enforce_file_format=True)
    except Exception as error:  # noqa: BLE001 (pydicom raises whatever a broken data set makes it raise)
        if (number := _of_the_disk(error)) is not None:
            raise OSError(number, os.strerror(number)) from None
        raise NotWritable(
            f"the data set can't be written as a DICOM file: pydicom raises {type(error).__name__}"
        ) from None
    file.flush()
    os.fsync(file.fileno())


def _of_the_disk(error: BaseException | None) -> int | None:
    """The number of the system's error behind one of pydicom's, which wraps it with the value that was
    being written, and raises ``OSError`` of its own for values that can't be."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error.errno
        error = error.__context__
    return None


def read_written(path: str, keys: ReaderKeys, name: str) -> Reading:
    """What a file claims that this program has just written, under the ``name`` that it is to have."""
    try:
        with ALONE, quiet_pydicom():
            data_set = dcmread(path)
    except Exception as error:  # noqa: BLE001 (the same)
        return told(name, error, Limits())
    return read_data_set(data_set, keys, name)
