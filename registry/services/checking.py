"""Check: the same decisions as registering, and nothing written at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from registry.dicomfile.datasets import is_data_set
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.sources import require
from registry.errors import BadRequest
from registry.records import Reading
from registry.rules.policy import Policy
from registry.services.comparing import Batch
from registry.services.explaining import explained
from registry.services.judging import judge
from registry.services.opening import OpenRegistry
from registry.services.reading import Readers
from registry.services.registering import Progress
from registry.services.reports import Report
from registry.store.ledger import with_content
from registry.store.roots import load_roots
from registry.store.session import Connection
from registry.store.words import Words

if TYPE_CHECKING:
    from registry.dicomfile.memory import DataSet

    Checkable = str | os.PathLike[str] | DataSet

_TOLD_EVERY = 200


def check(
    registry: OpenRegistry,
    objects: Iterable[Checkable],
    *,
    digests: bool = True,
    context: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """What registering these files and data sets would decide and find. All of them are one batch.

    Raises ``BadRequest`` for what is neither and ``NoSuchPath``, before anything is
    read; what can't be read is in the report.
    """
    paths, data_sets = _sorted_out(objects)
    require(paths)
    context = registry.context(context)
    keys = registry.keys_in(context)
    in_memory = list(_in_memory(data_sets, keys, digests))
    if not paths:
        with registry.database.reading() as connection:
            return _judged(registry, connection, in_memory, context)

    def told(files: int) -> None:
        if progress is not None and files % _TOLD_EVERY == 0:
            progress(files)

    def recorded(uids: Iterable[str]) -> set[str]:
        with registry.database.reading() as connection:
            return with_content(connection, uids, context)

    with Readers(keys, registry.settings.limits, digests=digests) as readers:
        batch = Batch(readers, told)
        batch.read(paths, recorded, digests=digests)
        while True:
            with registry.database.reading() as connection:
                again = batch.to_compare(connection, context, in_memory)
                if not again:
                    return _judged(registry, connection, [*batch.readings, *in_memory], context)
            # Others may record one of the files meanwhile: then it is read again too.
            batch.read_again(again)


def _judged(
    registry: OpenRegistry, connection: Connection, readings: list[Reading], context: str | None
) -> Report:
    registry.require_key(connection)
    policy = Policy(registry.settings.check)
    report = Report(registry.name(connection), policy, context=context)
    words, roots, now = Words(connection), load_roots(connection), datetime.now(UTC)
    assessment = judge(
        connection,
        words,
        readings,
        roots,
        now,
        registry.identity,
        gate=True,
        policy=policy,
        context=context,
    )
    report.add(readings, assessment)
    report.findings, report.explained = explained(connection, report.findings), True
    return report


def _sorted_out(objects: Iterable[Checkable]) -> tuple[list[str], list[tuple[str, DataSet]]]:
    """Paths, and data sets with the name that a report calls them by: their place in the list."""
    paths: list[str] = []
    data_sets: list[tuple[str, DataSet]] = []
    for place, one in enumerate(objects, 1):
        if isinstance(one, str | os.PathLike):
            paths.append(os.fspath(one))
        elif is_data_set(one):
            data_sets.append((f"dataset {place}", one))
        else:
            raise BadRequest(
                f"object {place} is a {type(one).__name__}", advice="Give paths and pydicom Datasets."
            )
    return paths, data_sets


def _in_memory(data_sets: list[tuple[str, DataSet]], keys: ReaderKeys, digests: bool) -> Iterator[Reading]:
    if data_sets:
        from registry.dicomfile.memory import read_data_set

        for name, data_set in data_sets:
            yield read_data_set(data_set, keys, name, digests=digests)
