"""The graph of a study as SVG: series as boxes, arrows from each to what refers to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from registry.records import Severity
from registry.render.formats import counted
from registry.render.page.folded import Box, BoxLink, Folded, folded, grave
from registry.render.page.layers import Arrow, Layout, Point, Sizes, laid_out
from registry.render.page.markup import Element, tag
from registry.rules import by_code

if TYPE_CHECKING:
    from registry.services.studygraph import StudyGraph
    from registry.store.findings import KeptFinding

SIZES = Sizes(width=252, height=88, between_layers=116, between_boxes=20, lane=16)
TIMES = "\N{MULTIPLICATION SIGN}"
_MARGIN, _LOOP = 16, 92  # room around the graph, and right of it for a series that refers to itself
_PADDING = 12  # within a box
_UID_LINE = 35  # characters of a UID beside one another
_CODES = 2  # that a box or an arrow names; the others are counted


def graph(of: StudyGraph) -> tuple[Element, Folded]:
    """The picture, and what of the graph is in it."""
    drawn = folded(of)
    names = [box.name for box in drawn.boxes]
    arrows = {Arrow(link.source, link.target): link for link in drawn.links}
    layout = laid_out(names, arrows, SIZES)
    looping = any(link.source == link.target for link in drawn.links)
    width = layout.width + 2 * _MARGIN + _LOOP * looping
    height = layout.height + 2 * _MARGIN
    picture = tag(
        "svg",
        tag("title", f"Study {of.study_instance_uid}", id="graph-title"),
        tag("desc", _told(of, drawn), id="graph-desc"),
        tag(
            "g",
            [_arrow(link, layout) for link in sorted(drawn.links, key=_last_if_grave)],
            [_box(box, layout.boxes[box.name]) for box in drawn.boxes],
            transform=f"translate({_MARGIN} {_MARGIN})",
        ),
        role="img",
        aria_labelledby="graph-title",
        aria_describedby="graph-desc",
        class_="graph",
        width=f"{width:g}",
        height=f"{height:g}",
        viewBox=f"0 0 {width:g} {height:g}",
    )
    return picture, drawn


def _told(of: StudyGraph, drawn: Folded) -> str:
    """The picture in words, for those who don't see it."""
    flagged = sum(grave(link.findings) is not None for link in drawn.links)
    boxes = sum(grave(box.findings) is not None for box in drawn.boxes)
    return (
        f"{len(of.own):,} series of the study, {len(of.series) - len(of.own):,} of others; "
        f"{counted(len(of.links), 'arrow')}, each from a series to one whose objects refer to it. "
        f"{counted(boxes, 'box', 'boxes')} and {counted(flagged, 'arrow')} are flagged. "
        "The tables below say the same."
    )


def _last_if_grave(link: BoxLink) -> int:
    """What is flagged is drawn over what isn't."""
    return grave(link.findings) or 0


# --- boxes -----------------------------------------------------------------------------------


def _box(box: Box, corner: Point) -> Element:
    first, many = box.first, len(box.series)
    severity = grave(box.findings)
    classes = ["box", f"state-{first.state}", *(["elsewhere"] if first.elsewhere else ())]
    if severity is not None:
        classes.append(severity.label)
    behind = [_frame(shift, "behind") for shift in (8, 4)] if many > 1 else []
    return tag(
        "a",
        tag(
            "g",
            tag("title", _hint(box)),
            behind,
            _frame(0, "frame"),
            tag("g", _modality(box), _held(box), _uid(box), _foot(box, severity)),
            class_=" ".join(classes),
            transform=f"translate({corner.x:g} {corner.y:g})",
        ),
        href=f"#series-{first.series_instance_uid}",
    )


def _frame(shift: int, name: str) -> Element:
    return tag("rect", x=shift, y=-shift, width=SIZES.width, height=SIZES.height, rx=6, class_=name)


def _modality(box: Box) -> Element:
    many = f" {TIMES} {len(box.series):,} series" if len(box.series) > 1 else ""
    return tag("text", (box.first.modality or "?") + many, x=_PADDING, y=24, class_="modality")


def _held(box: Box) -> Element | None:
    if box.first.elsewhere:
        words = "another study" if box.first.study_instance_uid else "nobody has seen it"
    else:
        words = counted(_instances(box), "instance")
    return tag("text", words, x=SIZES.width - _PADDING, y=24, text_anchor="end", class_="held")


def _uid(box: Box) -> list[Element]:
    first, *others = box.series
    lines = list(uid_lines(first.series_instance_uid))
    if others:
        lines = (
            [lines[0], f"and {len(others):,} more"]
            if len(lines) == 1
            else [*lines[:1], f"… and {len(others):,} more"]
        )
    return [
        tag("text", line, x=_PADDING, y=44 + 14 * index, class_="uid") for index, line in enumerate(lines)
    ]


def uid_lines(uid: str) -> Iterator[str]:
    """A UID in lines that fit into a box, parted behind a dot if that can be."""
    while len(uid) > _UID_LINE:
        dot = uid.rfind(".", _UID_LINE // 2, _UID_LINE) + 1 or _UID_LINE
        if len(uid) - dot > _UID_LINE:
            dot = _UID_LINE  # 64 characters fit into two lines
        yield uid[:dot]
        uid = uid[dot:]
    yield uid


def _foot(box: Box, severity: Severity | None) -> list[Element | None]:
    state = tag("text", box.first.state, x=_PADDING, y=78, class_="state")
    if not box.findings:
        return [state]
    codes = _codes(box.findings)
    mark = "" if severity is None else "! "
    classes = "codes" if severity is None else f"codes {severity.label}"
    return [
        state,
        tag("text", mark + codes, x=SIZES.width - _PADDING, y=78, text_anchor="end", class_=classes),
    ]


def _codes(found: Sequence[KeptFinding]) -> str:
    """The codes of some findings, the gravest first, the rest counted."""
    worst: dict[str, int] = {}
    for finding in found:
        worst[finding.code] = max(finding.severity, worst.get(finding.code, 0))
    many = Counter(finding.code for finding in found)
    codes = sorted(worst, key=lambda code: (-worst[code], code))
    shown = [code if many[code] == 1 else f"{code} {TIMES}{many[code]:,}" for code in codes[:_CODES]]
    rest = len(codes) - len(shown)
    return " ".join([*shown, *([f"+{rest}"] if rest else ())])


def _hint(box: Box) -> str:
    """What is told when the pointer rests on a box."""
    first = box.first
    many = f"{len(box.series):,} series, the first" if len(box.series) > 1 else "series"
    held = "" if first.elsewhere else f", {counted(_instances(box), 'instance')}"
    what = f"{first.modality or 'unknown modality'} {many} {first.series_instance_uid}"
    return f"{what} ({first.state}{held}){_said(box.findings)}"


def _said(found: Sequence[KeptFinding]) -> str:
    """What was found, in words."""
    words = sorted({f"{finding.code} {by_code(finding.code).name}" for finding in found})
    return f"; {', '.join(words)}" if words else ""


def _instances(box: Box) -> int:
    return sum(node.instances or 0 for node in box.series)


# --- arrows ----------------------------------------------------------------------------------


def _arrow(link: BoxLink, layout: Layout) -> Element:
    severity = grave(link.findings)
    classes = "arrow" if severity is None else f"arrow {severity.label}"
    if link.source == link.target:
        corner = layout.boxes[link.source]
        line, tip, label = _loop(corner)
        towards = -1
    else:
        points = layout.routes[Arrow(link.source, link.target)]
        line, tip, label = _curve(points), points[-1], _label_place(points)
        towards = 1 if points[-1].x > points[-2].x else -1
    words = f"{'' if severity is None else '! '}{_codes(link.findings)}" if link.findings else None
    anchor = "start" if link.source == link.target else "middle"
    return tag(
        "g",
        tag("title", _link_hint(link)),
        tag("path", d=line, class_="line"),
        tag("path", d=_head(tip, towards), class_="head"),
        tag("text", words, x=f"{label.x:g}", y=f"{label.y:g}", text_anchor=anchor, class_="label")
        if words
        else None,
        class_=classes,
    )


def _link_hint(link: BoxLink) -> str:
    target = "their own series" if link.source == link.target else link.source
    return f"objects of {link.target} refer to {target}{_said(link.findings)}"


_HEAD = 9


def _curve(points: Sequence[Point]) -> str:
    """Straight through the layers, bent between them, up to where the head begins."""
    *before, last = points
    backwards = last.x < points[-2].x
    end = Point(last.x + (_HEAD if backwards else -_HEAD), last.y)
    start, *rest = [*before, end]
    steps = [f"M{start.x:g} {start.y:g}"]
    here = start
    for point in rest:
        if point.y == here.y:
            steps.append(f"H{point.x:g}")
        else:
            middle = (here.x + point.x) / 2
            steps.append(f"C{middle:g} {here.y:g} {middle:g} {point.y:g} {point.x:g} {point.y:g}")
        here = point
    return "".join(steps)


def _head(tip: Point, towards: int) -> str:
    back = tip.x - towards * _HEAD
    return f"M{tip.x:g} {tip.y:g}L{back:g} {tip.y - 4.5:g}V{tip.y + 4.5:g}Z"


def _label_place(points: Sequence[Point]) -> Point:
    """Before the last bend, where arrows from one source have parted."""
    one, other = (points[-2], points[-1])
    return Point((one.x + other.x) / 2, (one.y + other.y) / 2 - 6)


def _loop(corner: Point) -> tuple[str, Point, Point]:
    """A way from a box back to itself, on its right."""
    right, top = corner.x + SIZES.width, corner.y
    line = f"M{right:g} {top + 6:g}c38 -8 38 30 {_HEAD} 24"
    return line, Point(right, top + 30), Point(right + 36, top + 16)
