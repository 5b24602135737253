"""Why a file gives no object; raised inside the reader, told as a reading outside."""

from __future__ import annotations


class UnreadableDicom(Exception):
    """It is DICOM, and no object can be made of it. The message names no value of it."""


class NotDicom(Exception):
    """It isn't a DICOM object."""
