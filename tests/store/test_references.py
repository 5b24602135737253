"""A set of references is kept once, whatever order it comes in, and comes back whole."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.records import Reference, Role
from registry.store.references import decode, encode
from tests.objects import CT_CLASS
from tests.test_uid import LONGEST

uids = st.one_of(st.sampled_from(["1.2.1", "1.2.2", "1.2.10", LONGEST]), st.integers(0).map("1.2.{}".format))
said = st.none() | uids

references = st.one_of(
    st.builds(Reference, uids, said, said, said, st.sampled_from(Role)),
    st.builds(Reference, st.none(), said, uids, said, st.sampled_from(Role)),  # a series named as a whole
)


@given(st.sets(references, min_size=1, max_size=12))
@example({Reference(LONGEST, LONGEST, LONGEST, LONGEST, role) for role in Role})
@example({Reference(None, None, "1.2.3"), Reference("1.2.3", None, "1.2.3")})
@example(
    {
        Reference("1.2.1", CT_CLASS),
        Reference("1.2.1", None, CT_CLASS),
        Reference("1.2.1", None, None, CT_CLASS),
    }
)
def test_a_set_comes_back_whole(named: set[Reference]) -> None:
    _, body = encode(named)
    decoded = decode(body)
    assert set(decoded) == named
    assert len(decoded) == len(named)
    assert all(isinstance(reference.role, Role) for reference in decoded)


@given(st.sets(references, min_size=1, max_size=8), st.data())
def test_the_order_of_a_set_says_nothing(named: set[Reference], data: st.DataObject) -> None:
    listed = sorted(named, key=repr)
    assert encode(data.draw(st.permutations(listed))) == encode(listed)


@given(st.sets(references, min_size=1, max_size=6), st.sets(references, min_size=1, max_size=6))
@example({Reference("1.2.1")}, {Reference("1.2.1", role=Role.SOURCE)})
@example({Reference(None, None, "1.2.1")}, {Reference("1.2.1")})
@example(
    {Reference("1.2.1"), Reference("1.2.2", CT_CLASS)}, {Reference("1.2.1", CT_CLASS), Reference("1.2.2")}
)
def test_equal_sets_have_one_digest_and_others_another(one: set[Reference], other: set[Reference]) -> None:
    digests = encode(one)[0], encode(other)[0]
    assert (digests[0] == digests[1]) is (one == other)
    assert [len(digest) for digest in digests] == [16, 16]


def test_what_is_named_twice_is_in_the_set_once() -> None:
    reference = Reference("1.2.1", CT_CLASS)
    assert encode([reference, reference]) == encode([reference])
    assert decode(encode([reference, reference])[1]) == [reference]


def test_the_empty_set_is_a_set_too() -> None:
    assert decode(encode([])[1]) == []


@pytest.mark.parametrize(
    "said", ["1.2,3", "1.2 3", "1.2\n3", "1.2\xe9", "1.2\\1.3", "*", "0,1,2,3"], ids=repr
)
def test_whatever_a_file_says_as_class_the_set_comes_back(said: str) -> None:
    # One body that can't be read back would stop every later batch that reaches it.
    named = {Reference("1.2.1", said), Reference("1.2.2", CT_CLASS), Reference(None, said, "1.2.3")}
    assert set(decode(encode(named)[1])) == named


def test_the_slices_of_a_large_study_fit_into_little() -> None:
    named = [Reference(f"1.2.826.0.1.3680043.8.498.{i}", CT_CLASS, "1.2.3.4", "1.2.3") for i in range(5000)]
    digest, body = encode(named)
    assert set(decode(body)) == set(named)
    assert len(body) < 5 * len(named)
    assert encode(reversed(named)) == (digest, body)
