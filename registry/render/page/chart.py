"""Bars over time as SVG, stacked by who or what, with the same numbers in a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from registry.render.page.frame import row, table
from registry.render.page.markup import Element, tag

MOST_NAMES = 6
"""That are told apart; the others are one."""

_WIDTH, _HEIGHT = 880, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 22, 30
_LABEL = 64  # of a period, with the room beside it
_TICKS = 4


class Bars(NamedTuple):
    """What a chart shows: how many of each name there were in each period."""

    what: str  # is counted
    periods: Sequence[str]
    counts: Mapping[tuple[str, str], int]  # period and name -> how many


@dataclass(frozen=True, slots=True)
class _Stack:
    """The names in their order, the largest first, and how many there are in each period."""

    names: tuple[str, ...]
    parts: dict[str, tuple[int, ...]]  # period -> of each name
    totals: tuple[int, ...]  # of each name


def chart(bars: Bars, heading: str, id: str) -> Element:  # noqa: A002 (its name in HTML)
    """A chart with its legend, and its numbers in a table."""
    stack = _stacked(bars)
    if not sum(stack.totals):
        return tag("figure", tag("figcaption", heading), tag("p", f"No {bars.what} in this time."))
    return tag(
        "figure",
        tag("figcaption", heading),
        _legend(stack),
        tag("div", _picture(bars, stack, heading, id), class_="wide picture", tabindex=0),
        _numbers(bars, stack),
    )


def _stacked(bars: Bars) -> _Stack:
    totals: Counter[str] = Counter()
    for (_, name), number in bars.counts.items():
        totals[name] += number
    names = sorted(+totals, key=lambda name: (-totals[name], name))
    shown = names if len(names) <= MOST_NAMES else names[: MOST_NAMES - 1]
    rest = names[len(shown) :]
    parts = {}
    for period in bars.periods:
        of = [bars.counts.get((period, name), 0) for name in shown]
        others = sum(bars.counts.get((period, name), 0) for name in rest)
        parts[period] = (*of, others) if rest else tuple(of)
    if rest:
        shown = [*shown, f"{len(rest):,} others"]
    return _Stack(tuple(shown), parts, tuple(map(sum, zip(*parts.values(), strict=True))))


def _legend(stack: _Stack) -> Element:
    return tag(
        "ul",
        [
            tag("li", _swatch(place), tag("bdi", name), f" {total:,}")
            for place, (name, total) in enumerate(zip(stack.names, stack.totals, strict=True))
        ],
        class_="key",
    )


def _swatch(place: int) -> Element:
    return tag(
        "svg",
        tag("rect", width=12, height=12, class_=f"part p{place}"),
        width=12,
        height=12,
        aria_hidden="true",
    )


def _picture(bars: Bars, stack: _Stack, heading: str, id: str) -> Element:  # noqa: A002
    top = max(sum(parts) for parts in stack.parts.values())
    step = _step(top)
    most = -(-top // step) * step
    scale = (_HEIGHT - _TOP - _BOTTOM) / most
    room = (_WIDTH - _LEFT - _RIGHT) / len(bars.periods)
    told = f"{sum(stack.totals):,} {bars.what} in {len(bars.periods)} periods, at most {top:,} in one."
    return tag(
        "svg",
        tag("title", heading, id=f"{id}-title"),
        tag("desc", f"{told} The table below has the numbers.", id=f"{id}-desc"),
        [_tick(value, scale) for value in range(0, most + 1, step)],
        [_bar(period, stack, place, room, scale) for place, period in enumerate(bars.periods)],
        role="img",
        aria_labelledby=f"{id}-title",
        aria_describedby=f"{id}-desc",
        class_="chart",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
    )


def _step(top: int) -> int:
    """Between ticks: 1, 2 or 5 times a power of ten."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if factor * size * _TICKS >= top:
                return factor * size
        size *= 10


def _tick(value: int, scale: float) -> list[Element]:
    y = f"{_HEIGHT - _BOTTOM - value * scale:g}"
    return [
        tag("path", d=f"M{_LEFT} {y}H{_WIDTH - _RIGHT}", class_="grid"),
        tag("text", _short(value), x=_LEFT - 8, y=y, dy="0.35em", text_anchor="end", class_="axis"),
    ]


def _short(value: int) -> str:
    """A number as an axis has it: 1,500 or 20 k or 3 M."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= 10 * size or (value >= size and value % size == 0):
            return f"{value / size:g} {letter}"
    return f"{value:,}"


def _bar(period: str, stack: _Stack, place: int, room: float, scale: float) -> Element:
    width = max(min(room * 0.72, 48), 1)
    left = _LEFT + place * room + (room - width) / 2
    parts, y = [], float(_HEIGHT - _BOTTOM)
    for index, (name, number) in enumerate(zip(stack.names, stack.parts[period], strict=True)):
        if number:
            height = number * scale
            y -= height
            hint = tag("title", f"{period}, {name}: {number:,}")
            shape = {"x": f"{left:.1f}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}"}
            parts.append(tag("rect", hint, class_=f"part p{index}", **shape))
    middle, total = f"{left + width / 2:.1f}", sum(stack.parts[period])
    labels = [tag("text", f"{total:,}", x=middle, y=f"{y - 5:.1f}", text_anchor="middle", class_="axis")]
    every = -(-_LABEL // room)
    named = tag("text", period, x=middle, y=_HEIGHT - 10, text_anchor="middle", class_="axis")
    return tag(
        "g",
        parts,
        labels if total and room > len(f"{total:,}") * 8 else None,
        named if place % every == 0 else None,
    )


def _numbers(bars: Bars, stack: _Stack) -> Element:
    rows = [
        row(period, *stack.parts[period], sum(stack.parts[period]))
        for period in bars.periods
        if any(stack.parts[period])
    ]
    headings = ("", *stack.names, "together")
    rows.append(row("all", *stack.totals, sum(stack.totals)))
    return tag("details", tag("summary", "The numbers"), table(headings, rows, range(1, len(headings))))
