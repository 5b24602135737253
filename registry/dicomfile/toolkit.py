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


class Generate(Protocol):
    """What ``pydicom.uid.generate_uid`` is."""

    def __call__(self, prefix: str | None = ..., entropy_srcs: list[str] | None = ...) -> UID: ...


@contextmanager
def patched(generate: Generate) -> Iterator[None]:
    """As long as it lasts ``generate`` stands for ``pydicom.uid.generate_uid``, wherever a module
    that is loaded by now has it by that function itself."""
    with _ALONE:
        original = pydicom.uid.generate_uid
        _replace(original, generate)
    try:
        yield
    finally:
        # Everywhere again: a module that was loaded meanwhile has the one that stood in.
        with _ALONE:
            _replace(generate, original)


def _replace(one: object, other: object) -> None:
    """Put one function in another's place in each module that holds it under some name."""
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        for name, value in list(names.items()) if isinstance(names, dict) else ():
            if value is one:
                setattr(module, name, other)
