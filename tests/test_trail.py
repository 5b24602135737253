"""No one can change the trail unnoticed: canonical bytes, digests over rows, the Merkle tree."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.trail import RowsDigest, TreeHead, canonical_entry, leaf_hash, tree_root

# --- the tree of RFC 6962 ---------------------------------------------------------------

# The vectors of the reference implementation of Certificate Transparency, as hex.
ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of nothing

leaves = st.lists(st.binary(max_size=8).map(leaf_hash), max_size=70)


@pytest.mark.parametrize("size", range(1, 9))
def test_the_root_is_that_of_the_reference_vectors(size: int) -> None:
    assert tree_root(leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES[:size]).hex() == ROOTS[size - 1]


def test_the_root_of_no_leaves_is_the_hash_of_nothing() -> None:
    assert tree_root([]).hex() == TreeHead().root.hex() == NOTHING


def test_the_head_can_be_asked_after_every_leaf() -> None:
    head = TreeHead()
    seen = []
    for entry in ENTRIES:
        head.append(leaf_hash(bytes.fromhex(entry)))
        seen.append((head.size, head.root.hex()))
    assert seen == list(enumerate(ROOTS, start=1))


def merkle_tree_hash(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962 section 2.1, word by word; the leaves are hashed already."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = merkle_tree_hash(leaves[:split]), merkle_tree_hash(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@given(leaves)
@example([bytes([number]) * 32 for number in range(64)])
@example([bytes([number]) * 32 for number in range(65)])
def test_the_growing_tree_agrees_with_the_recursive_definition(leaves: list[bytes]) -> None:
    assert tree_root(leaves) == merkle_tree_hash(leaves)


@given(leaves, leaves)
def test_another_history_has_another_root(one: list[bytes], other: list[bytes]) -> None:
    assert (tree_root(one) == tree_root(other)) is (one == other)


@given(leaves.filter(lambda leaves: len(leaves) > 1), st.data())
def test_changing_swapping_dropping_or_adding_a_leaf_changes_the_root(
    leaves: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(leaves) - 2))
    swapped = leaves.copy()
    swapped[index : index + 2] = reversed(leaves[index : index + 2])
    changed = [*leaves[:index], leaf_hash(b"forged!!!"), *leaves[index + 1 :]]
    dropped = leaves[:index] + leaves[index + 1 :]
    added = [*leaves[:index], leaves[index], *leaves[index:]]
    roots = {tree_root(history) for history in (changed, dropped, added)}
    assert tree_root(leaves) not in roots
    assert (tree_root(swapped) == tree_root(leaves)) is (leaves[index] == leaves[index + 1])


def test_a_node_cant_be_passed_off_as_an_entry() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != tree_root([left, right])


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
    assert canonical_entry(entry) == (
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
    assert json.loads(data) == {"format": 1, **entry}
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
