"""Reports of `register` and `check`, and kept findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from registry.records import Finding, Severity, Verdict
from registry.render.formats import Output, Row, columns, counted, visible
from registry.rules import by_code
from registry.settings import CLINICAL

if TYPE_CHECKING:
    from registry.rules.base import Rule
    from registry.services.reports import Report
    from registry.store.findings import KeptFinding

SCHEMA = 1
"""Of the JSON of `register` and `check`."""

_COLUMNS = ("code", "name", "severity", "uid", "kind", "related", "path", "message", "fix", "acknowledged")
_OF_EACH_CODE = 10
"""Findings of one code that the table shows whole; the data formats hold all."""

Paint = Callable[[str, Severity], str]


def plain(text: str, _severity: Severity) -> str:
    """No colour."""
    return text


def finding_row(finding: Finding) -> dict[str, object]:
    """A finding as JSON has it."""
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.label,
        "uid": finding.uid,
        "kind": finding.kind.label if finding.kind else None,
        "related": list(finding.related),
        "path": finding.path,
        "message": finding.message,
        "fix": finding.fix,
        "acknowledged": False,
    }


def report(result: Report, passed: bool, paint: Paint = plain) -> Output:
    """What came of registering or checking."""
    findings = result.sorted_findings()
    rows = [finding_row(finding) for finding in findings]
    summary: dict[str, object] = {
        "schema": SCHEMA,
        "registry": {
            "origin": result.registry.origin,
            "organization": result.registry.organization,
            "size": result.registry.size,
        },
        "context": result.context or CLINICAL,
        "passed": passed,
        "files": result.files,
        "skipped": len(result.skipped),
        "unreadable": result.unreadable,
        "new": result.verdicts[Verdict.NEW],
        "repeats": result.verdicts[Verdict.REPEAT],
        "collisions": result.verdicts[Verdict.COLLISION],
        "not_compared": result.verdicts[Verdict.NOT_COMPARED],
        "resumed": result.resumed,
    }
    skipped = [{"path": skip.path, "reason": skip.reason} for skip in result.skipped]
    document = {**summary, "findings": rows, "skipped_files": skipped}
    return Output(document, rows, _lines(result, findings, passed, paint), summary, _COLUMNS)


def _lines(result: Report, findings: Sequence[Finding], passed: bool, paint: Paint) -> Iterator[str]:
    shown: Counter[str] = Counter()
    for finding in findings:
        shown[finding.code] += 1
        if shown[finding.code] <= _OF_EACH_CODE:
            yield from _finding_lines(finding, paint)
            yield ""
    for code, count in sorted(shown.items()):
        if count > _OF_EACH_CODE:
            yield f"{count - _OF_EACH_CODE:,} more {code} {by_code(code).name}: --format json lists them all"
    yield _verdict(result, findings, passed, paint)


def _finding_lines(finding: Finding, paint: Paint) -> Iterator[str]:
    yield f"{paint(finding.severity.label, finding.severity)} {finding.code} {finding.name}"
    if finding.path:
        yield f"  file  {visible(finding.path)}"
    if finding.uid:
        yield f"  {finding.kind.label if finding.kind else 'uid'}  {finding.uid}"
    yield f"  what  {finding.message}"
    yield f"  do    {finding.fix}"


def _verdict(result: Report, findings: Sequence[Finding], passed: bool, paint: Paint) -> str:
    severities = Counter(finding.severity for finding in findings)
    parts = [
        counted(result.files, "file"),
        f"{result.verdicts[Verdict.NEW]:,} new",
        counted(result.verdicts[Verdict.REPEAT], "repeat"),
        counted(result.verdicts[Verdict.COLLISION], "collision"),
    ]
    if result.verdicts[Verdict.NOT_COMPARED]:
        parts.append(f"{result.verdicts[Verdict.NOT_COMPARED]:,} not compared")
    if result.resumed:
        parts.append(f"{result.resumed:,} recorded before the interruption")
    if result.skipped:
        parts.append(f"{len(result.skipped):,} skipped")
    if result.unreadable:
        parts.append(f"{result.unreadable:,} unreadable")
    found = [counted(severities[s], s.label) for s in sorted(Severity, reverse=True) if severities[s]]
    word = paint("passed", Severity.NOTE) if passed else paint("failed", Severity.ERROR)
    return f"{word}: {', '.join(parts)}; {', '.join(found) or 'nothing found'}"


def kept(found: Sequence[KeptFinding]) -> Output:
    """Findings as the registry keeps them."""
    rows: list[Row] = [
        {
            "code": finding.code,
            "name": by_code(finding.code).name,
            "severity": finding.severity.label,
            "uid": finding.uid,
            "counterpart": finding.counterpart,
            "kind": finding.kind.label if finding.kind else None,
            "message": finding.message,
            "related": list(finding.related),
            "first_entry": finding.first_entry,
            "last_entry": finding.last_entry,
            "seen": finding.seen,
        }
        for finding in found
    ]
    names = ("code", "severity", "uid", "seen", "message")
    lines = columns(rows, names, names) if rows else ["no open findings"]
    return Output(rows, rows, lines)


def kept_one(found: Sequence[KeptFinding], rule: Rule) -> Output:
    """One finding, whole; several where it has several counterparts."""
    rows: list[Row] = [{**row, "fix": rule.fix} for row in kept(found).rows]
    lines = [
        line
        for row in rows
        for line in (*columns([{"k": k, "v": v} for k, v in row.items()], ("k", "v")), "")
    ]
    return Output(rows, rows, lines[:-1])
