"""The processes that read: started when there is work, bound by limits, replaced when lost."""

from __future__ import annotations

import atexit
import fcntl
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from threading import Event, Lock
from typing import Any, BinaryIO, cast

from registry.dicomfile.tasks import OUT_OF_MEMORY, Charge, Limited, Task
from registry.errors import RegistryError
from registry.limits import Limits, size_text

_LAST_BREATH = 10
"""Seconds that a process may take to end once it has closed its end."""


class WorkerLost(Exception):
    """The process that read is gone, and what it read with it. The message says how it ended."""

    def __init__(self, reason: str, *, certain: bool) -> None:
        super().__init__(reason)
        self.certain = certain  # that the file is to blame, and not what came before it


class Worker:
    """One reading process (dicomfile/worker.py). It reads once it has its charge."""

    module = "registry.dicomfile.worker"
    charge: Limited

    def __init__(self, descriptors: Sequence[int] = ()) -> None:
        self.folder = _folder()
        self._process = subprocess.Popen(  # noqa: S603 (a module of ours)
            # -P: a module in the current folder, which may hold anything, is not ours.
            [sys.executable, "-P", "-m", self.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=descriptors,
            process_group=0,  # Ctrl-C is for the parent, which ends its workers itself
        )
        # Popen gives both, because both are PIPE.
        self._tasks, self._answers = (
            cast(BinaryIO, self._process.stdin),
            cast(BinaryIO, self._process.stdout),
        )
        self._greeted = False
        self._asking, self._listening = Lock(), Lock()
        self._ahead, self._ahead_bytes = 0, 0  # tasks that were given ahead and are without an answer
        self._all_answered = Event()
        self._all_answered.set()

    def ask(self, task: Task) -> list[Any]:
        """The answer to a task: a reading for each file, or what there is to read. Raises ``WorkerLost``.

        Two threads may ask at a time: the second hands over its task while the first waits for
        its answer, so that the process needn't wait in between.
        """
        with self._asking:
            self.begin(task)
            # Before a third can, for answers come in the order of tasks.
            self._all_answered.wait()
            self._listening.acquire()
        try:
            return cast(list[Any], self.answer())
        finally:
            self._listening.release()

    def begin(self, task: object) -> None:
        """Give it a task. Raises ``WorkerLost``."""
        self.greet()
        try:
            self._send(task)
        except (OSError, ValueError) as error:  # closed by the other end, or by this one
            raise self._lost() from error

    def answer(self) -> Any:
        """The answer to the task that was given first of those without one. Raises ``WorkerLost``."""
        try:
            return pickle.load(self._answers)  # noqa: S301 (our own process)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:  # closed, as above
            raise self._lost() from error

    def take_ahead(self, charge: Charge, task: object) -> bool:
        """Give it its charge and a task before it is there to take them; whether there was room.

        The answer is ``answer_ahead``'s, and comes before that to any other task.
        """
        if not self._ahead:
            self._room = min(map(_widened, (self._tasks, self._answers)))
        message = pickle.dumps(task, pickle.HIGHEST_PROTOCOL)
        # Room for the tasks, so that nobody waits here; and for most answers, so that it needn't.
        if (self._ahead + 1) * _ANSWER > self._room or self._ahead_bytes + len(message) > self._room // 2:
            return False
        if not self._ahead:
            self.charge = charge
            self._send(charge)
        self._tasks.write(message)
        self._tasks.flush()
        self._ahead, self._ahead_bytes = self._ahead + 1, self._ahead_bytes + len(message)
        self._all_answered.clear()
        return True

    def answer_ahead(self) -> list[Any]:
        """The answer to the first task given ahead that is without one, after ``greet``. Raises
        ``WorkerLost``."""
        try:
            return cast(list[Any], self.answer())
        except WorkerLost:
            self._ahead = 1
            raise
        finally:
            self._ahead -= 1
            if not self._ahead:
                self._all_answered.set()

    @property
    def owes(self) -> bool:
        """Whether a task that it was given ahead is without an answer."""
        return self._ahead > 0

    @property
    def is_here(self) -> bool:
        """Whether relative paths begin from the folder that it was started in."""
        return self.folder == _folder()

    @property
    def may_rest(self) -> bool:
        """Whether it has read all that it was given, and could read on."""
        return self._greeted and not self.owes and self._process.poll() is None

    def kill(self) -> None:
        """End it now; whoever waits for its answer gets ``WorkerLost``."""
        self._process.kill()
        self._all_answered.set()

    def close(self) -> None:
        self.kill()
        with self._asking, self._listening:  # whoever waits for an answer learns that there is none
            self._process.communicate()

    def greet(self) -> None:
        """Wait until the process is there. Raises ``RegistryError``: one that never starts is no
        fault of any file."""
        if self._greeted:
            return
        try:
            pickle.load(self._answers)  # noqa: S301 (our own process)
            if not self._ahead:
                self._send(self.charge)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise RegistryError(
                "the process that reads files can't be started",
                advice="Is there enough memory, and is the installation whole?",
            ) from error
        self._greeted = True

    def _send(self, message: object) -> None:
        pickle.dump(message, self._tasks, pickle.HIGHEST_PROTOCOL)
        self._tasks.flush()

    def _lost(self) -> WorkerLost:
        """How the process ended, which has closed its end or is about to."""
        limits: Limits = self.charge.limits
        try:
            status = self._process.wait(_LAST_BREATH)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        if status == -signal.SIGALRM:
            return WorkerLost(f"it took longer than {limits.seconds} seconds", certain=True)
        if status == OUT_OF_MEMORY:
            size = size_text(limits.memory)
            return WorkerLost(f"it needs more memory than the {size} a file may take", certain=False)
        if status < 0:
            return WorkerLost(f"the process that read it was killed by signal {-status}", certain=False)
        return WorkerLost(f"the process that read it ended with status {status}", certain=False)


_PIPE = 1 << 20
"""Bytes of a pipe to or from a worker that is given much ahead: as much as Linux allows everybody."""

_ANSWER = 1 << 15
"""Bytes that the answer to a task takes, more or less. One that is longer makes its worker wait."""


def _widened(pipe: BinaryIO) -> int:
    """How much a pipe holds, once it holds as much as it may."""
    if not hasattr(fcntl, "F_SETPIPE_SZ"):
        return 1 << 14  # the least of any system
    with suppress(OSError):  # somebody has as many wide ones as they may
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
    return fcntl.fcntl(pipe.fileno(), fcntl.F_GETPIPE_SZ)


_ahead: list[Worker] = []  # started, and waiting for a charge
_resting: list[Worker] = []  # one at most, that has a charge and nothing to do


def start_ahead(count: int) -> None:
    """Have processes get ready to read, while this one gets ready to ask them."""
    _ahead.extend(Worker() for _ in range(len(_ahead), count))


def _folder() -> tuple[int, int]:
    """The folder that relative paths begin from. A process stays in the one that it was started in."""
    here = os.stat(".")
    return here.st_dev, here.st_ino


def started(charge: Charge) -> Worker:
    """A process that reads under a charge: one that rests from the same, one that was started
    ahead, or a new one."""
    while _resting:
        rested = _resting.pop()
        if rested.charge == charge and rested.is_here:
            return rested
        rested.close()
    while _ahead and not _ahead[0].is_here:
        _ahead.pop(0).close()
    ready = _ahead.pop(0) if _ahead else Worker()
    ready.charge = charge
    return ready


def rest(worker: Worker) -> None:
    """Keep a process that has nothing to do, for whoever reads next in this program: starting
    one takes longer than reading a file."""
    while _resting:
        _resting.pop().close()
    _resting.append(worker)


@atexit.register
def _dismiss() -> None:
    for idle in (_ahead, _resting):
        while idle:
            idle.pop().close()


def _disown() -> None:
    """A fork leaves its parent's alone."""
    _ahead.clear()
    _resting.clear()


os.register_at_fork(after_in_child=_disown)
