"""Reports of `register` and `check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from registry.epochs import CLINICAL
from registry.records import Finding, Place, Recorded, Severity, Verdict
from registry.render.folding import Block, folded
from registry.render.formats import Output, counted, visible
from registry.render.rulebook import rule_lines, rule_row

if TYPE_CHECKING:
    from registry.rules.base import Rule
    from registry.services.reports import Report

SCHEMA = 1
"""Of the JSON of `register` and `check`."""

_COLUMNS = ("code", "name", "severity", "uid", "kind", "related", "path", "message", "fix", "acknowledged")
_FURTHER_COLUMNS = ("counterpart", "series_instance_uid", "disagrees", "also")
_ALSO = 3  # so many further files are named in the table

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
        "acknowledged": finding.acknowledged,
        "counterpart": finding.counterpart,
        "series_instance_uid": finding.series_instance_uid,
        "claimed": _place_row(finding.claimed) if finding.claimed else None,
        "recorded": _recorded_row(finding.recorded) if finding.recorded else None,
        "disagrees": list(finding.disagrees),
        "also": list(finding.also),
    }


def _place_row(place: Place) -> dict[str, object]:
    return {**place._asdict(), "kind": place.kind.label}


def _recorded_row(recorded: Recorded) -> dict[str, object]:
    since = {"state": recorded.state, "at": recorded.at, "actor": recorded.actor, "entry": recorded.entry}
    return {**_place_row(recorded.place), **since}


def report(result: Report, passed: bool, paint: Paint = plain, *, explain: Rule | None = None) -> Output:
    """What came of registering or checking; with the page of the rule that is to be explained,
    and each finding of it whole."""
    findings = result.sorted_findings()
    rows = [finding_row(finding) for finding in findings]
    summary = summarized(result, passed)
    skipped = [{"path": skip.path or None, "reason": skip.reason} for skip in result.skipped]
    document = {**summary, "findings": rows, "skipped_files": skipped}
    if explain is not None:
        document["rule"] = rule_row(explain)
    lines = _lines(result, findings, passed, paint, explain)
    return Output(document, rows, lines, summary, (*_COLUMNS, *_FURTHER_COLUMNS))


def summarized(result: Report, passed: bool) -> dict[str, object]:
    """All of a report but its findings."""
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
        "acknowledged": sum(finding.acknowledged for finding in result.findings),
        "resumed": result.resumed,
        "missing_keys": dict(sorted(result.missing.items())),
    }
    if result.rows is not None:
        summary |= {"rows": result.rows, "untold": result.untold.total()}
    if (export := result.export) is not None:
        summary["export"] = {
            "destination": export.destination,
            "approved": export.approved,
            "entry": export.entry,
            "tree_size": export.tree_size,
            "root_hash": export.root_hash.hex(),
        }
    return summary


def _lines(
    result: Report, findings: Sequence[Finding], passed: bool, paint: Paint, explain: Rule | None
) -> Iterator[str]:
    if explain is not None:
        yield from rule_lines(explain)
        yield ""
        for finding in findings:
            if finding.code == explain.code:
                yield from _whole(finding, paint, result.explained)
                yield ""
        findings = [finding for finding in findings if finding.code != explain.code]
    for block in folded(findings):
        yield from _block(block, paint, result.explained)
        yield ""
    if result.untold.total():
        yield f"{counted(result.untold.total(), 'more finding')} not told here; those about UIDs are kept: "
        yield "`uid-registry findings list`"
        yield ""
    yield verdict(result, passed, paint)


def _block(block: Block, paint: Paint, explained: bool) -> Iterator[str]:
    """Findings that are alike: the first as it is, and how many there are."""
    finding = block.first
    if block.count == 1:
        yield _heading(finding, paint)
        yield from _body(finding, explained)
        return
    yield f"{_heading(finding, paint)}, {block.count:,} {block.of} alike"
    if block.series:
        yield f"  series    {block.series}"
    yield "  the first of them"
    yield from (f"  {line}" for line in _body(finding, explained))


def _whole(finding: Finding, paint: Paint, explained: bool) -> Iterator[str]:
    """All that there is to say of one finding."""
    yield _heading(finding, paint)
    yield from _body(finding, explained)
    more = {
        "with": (finding.counterpart,) if finding.counterpart else (),
        "related": finding.related,
        "seen": finding.evidence,
    }
    for name, values in more.items():
        for value in values:
            yield f"  {name:<8}  {visible(value)}"


def _heading(finding: Finding, paint: Paint) -> str:
    known = " (acknowledged)" if finding.acknowledged else ""
    return f"{paint(finding.severity.label, finding.severity)} {finding.code} {finding.name}{known}"


def _body(finding: Finding, explained: bool) -> Iterator[str]:
    if finding.path:
        yield f"  file      {visible(finding.path)}"
        yield from (f"  also      {visible(path)}" for path in finding.also[:_ALSO])
        if len(finding.also) > _ALSO:
            yield f"  also      {counted(len(finding.also) - _ALSO, 'more file')}"
    if finding.uid:
        yield f"  {finding.kind.label if finding.kind else 'uid':<8}  {visible(finding.uid)}"
        if finding.recorded:
            yield f"  known     {_recorded_words(finding.recorded)}"
        elif explained:
            yield "  known     nothing: it isn't in the registry"
    if finding.claimed:
        yield f"  claims    {_place_words(finding.claimed)}"
    if finding.disagrees:
        yield f"  differ    {', '.join(finding.disagrees)}"
    yield f"  what      {finding.message}"
    yield f"  do        {finding.fix}"


def _recorded_words(recorded: Recorded) -> str:
    by = f"{recorded.at[:10]} by {visible(recorded.actor)} (entry {recorded.entry})"
    if recorded.state == "withdrawn":
        return f"{recorded.place.kind.words}, recorded {by}, withdrawn since"
    return f"{recorded.place.kind.words}, {recorded.state} {by}"


def _place_words(place: Place) -> str:
    modality = f"{visible(place.modality)} " if place.modality else ""
    words = f"{modality}{place.kind.words}"
    if place.series_instance_uid:
        words += f" of series {visible(place.series_instance_uid)}"
    if place.study_instance_uid:
        words += f" in study {visible(place.study_instance_uid)}"
    return words


def verdict(result: Report, passed: bool, paint: Paint = plain) -> str:
    """A report in one line."""
    open_ones = Counter(finding.severity for finding in result.findings if not finding.acknowledged)
    acknowledged = sum(finding.acknowledged for finding in result.findings)
    parts = [
        counted(result.files, "file") if result.rows is None else counted(result.rows, "row"),
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
    open_ones.update(result.untold)
    found = [counted(open_ones[s], s.label) for s in sorted(Severity, reverse=True) if open_ones[s]]
    if acknowledged:
        found.append(f"{acknowledged:,} acknowledged")
    word = paint("passed", Severity.NOTE) if passed else paint("failed", Severity.ERROR)
    return f"{word}: {', '.join(parts)}; {', '.join(found) or 'nothing found'}"
