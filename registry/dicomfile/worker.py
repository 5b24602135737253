"""A process that reads files for another: tasks come in on stdin, readings go out on stdout.

It is a program of its own, started as ``python -m registry.dicomfile.worker``, not
a fork: it shares no database connection with its parent, runs nothing of the
parent's main program, and may die of a file without anybody else dying.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import BinaryIO

from registry.dicomfile.reader import read
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.sources import Source
from registry.records import Reading

Task = tuple[list[Source], bool]
"""Files to read, and whether digests are wanted."""


READY = "ready"
"""What a worker says first: it could import all that it needs."""


def serve(tasks: BinaryIO, readings: BinaryIO) -> None:
    """Read what is asked until the parent closes its end."""
    try:
        pickle.dump(READY, readings)
        readings.flush()
        keys: ReaderKeys = pickle.load(tasks)  # noqa: S301 (our own parent)
        while True:
            sources, digests = pickle.load(tasks)  # noqa: S301
            answer: list[Reading] = [read(source, keys, digests=digests) for source in sources]
            pickle.dump(answer, readings, pickle.HIGHEST_PROTOCOL)
            readings.flush()
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return


if __name__ == "__main__":
    # Whatever a library prints must not get between the readings.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)
