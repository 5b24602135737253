"""Where an interrupted run goes on: what it has recorded, some files of one folder at a time.

A mark stands for a *group*: files of one folder that follow each other. One for each
file would cost more room than its ledger row. Where a file of a group has changed, come
or gone since, the group is read again; whatever of it was recorded is a repeat.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from registry.dicomfile.sources import Found, Source
from registry.services.reading import Item
from registry.store.marks import Marker

GROUP = 50
"""Files in a group at most."""


class Batch(NamedTuple):
    """What is recorded in one transaction: whole groups."""

    items: Sequence[Item]
    marks: Sequence[bytes] = ()  # of its groups
    is_last: bool = False  # of the run


class Run:
    """One run over some paths, as its marks know it."""

    def __init__(self, key: bytes, paths: Iterable[str], digests: bool, context: str | None) -> None:
        self._marker = Marker(key)
        self._folder = lru_cache(maxsize=64)(os.path.abspath)  # where the current folder is this run's
        self.id = self._marker.mark(digests, context, *sorted(os.path.abspath(path) for path in paths))

    def batches(
        self,
        found: Iterable[Found],
        read: Callable[[Iterable[Found]], Iterator[Item]],
        most: int,
        earlier: set[bytes],
        resume: Callable[[int], None],
    ) -> Iterator[Batch]:
        """Everything found, read, in batches of at most ``most`` items; ``resume`` is told how
        many were left out because a mark says that they were recorded ``earlier``."""
        under_way: deque[tuple[bytes, int]] = deque()  # groups that are read: their marks and sizes

        def left() -> Iterator[Found]:
            for group in _groups(found, min(GROUP, most)):
                mark = self._mark(group)
                if mark in earlier:
                    resume(len(group))
                else:
                    under_way.append((mark, len(group)))
                    yield from group

        items, marks, group = list[Item](), list[bytes](), list[Item]()
        for item in read(left()):
            group.append(item)
            mark, size = under_way[0]
            if len(group) < size:
                continue
            under_way.popleft()
            if len(items) + size > most:
                yield Batch(items, marks)
                items, marks = [], []
            items += group
            marks.append(mark)
            group = []
        if items:
            yield Batch(items, marks, is_last=True)

    def _mark(self, group: Sequence[Found]) -> bytes:
        parts: list[object] = []
        for each in group:
            if isinstance(each, Source):
                parts += (self._absolute(each.path), each.member or "", each.place, each.size, each.changed)
            else:
                parts += (self._absolute(each.path or ""), each.reason)
        return self._marker.mark("group", *parts)

    def _absolute(self, path: str) -> str:
        folder, separator, name = path.rpartition(os.sep)
        return self._folder(folder) + separator + name if folder else os.path.abspath(name)


def _groups(found: Iterable[Found], most: int) -> Iterator[list[Found]]:
    group: list[Found] = []
    place = ""
    for each in found:
        folder = (each.path or "").rpartition(os.sep)[0]
        if group and (folder != place or len(group) >= most):
            yield group
            group = []
        group.append(each)
        place = folder
    if group:
        yield group
