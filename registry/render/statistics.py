"""How often each rule found something, in place of the findings themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from registry.records import Severity
from registry.render.findings import Paint, plain, summarized, verdict
from registry.render.formats import Output, Row, columns
from registry.rules import by_code

if TYPE_CHECKING:
    from registry.services.reports import Report

_COLUMNS = ("code", "name", "errors", "warnings", "notes", "acknowledged")


def statistics(result: Report, passed: bool, paint: Paint = plain) -> Output:
    """The counts of each rule that found something, by code."""
    counts: defaultdict[str, Counter[Severity | None]] = defaultdict(Counter)
    for finding in result.findings:
        counts[finding.code][None if finding.acknowledged else finding.severity] += 1
    rows: list[Row] = [
        {
            "code": code,
            "name": by_code(code).name,
            "errors": of[Severity.ERROR],
            "warnings": of[Severity.WARNING],
            "notes": of[Severity.NOTE],
            "acknowledged": of[None],
        }
        for code, of in sorted(counts.items())
    ]
    summary = summarized(result, passed)
    lines = _lines(rows, verdict(result, passed, paint))
    return Output({**summary, "statistics": rows}, rows, lines, summary, _COLUMNS)


def _lines(rows: list[Row], last: str) -> Iterator[str]:
    if rows:
        yield from columns(rows, _COLUMNS, _COLUMNS)
        yield ""
    yield last
