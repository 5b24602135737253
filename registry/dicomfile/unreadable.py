"""Why a file gives no object; raised inside the reader, told as a reading outside."""

from __future__ import annotations

from registry.limits import Limits, size_text
from registry.records import Skipped, Unreadable


class UnreadableDicom(Exception):
    """It is DICOM, and no object can be made of it. The message names no value of it."""


class NotDicom(Exception):
    """It isn't a DICOM object."""


def told(name: str, error: Exception, limits: Limits) -> Skipped | Unreadable:
    """The reading of a file that ended in an error. Never quotes what is in the file."""
    match error:
        case NotDicom():
            return Skipped(name, str(error))
        case UnreadableDicom():
            return Unreadable(name, str(error))
        case RecursionError():
            return Unreadable(name, "its sequences are nested too deeply")
        case MemoryError():
            return Unreadable(
                name, f"it needs more memory than the {size_text(limits.memory)} a file may take"
            )
        case OSError() if error.strerror:
            return Unreadable(name, f"the system says: {error.strerror}")
        case _:
            # Their texts may quote what they choked on, and that may be a name.
            return Unreadable(name, f"its data set is broken ({type(error).__name__})")
