"""Who mints under which arc: the longest root counts, and not every arc can be a root."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import BadRoot
from registry.minting import Method
from registry.roots import Policy, Root, Roots, parse_root
from registry.uid import TOOLKIT_ROOTS
from tests.objects import ROOT
from tests.test_uid import valid_uids

PRODUCTION, DELEGATED, RESEARCH = Policy.PRODUCTION, Policy.DELEGATED, Policy.RESEARCH

HOSPITAL = Root("1.2.3", PRODUCTION, "Example Hospital")
RIS = Root("1.2.3.7", DELEGATED, minter="the RIS")
LAB = Root("1.2.3.8", RESEARCH)
CLOSED = Root("1.2.3.9", PRODUCTION, retired=True)
LONG = Root("1.2." + "8" * 23, PRODUCTION)

RANDOM_AND_KEYED = pytest.mark.parametrize("method", [Method.RANDOM, Method.KEYED])


# --- which root counts -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uid", "root"),
    [
        ("1.2.3.1", HOSPITAL),
        ("1.2.3", HOSPITAL),
        ("1.2.3.7.1", RIS),
        ("1.2.3.70.1", HOSPITAL),
        ("1.2.3.8.1.2", LAB),
        ("1.2.3.9.1", CLOSED),  # retired, and still the one that it lies under
        ("1.2.34.1", None),
        ("1.2", None),
    ],
)
def test_of_nested_roots_the_longest_counts(uid: str, root: Root | None) -> None:
    assert Roots([HOSPITAL, RIS, LAB, CLOSED]).of(uid) == root


@given(st.permutations([HOSPITAL, RIS, LAB, CLOSED, LONG]))
def test_the_order_in_which_roots_are_given_says_nothing(given_roots: list[Root]) -> None:
    roots = Roots(given_roots)
    assert list(roots) == sorted(given_roots, key=lambda root: root.prefix)
    assert roots.of("1.2.3.7.1") == RIS


def test_a_root_is_found_by_its_exact_prefix_only() -> None:
    roots = Roots([HOSPITAL])
    assert roots.get("1.2.3") == HOSPITAL
    assert roots.get("1.2.3.1") is None
    assert roots.get("1.2.3.") is None


def test_what_was_last_said_of_a_root_counts() -> None:
    later = Root("1.2.3", PRODUCTION, enforced_from=datetime(2026, 1, 1, tzinfo=UTC))
    assert list(Roots([HOSPITAL, later])) == [later]


@pytest.mark.parametrize(
    ("roots", "in_production"),
    [
        ([], False),
        ([RIS, LAB], False),
        ([CLOSED], False),
        ([LAB, HOSPITAL], True),
        ([CLOSED, HOSPITAL], True),
    ],
)
def test_production_is_where_a_production_root_is_in_force(roots: list[Root], in_production: bool) -> None:
    assert Roots(roots).in_production is in_production


def test_the_organization_is_the_one_that_was_named() -> None:
    assert Roots([RIS, HOSPITAL, Root("1.5", PRODUCTION, "Other")]).organization == "Example Hospital"
    assert Roots([RIS]).organization is None


# --- under which root to issue ---------------------------------------------------------------


@RANDOM_AND_KEYED
@pytest.mark.parametrize(
    ("roots", "asked", "root"),
    [
        ([HOSPITAL], None, HOSPITAL),
        ([LAB], None, LAB),
        ([HOSPITAL, RIS, LAB, CLOSED], None, HOSPITAL),  # the only production root in force
        ([HOSPITAL, RIS, LAB], "1.2.3.8", LAB),
        ([HOSPITAL, RIS, LAB], "1.2.3", HOSPITAL),
        ([HOSPITAL, LONG], "1.2.3", HOSPITAL),
    ],
)
def test_the_root_asked_for_or_the_only_one_is_issued_under(
    roots: list[Root], asked: str | None, root: Root, method: Method
) -> None:
    assert Roots(roots).for_issuing(asked, method) == root


@RANDOM_AND_KEYED
@pytest.mark.parametrize(
    ("roots", "asked", "message"),
    [
        ([], None, "no root to issue under"),
        ([RIS, CLOSED], None, "no root to issue under"),
        ([HOSPITAL], "1.2.4", "'1.2.4' is not a root of this registry"),
        ([HOSPITAL], "1.2.3.1", "'1.2.3.1' is not a root of this registry"),
        ([HOSPITAL], "x\n", r"'x\n' is not a root of this registry"),
        ([HOSPITAL, RIS], "1.2.3.7", "the RIS mints under 1.2.3.7"),
        ([Root("1.5", DELEGATED)], "1.5", "another system mints under 1.5"),
        ([HOSPITAL, CLOSED], "1.2.3.9", "1.2.3.9 is retired"),
        ([HOSPITAL, Root("1.5", PRODUCTION)], None, "several roots to issue under: 1.2.3, 1.5"),
        ([LAB, Root("1.5", RESEARCH)], None, "several roots to issue under: 1.2.3.8, 1.5"),
        ([LONG], None, "122 random bits need 37"),
        ([LONG], LONG.prefix, "122 random bits need 37"),
    ],
)
def test_a_root_that_cant_be_issued_under_is_refused_with_the_reason(
    roots: list[Root], asked: str | None, message: str, method: Method
) -> None:
    with pytest.raises(BadRoot) as caught:
        Roots(roots).for_issuing(asked, method)
    assert message in caught.value.message


@pytest.mark.parametrize("roots", [[], [HOSPITAL], [HOSPITAL, LAB], [RIS], [LONG]])
@pytest.mark.parametrize("asked", [None, "2.25"])
def test_a_uuid_needs_no_root(roots: list[Root], asked: str | None) -> None:
    assert Roots(roots).for_issuing(asked, Method.UUID).prefix == "2.25"


def test_a_uuid_never_stands_under_a_root_of_the_organization() -> None:
    with pytest.raises(BadRoot, match=r"under 2\.25, not under 1\.2\.3"):
        Roots([HOSPITAL]).for_issuing("1.2.3", Method.UUID)


# --- what can be a root -------------------------------------------------------------------------


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("text", [ROOT, "1.2.840.113619", "2.16.840.1.113883", "0.0.1"])
def test_an_arc_of_ones_own_can_be_a_root_with_or_without_a_final_dot(text: str, policy: Policy) -> None:
    assert parse_root(text, policy) == text
    assert parse_root(f"{text}.", policy) == text


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it isn't digits"),
        (".", "it isn't digits"),
        ("1.2..", "it isn't digits"),
        ("1.2.3\n", r"'1.2.3\n' is not an OID"),
        ("hospital", "it isn't digits"),
        ("1", "it has a single component"),
        ("2.", "it has a single component"),
        ("1.2.003", "a component begins with a zero"),
        ("3.1", "no such arc exists"),
        ("1.40", "no such arc exists"),
        ("1." * 33, "more than 64 characters"),
        ("1.2.840.10008", "under DICOM's own root"),
        ("1.2.840.10008.5.1.4", "under DICOM's own root"),
        ("2.999", "for examples in documents"),
        ("2.999.1", "for examples in documents"),
        ("2.25", "for UUIDs and belongs to nobody"),
        ("2.25.17", "for UUIDs and belongs to nobody"),
    ],
)
def test_what_nobody_can_own_is_no_root_under_any_policy(text: str, message: str, policy: Policy) -> None:
    with pytest.raises(BadRoot) as caught:
        parse_root(text, policy)
    assert message in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "1.2",  # ISO's member bodies
        "1.2.840",  # ANSI's: DICOM's own root lies under it
        "1.2.826.0.1.3680043",  # Medical Connections': it gives arcs to hundreds of others
    ],
)
def test_an_arc_that_holds_the_standards_root_or_a_toolkits_is_not_an_organizations_own(text: str) -> None:
    with pytest.raises(BadRoot):
        parse_root(text, PRODUCTION)


@pytest.mark.parametrize("toolkit", TOOLKIT_ROOTS)
def test_a_toolkits_root_is_shared_so_it_serves_for_research_alone(toolkit: str) -> None:
    assert parse_root(toolkit, RESEARCH) == toolkit
    assert parse_root(f"{toolkit}.5", RESEARCH) == f"{toolkit}.5"
    for policy in (PRODUCTION, DELEGATED):
        for text in (toolkit, f"{toolkit}.5"):
            with pytest.raises(BadRoot) as caught:
                parse_root(text, policy)
            assert TOOLKIT_ROOTS[toolkit] in caught.value.message
            assert "--policy research" in caught.value.advice


def test_the_neighbour_of_a_toolkits_root_belongs_to_somebody_else() -> None:
    assert parse_root("1.2.826.0.1.3680043.8.4980", PRODUCTION) == "1.2.826.0.1.3680043.8.4980"


@given(valid_uids(), st.sampled_from(Policy))
def test_a_root_that_is_accepted_stays_as_it_is(text: str, policy: Policy) -> None:
    try:
        prefix = parse_root(text, policy)
    except BadRoot:
        return
    assert prefix == text == parse_root(prefix, policy)
