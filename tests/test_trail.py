"""No one can change the trail unnoticed: canonical bytes, digests over rows."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.trail import FORMAT, RowsDigest, canonical_entry, leaf_hash

NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of nothing

# --- the bytes of an entry ----------------------------------------------------------------

texts = st.text(max_size=6)
values = st.none() | st.booleans() | st.integers() | texts
entries = st.dictionaries(texts.filter(lambda name: name != "format"), values, max_size=5)


def test_an_entry_is_written_as_it_always_was() -> None:
    entry = {
        "event": "uid:issue",
        "actor": "Müller",
        "id": 7,
        "request_id": None,
        "rows": '{"ledger":[1,"ab"]}',
    }
    assert canonical_entry(entry, 1) == (
        rb'{"actor":"M\u00fcller","event":"uid:issue","format":1,"id":7,"request_id":null,'
        rb'"rows":"{\"ledger\":[1,\"ab\"]}"}'
    )


@given(entries, st.randoms(use_true_random=False))
def test_the_order_of_the_fields_says_nothing(entry: dict[str, object], random) -> None:
    items = list(entry.items())
    random.shuffle(items)
    assert canonical_entry(dict(items)) == canonical_entry(entry)


@given(entries)
def test_the_bytes_say_all_and_nothing_but_the_fields_in_ascii_on_one_line(entry: dict[str, object]) -> None:
    data = canonical_entry(entry)
    assert json.loads(data) == {"format": FORMAT, **entry}
    assert data.isascii()
    assert b"\n" not in data


@given(entries, entries)
@example({"a": 1}, {"a": "1"})
@example({"a": None}, {})
@example({"a": "é"}, {"a": "e\u0301"})
def test_different_entries_have_different_leaves(one: dict[str, object], other: dict[str, object]) -> None:
    same = leaf_hash(canonical_entry(one)) == leaf_hash(canonical_entry(other))
    assert same is (repr(sorted(one.items())) == repr(sorted(other.items())))


def test_what_json_cant_say_is_no_entry() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_entry({"size": float("nan")})


# --- the rows of an entry --------------------------------------------------------------------

cells = st.none() | st.integers() | st.text(max_size=4) | st.binary(max_size=4)
rows = st.lists(st.lists(cells, max_size=4).map(tuple), max_size=4)


def digest(rows: list[tuple[object, ...]]) -> str:
    state = RowsDigest()
    for row in rows:
        state.add(row)
    assert state.count == len(rows)
    return state.hexdigest()


@given(rows, rows)
@example([("ab", "c")], [("a", "bc")])
@example([("a",), ("b",)], [("a", "b")])
@example([("a", "b")], [("b", "a")])
@example([(1, 23)], [(12, 3)])
@example([(1,)], [("1",)])
@example([("1",)], [(b"1",)])
@example([(None,)], [("",)])
@example([(None,)], [("n",)])
@example([(None,)], [()])
@example([(-1,)], [(1,)])
@example([("i1;",)], [("", 1)])
@example([("\ns1:a",)], [("",), ("a",)])
@example([()], [])
@example([("a",), ("b",)], [("b",), ("a",)])
def test_different_rows_have_different_digests_so_no_neighbours_merge(
    one: list[tuple[object, ...]], other: list[tuple[object, ...]]
) -> None:
    assert (digest(one) == digest(other)) is (one == other)


def test_a_text_is_counted_in_bytes() -> None:
    assert digest([("é", "")]) == hashlib.sha256(b"s2:\xc3\xa9s0:\n").hexdigest()


def test_rows_are_digested_as_they_always_were() -> None:
    told = hashlib.sha256(b"i7;ns3:1.2b2:\x12\xafi-1;\nb0:\n").hexdigest()
    assert digest([(7, None, "1.2", b"\x12\xaf", -1), (b"",)]) == told


def test_no_rows_have_the_digest_of_nothing() -> None:
    assert digest([]) == NOTHING


few = st.sampled_from([None, 0, 1, -7, "", "a", "é", b"", b"a", b"\x00"])


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[few] * width), max_size=5)))
@example([(7, None, bytes([n % 256]), "a") for n in range(2500)])
def test_many_rows_at_once_have_the_digest_of_each_after_the_other(rows: list[tuple[object, ...]]) -> None:
    state = RowsDigest()
    state.add_all(rows)
    assert (state.count, state.hexdigest()) == (len(rows), digest(rows))
