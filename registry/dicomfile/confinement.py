"""What a process that reads something hostile does to itself, and how it talks with its parent.

Time is kept by the kernel: its alarm ends the process whatever the process is doing.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from registry.dicomfile.tasks import OUT_OF_MEMORY
from registry.limits import Limits


def hear(tasks: BinaryIO) -> Any:
    """What the parent says next. Raises ``EOFError`` when it has closed its end."""
    return pickle.load(tasks)  # noqa: S301 (our own parent)


def say(answers: BinaryIO, message: object) -> None:
    pickle.dump(message, answers, pickle.HIGHEST_PROTOCOL)
    answers.flush()


def run(serve: Callable[[BinaryIO, BinaryIO], None]) -> None:
    """The main program of such a process: tasks come in on stdin, answers go out on stdout."""
    # Whatever a library prints must not get between the answers.
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(sys.stdin.buffer, channel)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


@contextmanager
def timed(limits: Limits) -> Iterator[None]:
    """The time of one task. Waiting for a parent that is busy is no time of any."""
    start_clock(limits)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def start_clock(limits: Limits) -> None:
    """The time of one file begins."""
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)


def confine(limits: Limits) -> None:
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
