"""Findings as the registry keeps them, and what was said of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from registry.render.formats import Output, Row, columns, counted, streamed_columns
from registry.rules import by_code

if TYPE_CHECKING:
    from registry.rules.base import Rule
    from registry.services.acknowledging import Spoken
    from registry.services.querying import ToldFinding
    from registry.store.acknowledgements import Acknowledgement
    from registry.store.findings import KeptFinding


def listing(found: Iterable[KeptFinding]) -> Output:
    """Many findings, one a line, as they come."""
    rows = map(_row, found)
    names = ("code", "severity", "state", "uid", "first_seen", "last_seen", "seen", "message")
    lines = (
        {**row, "first_seen": _day(row["first_seen"]), "last_seen": _day(row["last_seen"])} for row in rows
    )
    headings = [name.replace("_", " ") for name in names]
    table = streamed_columns(lines, names, headings, "no such findings", ("first_seen", "seen"))
    return Output(rows, rows, table, columns=_COLUMNS)


_COLUMNS = (
    "code", "name", "severity", "uid", "counterpart", "kind", "state", "message", "related", "first_entry",
    "last_entry", "first_seen", "last_seen", "seen", "acknowledged_by", "acknowledged_at", "until", "reason",
)  # fmt: skip


def _row(finding: KeptFinding) -> Row:
    said = finding.said
    # What no longer counts is in the history of the finding alone.
    counts = said is not None and finding.state.value == said.word.label
    return {
        "code": finding.code,
        "name": by_code(finding.code).name,
        "severity": finding.severity.label,
        "uid": finding.uid,
        "counterpart": finding.counterpart,
        "kind": finding.kind.label if finding.kind else None,
        "state": finding.state.value,
        "message": finding.message,
        "related": list(finding.related),
        "first_entry": finding.first_entry,
        "last_entry": finding.last_entry,
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
        "seen": finding.seen,
        "acknowledged_by": finding.said_by if counts else None,
        "acknowledged_at": finding.said_at if counts else None,
        "until": said.until if counts and said else None,
        "reason": finding.reason if counts else None,
    }


def _day(moment: object) -> str:
    """A moment as a table has it: to the minute."""
    return str(moment)[:16].replace("T", " ")


def one(found: Sequence[ToldFinding], rule: Rule) -> Output:
    """One finding, whole; several where it has several counterparts."""
    rows: list[Row] = [
        {**_row(told.finding), "fix": rule.fix, "history": [_said(word) for word in told.history]}
        for told in found
    ]
    return Output(rows, rows, _lines(rows))


def _said(word: Acknowledgement) -> dict[str, object]:
    return {
        "at": word.at,
        "entry": word.entry,
        "actor": word.actor,
        "said": word.said.word.label,
        "until": word.said.until,
        "reason": word.reason,
    }


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    for index, row in enumerate(rows):
        if index:
            yield ""
        told = [{"k": k, "v": v} for k, v in row.items() if k != "history" and v not in (None, [])]
        yield from columns(told, ("k", "v"))
        if history := row["history"]:
            yield ""
            names = ("at", "actor", "said", "until", "reason")
            yield from columns(history, names, names)  # type: ignore[arg-type]


def spoken(result: Spoken) -> Output:
    """What was said, and of which findings."""
    place = {"entry": result.entry, "until": result.until}
    rows: list[Row] = [
        {"code": f.code, "uid": f.uid, "counterpart": f.counterpart, "state": result.word.label}
        for f in result.findings
    ]
    document = {result.word.label: len(rows), **place, "findings": rows}
    until = f" until {_day(result.until)} UTC" if result.until else ""
    line = f"{result.word.label} {counted(len(rows), 'finding')}{until}"
    return Output(document, rows, [line])
