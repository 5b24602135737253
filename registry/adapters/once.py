"""What is done to each data set once, though a tool calls for each of its elements."""

from __future__ import annotations

import threading
import weakref
from typing import Any

from registry.api.replacing import Remapper


class Once:
    """Replaces all UIDs of a data set when it is first handed over, at any depth.

    A tool's own list of attributes is then no matter: what it forgets, what is in
    sequences, what is private is replaced too. Threads may share one.
    """

    def __init__(self, remapper: Remapper) -> None:
        self.remapper = remapper
        self._last = threading.local()

    def __call__(self, data_set: Any) -> None:
        """Replace the UIDs of ``data_set``, unless it is the one that came last."""
        last = getattr(self._last, "data_set", None)
        if last is not None and last() is data_set:
            return
        self.remapper.dataset(data_set, inplace=True)
        self._last.data_set = weakref.ref(data_set)
