"""The tree over the trail: RFC 6962 and 9162 with their vectors, proofs of inclusion and consistency."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.merkle import (
    Node,
    TreeHead,
    completed_by,
    consistency_path,
    inclusion_path,
    is_consistent,
    root_by_inclusion,
    root_of,
    tree_root,
)
from registry.trail import leaf_hash

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


# --- nodes and proofs ----------------------------------------------------------------------

some = st.integers(1, 200)


def nodes_over(leaves: list[bytes]) -> dict[Node, bytes]:
    """All complete subtrees, as an appender writes them."""
    head, nodes = TreeHead(), {}
    for place, leaf in enumerate(leaves):
        nodes[Node(0, place)] = leaf
        completed = head.complete(leaf)
        assert [node for node, _ in completed] == [above for above, _ in completed_by(place)]
        nodes |= dict(completed)
    return nodes


def numbered(size: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(size)]


@given(some, st.data())
def test_a_proof_of_inclusion_leads_to_the_root_and_no_other_proof_does(
    size: int, data: st.DataObject
) -> None:
    leaves = numbered(size)
    lookup = nodes_over(leaves).__getitem__
    place = data.draw(st.integers(0, size - 1))
    proof = [root_of(start, end, lookup) for start, end in inclusion_path(place, size)]
    root = tree_root(leaves)
    assert root_by_inclusion(leaves[place], place, size, proof) == root
    assert root_by_inclusion(leaf_hash(b"another"), place, size, proof) != root
    assert root_by_inclusion(leaves[place], place, size, [*proof, root]) is None
    if proof:
        assert root_by_inclusion(leaves[place], place, size, proof[:-1]) is None
        other = data.draw(st.integers(0, size - 1).filter(lambda number: number != place))
        assert root_by_inclusion(leaves[place], other, size, proof) != root


@given(some, st.data())
def test_a_proof_of_consistency_shows_that_nothing_before_was_changed(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    lookup = nodes_over(leaves).__getitem__
    old = data.draw(st.integers(1, size))
    proof = [root_of(start, end, lookup) for start, end in consistency_path(old, size)]
    was, root = tree_root(leaves[:old]), tree_root(leaves)
    assert is_consistent(old, was, size, root, proof)
    assert not is_consistent(old, leaf_hash(b"another"), size, root, proof)
    assert not is_consistent(old, was, size, leaf_hash(b"another"), proof)
    assert not is_consistent(old, was, size, root, [*proof, root])
    if proof:
        assert not is_consistent(old, was, size, root, proof[:-1])


# The proofs of the reference implementation, over the leaves above: place, size, hashes.
INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
REFERENCE = [leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES]


@pytest.mark.parametrize(("place", "size", "hashes"), INCLUSION)
def test_inclusion_is_proved_as_the_reference_vectors_do(place: int, size: int, hashes: list[str]) -> None:
    lookup = nodes_over(REFERENCE).__getitem__
    proof = [root_of(start, end, lookup) for start, end in inclusion_path(place, size)]
    assert [each.hex() for each in proof] == hashes
    assert root_by_inclusion(REFERENCE[place], place, size, proof) == bytes.fromhex(ROOTS[size - 1])


@pytest.mark.parametrize(("old", "size", "hashes"), CONSISTENCY)
def test_consistency_is_proved_as_the_reference_vectors_do(old: int, size: int, hashes: list[str]) -> None:
    lookup = nodes_over(REFERENCE).__getitem__
    proof = [root_of(start, end, lookup) for start, end in consistency_path(old, size)]
    assert [each.hex() for each in proof] == hashes
    was, root = bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[size - 1])
    assert is_consistent(old, was, size, root, proof)
