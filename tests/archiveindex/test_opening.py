"""What an index says, whatever its format, and what becomes of the rows that say nothing."""

from __future__ import annotations

import gzip
import io
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyarrow import parquet

from registry.archiveindex import delimited, ndjson
from registry.archiveindex.fields import NotAnIndex, columns_of, require_keywords
from registry.archiveindex.opening import Index
from registry.archiveindex.tasks import Chunk, Open, Rows
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.tokens import token
from registry.errors import BadRequest
from registry.records import Patient
from tests.archiveindex.indexes import (
    COLUMNS,
    as_csv,
    as_ndjson,
    as_parquet,
    in_every_format,
    rows_of,
    write,
)

KEYS = ReaderKeys(b"f" * 32, b"d" * 32)
HEAD = "StudyInstanceUID,SeriesInstanceUID,SOPInstanceUID,PatientID\n"
ROW = "1.2.3,1.2.3.1,1.2.3.1.1,P1\n"


def opened(
    folder: Path, data: bytes, columns: dict[str, str] | None = None, form: str | None = None
) -> Index:
    return Index(Open(write(folder, "index", data), form, columns or {}, 1000), KEYS)


def read(
    folder: Path, data: bytes, columns: dict[str, str] | None = None, at_once: int = 1000
) -> list[Chunk]:
    chunks: list[Chunk] = []
    with closing(opened(folder, data, columns)) as index:
        while not chunks or (chunks[-1].total >= at_once and not chunks[-1].broken):
            chunks.append(index.read(Rows(at_once)))
    return chunks


def told(chunks: list[Chunk]) -> list[tuple[Any, ...]]:
    """The rows, each with what it says."""
    rows = []
    for chunk in chunks:
        columns = [column for column in chunk.columns if column is not None]
        rows += list(zip(*columns, strict=True))
    return rows


def dirty(chunks: list[Chunk]) -> dict[int, str]:
    return {row.number: row.reason for chunk in chunks for row in chunk.dirty}


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6).map(lambda text: f"P{text}")
MANY = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 30), TEXTS), min_size=1, max_size=30)


@given(made=MANY)
@hypothesis_settings(max_examples=15)
def test_the_same_rows_say_the_same_in_every_format(
    made: list[tuple[int, int, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("formats")
    rows = [
        {**rows_of(f"1.2.3.{series}", 1, patient=patient)[0], "SOPInstanceUID": f"1.2.3.{series}.{number}"}
        for series, number, patient in made
    ]
    results = {name: read(folder, data, at_once=7) for name, data in in_every_format(rows).items()}
    for name, chunks in results.items():
        assert told(chunks) == told(results["commas.csv"]), name
        assert (sum(chunk.total for chunk in chunks), dirty(chunks)) == (len(rows), {}), name
        assert chunks[-1].read == pytest.approx(1.0), name
    assert len(told(results["commas.csv"])) == len(rows)


def test_the_patient_of_a_row_is_that_of_a_file(tmp_path: Path) -> None:
    head = b"StudyInstanceUID,SeriesInstanceUID,PatientID,IssuerOfPatientID\n"
    data = head + b"1.2.3,1.2.3.1, P1 ,H\n1.2.3,1.2.3.2,,H\n"
    (chunk,) = read(tmp_path, data)
    patient = Patient(token("P1", KEYS.fingerprint), token("H", KEYS.fingerprint))
    assert chunk.columns[5:] == ([patient, None], None)


def test_a_patient_is_hidden_under_each_key_that_is_here(tmp_path: Path) -> None:
    former = ReaderKeys(b"g" * 32, b"e" * 32)
    keys = ReaderKeys(b"f" * 32, b"d" * 32, (former, None))
    with closing(Index(Open(write(tmp_path, "index", (HEAD + ROW).encode()), None, {}, 9), keys)) as index:
        chunk = index.read(Rows(9))
    assert chunk.columns[6] == [(Patient(token("P1", former.fingerprint)), None)]


@pytest.mark.parametrize(
    "names",
    [
        ("StudyInstanceUID", "SeriesInstanceUID"),
        ("study_instance_uid", "series_instance_uid"),
        ("STUDY INSTANCE UID", "Series-Instance-UID"),
        ("0020000D", "0020000e"),
        ("(0020,000D)", "(0020,000E)"),
    ],
)
def test_columns_are_known_by_keyword_and_tag(names: tuple[str, str]) -> None:
    assert columns_of([*names, "Rows"], {}) == {"StudyInstanceUID": names[0], "SeriesInstanceUID": names[1]}


def test_a_column_is_what_somebody_says_it_is() -> None:
    names = ["st", "Se", "Patient ID", "SeriesInstanceUID"]
    said = {"st": "StudyInstanceUID", "se": "series_instance_uid", "Patient ID": ""}
    assert columns_of(names, said) == {"StudyInstanceUID": "st", "SeriesInstanceUID": "Se"}


@pytest.mark.parametrize(
    ("names", "given", "told"),
    [
        (["a", "b"], {}, "no column is StudyInstanceUID or SeriesInstanceUID; there are 'a', 'b'"),
        (["StudyInstanceUID", "serie"], {"series": "SeriesInstanceUID"}, "there is no column 'series'"),
        (["PatientID", "patient_id", *COLUMNS[:2]], {}, "are both PatientID"),
        (["st\n", *COLUMNS[:1]], {}, "there are 'st\\n'"),
    ],
)
def test_what_isnt_an_index_says_which_columns_it_has(
    names: list[str], given: dict[str, str], told: str
) -> None:
    with pytest.raises(NotAnIndex) as error:
        columns_of(names, given)
    assert told in error.value.message


def test_a_keyword_that_no_index_has_is_refused_with_what_was_meant() -> None:
    with pytest.raises(BadRequest) as error:
        require_keywords({"a": "SeriesInstanceUIDs"})
    assert "Did you mean SeriesInstanceUID?" in error.value.advice


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"DOE,JOHN,19500101\n1.2.3,4,5\n",
        b"1.2.3,1.2.3.1,DOE^JOHN\n",
        b"1.2.3,1.2.3.1,DOE^JOHN,series_uid\n",
        b"DOE^GUIDO\n",
        b'[{"PatientID": "DOE^JOHN"}]',
        b'{"PatientID": "DOE^JOHN"\n',
        b'"DOE',
        b"DOE" * 100_000,
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR DOE",
        b"PAR1 DOE^JOHN PAR1",
        gzip.compress(b"DOE", mtime=0)[:9],
        b"\x1f\x8b DOE",
        b"\xff\xfeD",
    ],
)
def test_what_is_no_index_is_refused_and_nothing_of_it_is_told(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(NotAnIndex) as error:
        opened(tmp_path, data)
    assert "DOE" not in f"{error.value.message} {error.value.advice}"


def test_only_a_regular_file_is_opened(tmp_path: Path) -> None:
    with pytest.raises((NotAnIndex, OSError)):
        Index(Open(str(tmp_path), None, {}, 9), KEYS)


DIRTY = {
    "1.2.3,1.2.3.1,1.2.3.1.2": "it has 3 cells, and there are 4 columns",
    "1.2.3,1.2.3.1,1.2.3.1.2,P,1": "it has 5 cells, and there are 4 columns",
    ",,,P1": "it names no instance and no series",
    "NULL,null,None,P1": "it names no instance and no series",
    "1.2.3,1.2.3.1,1.2.3.1.2,P\udcff1": "its PatientID isn't text in UTF-8",
    f"1.2.3,1.2.3.1,{'1.' * 600}1,P1": "its SOPInstanceUID has more than 1,024 characters",
    f"1.2.3,1.2.3.1,{'1' * 140_000},P1": "a cell has more than 131,072 characters, or its quotes don't end",
}


def test_dirty_rows_are_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    text = HEAD + "".join(f"{ROW}{row}\n" for row in DIRTY) + "\n" + ROW
    chunks = read(tmp_path, text.encode("utf-8", "surrogateescape"), at_once=4)
    assert dirty(chunks) == {2 * place: why for place, why in enumerate(DIRTY.values(), 1)}
    assert len(told(chunks)) == len(DIRTY) + 1
    assert sum(chunk.total for chunk in chunks) == 2 * len(DIRTY) + 2


def test_a_row_with_a_uid_that_cant_be_one_is_known_by_its_number(tmp_path: Path) -> None:
    bad = ("1.2.3.1.01", "1.2.3.1.x", "1", "", "3.2.1", "2.25.1.2", f"1.2.{'3' * 70}", "NaN", '"1.2\n.3"')
    text = HEAD + "".join(f"{ROW}1.2.3,1.2.3.1,{uid},P1\n" for uid in bad)
    (chunk,) = read(tmp_path, text.encode())
    assert chunk.flawed == [(2 * n - 1, 2 * n) for n in range(1, len(bad) + 1)]
    assert not chunk.dirty


PIECES = ("\ufeff", "\udcff", '{"0020000D":', '{"Value":[', "1.2", "é", HEAD, ROW, *'",;\t\n\r\0{}[]:\\')
LIKE_AN_INDEX = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@given(text=LIKE_AN_INDEX, packed=st.booleans())
@hypothesis_settings(max_examples=150)
def test_whatever_is_in_a_file_its_rows_are_told_or_dirty(
    text: str, packed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = text.encode("utf-8", "surrogateescape")
    try:
        chunks = read(
            tmp_path_factory.getbasetemp(), gzip.compress(data, mtime=0)[:-9] if packed else data, at_once=3
        )
    except NotAnIndex:
        return
    for chunk in chunks:
        lengths = {len(column) for column in chunk.columns if column is not None}
        assert len(lengths) == 1, "columns are as long as each other"
        assert lengths.pop() + len(chunk.dirty) <= chunk.total


def test_what_is_around_a_uid_is_taken_off(tmp_path: Path) -> None:
    row = '1.2.3 ,"1.2.3.1\0","\t1.2.3.1.1\r\n", P1 \n'
    (chunk,) = read(tmp_path, (HEAD + row).encode())
    assert (told([chunk]), chunk.flawed) == (told(read(tmp_path, (HEAD + ROW).encode())), [])


def test_a_quote_that_nobody_closes_costs_some_rows_and_not_all(tmp_path: Path) -> None:
    rows = "".join(f"1.2.3,1.2.3.1,1.2.3.1.{n},P1\n" for n in range(1, 20_000))
    (chunk,) = read(tmp_path, f'{HEAD}1.2.3,1.2.3.1,"1.2,P1\n{rows}'.encode(), at_once=100_000)
    assert len(chunk.dirty) == 1
    assert len(told([chunk])) > 10_000


def test_lines_that_are_no_objects_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "_LONGEST_LINE", 1000)
    (good,) = rows_of("1.2.3.1", 1)
    fine = as_ndjson([good])
    lines = {
        b"[1, 2]": "it isn't a JSON object",
        b"{}": "it names no instance and no series",
        b'{"a": ': "it isn't JSON",
        b'{"StudyInstanceUID": "\xff"}': "it isn't text in UTF-8",
        b"[" * 900: "it isn't JSON",
        b'{"a": "%s"}' % (b"b" * 5000): "it has more than 1,000 bytes",
        as_ndjson([good | {"PatientID": 1}]).strip(): "its PatientID isn't text",
        as_ndjson([good | {"SeriesInstanceUID": ["1.2"]}]).strip(): "its SeriesInstanceUID isn't text",
        as_ndjson([good | {"SOPInstanceUID": float("nan")}]).strip(): "its SOPInstanceUID isn't text",
        as_ndjson([good | {"PatientID": "\ud800"}]).strip(): "its PatientID isn't text in UTF-8",
    }
    data = fine + b"".join(line + b"\n" + fine for line in lines)
    for at_once in (1000, 3):
        chunks = read(tmp_path, data, at_once=at_once)
        assert dirty(chunks) == {2 * n: why for n, why in enumerate(lines.values(), 1)}
        assert len(told(chunks)) == len(lines) + 1


def test_answers_of_qido_rs_are_an_index(tmp_path: Path) -> None:
    answer = {
        "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
        "0020000E": {"vr": "UI", "Value": ["1.2.3.1"]},
        "00080018": {"vr": "UI", "Value": ["1.2.3.1.1"]},
        "00100020": {"vr": "LO"},
    }
    (chunk,) = read(tmp_path, as_ndjson([answer]))
    assert told([chunk]) == [("1.2.3.1.1", "1.2.3.1", "1.2.3", None)]


def test_a_key_that_comes_later_counts_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "_FIRST", 2)
    rows = [{"study_instance_uid": "1.2.3", "series_instance_uid": f"1.2.3.{n}"} for n in range(1, 4)]
    chunks = read(tmp_path, as_ndjson([*rows, rows[0] | {"Modality": "CT"}]), at_once=2)
    assert [chunk.columns[4] for chunk in chunks[:2]] == [None, ["", "CT"]]


def test_of_parquet_numbers_where_text_belongs_are_refused(tmp_path: Path) -> None:
    made = io.BytesIO()
    parquet.write_table(
        pa.table({"StudyInstanceUID": ["1.2"], "SeriesInstanceUID": ["1.2.3"], "PatientID": [7]}), made
    )
    with pytest.raises(NotAnIndex, match="'PatientID' holds int64"):
        opened(tmp_path, made.getvalue())
    (chunk,) = read(tmp_path, made.getvalue(), {"PatientID": ""})
    assert told([chunk]) == [("1.2.3", "1.2")]


def test_parquet_with_words_in_a_dictionary_and_bytes_that_arent_text(tmp_path: Path) -> None:
    made = io.BytesIO()
    table = pa.table(
        {
            "StudyInstanceUID": pa.array(["1.2", "1.2", "1.2"]).dictionary_encode(),
            "SeriesInstanceUID": pa.array(["1.2.1", "1.2.2", None]),
            "PatientID": pa.Array.from_buffers(pa.string(), 3, pa.array([b"P\xff", b"P1", b""]).buffers()),
        }
    )
    parquet.write_table(table, made)
    (chunk,) = read(tmp_path, made.getvalue())
    assert dirty([chunk]) == {1: "its PatientID isn't text in UTF-8", 3: "it names no instance and no series"}
    assert [row[:2] for row in told([chunk])] == [("1.2.2", "1.2")]


@pytest.mark.parametrize("make", [as_csv, as_ndjson, as_parquet])
def test_what_is_cut_off_says_so_after_what_could_be_read(tmp_path: Path, make: Any) -> None:
    data = make(rows_of("1.2.3.1", 5000))
    if make is as_parquet:
        middle = len(data) // 3
        cut = data[:middle] + bytes(2000) + data[middle + 2000 :]
    else:
        packed = gzip.compress(data, mtime=0)
        cut = packed[: len(packed) // 2]
    chunks = read(tmp_path, cut, at_once=100)
    assert chunks[-1].broken == "it is cut off or broken"
    rows = told(chunks)
    assert rows == told(read(tmp_path, data))[: len(rows)]
    assert bool(rows) == (make is not as_parquet), "of Parquet a whole column is broken"


def test_rows_that_nobody_wants_are_left(tmp_path: Path) -> None:
    rows = rows_of("1.2.3.1", 10)
    for data in in_every_format(rows).values():
        with closing(Index(Open(write(tmp_path, "index", data), None, {}, 4), KEYS)) as index:
            assert index.read(Rows(4, False))[:2] == (4, ())
            assert told([index.read(Rows(4))])[0][0] == "1.2.3.1.5"


def test_a_line_without_an_end_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "_LONGEST_LINE", 100)
    (chunk,) = read(tmp_path, (HEAD[:-1] + "\n" + "x" * 1000 + "\n" + ROW).encode())
    assert (len(chunk.dirty), len(told([chunk]))) == (10, 1)
