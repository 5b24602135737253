"""A process that reads files for another: tasks come in on stdin, answers go out on stdout.

It is a program of its own, started as ``python -m registry.dicomfile.worker``, not
a fork: it shares no database connection with its parent, runs nothing of the
parent's main program, and may die of a file without anybody else dying. Time is
kept by the kernel: its alarm ends the process whatever the process is doing.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from registry.dicomfile.tasks import OUT_OF_MEMORY, READY, Charge, LookInto, Task
from registry.limits import Limits

if TYPE_CHECKING:
    from registry.dicomfile.reader import Reader


def serve(tasks: BinaryIO, answers: BinaryIO) -> None:
    """Do what is asked until the parent closes its end."""
    # Nothing here looks at pixels, and without these pydicom starts in half the time.
    sys.modules.update(dict.fromkeys(("numpy", "PIL", "gdcm")))  # type: ignore[arg-type]
    from registry.dicomfile.reader import Reader

    with suppress(EOFError, BrokenPipeError):
        _say(answers, READY)
        charge: Charge = pickle.load(tasks)  # noqa: S301 (our own parent)
        _confine(charge.limits)
        reader = Reader(charge.keys, charge.limits)
        while True:
            task: Task = pickle.load(tasks)  # noqa: S301
            _do(task, reader, charge.limits, answers)


def _do(task: Task, reader: Reader, limits: Limits, answers: BinaryIO) -> None:
    if isinstance(task, LookInto):
        with _timed(limits):
            found = reader.look_into(task.path, task.changed)
        _say(answers, found)
        return
    readings = []
    for source in task.sources:
        with _timed(limits):
            readings.append(reader.read(source, digests=task.digests))
    _say(answers, readings)


@contextmanager
def _timed(limits: Limits) -> Iterator[None]:
    """The time of one file. Waiting for a parent that is busy is no time of any."""
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _say(answers: BinaryIO, message: object) -> None:
    pickle.dump(message, answers, pickle.HIGHEST_PROTOCOL)
    answers.flush()


def _confine(limits: Limits) -> None:
    """Let the kernel end this process when it takes too much, and see that nothing of a
    patient's data gets out: no dump of its memory, no line that a library writes."""
    import resource

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    for what, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, limits.memory)):
        _, hard = resource.getrlimit(what)
        with suppress(OSError, ValueError):  # a system that knows no such limit
            resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)


if __name__ == "__main__":
    # Whatever a library prints must not get between the answers.
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(sys.stdin.buffer, channel)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
