"""Where the boxes of a graph go: in layers from left to right, each behind all that it comes from.

The usual way (Sugiyama, Tagawa and Toda, 1981): arrows that close a circle are turned round for the
layout, each box goes into the layer behind the last of its sources, a long arrow gets a place in every
layer that it passes, each layer is sorted by where its neighbours are, and then moved towards them.
Everything is bounded by the size of the graph, and equal graphs are laid out alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

SWEEPS = 4
"""How often the layers are sorted in each direction."""

COLUMNS = 3
"""Of boxes that nothing is tied to, at least."""


class Point(NamedTuple):
    """A place in the picture; y grows downwards."""

    x: float
    y: float


class Arrow(NamedTuple):
    """From one box to another."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large everything is."""

    width: float  # of a box
    height: float  # of a box
    between_layers: float
    between_boxes: float
    lane: float  # the height that an arrow takes where it passes a layer

    @property
    def step(self) -> float:
        """From one layer to the next."""
        return self.width + self.between_layers


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is."""

    boxes: Mapping[str, Point]  # the left upper corner of each
    routes: Mapping[Arrow, tuple[Point, ...]]  # of each arrow, from its source to its target
    width: float
    height: float


_Place = str | tuple[Arrow, int]
"""A box, or where an arrow passes a layer."""


def laid_out(boxes: Sequence[str], arrows: Iterable[Arrow], sizes: Sizes) -> Layout:
    """Lay out a graph, whatever circles are in it. Arrows from a box to itself aren't laid out."""
    known = set(boxes)
    wanted = sorted({a for a in arrows if a.source != a.target and {a.source, a.target} <= known})
    ends = {box for arrow in wanted for box in arrow}
    tied = [box for box in boxes if box in ends]
    turned = _turned(tied, wanted)
    level = _levels(tied, [_along(arrow, turned) for arrow in wanted])
    layers, neighbours = _filled(tied, wanted, turned, level)
    _sort(layers, neighbours)
    centre = _moved(layers, neighbours, sizes)
    corners = {box: Point(level[box] * sizes.step, centre[box] - sizes.height / 2) for box in tied}
    routes = {arrow: _route(arrow, arrow in turned, level, centre, sizes) for arrow in wanted}
    below = max(
        (y + _height(place, sizes) / 2 + sizes.between_boxes for place, y in centre.items()), default=0
    )
    corners |= _lone([box for box in boxes if box not in ends], max(len(layers), COLUMNS), below, sizes)
    height = max((corner.y + sizes.height for corner in corners.values()), default=0)
    return Layout(
        corners,
        routes,
        max((corner.x + sizes.width for corner in corners.values()), default=0),
        max(height, below - sizes.between_boxes),
    )


def _lone(boxes: Sequence[str], columns: int, top: float, sizes: Sizes) -> dict[str, Point]:
    """What nothing is tied to stands below the rest, in rows."""
    line = sizes.height + sizes.between_boxes
    return {
        box: Point(index % columns * sizes.step, top + index // columns * line)
        for index, box in enumerate(boxes)
    }


def _along(arrow: Arrow, turned: set[Arrow]) -> Arrow:
    """The arrow in the direction of the layers."""
    return Arrow(arrow.target, arrow.source) if arrow in turned else arrow


def _turned(boxes: Sequence[str], arrows: Sequence[Arrow]) -> set[Arrow]:
    """Arrows without which there is no circle: those that lead back to where a walk is coming from."""
    following: dict[str, list[Arrow]] = defaultdict(list)
    for arrow in arrows:
        following[arrow.source].append(arrow)
    targets = {arrow.target for arrow in arrows}
    turned: set[Arrow] = set()
    done: set[str] = set()
    # From where nothing comes from anything else, so that the fewest are turned that lead onwards.
    for start in sorted(boxes, key=lambda box: box in targets):
        above = {start: iter(following[start])}
        while above and start not in done:
            here = next(reversed(above))
            if (ahead := next(above[here], None)) is None:
                done.add(here)
                del above[here]
            elif ahead.target in above:
                turned.add(ahead)
            elif ahead.target not in done:
                above[ahead.target] = iter(following[ahead.target])
    return turned


def _levels(boxes: Sequence[str], arrows: Sequence[Arrow]) -> dict[str, int]:
    """The layer of each box: the first that is behind all of its sources."""
    following: dict[str, list[str]] = defaultdict(list)
    awaited = dict.fromkeys(boxes, 0)
    for source, target in arrows:
        following[source].append(target)
        awaited[target] += 1
    level = dict.fromkeys(boxes, 0)
    ready = [box for box in boxes if not awaited[box]]
    for box in ready:
        for target in following[box]:
            level[target] = max(level[target], level[box] + 1)
            awaited[target] -= 1
            if not awaited[target]:
                ready.append(target)
    return level


_Layers = list[list[_Place]]
_Neighbours = tuple[Mapping[_Place, list[_Place]], Mapping[_Place, list[_Place]]]


def _filled(
    boxes: Sequence[str], arrows: Sequence[Arrow], turned: set[Arrow], level: Mapping[str, int]
) -> tuple[_Layers, _Neighbours]:
    """What is in each layer, and what each of it is tied to in the one before and the one behind."""
    layers: _Layers = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for box in boxes:
        layers[level[box]].append(box)
    before: dict[_Place, list[_Place]] = defaultdict(list)
    behind: dict[_Place, list[_Place]] = defaultdict(list)
    for arrow in arrows:
        source, target = _along(arrow, turned)
        passed: list[_Place] = [(arrow, place) for place in range(level[source] + 1, level[target])]
        for place, lane in enumerate(passed, start=level[source] + 1):
            layers[place].append(lane)
        chain: list[_Place] = [source, *passed, target]
        for left, right in pairwise(chain):
            behind[left].append(right)
            before[right].append(left)
    return layers, (before, behind)


def _sort(layers: _Layers, neighbours: _Neighbours) -> None:
    """Sort each layer by the middle of its neighbours, forwards and backwards in turn."""
    for sweep in range(2 * SWEEPS):
        tied = neighbours[sweep % 2]
        places = range(1, len(layers)) if sweep % 2 == 0 else range(len(layers) - 2, -1, -1)
        for place in places:
            beside = layers[place - 1 if sweep % 2 == 0 else place + 1]
            rank = {other: index for index, other in enumerate(beside)}
            middle = {
                each: fmean(rank[other] for other in tied[each]) if tied.get(each) else index
                for index, each in enumerate(layers[place])
            }
            layers[place].sort(key=middle.__getitem__)


def _moved(layers: _Layers, neighbours: _Neighbours, sizes: Sizes) -> dict[_Place, float]:
    """The middle of each place: as near to its neighbours as the order of its layer allows."""
    centre: dict[_Place, float] = {}
    for layer in layers:
        centre |= _spread(layer, dict.fromkeys(layer, 0.0), sizes)
    for sweep in range(2 * SWEEPS + 1):
        tied = neighbours[sweep % 2]
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = {
                place: fmean(centre[other] for other in tied[place]) if tied.get(place) else centre[place]
                for place in layer
            }
            centre |= _spread(layer, wanted, sizes)
    top = min((centre[place] - _height(place, sizes) / 2 for place in centre), default=0)
    return {place: round(y - top, 1) for place, y in centre.items()}


def _height(place: _Place, sizes: Sizes) -> float:
    return sizes.height if isinstance(place, str) else sizes.lane


def _spread(layer: Sequence[_Place], wanted: Mapping[_Place, float], sizes: Sizes) -> dict[_Place, float]:
    """The places of a layer in their order and with room between them, with the least sum of squared
    distances from where each wants to be (by pooling adjacent violators)."""
    offsets: list[float] = []
    below = 0.0
    for place in layer:
        half = _height(place, sizes) / 2
        offsets.append(below + half)
        below += 2 * half + sizes.between_boxes
    pools: list[tuple[float, int]] = []  # their mean, and how many
    for place, offset in zip(layer, offsets, strict=True):
        mean, many = wanted[place] - offset, 1
        while pools and pools[-1][0] >= mean:
            other, count = pools.pop()
            mean, many = (mean * many + other * count) / (many + count), many + count
        pools.append((mean, many))
    shifts = [mean for mean, many in pools for _ in range(many)]
    return {place: offset + shift for place, offset, shift in zip(layer, offsets, shifts, strict=True)}


def _route(
    arrow: Arrow, is_turned: bool, level: Mapping[str, int], centre: Mapping[_Place, float], sizes: Sizes
) -> tuple[Point, ...]:
    left, right = (arrow.target, arrow.source) if is_turned else arrow
    # Beside those that lead onwards, so that two series that name each other show two arrows.
    aside = sizes.height / 4 if is_turned else 0.0
    points = [Point(level[left] * sizes.step + sizes.width, centre[left] + aside)]
    for place in range(level[left] + 1, level[right]):
        y = centre[arrow, place]
        points += [Point(place * sizes.step, y), Point(place * sizes.step + sizes.width, y)]
    points.append(Point(level[right] * sizes.step, centre[right] + aside))
    return tuple(reversed(points)) if is_turned else tuple(points)
