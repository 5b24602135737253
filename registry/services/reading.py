"""Reading many files: in worker processes, in order, a bounded number at a time.

Nothing that may be hostile is read in this process. A worker that is lost costs
the file that it was reading, and no other: its reading says how the worker ended.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, Self

from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.sources import Found, Source, expand
from registry.dicomfile.tasks import Charge, LookInto, Name, Read, Task
from registry.limits import Limits
from registry.records import NamedUid, Reading, Skipped, Unreadable
from registry.services import headstart
from registry.services.workers import Worker, WorkerLost, rest, start_ahead, started
from registry.settings import Settings

_CHUNK = 64
"""Files in one task: enough that passing them on costs little."""

_AT_ONCE = 2
"""Tasks that a worker is given at a time. While this process is busy with other things, it
goes on with the second."""

_TASKS_AHEAD = 16
"""Tasks under way for each worker, so that memory stays bounded whatever comes."""

PROBED = 40
"""Files of a check by which is told whether the others are recorded too (comparing.py)."""

Item = tuple[Found, Reading]
Named = tuple[NamedUid, ...] | Unreadable | Skipped
"""What comes of looking for all UIDs in one file."""


def read_all(
    paths: Iterable[str], keys: ReaderKeys, limits: Limits, *, digests: bool = True, jobs: int | None = None
) -> Iterator[Item]:
    """Everything below some paths, with what came of reading it, in a stable order."""
    with Readers(keys, limits, digests=digests, jobs=jobs) as readers:
        yield from readers.read(readers.expand(paths))


def get_ready(
    paths: Sequence[str],
    settings: Settings,
    *,
    jobs: int | None = None,
    context: str | None = None,
    digests: bool = True,
    probed: bool = False,
    begin: bool = True,
) -> None:
    """Start the first processes that will read some paths, before anything else is known: they
    import what they need while this process does, and ``begin`` to read where there is much.

    ``probed`` says that some files will be asked for before the others.
    """
    many = len(paths) > _CHUNK or any(map(os.path.isdir, paths))
    workers = min(2, jobs or _processors()) if many else 1
    sizes = (PROBED if probed else _CHUNK, _CHUNK)
    begun = (
        many
        and begin
        and headstart.begin(paths, settings, workers, context=context, digests=digests, sizes=sizes)
    )
    if not begun:
        start_ahead(workers)


class Readers:
    """Worker processes, and threads that wait for them.

    One to begin with, which is enough for a few files, and as soon as there is more to do
    as many as ``jobs`` says, else one for each processor.
    """

    def __init__(
        self, keys: ReaderKeys, limits: Limits, *, digests: bool = True, jobs: int | None = None
    ) -> None:
        self._charge, self._digests = Charge(keys, limits), digests
        self._most = jobs or _processors()
        self._idle: SimpleQueue[Worker] = SimpleQueue()  # each once for every task it could be given
        self._alive: set[Worker] = set()
        self._lock, self._closing = Lock(), False
        # Before anything else, so that it is there when the first file is known.
        self._head_start = headstart.taken(self._charge)
        if not self._head_start.workers:
            self._free(self._started())
        for worker in self._head_start.workers:
            worker.greet()
            self._alive.add(worker)
            self._free(worker)
        self._threads = ThreadPoolExecutor(self._most * _AT_ONCE)
        self._head_start.collect(self._threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._closing = True
            if (idle := self._at_leisure()) is not None:
                self._alive.discard(idle)
                rest(idle)
            for worker in self._alive:
                worker.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._alive:
            worker.close()

    def expand(self, paths: Iterable[str]) -> Iterator[Found]:
        """Every file below some paths; what is in archives and on media is found out by a worker."""
        return expand(paths, self._look_into)

    def read(self, sources: Iterable[Found], *, digests: bool | None = None) -> Iterator[Item]:
        """Each source with what came of reading it, in their order; ``digests`` other than
        these readers usually make them."""
        digests = self._digests if digests is None else digests
        under_way: deque[tuple[list[Found], Callable[[], Iterator[Reading]]]] = deque()
        rest, chunks = iter(sources), 0
        while chunk := list(islice(rest, _CHUNK)):
            chunks += 1
            while chunks == 2 and len(self._alive) < self._most:
                self._free(self._started())
            if (answer := self._head_start.answer(chunk, digests)) is not None:
                under_way.append((chunk, partial(self._read_ahead, chunk, digests, answer)))
            else:
                under_way.append((chunk, self._threads.submit(self._read, chunk, digests).result))
            if len(under_way) >= self._most * _TASKS_AHEAD:
                yield from _finished(*under_way.popleft())
        while under_way:
            yield from _finished(*under_way.popleft())

    def name(self, sources: Sequence[Source]) -> Iterator[Named]:
        """The UIDs that each of some sources names, in their order, or why that can't be told."""
        chunks = [list(sources[start : start + _CHUNK]) for start in range(0, len(sources), _CHUNK)]
        for answer in self._threads.map(self._named, chunks):
            yield from answer

    def _read_ahead(
        self, chunk: list[Found], digests: bool, answer: Future[list[Reading]]
    ) -> Iterator[Reading]:
        """The readings of a chunk that was given ahead; of one that its worker was lost over, anew."""
        try:
            return iter(answer.result())
        except WorkerLost:
            return self._read(chunk, digests)

    def _free(self, worker: Worker) -> None:
        """Let a worker be given tasks, of whomever."""
        for _ in range(_AT_ONCE):
            self._idle.put(worker)

    def _at_leisure(self) -> Worker | None:
        """A worker that has nothing to do, and is given nothing any more."""
        idle: list[Worker] = []
        with suppress(Empty):
            while True:
                idle.append(self._idle.get_nowait())
        found = next((worker for worker in idle if idle.count(worker) == _AT_ONCE and worker.may_rest), None)
        for worker in idle:
            if worker is not found:
                self._idle.put(worker)
        return found

    def _started(self) -> Worker:
        with self._lock:
            if self._closing:
                raise _Closing
            worker = started(self._charge)
            self._alive.add(worker)
            return worker

    def _replaced(self, lost: Worker) -> Worker | None:
        """Another in the place of one that is lost, for one thread alone; None where another
        thread has seen to that."""
        with self._lock:
            if lost not in self._alive:
                return None
            self._alive.discard(lost)
        try:
            worker = self._started()
        except BaseException:
            with self._lock:
                self._alive.add(lost)
            self._idle.put(lost)  # whoever waits for one learns it too
            raise
        lost.close()
        return worker

    def _read(self, chunk: list[Found], digests: bool) -> Iterator[Reading]:
        """The readings of the sources in a chunk."""
        sources = [found for found in chunk if isinstance(found, Source)]
        return iter(self._of_each(sources, lambda some: Read(some, digests)))

    def _named(self, sources: list[Source]) -> list[Named]:
        return self._of_each(sources, Name)

    def _of_each(self, sources: list[Source], task: Callable[[list[Source]], Task]) -> list[Any]:
        """What is said of each source; of one over which its worker is lost, that it can't be read."""
        answer, worker = self._asked(task(sources)) if sources else ([], None)
        if worker is None:
            return answer
        # One by one, to find out which file it was.
        said: list[Any] = []
        try:
            for source in sources:
                worker, told = self._asked_alone(worker, task([source]))
                said += [Unreadable(source.name, told)] if isinstance(told, str) else told
            return said
        finally:
            self._free(worker)

    def _look_into(self, path: str, changed: int) -> list[Found]:
        answer, worker = self._asked(LookInto(path, changed))
        if worker is None:
            return answer
        try:
            return worker.ask(LookInto(path, changed))
        except WorkerLost as lost:
            worker = self._replaced(worker) or worker
            return [Unreadable(path, str(lost))]
        finally:
            self._free(worker)

    def _asked(self, task: Task) -> tuple[list[Any], Worker | None]:
        """The answer to a task; where a worker was lost over it, another for this thread alone.

        Whoever was lost may have been given two tasks. One of the threads that gave them gets
        the new worker, the other asks again.
        """
        while True:
            worker = self._idle.get()
            try:
                answer = worker.ask(task)
            except WorkerLost:
                if (new := self._replaced(worker)) is not None:
                    return [], new
            except BaseException:
                self._idle.put(worker)
                raise
            else:
                self._idle.put(worker)
                return answer, None

    def _asked_alone(self, worker: Worker, task: Task) -> tuple[Worker, list[Any] | str]:
        """The answer to a task about one file, or why there is none, and the worker to go on with.

        It may have died of what it read before; a fresh one that dies too did not.
        """
        for fresh in (False, True):
            try:
                return worker, worker.ask(task)
            except WorkerLost as lost:
                worker = self._replaced(worker) or worker
                if fresh or lost.certain:
                    return worker, str(lost)
        raise AssertionError  # the second time always returns


class _Closing(Exception):
    """Nobody waits for more."""


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _finished(chunk: list[Found], result: Callable[[], Iterator[Reading]]) -> Iterator[Item]:
    readings = result()
    for found in chunk:
        yield found, next(readings) if isinstance(found, Source) else found
