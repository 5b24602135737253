"""pydicom's own way of making UIDs: its type, and its function in other code's hands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Protocol

import pydicom.uid
from pydicom.uid import UID

__all__ = ["UID", "Generate", "patched"]

_ALONE = Lock()
_STANDING_IN: list[Generate] = []
"""What stands in now, the last one in the function's place."""


class Generate(Protocol):
    """What ``pydicom.uid.generate_uid`` is."""

    def __call__(self, prefix: str | None = ..., entropy_srcs: list[str] | None = ...) -> UID: ...


@contextmanager
def patched(generate: Generate) -> Iterator[None]:
    """As long as it lasts ``generate`` stands for ``pydicom.uid.generate_uid``, wherever a module
    that is loaded by now has it by that function itself."""
    with _ALONE:
        before = pydicom.uid.generate_uid
        if not _STANDING_IN:
            _STANDING_IN.append(before)
        _STANDING_IN.append(generate)
        _replace(before, generate)
    try:
        yield
    finally:
        # Everywhere again: a module that was loaded meanwhile has the one that stood in. Blocks of
        # several threads end in any order, so it may have been another's.
        with _ALONE:
            # By what it is: two blocks of one registry have equal methods, each its own.
            del _STANDING_IN[next(place for place, one in enumerate(_STANDING_IN) if one is generate)]
            _replace(generate, _STANDING_IN[-1])
            if len(_STANDING_IN) == 1:
                _STANDING_IN.clear()


def _replace(one: object, other: object) -> None:
    """Put one function in another's place in each module that holds it under some name."""
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        for name, value in list(names.items()) if isinstance(names, dict) else ():
            if value is one:
                setattr(module, name, other)
