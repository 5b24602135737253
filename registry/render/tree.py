"""The tree of a study: its series, derived ones under their sources, with what was found in place."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from registry.render.formats import Output, counted, visible
from registry.render.screen import SCREEN, length

if TYPE_CHECKING:
    from registry.services.querying import Tree, TreeNode
    from registry.store.findings import KeptFinding

_EACH = 3
"""Findings of one rule that are told by themselves; of more, their number."""


def tree(result: Tree) -> Output:
    document = {
        "study_instance_uid": result.study_instance_uid,
        "state": result.state,
        "findings": sorted({finding.code for finding in result.findings}),
        "series": [_node(node) for node in result.series],
    }
    return Output(document, [document], _tree_lines(result))


def _node(node: TreeNode) -> dict[str, object]:
    listed = [{"sop_instance_uid": each.sop_instance_uid, "state": each.state} for each in node.listed]
    return {
        "series_instance_uid": node.series_instance_uid,
        "modality": node.modality,
        "state": node.state,
        "instances": node.instances,
        "withdrawn": node.withdrawn,
        "findings": [{"code": finding.code, "uid": finding.uid} for finding in node.findings],
        **({"listed": listed} if listed else {}),
        "derived": [_node(below) for below in node.below],
    }


def _tree_lines(result: Tree) -> Iterator[str]:
    yield f"study {result.study_instance_uid} ({SCREEN.toned(result.state)})"
    yield from _flags(result.findings, result.study_instance_uid, "  ")
    yield from _branch_lines(result.series, "")


def _branch_lines(nodes: Sequence[TreeNode], indent: str) -> Iterator[str]:
    for index, node in enumerate(nodes):
        last = index == len(nodes) - 1
        below = indent + ("    " if last else "│   ")
        start = (
            f"{indent}{'└── ' if last else '├── '}{node.modality or '?'} series {node.series_instance_uid}"
        )
        told = f"({', '.join(_facts(node))})"
        if SCREEN.width is None or length(start) + 1 + length(told) <= SCREEN.width:
            yield f"{start} {told}"
        else:
            yield from (start, f"{below}{told}")
        yield from _flags(node.findings, node.series_instance_uid, below)
        yield from _instances(node, below)
        yield from _branch_lines(node.below, below)


def _facts(node: TreeNode) -> Iterator[str]:
    yield SCREEN.toned(node.state)
    yield counted(node.instances, "instance")
    if node.withdrawn:
        yield SCREEN.toned(f"{node.withdrawn:,} withdrawn", "withdrawn")


def _flags(found: Sequence[KeptFinding], place: str, indent: str) -> Iterator[str]:
    """What was found, the first few of each rule as they are."""
    of_code: defaultdict[str, list[KeptFinding]] = defaultdict(list)
    for finding in found:
        of_code[finding.code].append(finding)
    for alike in of_code.values():
        for finding in alike[:_EACH]:
            about = "" if finding.uid == place else f"{visible(finding.uid)}: "
            yield from _flag(finding, f"{about}{visible(finding.message)}", indent)
        if len(alike) > _EACH:
            yield f"{indent}! {_code(alike[0])} {len(alike) - _EACH:,} more"


def _code(finding: KeptFinding) -> str:
    word = finding.severity.label if finding.state == "open" else str(finding.state)
    return SCREEN.toned(finding.code, word)


def _flag(finding: KeptFinding, text: str, indent: str) -> Iterator[str]:
    """A finding, in as many lines as the screen wants."""
    width = None if SCREEN.width is None else max(SCREEN.width - len(indent) - len("! "), 1)
    lines = [f"{finding.code} {text}"]
    if width is not None:
        lines = textwrap.wrap(lines[0], width, break_long_words=False, break_on_hyphens=False)
    yield f"{indent}! {lines[0].replace(finding.code, _code(finding), 1)}"
    yield from (f"{indent}  {line}" for line in lines[1:])


def _instances(node: TreeNode, indent: str) -> Iterator[str]:
    if not node.listed:
        return
    codes: defaultdict[str, list[str]] = defaultdict(list)
    for finding in node.findings:
        codes[finding.uid].append(_code(finding))
    for each in node.listed:
        state = SCREEN.toned(each.state)
        flags = "".join(f" {code}" for code in dict.fromkeys(codes[each.sop_instance_uid]))
        yield f"{indent}· {each.sop_instance_uid} ({state}){flags}"
    if (more := node.instances - len(node.listed)) > 0:
        yield f"{indent}· {more:,} more: `uid-registry list --series {node.series_instance_uid}`"
