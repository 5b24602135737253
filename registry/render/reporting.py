"""What a report says, for programs and in the terminal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from registry.render.formats import Output, Row, columns, counted, visible
from registry.rules import by_code

if TYPE_CHECKING:
    from registry.services.opening import RegistryName
    from registry.services.overview import Overview, RuleCount
    from registry.services.studygraph import SeriesNode, StudyGraph
    from registry.services.trailstate import TrailState
    from registry.store.entries import Entry
    from registry.store.findings import KeptFinding

_COLUMNS = (
    "series_instance_uid", "modality", "state", "instances", "study_instance_uid", "refers_to", "findings",
)  # fmt: skip


def study(of: StudyGraph, state: TrailState) -> Output:
    """The graph of a study: a row for each series."""
    sources = defaultdict[str, list[str]](list)
    for link in of.links:
        sources[link.derived].append(link.source)
    rows: list[Row] = [_series(node, sources[node.series_instance_uid]) for node in of.series]
    document = {
        "registry": _registry(of.registry),
        "study_instance_uid": of.study_instance_uid,
        "state": of.state,
        "series": rows,
        "links": [
            {"source": link.source, "derived": link.derived, "findings": _keys(link.findings)}
            for link in of.links
        ],
        "strays": [
            {
                "series_instance_uid": stray.series_instance_uid,
                "what": stray.what,
                "sop_instance_uids": list(stray.uids),
                "findings": _keys(stray.findings),
            }
            for stray in of.strays
        ],
        "findings": [_finding(finding) for finding in of.all_findings],
        "trail": trail(state),
    }
    return Output(document, rows, _lines(of, rows, state), columns=_COLUMNS)


def _registry(name: RegistryName) -> Row:
    return {"origin": name.origin, "organization": name.organization, "size": name.size}


def _series(node: SeriesNode, sources: list[str]) -> Row:
    return {
        "series_instance_uid": node.series_instance_uid,
        "modality": node.modality,
        "state": node.state,
        "instances": node.instances,
        "study_instance_uid": node.study_instance_uid,
        "refers_to": sources,
        "findings": sorted({finding.code for finding in node.findings}),
    }


def _keys(found: tuple[KeptFinding, ...]) -> list[Row]:
    return [{"code": finding.code, "uid": finding.uid} for finding in found]


def _finding(finding: KeptFinding) -> Row:
    return {
        "code": finding.code,
        "severity": finding.severity.label,
        "uid": finding.uid,
        "counterpart": finding.counterpart,
        "state": finding.state.value,
        "message": finding.message,
    }


def _lines(of: StudyGraph, rows: list[Row], state: TrailState) -> Iterator[str]:
    numbers = f"{len(of.own):,} series, {counted(len(of.all_findings), 'finding')}"
    yield f"study {of.study_instance_uid} ({of.state}): {numbers}"
    yield ""
    names = ("modality", "series_instance_uid", "state", "instances", "refers_to", "findings")
    yield from columns(rows, names, [name.replace("_", " ") for name in names])
    yield from _trail_lines(state)


_OVERVIEW = ("period", "root", "actor", "issued", "registered", "foreign")


def overview(of: Overview, state: TrailState) -> Output:
    """What was issued over a time: a row for each period, root and actor."""
    rows: list[Row] = [{name: getattr(count, name) for name in _OVERVIEW} for count in of.counts]
    document = {
        "registry": _registry(of.registry),
        "since": of.since,
        "until": of.until,
        "root": of.under,
        "period": str(of.period),
        "counts": rows,
        "findings": [_rule(count) for count in of.findings],
        "trail": trail(state),
    }
    return Output(document, rows, _overview_lines(of, rows, state), columns=_OVERVIEW)


def _rule(count: RuleCount) -> Row:
    return {
        "code": count.code,
        "name": by_code(count.code).name,
        "severity": count.severity.label,
        "open": count.open,
        "acknowledged": count.acknowledged,
    }


def _overview_lines(of: Overview, rows: list[Row], state: TrailState) -> Iterator[str]:
    yield f"{counted(of.issued, 'UID')} issued, {of.registered:,} registered"
    if rows:
        yield ""
        yield from columns(rows, _OVERVIEW, _OVERVIEW)
    if of.findings:
        names = ("code", "name", "severity", "open", "acknowledged")
        yield ""
        yield from columns([_rule(count) for count in of.findings], names, names)
    yield from _trail_lines(state)


def _trail_lines(state: TrailState) -> Iterator[str]:
    yield ""
    yield f"trail: {counted(state.size, 'entry', 'entries')}, root hash {state.root_hash}"
    if state.verification is not None:
        told = "verified" if state.verification.ok else f"broken: {visible(state.verification.reason or '')}"
        yield f"trail: {told}"


def trail(state: TrailState) -> Row:
    """How it stands with the trail."""
    found = state.verification
    return {
        "size": state.size,
        "root_hash": state.root_hash,
        "checkpoint": _entry(state.checkpoint),
        "verified": _entry(state.verified),
        "ok": None if found is None else found.ok,
        "first_bad": None if found is None else found.first_bad,
        "reason": None if found is None or found.reason is None else visible(found.reason),
    }


def _entry(entry: Entry | None) -> Row | None:
    if entry is None:
        return None
    return {"entry": entry.id, "at": entry.at, "actor": entry.actor, "outcome": entry.outcome}
