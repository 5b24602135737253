"""Every graph is laid out: what comes of something is to the right of it, nothing lies over anything
else, and circles end."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from registry.render.page.layers import Arrow, Layout, Sizes, laid_out

SIZES = Sizes(width=100, height=40, between_layers=50, between_boxes=10, lane=8)
NAMES = "abcdefgh"


def laid(boxes: str, *arrows: str) -> Layout:
    """``laid("abc", "ab", "bc")``: three boxes, an arrow from a to b, one from b to c."""
    return laid_out(list(boxes), [Arrow(*ends) for ends in arrows], SIZES)


def rows(layout: Layout) -> dict[str, float]:
    return {box: corner.y for box, corner in layout.boxes.items()}


def columns(layout: Layout) -> dict[str, int]:
    return {box: round(corner.x / SIZES.step) for box, corner in layout.boxes.items()}


def test_nothing_is_an_empty_picture() -> None:
    assert laid("") == Layout({}, {}, 0, 0)


def test_what_is_derived_is_behind_the_last_of_its_sources() -> None:
    assert columns(laid("abcd", "ab", "bc", "ac", "ad")) == {"a": 0, "b": 1, "c": 2, "d": 1}


def test_a_source_is_in_the_middle_of_what_comes_of_it() -> None:
    at = rows(laid("abcd", "ab", "ac", "ad"))
    assert at["b"] < at["c"] < at["d"]
    assert at["a"] == at["c"]


def test_arrows_are_sorted_so_that_they_needn_t_cross() -> None:
    at = rows(laid("abcd", "ad", "bc"))
    assert (at["a"] < at["b"]) == (at["d"] < at["c"])


def test_what_nothing_is_tied_to_stands_below_in_rows() -> None:
    layout = laid("abcdef", "ab")
    lowest = max(rows(layout)["a"], rows(layout)["b"]) + SIZES.height
    assert all(rows(layout)[box] > lowest for box in "cdef")
    assert [columns(layout)[box] for box in "cdef"] == [0, 1, 2, 0]


def test_a_circle_has_one_arrow_that_leads_back() -> None:
    layout = laid("abc", "ab", "bc", "ca")
    assert columns(layout) == {"a": 0, "b": 1, "c": 2}
    back = layout.routes[Arrow("c", "a")]
    assert back[0].x == layout.boxes["c"].x
    assert back[-1].x == layout.boxes["a"].x + SIZES.width


def test_two_that_name_each_other_have_two_arrows_apart() -> None:
    layout = laid("ab", "ab", "ba")
    there, back = layout.routes[Arrow("a", "b")], layout.routes[Arrow("b", "a")]
    assert {point.y for point in there}.isdisjoint(point.y for point in back)


def test_an_arrow_from_a_box_to_itself_or_to_nowhere_is_left_out() -> None:
    assert laid("ab", "aa", "ax").routes == {}


arrows = st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).map("".join))


@given(arrows)
def test_whatever_refers_to_whatever(given: set[str]) -> None:
    layout = laid(NAMES, *given)
    assert set(layout.boxes) == set(NAMES)
    assert set(layout.routes) == {Arrow(*ends) for ends in given if ends[0] != ends[1]}
    for one, other in combinations(layout.boxes.values(), 2):
        aside = abs(one.x - other.x) >= SIZES.width
        assert aside or abs(one.y - other.y) >= SIZES.height - 0.2  # rounded to a tenth
    for (source, target), route in layout.routes.items():
        ends = (layout.boxes[source].x, layout.boxes[target].x)
        assert ends[0] != ends[1]
        forwards = ends[0] < ends[1]
        assert all((one.x < other.x) == forwards for one, other in pairwise(route))
        assert all(0 <= point.y <= layout.height and 0 <= point.x <= layout.width for point in route)


@given(arrows, st.permutations(NAMES))
def test_equal_graphs_look_alike(given: set[str], order: list[str]) -> None:
    assert laid(NAMES, *sorted(given)) == laid(NAMES, *sorted(given, reverse=True))
    assert columns(laid("".join(order), *given)).keys() == set(NAMES)


def test_a_large_dense_graph_ends() -> None:
    boxes = [str(number) for number in range(40)]
    every = [Arrow(one, other) for one in boxes for other in boxes]
    layout = laid_out(boxes, every[:400], SIZES)
    assert len(layout.boxes) == 40
