"""Remap files: copies of objects whose UIDs are replaced, written beside the originals.

Reading, replacing and writing are done by processes that are confined like those that
read for the ledger; this one asks the registry, some files at a time, in one act. What
replaces what is recorded before anything is written: a copy never holds a UID that
the registry doesn't know.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Lock
from typing import Any, NamedTuple, Self, cast

from registry.dicomfile import sources
from registry.dicomfile.copytasks import Charge, Look, Looked, Write, Written
from registry.dicomfile.sources import Found, Source
from registry.dicomfile.tasks import LookInto
from registry.errors import BadRequest
from registry.limits import MIB, Limits
from registry.records import Skipped, Unreadable
from registry.services.remapping import Remapper
from registry.services.workers import Worker, WorkerLost

_FILES, _BYTES = 32, 32 * MIB
"""Of one act and one task at most: a process holds them all at a time."""

_TASKS_AHEAD = 4
"""Tasks under way for each process."""

FEW = 8
"""Files that one process copies before another would have started."""

Progress = Callable[[int], None]


class Copied(NamedTuple):
    """A copy that was written, or was there already."""

    path: str  # below the folder of copies
    repeat: bool
    signed: bool
    encrypted: bool


@dataclass(slots=True)
class Copies:
    """What came of a run."""

    scope: str
    folder: str
    files: int = 0  # that were looked at
    written: int = 0
    repeats: int = 0  # that were there already, the same to the byte
    signed: int = 0
    encrypted: int = 0
    skipped: list[Skipped] = field(default_factory=list)  # no DICOM objects
    failed: list[Unreadable] = field(default_factory=list)
    new: int = 0  # UIDs that were replaced for the first time
    scope_is_new: bool = False

    def add(self, outcome: Copied | Skipped | Unreadable) -> None:
        self.files += 1
        match outcome:
            case Skipped():
                self.skipped.append(outcome)
            case Unreadable():
                self.failed.append(outcome)
            case Copied():
                self.written += not outcome.repeat
                self.repeats += outcome.repeat
                self.signed += outcome.signed
                self.encrypted += outcome.encrypted


def remap_files(
    copiers: Copiers, remapper: Remapper, paths: Sequence[str], folder: str, progress: Progress | None = None
) -> Copies:
    """Write a remapped copy of every object below some paths into a folder, as ``study/series/instance.dcm``.

    A file that can't be read or written costs no other. Run again, it finds what it has written.

    Raises ``NoSuchPath``, ``BadRequest`` for a folder that can't be written or lies in what is
    copied, and what ``remap`` raises.
    """
    sources.require(paths)
    _require_apart(paths, folder)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise BadRequest(
            f"{folder} can't be made: {error.strerror}", advice="Give --output another folder."
        ) from error
    done = Copies(remapper.scope, folder)
    for outcome in copiers.copy(paths, remapper, os.path.abspath(folder)):
        done.add(outcome)
        if progress is not None:
            progress(done.files)
    done.new, done.scope_is_new = remapper.new, remapper.scope_is_new
    return done


def _require_apart(paths: Iterable[str], folder: str) -> None:
    target = os.path.realpath(folder)
    for path in paths:
        if os.path.isdir(path) and sources.is_inside(target, os.path.realpath(path)):
            raise BadRequest(
                f"the folder of the copies, {folder}, lies in {path}, which is to be copied",
                advice="Give --output a folder beside it.",
            )


class _CopyWorker(Worker):
    """One process that copies (dicomfile/copyworker.py)."""

    module = "registry.dicomfile.copyworker"


class Copiers:
    """Processes that copy files, and threads that see to them. Use it in a ``with`` block.

    They start at once, so that they are there when the registry is open.
    """

    def __init__(self, limits: Limits, jobs: int | None = None) -> None:
        self._limits = limits
        count = jobs or _processors()
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        self._alive: set[Worker] = set()
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(count)
        self._most = count * _TASKS_AHEAD
        for _ in range(count):
            self._idle.put(self._started())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            for worker in self._alive:
                worker.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._alive:
            worker.close()

    def _started(self) -> Worker:
        worker = _CopyWorker()
        worker.charge = Charge(self._limits)
        with self._lock:
            self._alive.add(worker)
        return worker

    def copy(
        self, paths: Sequence[str], remapper: Remapper, folder: str
    ) -> Iterator[Copied | Skipped | Unreadable]:
        """What came of copying each file below some paths, in their order."""
        under_way: deque[Future[list[Copied | Skipped | Unreadable]]] = deque()
        for chunk in _chunks(sources.expand(paths, self._look_into)):
            under_way.append(self._threads.submit(self._copied, chunk, remapper, folder))
            if len(under_way) >= self._most:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()

    def _look_into(self, path: str, changed: int) -> list[Found]:
        worker = self._idle.get()
        try:
            return cast(list[Found], _asked(worker, LookInto(path, changed)))
        except WorkerLost as lost:
            worker = self._replaced(worker)
            return [Unreadable(path, str(lost))]
        finally:
            self._idle.put(worker)

    def _replaced(self, lost: Worker) -> Worker:
        with self._lock:
            self._alive.discard(lost)
        lost.close()
        return self._started()

    def _copied(
        self, chunk: list[Found], remapper: Remapper, folder: str
    ) -> list[Copied | Skipped | Unreadable]:
        """What came of some files: together, or where a process is lost over them one by one."""
        named = [found for found in chunk if isinstance(found, Source)]
        worker = self._idle.get()
        outcomes: list[Copied | Skipped | Unreadable] = []
        try:
            try:
                outcomes = _together(worker, named, remapper, folder)
            except WorkerLost:
                worker = self._replaced(worker)
                for source in named:
                    try:
                        outcomes += _together(worker, [source], remapper, folder)
                    except WorkerLost as lost:
                        worker = self._replaced(worker)
                        outcomes.append(Unreadable(source.name, str(lost)))
        finally:
            self._idle.put(worker)
        told = iter(outcomes)
        return [next(told) if isinstance(found, Source) else found for found in chunk]


def _together(
    worker: Worker, named: list[Source], remapper: Remapper, folder: str
) -> list[Copied | Skipped | Unreadable]:
    if not named:
        return []
    looked: Looked = _asked(worker, Look(named))
    if all(isinstance(seen, Skipped | Unreadable) for seen in looked.files):
        return [seen for seen in looked.files if isinstance(seen, Skipped | Unreadable)]
    written: Iterator[Written | Unreadable] = iter(_asked(worker, Write(remapper.all(looked.uids), folder)))
    outcomes: list[Copied | Skipped | Unreadable] = []
    for seen in looked.files:
        if isinstance(seen, Skipped | Unreadable):
            outcomes.append(seen)
        elif isinstance(copy := next(written), Unreadable):
            outcomes.append(copy)
        else:
            outcomes.append(Copied(*copy, *seen))
    return outcomes


def _asked(worker: Worker, task: object) -> Any:
    worker.begin(task)
    return worker.answer()


def _chunks(found: Iterable[Found]) -> Iterator[list[Found]]:
    chunk, size = list[Found](), 0
    for each in found:
        size_of = each.size if isinstance(each, Source) else 0
        if chunk and (len(chunk) >= _FILES or size + size_of > _BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(each)
        size += size_of
    if chunk:
        yield chunk


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
