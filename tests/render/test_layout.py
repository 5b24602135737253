"""Tables on a screen: nothing is cut or lost, and no line is too long unless one word is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given
from hypothesis import strategies as st

from registry.render.formats import columns, streamed_columns
from registry.render.screen import SCREEN, length
from tests.test_uid import valid_uids

NAMES = ("code", "severity", "uid", "seen", "message")
LONG = "1.3.6.1.4.1.32473.1.661597720691221219327909320354402485314.1234"

words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)
texts = st.lists(words | valid_uids(), max_size=30).map(" ".join)
table_rows = st.lists(
    st.fixed_dictionaries(
        {
            "code": st.sampled_from(["UID101", "UID501"]),
            "severity": st.sampled_from(["error", "warning", "note"]),
            "uid": valid_uids(),
            "seen": st.integers(0, 10**9),
            "message": texts,
        }
    ),
    min_size=1,
    max_size=6,
)


@contextmanager
def screen(width: int | None, *, colour: bool = False) -> Iterator[None]:
    before = SCREEN.width, SCREEN.colour
    SCREEN.width, SCREEN.colour = width, colour
    try:
        yield
    finally:
        SCREEN.width, SCREEN.colour = before


def fits(line: str, width: int) -> bool:
    """Whether a line is short enough, or no longer than its one word."""
    return length(line) <= width or len(line.split()) == 1


@given(table_rows, st.sampled_from([40, 80, 132, 200]))
def test_no_line_is_too_long_and_no_word_is_lost(rows: list[dict[str, object]], width: int) -> None:
    with screen(width):
        lines = list(columns(rows, NAMES, NAMES))
    assert all(fits(line, width) for line in lines), lines
    told = sorted(" ".join(lines).split())
    asked = [word for row in rows for name in NAMES for word in (str(row[name]).split() or [])]
    assert told == sorted([*asked, *map(str.upper, NAMES)])


@given(table_rows)
def test_without_a_screen_each_row_is_one_line(rows: list[dict[str, object]]) -> None:
    assert len(list(columns(rows, NAMES, NAMES))) == 1 + len(rows)


@given(st.lists(words | valid_uids(), min_size=1, max_size=40), st.integers(0, 6), st.sampled_from([80, 200]))
def test_a_long_line_is_taken_apart_between_words(parts: list[str], indent: int, width: int) -> None:
    line = " " * indent + " ".join(parts)
    with screen(width):
        lines = list(SCREEN.fitted(line))
    assert " ".join(lines).split() == parts
    assert all(fits(each, width) for each in lines)
    assert all(each.startswith(" " * indent) for each in lines)


def test_what_goes_on_stands_below_what_it_goes_on_from() -> None:
    line = "  what      " + "the same thing " * 8
    with screen(60):
        first, *more = SCREEN.fitted(line.rstrip())
    assert first.startswith("  what      the same")
    assert more
    assert all(re.match(r" {12}\S", each) for each in more)


def test_optional_columns_go_before_a_row_becomes_two_lines() -> None:
    rows = [{"uid": "1.2.3", "kind": "study", "by": "somebody" * 6, "at": "now"}]
    with screen(60):
        assert list(columns(rows, ("uid", "kind", "by", "at"), ("uid", "kind", "by", "at"), ("by",))) == [
            "UID    KIND   AT",
            "1.2.3  study  now",
        ]


def test_numbers_stand_at_the_right_and_keep_their_place() -> None:
    rows = [{"root": "1.2", "n": "1,000"}, {"root": "1.2.3", "n": "7"}]
    assert list(columns(rows, ("root", "n"), ("root", "count"))) == [
        "ROOT   COUNT",
        "1.2    1,000",
        "1.2.3      7",
    ]


def test_colour_says_what_is_grave_and_nothing_else() -> None:
    rows = [{"severity": "error", "state": "open", "uid": LONG}, {"severity": "warning", "state": "open"}]
    with screen(200, colour=True):
        lines = list(columns(rows, ("severity", "state", "uid"), ("severity", "state", "uid")))
    assert lines == [
        "SEVERITY  STATE  UID",
        f"\033[31merror\033[0m     open   {LONG}",
        "\033[33mwarning\033[0m   open   -",
    ]


def test_what_comes_later_and_is_wider_pushes_the_rest_aside() -> None:
    rows = [{"uid": "1.2", "kind": "study"}] * 1000 + [{"uid": "1.2.3.4.5.6.7", "kind": "study"}]
    with screen(80):
        lines = list(streamed_columns(rows, ("uid", "kind"), ("uid", "kind"), "none"))
    assert lines[1] == "1.2  study"
    assert lines[-1] == "1.2.3.4.5.6.7  study"
