"""Reading an index in a process of its own: it reads on while what it has read is recorded."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Self, cast

from registry.archiveindex.fields import NotAnIndex
from registry.archiveindex.tasks import Chunk, Open, Opened, Refusal, Rows
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.tasks import Charge
from registry.errors import NoSuchPath
from registry.limits import Limits
from registry.services.workers import Worker, WorkerLost

STANDARD_INPUT = "-"


class _IndexWorker(Worker):
    """One process that reads an index (archiveindex/worker.py)."""

    module = "registry.archiveindex.worker"


class IndexReader:
    """One index after the other."""

    def __init__(
        self,
        keys: ReaderKeys,
        limits: Limits,
        form: str | None,
        columns: Mapping[str, str],
        *,
        from_input: bool,
    ) -> None:
        self._form, self._columns = form, columns
        # Its own number 0 is where its tasks come from.
        self._input = os.dup(sys.stdin.fileno()) if from_input else None
        self._worker = _IndexWorker(() if self._input is None else (self._input,))
        self._worker.charge = Charge(keys, limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._worker.close()
        if self._input is not None:
            os.close(self._input)

    def open(self, path: str, at_once: int) -> Opened:
        """Open an index; what was open before is closed. Raises ``NotAnIndex``, ``NoSuchPath``."""
        if path != STANDARD_INPUT and not os.path.lexists(path):
            raise NoSuchPath(f"there is no file {path}", advice="Give an index, or - for standard input.")
        source = os.path.abspath(path) if self._input is None else self._input
        try:
            self._worker.begin(Open(source, self._form, self._columns, at_once))
            answer = cast(Opened | Refusal, self._worker.answer())
        except WorkerLost as lost:
            answer = Refusal(f"the index can't be read: {lost}")
        if isinstance(answer, Refusal):
            raise NotAnIndex(answer.message, advice=answer.advice, path=name_of(path))
        return answer

    def read(self, at_once: int, wanted: Callable[[int], bool]) -> Iterator[Chunk]:
        """The rows of the index that is open, so many at once; ``wanted`` says, of the number of the
        first, whether some are. What can't be read on ends with a chunk that says so."""
        try:
            number = 1
            self._worker.begin(Rows(at_once, wanted(number)))
            while True:
                chunk: Chunk = self._worker.answer()
                number += chunk.total
                more = chunk.total >= at_once and not chunk.broken
                if more:
                    self._worker.begin(Rows(at_once, wanted(number)))
                yield chunk
                if not more:
                    return
        except WorkerLost as lost:
            yield Chunk(0, (), [], [], 0, str(lost))


def name_of(path: str) -> str:
    """How a report names an index."""
    return "standard input" if path == STANDARD_INPUT else path
