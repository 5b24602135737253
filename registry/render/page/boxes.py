"""The boxes of a graph: a series each, several that are alike, or objects that are in the wrong one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from registry.render.formats import counted
from registry.render.page.folded import Box, grave
from registry.render.page.layers import Point, Sizes
from registry.render.page.markup import Element, tag
from registry.rules import by_code

if TYPE_CHECKING:
    from registry.services.studygraph import SeriesNode, Stray
    from registry.store.findings import KeptFinding

SIZES = Sizes(width=252, height=88, between_layers=116, between_boxes=20, lane=16)

TIMES = "\N{MULTIPLICATION SIGN}"
_PADDING = 12
_UID_LINE = 35  # characters of a UID beside one another
_CODES = 2  # that are named; the others are counted


class _Face(NamedTuple):
    """What is written on a box."""

    heading: str
    held: str  # beside the heading
    uids: Sequence[str]
    foot: str
    hint: str  # when the pointer rests on it


def drawn_box(box: Box, corner: Point) -> Element:
    """A box, which leads to the row of its series in the table."""
    first, severity = box.first, grave(box.findings)
    face = _of_series(box.series) if box.stray is None else _of_objects(box.stray)
    classes = ["box", f"state-{first.state}" if box.stray is None else "stray"]
    if first.elsewhere:
        classes.append("elsewhere")
    if severity is not None:
        classes.append(severity.label)
    right = SIZES.width - _PADDING
    shape = tag(
        "g",
        tag("title", f"{face.hint}{said(box.findings)}"),
        [_frame(shift, "behind") for shift in (8, 4) if len(box.series) > 1],
        _frame(0, "frame"),
        tag("text", face.heading, x=_PADDING, y=24, class_="heading"),
        tag("text", face.held, x=right, y=24, text_anchor="end", class_="held"),
        [
            tag("text", line, x=_PADDING, y=44 + 14 * place, class_="uid")
            for place, line in enumerate(_uid_lines(face.uids))
        ],
        tag("text", face.foot, x=_PADDING, y=78, class_="state"),
        tag("text", codes(box.findings), x=right, y=78, text_anchor="end", class_="codes"),
        class_=" ".join(classes),
        transform=f"translate({corner.x:g} {corner.y:g})",
    )
    # The picture is one thing to who reads by keyboard or ear: the table has the same links.
    return tag("a", shape, href=f"#series-{first.series_instance_uid}", tabindex=-1)


def _frame(shift: int, name: str) -> Element:
    return tag("rect", x=shift, y=-shift, width=SIZES.width, height=SIZES.height, rx=6, class_=name)


def _of_series(series: Sequence[SeriesNode]) -> _Face:
    first, many = series[0], len(series)
    modality = first.modality or "?"
    held = counted(sum(node.instances or 0 for node in series), "instance")
    if first.elsewhere:
        held = "another study" if first.study_instance_uid else "nobody has seen it"
    which = f"{many:,} series, the first" if many > 1 else "series"
    return _Face(
        f"{modality} {TIMES} {many:,}" if many > 1 else modality,
        held,
        [node.series_instance_uid for node in series],
        first.state,
        f"{modality} {which} {first.series_instance_uid} ({first.state}, {held})",
    )


def _of_objects(stray: Stray) -> _Face:
    what, uids = stray.what or "objects", stray.uids
    held = counted(len(uids), "object")
    return _Face(
        what,
        held,
        uids,
        "in its source's series",
        f"{held}, {what}, in the series {stray.series_instance_uid} to which they refer",
    )


def _uid_lines(uids: Sequence[str]) -> Iterator[str]:
    """A UID in lines that fit, parted behind a dot if that can be; of several the first, the rest counted."""
    uid, rest = uids[0], len(uids) - 1
    if len(uid) > _UID_LINE:
        dot = uid.rfind(".", 0, _UID_LINE) + 1
        if len(uid) - dot > _UID_LINE:
            dot = _UID_LINE  # 64 characters fit into two lines
        yield uid[:dot]
        uid = uid[dot:] if not rest else f"{uid[dot:]} +{rest:,}"
        yield uid
    else:
        yield uid
        if rest:
            yield f"and {rest:,} more"


def codes(found: Sequence[KeptFinding]) -> str | None:
    """The codes of some findings, the gravest first, the rest counted; marked where one is grave."""
    worst: dict[str, int] = {}
    for finding in found:
        worst[finding.code] = max(finding.severity, worst.get(finding.code, 0))
    many = Counter(finding.code for finding in found)
    ordered = sorted(worst, key=lambda code: (-worst[code], code))
    shown = [code if many[code] == 1 else f"{code} {TIMES}{many[code]:,}" for code in ordered[:_CODES]]
    if rest := len(ordered) - len(shown):
        shown.append(f"+{rest}")
    mark = [] if grave(tuple(found)) is None else ["!"]
    return " ".join([*mark, *shown]) or None


def said(found: Sequence[KeptFinding]) -> str:
    """What was found, in words."""
    words = sorted({f"{finding.code} {by_code(finding.code).name}" for finding in found})
    return f"; {', '.join(words)}" if words else ""
