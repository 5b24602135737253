"""pydicom without its opinions on values: its warnings and log lines quote them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

ALONE = Lock()
"""pydicom is kept quiet for the whole process, so that two threads must not do it at once."""

# A fork waits until nobody is at it, so that no child is left with a lock that nobody lets go.
os.register_at_fork(before=ALONE.acquire, after_in_parent=ALONE.release, after_in_child=ALONE.release)


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """As long as it lasts nothing of what is in a file is told by pydicom."""
    import logging

    from pydicom import config

    validation, log = config.settings.reading_validation_mode, logging.getLogger("pydicom")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        disabled, log.disabled = log.disabled, True
        config.settings.reading_validation_mode = config.IGNORE
        try:
            yield
        finally:
            log.disabled = disabled
            config.settings.reading_validation_mode = validation
