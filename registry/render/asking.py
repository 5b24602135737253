"""What the registry answers: one UID, a study, a life, a list, the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from registry.render.formats import Output, Row, columns, counted, streamed_columns

if TYPE_CHECKING:
    from registry.services.listing import Item, Listing
    from registry.services.querying import Stats, Tree, TreeNode
    from registry.services.showing import Shown
    from registry.store.exports import Sent
    from registry.store.queries import Listed


def shown(result: Shown) -> Output:
    document = _shown(result)
    told = {name: value for name, value in document.items() if value not in (None, [])}
    if result.was_issued:
        told = {name: value for name, value in told.items() if not name.startswith("recorded_")}
    lines = columns([{"name": name, "value": value} for name, value in told.items()], ("name", "value"))
    return Output(document, [document], lines)


def all_shown(results: Iterator[Shown]) -> Output:
    """Many of them as they come, one a line."""
    rows = map(_shown, results)
    names = ("uid", "kind", "state", "modality", "recorded_at", "recorded_by", "findings")
    return Output(rows, rows, streamed_columns(rows, names, names, "no UIDs"))


def _shown(result: Shown) -> dict[str, object]:
    listed = result.listed
    return {
        "uid": result.uid,
        "kind": result.kind.label if result.kind else None,
        "state": result.state,
        "study_instance_uid": listed.study_instance_uid if listed else None,
        "series_instance_uid": listed.series_instance_uid if listed else None,
        "modality": listed.modality if listed else None,
        "sop_class_uid": listed.sop_class_uid if listed else None,
        "root": result.root,
        "issued_by": result.issued.by if result.issued else None,
        "issued_at": result.issued.at if result.issued else None,
        "recorded_by": listed.actor if listed else None,
        "recorded_at": listed.at if listed else None,
        "purpose": result.purpose,
        "findings": list(result.findings),
        "sent_to": list(result.sent_to),
        "scope": result.scope,
        "scope_purged": result.scope_purged,
    }


def listing(found: Listing) -> Output:
    """A list as it comes: nothing of it is kept."""
    rows = map(_item, found.items)
    names = ["uid", "kind", "state", "modality", "recorded_at", "recorded_by"]
    if found.way is not None:
        names[-2:] = ["sent_at", "sent_entry"]
    return Output(rows, rows, streamed_columns(rows, names, names, "no such UIDs"))


def _item(item: Item) -> Row:
    if item.sent is None:
        return {} if item.listed is None else _listed(item.listed)
    row = _unrecorded(item.sent) if item.listed is None else _listed(item.listed)
    return {**row, "sent_at": item.sent.at, "sent_entry": item.sent.entry}


def _listed(item: Listed) -> Row:
    return {
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


_OF_THE_LEDGER = (
    "modality", "study_instance_uid", "series_instance_uid", "sop_class_uid", "entry", "recorded_at",
    "recorded_by",
)  # fmt: skip


def _unrecorded(sent: Sent) -> Row:
    """What went somewhere and isn't in the ledger: of it nothing else is known."""
    known = {"uid": sent.uid, "kind": sent.kind.label, "state": "unrecorded"}
    return known | dict.fromkeys(_OF_THE_LEDGER)


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
