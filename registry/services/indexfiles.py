"""Register an archive's index from files: batch by batch, each in one transaction with its mark.

A run that is interrupted goes on after the batches that are recorded, as it does with
files. What a row can't say is told with the row's number, and the rest goes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

from registry.archiveindex.fields import require_keywords
from registry.archiveindex.tasks import FORMS, Chunk
from registry.errors import BadRequest
from registry.records import IndexRow, UnreadableRow
from registry.rules.policy import Policy
from registry.services.adopting import adopt
from registry.services.indexing import BATCH, record
from registry.services.indexreading import STANDARD_INPUT, IndexReader, name_of
from registry.services.opening import OpenRegistry
from registry.services.reports import MOST_TOLD, Report
from registry.store import marks
from registry.store.act import Act
from registry.store.retrying import again

Progress = Callable[[int, int | None, float], None]
"""Told how many rows are done, of how many where anything says so, and what part of the whole they are."""


def register_index(
    registry: OpenRegistry,
    paths: Sequence[str],
    *,
    columns: Mapping[str, str] | None = None,
    form: str | None = None,
    context: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """Record what the indexes in some files say: CSV, NDJSON or Parquet, ``-`` for standard input.

    ``columns`` says of columns that aren't called so which attribute they hold; nothing leaves one
    out. ``form`` is one of ``FORMS``, found out if it isn't given. Raises ``NotAnIndex`` or
    ``NoSuchPath`` before anything is recorded.
    """
    columns = dict(columns or {})
    require_keywords(columns)
    if form is not None and form not in FORMS:
        raise BadRequest(f"--index-format {form!r} is unknown", advice=f"One of {', '.join(FORMS)}.")
    context = registry.context(context)
    policy, named = Policy(registry.settings.check), adopt(registry)
    limits, from_input = registry.settings.limits, STANDARD_INPUT in paths
    if not paths or (from_input and len(paths) > 1):
        raise BadRequest("standard input can't be an index besides others", advice="Give it alone.")
    keys = registry.keys_in(context)
    with IndexReader(keys, limits, form, columns, from_input=from_input) as reader:
        parts = _parts(reader, paths)
        run = _Run(registry.key.subkey("marks"), paths, columns, context)
        with registry.database.reading() as connection:
            report = Report(registry.name(connection), policy, context=context, rows=0)
            run.earlier = marks.done(connection, run.id)
        for place, part in enumerate(parts):
            if len(parts) > 1:
                reader.open(part.path, BATCH)
            report.files += 1
            for first, chunk in _numbered(reader.read(BATCH, lambda number: run.is_new(part, number))):  # noqa: B023
                if run.is_new(part, first):
                    _record(registry, report, run, part, first, chunk, named)
                else:
                    report.resumed += chunk.total
                report.rows = (report.rows or 0) + chunk.total
                if progress is not None:
                    progress(report.rows, _total(parts), _share(parts, place, chunk.read))
    again(lambda _: _forget(registry, run))
    return report


class _Part(NamedTuple):
    """One of the files."""

    path: str
    size: int
    changed: int
    rows: int | None


class _Run:
    """One run over some indexes, as its marks know it."""

    def __init__(
        self, key: bytes, paths: Iterable[str], columns: Mapping[str, str], context: str | None
    ) -> None:
        self._marker, self.context = marks.Marker(key), context
        meant = sorted(columns.items())
        self.id = self._marker.mark("index", BATCH, context, meant, *sorted(map(os.path.abspath, paths)))
        self.earlier: set[bytes] = set()

    def mark(self, part: _Part, first: int) -> bytes:
        """The mark of a batch: the file as it is, and its first row."""
        return self._marker.mark("index", os.path.abspath(part.path), part.size, part.changed, first)

    def is_new(self, part: _Part, first: int) -> bool:
        return part.path == STANDARD_INPUT or self.mark(part, first) not in self.earlier


def _parts(reader: IndexReader, paths: Sequence[str]) -> list[_Part]:
    """The files, each looked into, so that one that is no index stops the run before it begins."""
    parts = []
    for path in paths:
        opened = reader.open(path, BATCH)
        status = None if path == STANDARD_INPUT else os.stat(path)
        size, changed = (status.st_size, status.st_mtime_ns) if status else (0, 0)
        parts.append(_Part(path, size, changed, opened.rows))
    return parts


def _numbered(chunks: Iterable[Chunk]) -> Iterator[tuple[int, Chunk]]:
    first = 1
    for chunk in chunks:
        yield first, chunk
        first += chunk.total


def _record(
    registry: OpenRegistry, report: Report, run: _Run, part: _Part, first: int, chunk: Chunk, named: str
) -> None:
    """Record one batch, and tell what came of it."""
    name = name_of(part.path)
    dirty = [UnreadableRow(f"{name}, row {number:,}", reason) for number, reason in chunk.dirty]
    if chunk.broken:
        dirty.append(
            UnreadableRow(name, f"can't be read after row {first + chunk.total - 1:,}: {chunk.broken}")
        )
    if not chunk.total and not dirty:
        return
    told = dirty[-max(0, MOST_TOLD - report.unreadable) :] if report.unreadable < MOST_TOLD else []

    def mark(act: Act) -> None:
        if part.path != STANDARD_INPUT and not chunk.broken:
            marks.add(act, run.id, [run.mark(part, first)])

    assessment, alike = record(
        registry,
        _rows(name, chunk),
        report.policy,
        named,
        context=run.context,
        unreadable=told,
        mark=mark,
        unreadable_rows=len(dirty),
    )
    report.add((), assessment)
    report.verdicts.update(alike)
    report.unreadable += len(dirty)


def _rows(name: str, chunk: Chunk) -> list[IndexRow]:
    """The rows of a chunk; those with a flaw know where they stand."""
    if not chunk.columns:
        return []
    count = next((len(column) for column in chunk.columns if column is not None), 0)
    *texts, earlier = (repeat(None, count) if column is None else column for column in chunk.columns)
    rows = list(map(IndexRow, *texts, repeat((), count) if chunk.columns[-1] is None else earlier))
    for place, number in chunk.flawed:
        rows[place] = rows[place]._replace(path=f"{name}, row {number:,}")
    return rows


def _total(parts: Iterable[_Part]) -> int | None:
    """How many rows all files have, where they say so."""
    total = 0
    for part in parts:
        if part.rows is None:
            return None
        total += part.rows
    return total


def _share(parts: Sequence[_Part], place: int, read: float) -> float:
    """What part of all the files was read: by their bytes."""
    size = sum(part.size for part in parts)
    before = sum(part.size for part in parts[:place])
    return (before + parts[place].size * read) / size if size else 0.0


def _forget(registry: OpenRegistry, run: _Run) -> None:
    """The run is done: the next one reads everything again."""
    with registry.database.writing() as connection:
        marks.forget(connection, run.id)
        connection.commit()
