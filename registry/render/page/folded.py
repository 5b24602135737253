"""A graph small enough to look at: where a study has too many series, those that are alike are one box."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from registry.acknowledgement import State
from registry.records import Severity

if TYPE_CHECKING:
    from registry.services.studygraph import SeriesNode, Stray, StudyGraph
    from registry.store.findings import KeptFinding

MOST_BOXES, MOST_LINKS = 40, 200
"""What is drawn at most; what isn't is in the table."""


@dataclass(frozen=True, slots=True)
class Box:
    """A series, or several that are alike; or objects of one that refer to what is in it."""

    name: str
    series: tuple[SeriesNode, ...]
    stray: Stray | None = None

    @property
    def first(self) -> SeriesNode:
        return self.series[0]

    @property
    def findings(self) -> tuple[KeptFinding, ...]:
        if self.stray is not None:
            return self.stray.findings
        return tuple(finding for series in self.series for finding in series.findings)


@dataclass(frozen=True, slots=True)
class BoxLink:
    """From the source's box to that of what refers to it."""

    source: str
    target: str
    findings: tuple[KeptFinding, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """What is drawn."""

    boxes: tuple[Box, ...]
    links: tuple[BoxLink, ...]
    series_left_out: int
    links_left_out: int


def grave(found: tuple[KeptFinding, ...]) -> Severity | None:
    """How grave the worst of some findings is that nobody has acknowledged and that isn't a mere note."""
    worst = max((f.severity for f in found if f.state is State.OPEN), default=Severity.NOTE)
    return None if worst is Severity.NOTE else worst


def folded(graph: StudyGraph, most: int = MOST_BOXES, most_links: int = MOST_LINKS) -> Folded:
    """The graph as it is drawn."""
    boxes = _boxes(graph, most)
    boxes.sort(key=lambda box: (grave(box.findings) is None, -len(box.series)))
    drawn, rest = boxes[:most], boxes[most:]
    place = {node.series_instance_uid: index for index, node in enumerate(graph.series)}
    drawn.sort(key=lambda box: place[box.name])
    box_of = {node.series_instance_uid: box for box in drawn for node in box.series}
    links, strays = _links(graph, box_of), _strays(graph, box_of)
    links += [BoxLink(box_of[box.first.series_instance_uid].name, box.name, box.findings) for box in strays]
    links.sort(key=lambda link: grave(link.findings) is None)
    return Folded(
        (*drawn, *strays),
        tuple(links[:most_links]),
        sum(len(box.series) for box in rest),
        len(links[most_links:]),
    )


def _boxes(graph: StudyGraph, most: int) -> list[Box]:
    if len(graph.series) <= most:
        return _grouped(graph, lambda node: node.series_instance_uid)
    sources, derived = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for link in graph.links:
        sources[link.derived].add(link.source)
        derived[link.source].add(link.derived)

    def look(node: SeriesNode) -> tuple[Hashable, ...]:
        codes = frozenset(finding.code for finding in node.findings)
        return (node.elsewhere, node.modality, node.state, codes)

    def look_and_links(node: SeriesNode) -> tuple[Hashable, ...]:
        uid = node.series_instance_uid
        return (*look(node), frozenset(sources[uid]), frozenset(derived[uid]))

    boxes = _grouped(graph, look_and_links)
    return boxes if len(boxes) <= most else _grouped(graph, look)


def _grouped(graph: StudyGraph, alike: Callable[[SeriesNode], Hashable]) -> list[Box]:
    groups: dict[Hashable, list[SeriesNode]] = defaultdict(list)
    for node in graph.series:
        groups[alike(node)].append(node)
    return [Box(nodes[0].series_instance_uid, tuple(nodes)) for nodes in groups.values()]


def _links(graph: StudyGraph, box_of: Mapping[str, Box]) -> list[BoxLink]:
    found: dict[tuple[str, str], list[KeptFinding]] = {}
    for link in graph.links:
        source, target = box_of.get(link.source), box_of.get(link.derived)
        if source is not None and target is not None and source is not target:
            found.setdefault((source.name, target.name), []).extend(link.findings)
    return [BoxLink(source, target, tuple(said)) for (source, target), said in found.items()]


def _strays(graph: StudyGraph, box_of: Mapping[str, Box]) -> list[Box]:
    """The first stray objects of each box and family, with the findings about all of them."""
    found: dict[tuple[str, str], list[Stray]] = defaultdict(list)
    for stray in graph.strays:
        if (box := box_of.get(stray.series_instance_uid)) is not None:
            found[box.name, stray.what or ""].append(stray)
    return [_stray(box_of[name], alike) for (name, _), alike in found.items()]


def _stray(box: Box, alike: Sequence[Stray]) -> Box:
    first = alike[0]
    node = next(node for node in box.series if node.series_instance_uid == first.series_instance_uid)
    found = tuple(finding for stray in alike for finding in stray.findings)
    return Box(f"{box.name} {first.what}", (node,), replace(first, findings=found))
