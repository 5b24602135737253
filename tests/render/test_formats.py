"""What every command speaks: a table for people; json, ndjson and csv for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.render.formats import Output, Row, columns, counted, rendered, streamed_columns, visible
from tests.test_uid import LONGEST, VALID, valid_uids

# Whatever a message or a path can hold, control characters and lone surrogates (PEP 383) too.
anything = st.text(st.characters(exclude_categories=()), max_size=12)
plain = st.text(max_size=12)
shapes = st.sampled_from(VALID)
values = st.one_of(st.none(), st.booleans(), st.integers(), plain, st.lists(plain, max_size=3))
rows = st.lists(st.fixed_dictionaries({"uid": plain, "count": values, "note": values}), max_size=4)


def output(rows: Sequence[Row], **more: object) -> Output:
    return Output(document={"rows": rows}, rows=rows, lines=["told to people"], **more)  # type: ignore[arg-type]


def text_of(rows: Sequence[Row], form: str, **more: object) -> str:
    """What a command writes: each line, and the end of the line."""
    return "".join(f"{line}\n" for line in rendered(output(rows, **more), form))


def read_csv(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


# --- json -----------------------------------------------------------------------------


@given(rows)
def test_json_is_one_document(rows: list[Row]) -> None:
    assert json.loads(text_of(rows, "json", summary={"n": 1})) == {"rows": rows}


def test_json_is_readable_and_keeps_letters_as_they_are() -> None:
    assert text_of([{"name": "Müller"}], "json") == (
        '{\n  "rows": [\n    {\n      "name": "Müller"\n    }\n  ]\n}\n'
    )


# --- ndjson ----------------------------------------------------------------------------


@given(rows)
@example([{"uid": "1.2", "count": 1, "note": "two\nlines\r\n"}])
def test_ndjson_is_one_object_a_line_and_the_summary_last(rows: list[Row]) -> None:
    *lines, end = text_of(rows, "ndjson", summary={"passed": True, "files": len(rows)}).split("\n")
    assert end == ""
    assert [json.loads(line) for line in lines] == [*rows, {"summary": {"passed": True, "files": len(rows)}}]


def test_ndjson_without_a_summary_is_the_rows_alone() -> None:
    assert text_of([{"uid": "1.2"}], "ndjson") == '{"uid": "1.2"}\n'
    assert text_of([], "ndjson") == ""


def test_an_empty_summary_is_a_summary() -> None:
    assert text_of([], "ndjson", summary={}) == '{"summary": {}}\n'


@pytest.mark.parametrize("form", ["json", "ndjson"])
@pytest.mark.parametrize("path", ["/data/M\udcfcller.dcm", "/data/\ud83d.dcm"], ids=ascii)
def test_json_is_utf_8_whatever_a_file_is_called(form: str, path: str) -> None:
    # A name that isn't UTF-8 comes as lone surrogates; RFC 8259 demands UTF-8 nevertheless.
    written = text_of([{"path": path}], form).encode("utf-8")
    assert json.loads(written) in ({"path": path}, {"rows": [{"path": path}]})


# --- csv --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "formula",
    [
        "=1+1",
        '=HYPERLINK("http://example.org";"click")',
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "-",
        "@SUM(1;1)",
    ],
    ids=ascii,
)
def test_what_a_spreadsheet_would_compute_becomes_text(formula: str) -> None:
    (_, (cell,)) = read_csv(text_of([{"note": formula}], "csv"))
    assert cell == f"'{formula}"


@pytest.mark.parametrize("control", ["\t", "\r", "\n", "\0", "\x1b", "\x7f", "\x9b"], ids=ascii)
def test_a_control_character_becomes_its_escape(control: str) -> None:
    (_, (cell,)) = read_csv(text_of([{"note": f"{control}=1"}], "csv"))
    assert cell == f"{control.encode('unicode_escape').decode()}=1"


@pytest.mark.parametrize("value", [["=1", "2"], ("-1",)])
def test_a_list_that_begins_like_a_formula_becomes_text_too(value: object) -> None:
    (_, (cell,)) = read_csv(text_of([{"note": value}], "csv"))
    assert cell[0] == "'"


@given(anything)
@example("x\n=1+1")
@example('a"b,c;d')
@example("two\nlines")
@example("\r")
def test_a_cell_is_read_back_as_one_cell_whatever_it_holds(text: str) -> None:
    header, row = read_csv(text_of([{"note": text, "uid": "1.2.3"}], "csv"))
    assert header == ["note", "uid"]
    assert row in ([visible(text), "1.2.3"], [f"'{visible(text)}", "1.2.3"])


@given(anything)
@example("x\n=1+1")
@example("\n=1+1")
def test_no_cell_of_a_csv_begins_like_a_formula_wherever_a_line_ends(text: str) -> None:
    for cells in read_csv(text_of([{"note": text}], "csv")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\0")) for cell in cells)


@given(valid_uids())
@example(LONGEST)
@example("1.2")
@example("1.10")
def test_a_uid_stands_in_a_csv_as_it_is_character_by_character(uid: str) -> None:
    assert text_of([{"uid": uid}], "csv") == f"uid\n{uid}\n"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("", ""),
        (0, "0"),
        (12000, "12000"),
        (True, "True"),
        ([], ""),
        (["1.2", "1.3"], "1.2 1.3"),
        (("1.2",), "1.2"),
    ],
)
def test_a_value_becomes_a_cell(value: object, cell: str) -> None:
    assert read_csv(text_of([{"uid": "1.2", "value": value}], "csv")) == [["uid", "value"], ["1.2", cell]]


def test_the_columns_of_a_csv_are_in_the_order_asked_for_also_without_rows() -> None:
    assert text_of([], "csv", columns=("uid", "kind")) == "uid,kind\n"
    assert text_of([{"kind": "study", "more": 1, "uid": "1.2"}], "csv", columns=("uid", "kind", "none")) == (
        "uid,kind,none\n1.2,study,\n"
    )


def test_without_columns_asked_for_they_are_those_of_the_first_row() -> None:
    assert text_of([{"b": 1, "a": 2}, {"a": 3}], "csv") == "b,a\n1,2\n,3\n"


def test_a_csv_has_no_summary_since_it_is_a_table() -> None:
    assert text_of([{"uid": "1.2"}], "csv", summary={"n": 1}) == "uid\n1.2\n"


# --- table -----------------------------------------------------------------------------------


def test_a_table_is_the_lines_for_people_and_each_form_is_made_only_if_asked_for() -> None:
    def lines():
        yield "one"
        raise AssertionError("nobody asked for more")

    shown = rendered(Output(document=object(), rows=[{"x": object()}], lines=lines()), "table")
    assert next(shown) == "one"
    assert list(rendered(Output({}, [], lines()), "json")) == ["{}"]


def test_columns_stand_under_each_other_with_headings() -> None:
    rows = [{"uid": "1.2.3", "kind": "study", "n": None}, {"uid": "1.2.3.4.5", "kind": [], "n": 7}]
    assert list(columns(rows, ["uid", "kind", "n"], ["uid", "kind", "seen"])) == [
        "UID        KIND   SEEN",
        "1.2.3      study     -",
        "1.2.3.4.5  -         7",
    ]


def test_columns_without_rows_are_the_headings_alone_or_nothing() -> None:
    assert list(columns([], ["uid"], ["uid"])) == ["UID"]
    assert list(columns([], ["uid"])) == []


@given(st.lists(st.lists(shapes, max_size=3), min_size=1, max_size=4), st.lists(shapes, min_size=4))
def test_columns_are_never_cut_a_uid_is_there_whole(lists: list[list[str]], uids: list[str]) -> None:
    rows = [{"uid": uid, "related": related} for uid, related in zip(uids, lists, strict=False)]
    for row, line in zip(rows, columns(rows, ["uid", "related"]), strict=True):
        assert line.split() == [row["uid"], *(row["related"] or ["-"])]


@given(st.lists(st.fixed_dictionaries({"uid": shapes, "path": anything}), max_size=4))
@example([{"uid": "1.2", "path": "new\nline\x1b[31m.dcm"}])
def test_a_row_is_one_line_and_can_do_nothing_to_a_terminal(rows: list[Row]) -> None:
    lines = list(columns(rows, ["uid", "path"]))
    assert len(lines) == len(rows)
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for line in lines for character in line)


# --- counts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 files"), (1, "1 file"), (2, "2 files"), (2000, "2,000 files"), (1234567, "1,234,567 files")],
)
def test_counts_are_told_in_words(count: int, words: str) -> None:
    assert counted(count, "file") == words


def test_an_irregular_plural_is_given() -> None:
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(2, "entry", "entries") == "2 entries"
    assert counted(0, "series", "series") == "0 series"


@pytest.mark.parametrize("rows", [[], [{"a": 1}], [{"a": "x\ny", "b": [1, 2], "c": []}, {}, {"é": None}]])
def test_an_array_is_told_as_it_comes_and_the_same(rows: list[dict[str, object]]) -> None:
    told = list(rendered(Output(iter(rows), (), ()), "json"))
    assert "\n".join(told) == json.dumps(rows, indent=2, ensure_ascii=False)
    assert len(told) >= min(len(rows), 2)


def test_columns_as_they_come_are_as_wide_as_the_first_of_them() -> None:
    rows = [{"a": "x" * length, "b": 1} for length in (1, 5, 3)]
    assert list(streamed_columns(iter(rows), "ab", "ab", "none")) == list(columns(rows, "ab", "ab"))
    assert list(streamed_columns(iter(()), "ab", "ab", "none")) == ["none"]
    many = [{"a": "x", "b": 1}] * 1500 + [{"a": "x" * 30, "b": 1}]
    *_, before, last = streamed_columns(iter(many), "ab", "ab", "none")
    assert last == f"{'x' * 30}  1"
    assert before.split() == ["x", "1"]
