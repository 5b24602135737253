"""Check: the same decisions as registering, and nothing written at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from registry.dicomfile.sources import require
from registry.services.assessing import assess
from registry.services.opening import OpenRegistry
from registry.services.reading import read_all
from registry.services.registering import Progress
from registry.services.reports import Report
from registry.store.roots import load_roots
from registry.store.words import Words

_TOLD_EVERY = 200


def check(
    registry: OpenRegistry,
    paths: Sequence[str],
    *,
    digests: bool = True,
    context: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """What registering these files would decide and find. All of them are one batch.

    Raises ``NoSuchPath`` before anything is read; what can't be read is in the report.
    """
    require(paths)
    context = registry.context(context)
    readings = []
    limits = registry.settings.limits
    for _, reading in read_all(paths, registry.keys_in(context), limits, digests=digests):
        readings.append(reading)
        if progress is not None and len(readings) % _TOLD_EVERY == 0:
            progress(len(readings))
    with registry.database.reading() as connection:
        report = Report(registry.name(connection), context=context)
        words, roots = Words(connection), load_roots(connection)
        assessment = assess(connection, words, readings, roots, datetime.now(UTC), gate=True, context=context)
        report.add(readings, assessment)
    return report
