"""The graph of a study as SVG: series as boxes, arrows from each to what refers to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from registry.render.formats import counted
from registry.render.page.boxes import SIZES, codes, drawn_box, said
from registry.render.page.folded import BoxLink, Folded, folded, grave
from registry.render.page.layers import Arrow, Layout, Point, laid_out
from registry.render.page.markup import Element, tag

if TYPE_CHECKING:
    from registry.services.studygraph import StudyGraph

_MARGIN = 16
"""Around the graph."""

_HEAD = 9
"""The length of an arrow's head."""


def graph(of: StudyGraph) -> tuple[Element, Folded]:
    """The picture, and what of the graph is in it."""
    drawn = folded(of)
    names = [box.name for box in drawn.boxes]
    arrows = {Arrow(link.source, link.target): link for link in drawn.links}
    layout = laid_out(names, arrows, SIZES)
    width = layout.width + 2 * _MARGIN
    height = layout.height + 2 * _MARGIN
    picture = tag(
        "svg",
        tag("title", f"Study {of.study_instance_uid}", id="graph-title"),
        tag("desc", _told(of, drawn), id="graph-desc"),
        tag(
            "g",
            [_arrow(link, layout) for link in sorted(drawn.links, key=_last_if_grave)],
            [drawn_box(box, layout.boxes[box.name]) for box in drawn.boxes],
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


def _arrow(link: BoxLink, layout: Layout) -> Element:
    severity = grave(link.findings)
    classes = "arrow" if severity is None else f"arrow {severity.label}"
    points = layout.routes[Arrow(link.source, link.target)]
    tip, label = points[-1], _label_place(points)
    towards = 1 if tip.x > points[-2].x else -1
    words = codes(link.findings)
    return tag(
        "g",
        tag("title", _link_hint(link)),
        tag("path", d=_curve(points), class_="line"),
        tag("path", d=_head(tip, towards), class_="head"),
        tag("text", words, x=f"{label.x:g}", y=f"{label.y:g}", text_anchor="middle", class_="label")
        if words
        else None,
        class_=classes,
    )


def _link_hint(link: BoxLink) -> str:
    return f"objects of {link.target.split()[0]} refer to {link.source}{said(link.findings)}"


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
