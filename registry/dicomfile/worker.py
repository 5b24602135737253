"""A process that reads files for another: tasks come in on stdin, answers go out on stdout.

It is a program of its own, started as ``python -m registry.dicomfile.worker``, not
a fork: it shares no database connection with its parent, runs nothing of the
parent's main program, and may die of a file without anybody else dying.
"""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from registry.dicomfile.confinement import confine, hear, run, say, start_clock, timed
from registry.dicomfile.tasks import READY, Charge, LookInto, Name, Task
from registry.limits import Limits

if TYPE_CHECKING:
    from registry.dicomfile.reader import Reader


def serve(tasks: BinaryIO, answers: BinaryIO) -> None:
    """Do what is asked until the parent closes its end."""
    # Nothing here looks at pixels, and without these pydicom starts in half the time.
    sys.modules.update(dict.fromkeys(("numpy", "PIL", "gdcm")))  # type: ignore[arg-type]
    from registry.dicomfile.reader import Reader

    # As in the program itself (cli): what files say is many small objects without cycles.
    gc.set_threshold(100_000, 20, 50)
    gc.freeze()
    with suppress(EOFError, BrokenPipeError):
        say(answers, READY)
        charge: Charge = hear(tasks)
        confine(charge.limits)
        reader = Reader(charge.keys, charge.limits)
        while True:
            task: Task = hear(tasks)
            _do(task, reader, charge.limits, answers)


def _do(task: Task, reader: Reader, limits: Limits, answers: BinaryIO) -> None:
    if isinstance(task, LookInto):
        with timed(limits):
            found = reader.look_into(task.path, task.changed)
        say(answers, found)
        return
    said: list[object] = []
    with timed(limits):
        for source in task.sources:
            start_clock(limits)
            if isinstance(task, Name):
                said.append(reader.named(source))
            else:
                said.append(reader.read(source, digests=task.digests))
    say(answers, said)


if __name__ == "__main__":
    run(serve)
