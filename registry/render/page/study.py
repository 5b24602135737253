"""The page of a study: the picture, and the same in tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from registry.acknowledgement import State
from registry.records import Severity
from registry.render.formats import counted
from registry.render.page.folded import Folded
from registry.render.page.frame import (
    Made,
    code_of,
    page,
    pill,
    row,
    rule_link,
    rules,
    section,
    table,
    tiles,
    trail,
)
from registry.render.page.graph import graph
from registry.render.page.markup import Element, Inside, tag
from registry.rules import by_code

if TYPE_CHECKING:
    from registry.services.studygraph import SeriesNode, StudyGraph
    from registry.services.trailstate import TrailState
    from registry.store.findings import KeptFinding

MOST_ROWS = 1_000
"""Rows of a table; the rest are counted."""
_AT_FIRST = 3  # findings of a rule that are shown before anybody asks for the rest


def study_page(of: StudyGraph, state: TrailState, made: Made) -> Element:
    """The page of a study."""
    picture, drawn = graph(of)
    found = of.all_findings
    return page(
        "A study and what was derived in it",
        of.registry,
        made,
        tag("p", "Study ", code_of(of.study_instance_uid), " ", pill(of.state)),
        _summary(of, found),
        section(
            "The picture",
            tag("div", picture, class_="wide picture", tabindex=0),
            _legend(of),
            _left_out(of, drawn),
            id="picture",
        ),
        _series(of),
        _findings(found),
        trail(state),
        rules(finding.code for finding in found),
    )


def _summary(of: StudyGraph, found: Sequence[KeptFinding]) -> Element:
    own = of.own
    standing = Counter(f.severity if f.state is State.OPEN else None for f in found)
    return tiles(
        [
            ("series", len(own), None),
            ("instances", sum(node.instances or 0 for node in own), None),
            ("open errors", standing[Severity.ERROR], "error"),
            ("open warnings", standing[Severity.WARNING], "warning"),
            ("notes", standing[Severity.NOTE], None),
            ("acknowledged", standing[None], None),
        ]
    )


def _legend(of: StudyGraph) -> Element:
    told = [
        "An arrow leads from a series to one whose objects refer to it, so what was derived is on the right.",
        "Red and dashed with an exclamation mark: an open error; orange: an open warning.",
    ]
    if any(node.state == "issued" for node in of.own):
        told.append("Dotted: issued, and not yet seen in an object.")
    if of.strays:
        told.append("A box with a small heading: objects that refer to what is in their own series.")
    if len(of.own) < len(of.series):
        told.append("Faint dots: a series of another study, or one that nobody has seen.")
    return tag("p", " ".join(told), class_="legend")


def _left_out(of: StudyGraph, drawn: Folded) -> Element | None:
    told = []
    if len(drawn.boxes) < len(of.series) - drawn.series_left_out:
        told.append("There are too many series to draw each: those that are alike share a box.")
    if drawn.series_left_out:
        told.append(f"And {drawn.series_left_out:,} more series that aren't drawn.")
    if drawn.links_left_out:
        told.append(f"And {counted(drawn.links_left_out, 'more arrow')}.")
    if told:
        told.append("The table has them.")
    if of.cut:
        told.append(
            "Other studies refer to this one more often than was looked at: not all of them are here."
        )
    return tag("p", " ".join(told)) if told else None


def _series(of: StudyGraph) -> Element:
    sources = defaultdict[str, list[str]](list)
    for link in of.links:
        sources[link.derived].append(link.source)
    # What is flagged first, if not all can be shown.
    flagged = (
        sorted(of.series, key=lambda node: not node.findings) if len(of.series) > MOST_ROWS else of.series
    )
    rows = [_series_row(node, sources[node.series_instance_uid]) for node in flagged[:MOST_ROWS]]
    headings = ("Series", "Modality", "Instances", "State", "Findings", "Refers to")
    return section(
        "The series",
        table(headings, rows, numbers=(2,)),
        _more(len(of.series), of.study_instance_uid),
        id="series",
    )


def _series_row(node: SeriesNode, sources: Sequence[str]) -> Element:
    uid = node.series_instance_uid
    where: Inside = None
    if node.elsewhere:
        study = node.study_instance_uid
        where = [
            tag("br"),
            tag("small", "of study ", code_of(study)) if study else tag("small", "of no known study"),
        ]
    codes = sorted({finding.code for finding in node.findings})
    return row(
        [code_of(uid), where],
        node.modality or "?",
        "" if node.instances is None else node.instances,
        pill(node.state),
        [[rule_link(code), " "] for code in codes],
        list(_lines(tag("a", code_of(source), href=f"#series-{source}") for source in sources)),
        id=f"series-{uid}",
    )


def _lines(parts: Iterator[Element]) -> Iterator[Element]:
    for index, part in enumerate(parts):
        if index:
            yield tag("br")
        yield part


def _more(count: int, study: str) -> Element | None:
    if count <= MOST_ROWS:
        return None
    return tag(
        "p", f"And {count - MOST_ROWS:,} more; ", tag("code", f"uid-registry tree {study}"), " tells all."
    )


def _findings(found: Sequence[KeptFinding]) -> Element:
    if not found:
        return section("Findings", tag("p", "Nothing was found in this study."), id="findings")
    of_rule: dict[tuple[bool, int, str], list[KeptFinding]] = defaultdict(list)
    for finding in found:
        of_rule[finding.state is not State.OPEN, -finding.severity, finding.code].append(finding)
    rows = [_rule_row(alike) for _, alike in sorted(of_rule.items())]
    return section(
        "Findings", table(("Severity", "Rule", "How many", "About"), rows, numbers=(2,)), id="findings"
    )


def _rule_row(alike: Sequence[KeptFinding]) -> Element:
    """The findings of one rule that are equally grave, all of them open or none."""
    first = alike[0]
    told = [_about(finding) for finding in sorted(alike, key=lambda finding: finding.key)[:MOST_ROWS]]
    shown, rest = told[:_AT_FIRST], told[_AT_FIRST:]
    more: Inside = tag("details", tag("summary", f"{len(alike) - len(shown):,} more"), rest) if rest else None
    if len(alike) > MOST_ROWS:
        more = [more, tag("p", f"`uid-registry findings list --code {first.code}` tells all.")]
    return row(
        [pill(first.severity.label), None if first.state is State.OPEN else [tag("br"), first.state.value]],
        [rule_link(first.code), tag("br"), tag("small", by_code(first.code).name)],
        len(alike),
        [*shown, more],
    )


def _about(finding: KeptFinding) -> Element:
    told = () if finding.uid in finding.message else (code_of(finding.uid), ": ")
    return tag("p", *told, finding.message)
