"""A fingerprint tells which attributes are present and which differ, never a value."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.fingerprint import SIZE, Variants, pack, unpack

hashes = st.binary(min_size=SIZE, max_size=SIZE)
A, B, C = (bytes([number]) * SIZE for number in (1, 2, 3))
NOUGHT = bytes(SIZE)

# Few values and few attributes, so that much agrees and much doesn't.
ATTRIBUTES = 9
alike = st.lists(
    st.lists(st.sampled_from([None, A, B, C]), min_size=ATTRIBUTES, max_size=ATTRIBUTES).map(pack),
    max_size=12,
)


# --- layout ---------------------------------------------------------------------------


@given(st.lists(st.none() | hashes, max_size=255))
@example([])
@example([NOUGHT])
@example([None] * 8 + [A])
@example([A] * 255)
def test_a_fingerprint_unpacks_to_what_was_packed(values: list[bytes | None]) -> None:
    assert unpack(pack(values)) == values


@given(st.lists(st.none() | hashes, max_size=255))
def test_an_absent_attribute_costs_a_bit_and_a_present_one_eight_bytes(values: list[bytes | None]) -> None:
    present = sum(value is not None for value in values)
    assert len(pack(values)) == 1 + -(-len(values) // 8) + 8 * present


@given(st.lists(st.none() | hashes, max_size=40), st.lists(st.none() | hashes, max_size=40))
@example([None], [])
@example([None, A], [A, None])
@example([None] * 8, [None] * 7)
@example([NOUGHT], [None])
def test_different_attributes_have_different_fingerprints(
    one: list[bytes | None], other: list[bytes | None]
) -> None:
    assert (pack(one) == pack(other)) is (one == other)


# --- what was seen of one subject -------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "disagreeing"),
    [
        ([], set()),
        ([[A, B]], set()),
        ([[A, B], [A, B]], set()),
        ([[A, B], [A, C]], {1}),
        ([[A, B], [B, A]], {0, 1}),
        ([[A, None], [A, B]], set()),  # an absent one disagrees with nothing
        ([[A, None], [A, B], [A, None], [A, C]], {1}),
        ([[None, None], [A, None], [B, None]], {0}),
    ],
)
def test_attributes_disagree_where_two_values_were_seen(
    seen: list[list[bytes | None]], disagreeing: set[int]
) -> None:
    variants = Variants()
    for values in seen:
        variants.take(pack(values))
    assert variants.disagreeing() == disagreeing


def disagreeing(fingerprints: list[bytes]) -> set[int]:
    """By comparing each with each."""
    rows = [unpack(packed) for packed in fingerprints]
    return {
        index
        for one in rows
        for other in rows
        for index in range(ATTRIBUTES)
        if None not in (one[index], other[index]) and one[index] != other[index]
    }


@given(alike)
def test_what_is_kept_says_as_much_as_all_that_came(fingerprints: list[bytes]) -> None:
    variants = Variants()
    kept = [packed for packed in fingerprints if variants.take(packed)]
    assert variants.disagreeing() == disagreeing(fingerprints) == disagreeing(kept)


@given(alike, st.randoms(use_true_random=False))
def test_what_was_kept_can_be_loaded_in_any_order_and_says_the_same(
    fingerprints: list[bytes], random
) -> None:
    before = Variants()
    kept = [packed for packed in fingerprints if before.take(packed)]
    random.shuffle(kept)
    after = Variants(kept)
    assert after.disagreeing() == before.disagreeing()
    assert not any(after.take(packed) for packed in fingerprints)


@given(st.lists(st.lists(st.none() | hashes, min_size=3, max_size=3).map(pack), max_size=60))
def test_however_many_come_few_are_kept(fingerprints: list[bytes]) -> None:
    variants = Variants()
    kept = [packed for packed in fingerprints if variants.take(packed)]
    assert len(kept) <= 3 * 3  # two values and an absence for each attribute
    assert len(set(kept)) == len(kept)


def test_that_an_attribute_was_absent_once_is_something_new() -> None:
    variants = Variants([pack([A, B])])
    assert variants.take(pack([A, None]))
    assert not variants.take(pack([A, None]))
    assert not variants.take(pack([A, B]))


def test_a_third_value_tells_nothing_that_two_have_not_told() -> None:
    variants = Variants([pack([A]), pack([B])])
    assert not variants.take(pack([C]))
    assert variants.disagreeing() == {0}
