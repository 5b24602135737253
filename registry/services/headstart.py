"""A head start: workers read the first files while this process still imports what it needs.

All that is known by then is the command line and the settings. The key is taken to be
the one that lies where it should, the files are those below the paths. Whoever reads
says what is really asked for; where that is something else, what was given ahead counts
for nothing.
"""

from __future__ import annotations

import atexit
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.sources import Found, Source, expand, require
from registry.dicomfile.tasks import Charge, Read
from registry.errors import NoSuchPath, RegistryError
from registry.keys import load_ring
from registry.services.workers import Worker, WorkerLost
from registry.settings import Settings

_TASKS = 16
"""Tasks that a worker is given ahead at most."""

_WORTH = 3
"""Tasks below which there is nothing to be won."""


class HeadStart:
    """What workers were given ahead, in its order, each with the answer that is to come."""

    def __init__(self, charge: Charge, digests: bool = True, workers: Sequence[Worker] = ()) -> None:
        self.charge, self._digests, self.workers = charge, digests, workers
        self.given: deque[tuple[list[Found], Future[list[Any]]]] = deque()
        self._owed: dict[Worker, list[Future[list[Any]]]] = {worker: [] for worker in workers}

    def give(self, chunks: Sequence[list[Found]]) -> None:
        """Give the workers tasks by turns, as long as there is room for them."""
        for place, chunk in enumerate(chunks):
            worker = self.workers[place % len(self.workers)]
            sources = [found for found in chunk if isinstance(found, Source)]
            if not sources or not worker.take_ahead(self.charge, Read(sources, self._digests)):
                return
            answer = Future[list[Any]]()
            self.given.append((chunk, answer))
            self._owed[worker].append(answer)

    def collect(self, threads: ThreadPoolExecutor) -> None:
        """Take the answers as they come, whether anybody will ask for them or not: until then
        the workers take no other task."""
        for worker in self.workers:
            threads.submit(self._collect, worker)

    def _collect(self, worker: Worker) -> None:
        for answer in self._owed[worker]:
            try:
                answer.set_result(worker.answer_ahead())
            except WorkerLost as lost:
                answer.set_exception(lost)

    def answer(self, chunk: list[Found], digests: bool) -> Future[list[Any]] | None:
        """What is said of these files, if they are those that were given next."""
        if self.given and self.given[0][0] == chunk and self._digests == digests:
            return self.given.popleft()[1]
        self.given.clear()  # what is asked for is something else
        return None

    def close(self) -> None:
        for worker in self.workers:
            worker.close()


def begin(
    paths: Sequence[str],
    settings: Settings,
    workers: int,
    *,
    context: str | None,
    digests: bool,
    sizes: tuple[int, int],
) -> bool:
    """Begin to read what is below some paths; whether it was worth it. ``sizes`` are those of
    the first task and of every other. Never raises: whoever reads finds out what is wrong."""
    _dismiss()
    try:
        require(paths)
    except NoSuchPath:
        return False  # then nothing is read
    chunks = list(islice(_chunks(paths, sizes), _TASKS * workers))
    if len(chunks) < _WORTH or (keys := _keys(settings, context)) is None:
        return False
    begun = HeadStart(Charge(keys, settings.limits), digests, [Worker() for _ in range(workers)])
    begun.give(chunks)
    _begun.append(begun)
    return True


def taken(charge: Charge) -> HeadStart:
    """What was begun, for whoever reads now under this charge; without workers where nothing
    was, or otherwise."""
    begun = _begun.pop() if _begun else HeadStart(charge)
    if begun.charge == charge and all(worker.is_here for worker in begun.workers):
        return begun
    begun.close()
    return HeadStart(charge)


def _keys(settings: Settings, context: str | None) -> ReaderKeys | None:
    """The keys that will probably be read under."""
    database = settings.database.removeprefix("sqlite:///")
    place = settings.key_file or (None if "://" in database else f"{database}.key")
    if place is None:
        return None
    with suppress(RegistryError, OSError):
        ring = load_ring(Path(place).expanduser())
        if len(ring) == 1:  # which of several are the registry's the database says
            return ReaderKeys.of(ring[0], settings.within(context))
    return None


def _chunks(paths: Sequence[str], sizes: tuple[int, int]) -> Iterator[list[Found]]:
    """What is below some paths in tasks, up to the first archive or medium: into these a worker looks."""
    found, size = _plain(paths), sizes[0]
    while chunk := list(islice(found, size)):
        if chunk[-1] is None:
            return
        yield [each for each in chunk if each is not None]
        size = sizes[1]


def _plain(paths: Sequence[str]) -> Iterator[Found | None]:
    with suppress(OSError):
        try:
            yield from expand(paths, _not_now)
        except _NotNow:
            yield None


def _not_now(_path: str, _changed: int) -> list[Found]:
    raise _NotNow


class _NotNow(Exception):
    """What comes next isn't for this process to look into."""


_begun: list[HeadStart] = []  # one at most


@atexit.register
def _dismiss() -> None:
    while _begun:
        _begun.pop().close()


os.register_at_fork(after_in_child=_begun.clear)
