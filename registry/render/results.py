"""The results of issuing, asking and administering."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from registry.render.formats import Output, Row, columns, counted
from registry.rules import RULES
from registry.rules.base import HEADINGS, Rule

if TYPE_CHECKING:
    from registry.roots import Root, Roots
    from registry.services.auditing import Told
    from registry.services.initializing import Initialized, SchemaState
    from registry.services.issuing import Derived, Issued
    from registry.services.querying import Event, Shown, Stats, Tree, TreeNode
    from registry.services.withdrawing import Withdrawn
    from registry.store.queries import Listed
    from registry.store.verification import Verification


def initialized(result: Initialized) -> Output:
    row = {
        "origin": result.origin,
        "database": result.database,
        "key_file": result.key_file,
        "created": result.created,
        "upgraded": result.upgraded,
        "root": result.root.prefix if result.root else None,
    }
    lines = [
        f"{'created' if result.created else 'found'} registry {result.origin}",
        f"database  {result.database}",
        f"key       {result.key_file}  (keep a copy apart from the database; nothing replaces it)",
    ]
    if result.upgraded and not result.created:
        lines.append(f"schema    upgraded to {result.upgraded}")
    if result.root:
        lines.append(f"root      {result.root.prefix} ({result.root.policy})")
    return Output(row, [row], lines)


def schema_state(result: SchemaState) -> Output:
    row = {
        "database": result.database,
        "schema": result.found,
        "expected": result.expected,
        "up_to_date": result.up_to_date,
    }
    word = (
        "up to date"
        if result.up_to_date
        else f"this program expects {result.expected}: `uid-registry db upgrade`"
    )
    return Output(row, [row], [f"{result.database} is at schema {result.found}: {word}"])


def issued(result: Issued) -> Output:
    document = {
        "uids": list(result.uids),
        "kind": result.kind.label,
        "study_instance_uid": result.study_instance_uid,
        "series_instance_uid": result.series_instance_uid,
        "root": result.root,
        "entry": result.entry,
    }
    place = {name: document[name] for name in list(document)[1:]}
    return Output(document, ({"uid": uid, **place} for uid in result.uids), result.uids)


def derived(result: Derived) -> Output:
    document = {
        "study_instance_uid": result.study_instance_uid,
        "series_instance_uid": result.series_instance_uid,
        "sop_instance_uids": list(result.sop_instance_uids),
        "root": result.root,
        "entry": result.entry,
    }
    lines = [
        f"STUDY_INSTANCE_UID={result.study_instance_uid}",
        f"SERIES_INSTANCE_UID={result.series_instance_uid}",
        f"SOP_INSTANCE_UIDS='{' '.join(result.sop_instance_uids)}'",
    ]
    return Output(document, [document], lines)


def shown(result: Shown) -> Output:
    listed = result.listed
    document: dict[str, object] = {
        "uid": result.uid,
        "kind": result.kind.label if result.kind else None,
        "state": result.state,
        "study_instance_uid": listed.study_instance_uid if listed else None,
        "series_instance_uid": listed.series_instance_uid if listed else None,
        "modality": listed.modality if listed else None,
        "sop_class_uid": listed.sop_class_uid if listed else None,
        "root": result.root,
        "issued_by": listed.actor if listed and result.was_issued else None,
        "issued_at": listed.at if listed and result.was_issued else None,
        "recorded_by": listed.actor if listed else None,
        "recorded_at": listed.at if listed else None,
        "purpose": result.purpose,
        "findings": list(result.findings),
    }
    told = {name: value for name, value in document.items() if value not in (None, [])}
    if result.was_issued:
        told = {name: value for name, value in told.items() if not name.startswith("recorded_")}
    lines = columns([{"name": name, "value": value} for name, value in told.items()], ("name", "value"))
    return Output(document, [document], lines)


def history(uid: str, events: Sequence[Event]) -> Output:
    rows: list[Row] = [{"at": e.at, "entry": e.entry, "actor": e.actor, "what": e.what} for e in events]
    names = ("at", "entry", "actor", "what")
    lines = (
        columns(rows, names, names) if rows else [f"{uid} is named by objects, and nobody has seen it yet"]
    )
    return Output({"uid": uid, "events": rows}, rows, lines)


def listing(found: Sequence[Listed]) -> Output:
    rows: list[Row] = [
        {
            "uid": item.uid,
            "kind": item.kind.label,
            "state": item.state,
            "modality": item.modality,
            "study_instance_uid": item.study_instance_uid,
            "series_instance_uid": item.series_instance_uid,
            "sop_class_uid": item.sop_class_uid,
            "entry": item.entry,
            "recorded_at": item.at,
            "recorded_by": item.actor,
        }
        for item in found
    ]
    names = ("uid", "kind", "state", "modality", "recorded_at", "recorded_by")
    return Output(rows, rows, columns(rows, names, names) if rows else ["no such UIDs"])


def tree(result: Tree) -> Output:
    document = {
        "study_instance_uid": result.study_instance_uid,
        "state": result.state,
        "findings": sorted({finding.code for finding in result.findings}),
        "series": [_node(node) for node in result.series],
    }
    return Output(document, [document], _tree_lines(result))


def _node(node: TreeNode) -> dict[str, object]:
    return {
        "series_instance_uid": node.series_instance_uid,
        "modality": node.modality,
        "state": node.state,
        "instances": node.instances,
        "findings": [{"code": finding.code, "uid": finding.uid} for finding in node.findings],
        "derived": [_node(below) for below in node.below],
    }


def _tree_lines(result: Tree) -> Iterator[str]:
    yield f"study {result.study_instance_uid} ({result.state})"
    for finding in result.findings:
        yield f"  ! {finding.code} {finding.message}"
    yield from _branch_lines(result.series, "")


def _branch_lines(nodes: Sequence[TreeNode], indent: str) -> Iterator[str]:
    for index, node in enumerate(nodes):
        last = index == len(nodes) - 1
        modality = node.modality or "?"
        held = counted(node.instances, "instance")
        fork = "└── " if last else "├── "
        yield f"{indent}{fork}{modality} series {node.series_instance_uid} ({node.state}, {held})"
        below = indent + ("    " if last else "│   ")
        for finding in node.findings:
            about = "" if finding.uid == node.series_instance_uid else f" {finding.uid}:"
            yield f"{below}! {finding.code}{about} {finding.message}"
        yield from _branch_lines(node.below, below)


def stats(result: Stats) -> Output:
    document = {
        "uids": result.uids,
        "entries": result.entries,
        "kinds": result.by_kind,
        "series_by_modality": result.by_modality,
        "uids_by_root": result.by_root,
        "findings": result.findings,
    }
    return Output(document, [document], _stats_lines(result))


def _stats_lines(result: Stats) -> Iterator[str]:
    yield f"{counted(result.uids, 'UID')}, {counted(result.entries, 'audit entry', 'audit entries')}"
    states = [{"kind": kind, **counts} for kind, counts in result.by_kind.items()]
    if states:
        names = ["kind", *sorted({state for counts in result.by_kind.values() for state in counts})]
        yield ""
        yield from columns(states, names, names)
    for heading, counts in (
        ("modality", result.by_modality),
        ("root", result.by_root),
        ("finding", result.findings),
    ):
        if counts:
            yield ""
            rows = [{"name": name, "count": f"{count:,}"} for name, count in counts.items()]
            yield from columns(
                rows, ("name", "count"), (heading, "series" if heading == "modality" else "count")
            )


def withdrawn(result: Withdrawn) -> Output:
    document = {"withdrawn": list(result.uids), "before": list(result.before), "entry": result.entry}
    rows: list[Row] = [{"uid": uid, "withdrawn": "now"} for uid in result.uids]
    rows += [{"uid": uid, "withdrawn": "before"} for uid in result.before]
    lines = [f"withdrawn {uid}" for uid in result.uids]
    lines += [f"was withdrawn before: {uid}" for uid in result.before]
    return Output(document, rows, lines)


def roots(found: Roots) -> Output:
    rows = [_root(root) for root in found]
    names = ("root", "policy", "organization", "minter", "enforced_from", "retired")
    return Output(rows, rows, columns(rows, names, names) if rows else ["no roots"])


def root(one: Root) -> Output:
    row = _root(one)
    state = "retired" if one.retired else str(one.policy)
    return Output(row, [row], [f"root {one.prefix} ({state})"])


def _root(one: Root) -> Row:
    return {
        "root": one.prefix,
        "policy": str(one.policy),
        "organization": one.organization,
        "minter": one.minter,
        "enforced_from": one.enforced_from.isoformat() if one.enforced_from else None,
        "retired": one.retired,
    }


def rules() -> Output:
    rows = [_rule(rule) for rule in RULES]
    names = ("code", "name", "severity", "scope")
    return Output(rows, rows, columns(rows, names, names))


def rule(one: Rule) -> Output:
    row = {**_rule(one), **{heading.lower().replace(" ", "_"): one.sections[heading] for heading in HEADINGS}}
    lines = [f"{one.code} {one.name} ({one.severity.label}, {one.scope}, since {one.since})"]
    for heading in HEADINGS:
        lines += ["", heading, *(f"  {line}" for line in one.sections[heading].splitlines())]
    return Output(row, [row], lines)


def _rule(one: Rule) -> dict[str, object]:
    return {
        "code": one.code,
        "name": one.name,
        "severity": one.severity.label,
        "scope": str(one.scope),
        "since": one.since,
        "preview": one.preview,
    }


def audit_log(found: Sequence[Told]) -> Output:
    rows = [_told(told) for told in found]
    return Output(rows, rows, _log_lines(found))


def _told(told: Told) -> Row:
    entry = told.entry
    return {
        "entry": entry.id,
        "seq": entry.seq,
        "at": entry.at,
        "event": entry.event,
        "outcome": entry.outcome,
        "actor": entry.actor,
        "host": entry.host,
        "application": entry.application,
        "request_id": entry.request_id,
        "note": entry.note,
        "detail": entry.detail,
        "rows": entry.rows,
        "uids": list(told.uids),
    }


def _log_lines(found: Sequence[Told]) -> Iterator[str]:
    rows = []
    for told in found:
        entry = told.entry
        detail = ", ".join(_fact(name, value) for name, value in entry.detail.items() if value)
        what = f"{detail}{f'; {entry.note}' if entry.note else ''}"
        rows.append(
            {
                "entry": entry.id,
                "at": entry.at,
                "event": entry.event,
                "outcome": entry.outcome,
                "actor": entry.actor,
                "what": what,
            }
        )
    names = ("entry", "at", "event", "outcome", "actor", "what")
    if not rows:
        yield "no such entries"
        return
    heading, *lines = columns(rows, names, names)
    yield heading
    most = _UIDS_IN_LINES if len(found) > 1 else None
    for line, told in zip(lines, found, strict=True):
        yield line
        for uid in told.uids[:most]:
            yield f"      {uid}"
        if most is not None and len(told.uids) > most:
            yield f"      … `uid-registry audit log {told.entry.id}` lists them all"


_UIDS_IN_LINES = 4


def _fact(name: str, value: object) -> str:
    if isinstance(value, dict):
        return f"{name} {' '.join(f'{key}:{count}' for key, count in value.items())}"
    return f"{name} {value}"


def verification(result: Verification) -> Output:
    document = {
        "ok": result.ok,
        "size": result.size,
        "root_hash": result.root_hash,
        "first_bad": result.first_bad,
        "reason": result.reason,
    }
    verdict = (
        f"the trail verifies: {counted(result.size, 'entry', 'entries')}, root hash {result.root_hash}"
        if result.ok
        else f"the trail does not verify: entry {result.first_bad}: {result.reason}"
    )
    return Output(document, [document], [verdict])
