"""The process that reads an index for another, confined like those that read DICOM files."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from typing import BinaryIO

from registry.archiveindex.opening import Index
from registry.archiveindex.tasks import Open, Opened, Refusal, Rows
from registry.dicomfile.confinement import confine, hear, run, say, timed
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.tasks import READY, Charge
from registry.errors import BadRequest


class _Desk:
    """One index at a time."""

    def __init__(self, keys: ReaderKeys) -> None:
        self._keys = keys
        self._index: Index | None = None

    def open(self, task: Open) -> Opened | Refusal:
        if self._index is not None:
            self._index.close()
            self._index = None
        try:
            self._index = Index(task, self._keys)
        except BadRequest as error:
            return Refusal(error.message, error.advice)
        except OSError as error:
            return Refusal(f"the index can't be read: {error.strerror or type(error).__name__}")
        return self._index.opened

    def answer(self, task: Open | Rows) -> object:
        if isinstance(task, Open):
            return self.open(task)
        return self._index.read(task) if self._index else None


def serve(tasks: BinaryIO, answers: BinaryIO) -> None:
    """Do what is asked until the parent closes its end."""
    # Arrow does without, and with it takes more time and memory to start than an index to read.
    sys.modules["numpy"] = None  # type: ignore[assignment]
    gc.disable()  # rows make no cycles, and looking for some among them takes a fifth of the time
    with suppress(EOFError, BrokenPipeError):
        say(answers, READY)
        charge: Charge = hear(tasks)
        confine(charge.limits)
        desk = _Desk(charge.keys)
        while True:
            task: Open | Rows = hear(tasks)
            with timed(charge.limits):
                answer = desk.answer(task)
            say(answers, answer)


if __name__ == "__main__":
    run(serve)
