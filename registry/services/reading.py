"""Reading many files: in worker processes, in order, a bounded number at a time."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue
from typing import BinaryIO, Self, cast

from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.sources import Source
from registry.errors import RegistryError
from registry.records import Reading, Skipped, Unreadable

_CHUNK = 40
"""Files in one task: enough that passing them on costs little."""

_TASKS_AHEAD = 16
"""Tasks under way for each worker, so that memory stays bounded whatever comes."""

Item = tuple[Source | Skipped, Reading]


def read_all(
    sources: Iterable[Source | Skipped], keys: ReaderKeys, *, digests: bool = True
) -> Iterator[Item]:
    """Each source with what came of reading it, in the order of the sources.

    A few files are read in this process, more by one worker for each processor.
    """
    rest = iter(sources)
    first = list(islice(rest, _CHUNK))
    if len(first) < _CHUNK:
        from registry.dicomfile.reader import read  # pydicom, which the workers import for themselves

        for source in first:
            yield source, source if isinstance(source, Skipped) else read(source, keys, digests=digests)
        return
    with _Pool(_processors(), keys, digests) as pool:
        yield from pool.run(_chunks(first, rest))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


Chunk = list[Source | Skipped]


def _chunks(first: Chunk, rest: Iterator[Source | Skipped]) -> Iterator[Chunk]:
    yield first
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


class _WorkerDied(Exception):
    """The process that read is gone, and what it read with it."""


class _Worker:
    """One reading process (dicomfile/worker.py)."""

    def __init__(self, keys: ReaderKeys) -> None:
        self._process = subprocess.Popen(
            # -P: a module in the current folder, which may hold anything, is not ours.
            [sys.executable, "-P", "-m", "registry.dicomfile.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        # Popen gives both, because both are PIPE.
        self._tasks, self._readings = (
            cast(BinaryIO, self._process.stdin),
            cast(BinaryIO, self._process.stdout),
        )
        self._keys, self._greeted = keys, False

    def _greet(self) -> None:
        """Wait until the process is there. One that never starts is no fault of any file."""
        try:
            pickle.load(self._readings)  # noqa: S301 (our own process)
            self._send(self._keys)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise RegistryError(
                "the process that reads files can't be started",
                advice="Is there enough memory, and is the installation whole? `uid-registry check FILE` "
                "with a single file reads without it.",
            ) from error
        self._greeted = True

    def _send(self, message: object) -> None:
        pickle.dump(message, self._tasks, pickle.HIGHEST_PROTOCOL)
        self._tasks.flush()

    def read(self, sources: list[Source], digests: bool) -> list[Reading]:
        """What came of some files. Raises ``_WorkerDied``."""
        if not self._greeted:
            self._greet()
        try:
            self._send((sources, digests))
            readings: list[Reading] = pickle.load(self._readings)  # noqa: S301 (our own process)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise _WorkerDied from error
        return readings

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


class _Pool:
    """Workers, and a thread each that waits for it."""

    def __init__(self, workers: int, keys: ReaderKeys, digests: bool) -> None:
        self._keys, self._digests = keys, digests
        self._ahead = workers * _TASKS_AHEAD
        self._threads = ThreadPoolExecutor(workers)
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        for _ in range(workers):
            self._idle.put(_Worker(keys))
        self._workers = workers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        for _ in range(self._workers):
            self._idle.get().close()

    def run(self, chunks: Iterator[Chunk]) -> Iterator[Item]:
        under_way: deque[tuple[Chunk, Future[Iterator[Reading]]]] = deque()
        for chunk in chunks:
            under_way.append((chunk, self._threads.submit(self._read, chunk)))
            if len(under_way) >= self._ahead:
                yield from _finished(*under_way.popleft())
        while under_way:
            yield from _finished(*under_way.popleft())

    def _read(self, chunk: Chunk) -> Iterator[Reading]:
        """The readings of the sources in a chunk."""
        sources = [source for source in chunk if isinstance(source, Source)]
        worker = self._idle.get()
        try:
            return iter(worker.read(sources, self._digests))
        except _WorkerDied:
            worker, readings = self._one_by_one(worker, sources)
            return iter(readings)
        finally:
            self._idle.put(worker)

    def _one_by_one(self, worker: _Worker, sources: list[Source]) -> tuple[_Worker, list[Reading]]:
        """Read again what a worker died of, and find out which file it was."""
        readings: list[Reading] = []
        worker.close()
        worker = _Worker(self._keys)
        for source in sources:
            try:
                readings += worker.read([source], self._digests)
            except _WorkerDied:
                readings.append(Unreadable(source.name, "the process that read it died"))
                worker.close()
                worker = _Worker(self._keys)
        return worker, readings


def _finished(chunk: Chunk, future: Future[Iterator[Reading]]) -> Iterator[Item]:
    readings = future.result()
    for source in chunk:
        yield source, source if isinstance(source, Skipped) else next(readings)
