"""Check: the same decisions as registering, and nothing written at all.

Only a check before an export leaves something: the entry that says what came of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from registry.dicomfile.datasets import is_data_set
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.sources import require
from registry.errors import BadRequest
from registry.records import ObjectClaim, Reading
from registry.rules.policy import Policy
from registry.services.comparing import Batch, naming
from registry.services.explaining import explained
from registry.services.judging import judge
from registry.services.opening import OpenRegistry
from registry.services.reading import Readers
from registry.services.registering import Progress
from registry.services.releasing import Gate
from registry.services.releasing import gate as opened_gate
from registry.services.reports import Report
from registry.store.ledger import with_content
from registry.store.roots import load_roots
from registry.store.scoped import scoped
from registry.store.session import Connection
from registry.store.tree import Head, head_of
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
    for_export: str | None = None,
    fail_on: str | None = None,
    scope: str | None = None,
) -> Report:
    """What registering these files and data sets would decide and find. All of them are one batch.

    ``for_export`` names where they are to go: then it is recorded whether they may,
    which findings as grave as ``fail_on`` forbid (None: as configured). ``scope`` names the scope
    of replacement whose copies they are said to be: then every UID in them is looked at.

    Raises before anything is read: ``BadRequest`` for what is neither, ``NoSuchPath``,
    ``UnknownScope``, ``ScopePurged`` where the scope says nothing any more, and
    ``DatabaseUnusable`` where the outcome can't be recorded. What can't be read is in the report.
    """
    paths, data_sets = _sorted_out(objects)
    require(paths)
    context = registry.context(context)
    policy, gate = Policy(registry.settings.check), None
    if for_export is not None:
        gate = opened_gate(registry, for_export, fail_on, policy, digests=digests)
        gate.require_entry(registry)
    if scope is not None:
        with registry.database.reading() as connection:
            scoped(connection, Words(connection), scope, frozenset(), ())
    asked = _Asked(policy, context, gate, scope)
    keys = registry.keys_in(context)
    in_memory = list(_in_memory(data_sets, keys, digests, names=scope is not None))
    if not paths:
        with registry.database.reading() as connection:
            judged = _judged(registry, connection, in_memory, asked)
        return _settled(registry, judged, asked)

    def told(files: int) -> None:
        if progress is not None and files % _TOLD_EVERY == 0:
            progress(files)

    def recorded(uids: Iterable[str]) -> set[str]:
        with registry.database.reading() as connection:
            return with_content(connection, uids, context)

    with Readers(keys, registry.settings.limits, digests=digests, jobs=registry.settings.jobs) as readers:
        batch = Batch(readers, told)
        # What is approved is bound to the contents, so all are read; else only what can be compared.
        batch.read(paths, recorded, digests=digests, of_all=gate is not None)
        if scope is not None:
            batch.name_uids()
        while True:
            with registry.database.reading() as connection:
                again = batch.to_compare(connection, context, in_memory)
                if not again:
                    judged = _judged(registry, connection, [*batch.readings, *in_memory], asked)
                    break
            # Others may record one of the files meanwhile: then it is read again too.
            batch.read_again(again)
    return _settled(registry, judged, asked)


def judged(registry: OpenRegistry, readings: list[Reading], *, context: str | None = None) -> Report:
    """The same of objects that were read already."""
    asked = _Asked(Policy(registry.settings.check), registry.context(context), None)
    with registry.database.reading() as connection:
        return _judged(registry, connection, readings, asked).report


class _Asked(NamedTuple):
    """What a batch is judged by."""

    policy: Policy
    context: str | None
    gate: Gate | None  # None: it goes nowhere
    scope: str | None = None  # None: nobody says whose replacements they are


class _Judged(NamedTuple):
    """A batch as it was judged on one state of the registry."""

    report: Report
    readings: list[Reading]
    head: Head | None  # of the trail then, where that matters


def _judged(
    registry: OpenRegistry, connection: Connection, readings: list[Reading], asked: _Asked
) -> _Judged:
    registry.require_key(connection)
    report = Report(registry.name(connection), asked.policy, context=asked.context)
    words, roots, now = Words(connection), load_roots(connection), datetime.now(UTC)
    assessment = judge(
        connection,
        words,
        readings,
        roots,
        now,
        registry.identity,
        gate=True,
        policy=asked.policy,
        context=asked.context,
        destination=asked.gate.destination if asked.gate else None,
        scope=asked.scope,
    )
    report.add(readings, assessment)
    report.findings, report.explained = explained(connection, report.findings), True
    report.claims = [reading for reading in readings if isinstance(reading, ObjectClaim)]
    return _Judged(report, readings, head_of(connection) if asked.gate else None)


def _settled(registry: OpenRegistry, judged: _Judged, asked: _Asked) -> Report:
    """The report, after what was decided of an export is recorded: on whatever state it was
    judged, the entry says which."""
    report, readings, head = judged
    if asked.gate is not None and head is not None:
        report.export = asked.gate.decide(registry, report, readings, head, asked.context, asked.scope)
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


def _in_memory(
    data_sets: list[tuple[str, DataSet]], keys: ReaderKeys, digests: bool, *, names: bool
) -> Iterator[Reading]:
    if data_sets:
        from registry.dicomfile.memory import name_uids, read_data_set

        for name, data_set in data_sets:
            reading = read_data_set(data_set, keys, name, digests=digests)
            yield naming(reading, name_uids(data_set, name)) if names else reading
