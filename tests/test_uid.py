"""What is a UID, what is wrong with one, whose arc is it under."""

from __future__ import annotations

import unicodedata

import highdicom
import pydicom.config
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydicom.uid import UID, generate_uid

from registry.errors import MalformedUid
from registry.uid import (
    EXAMPLE_ROOT,
    MAX_LENGTH,
    STANDARD_ROOT,
    TOOLKIT_ROOTS,
    WELL_KNOWN_ARCS,
    Flaw,
    canonical,
    flaws,
    is_key,
    is_under,
    is_well_known,
    longest_root,
    parse,
    printable,
)

MALFORMED, OVERLONG, LEADING_ZERO = Flaw.MALFORMED, Flaw.OVERLONG, Flaw.LEADING_ZERO
UNALLOCATED, IMPOSSIBLE, SINGLE = Flaw.UNALLOCATED_ARC, Flaw.IMPOSSIBLE_UUID, Flaw.SINGLE_COMPONENT

LONGEST = "1.2." + "9" * (MAX_LENGTH - 4)
LARGEST_UUID = f"2.25.{2**128 - 1}"


@st.composite
def valid_uids(draw: st.DrawFn, longest: int = MAX_LENGTH) -> str:
    """Every shape of UID that can be allocated, often as long as allowed."""
    if longest >= len(LARGEST_UUID) and draw(st.integers(0, 9)) == 9:
        return f"2.25.{draw(st.integers(0, 2**128 - 1))}"
    first = draw(st.integers(0, 2))
    second = draw(st.integers(0, 39) if first < 2 else st.integers(0, 999).filter(lambda arc: arc != 25))
    uid = f"{first}.{second}"
    for component in draw(st.lists(st.one_of(st.integers(0, 99), st.integers(0, 10**62)), max_size=8)):
        longer = f"{uid}.{component}"
        uid = longer if len(longer) <= longest else uid
    room = longest - len(uid) - 1
    return f"{uid}.{'9' * room}" if room > 0 and draw(st.booleans()) else uid


VALID = [
    "1.2",
    "0.0",
    "0.39",
    "1.39.1",
    "2.999",
    "2.40.0.13",
    "2.48.1",
    "1.2.0",
    "1.2.0.0.1",
    "1.2.840.10008.1.1",
    "2.25",  # an arc that exists, though no name for a thing (UID105)
    "2.25.0",
    "2.250.1.2",
    LARGEST_UUID,
    LONGEST,
    ".".join(["1"] * 32),
]

FLAWED = [
    ("", [MALFORMED]),
    (".", [MALFORMED]),
    ("1.2.3\n", [MALFORMED]),
    ("1.2.3\0", [MALFORMED]),
    ("1.2.3 ", [MALFORMED]),
    (" 1.2.3", [MALFORMED]),
    ("1.2.3.", [MALFORMED]),
    (".1.2.3", [MALFORMED]),
    ("1..3", [MALFORMED]),
    ("1.2.a", [MALFORMED]),
    ("1.2,3", [MALFORMED]),
    ("1.-2.3", [MALFORMED]),
    ("1.2.\N{FULLWIDTH DIGIT THREE}", [MALFORMED]),
    ("1.2.\N{ARABIC-INDIC DIGIT THREE}", [MALFORMED]),
    ("1.2.\N{SUPERSCRIPT TWO}", [MALFORMED]),
    ("x" * 65, [MALFORMED, OVERLONG]),
    (LONGEST + "9", [OVERLONG]),
    (LONGEST + "\n", [MALFORMED, OVERLONG]),
    ("1.2." + "9" * 9000, [OVERLONG]),  # more digits than Python reads as a number
    ("1.2.003", [LEADING_ZERO]),
    ("1.2.00", [LEADING_ZERO]),
    ("01.2.3", [LEADING_ZERO]),
    ("1.02.3", [LEADING_ZERO]),
    ("3.1", [UNALLOCATED]),
    ("9.999", [UNALLOCATED]),
    ("10.1", [UNALLOCATED]),
    ("1.40", [UNALLOCATED]),
    ("0.40.1", [UNALLOCATED]),
    ("1.840.10008.1.2", [UNALLOCATED]),  # a typing error that happens
    ("1.040", [LEADING_ZERO, UNALLOCATED]),
    ("1." + "9" * 9000, [OVERLONG, UNALLOCATED]),
    ("2.25.1.2", [IMPOSSIBLE]),
    (f"2.25.{2**128}", [IMPOSSIBLE]),
    ("2.25." + "9" * 39, [IMPOSSIBLE]),
    ("2.25." + "9" * 40, [IMPOSSIBLE]),
    ("2.25." + "9" * 9000, [OVERLONG, IMPOSSIBLE]),
    ("2.025.1.2", [LEADING_ZERO, IMPOSSIBLE]),
    ("1", [SINGLE]),
    ("2", [SINGLE]),
    ("3", [UNALLOCATED, SINGLE]),
    ("00", [LEADING_ZERO, SINGLE]),
]


def shown(value: object) -> str | None:
    return printable(value) if isinstance(value, str) else None


def for_pydicom(text: str) -> bool:
    return UID(text, validation_mode=pydicom.config.IGNORE).is_valid


# --- what is a UID --------------------------------------------------------------------


@pytest.mark.parametrize("text", VALID, ids=shown)
def test_a_valid_uid_has_no_flaw_and_parses_to_itself(text: str) -> None:
    assert flaws(text) == ()
    assert parse(text) == text


@pytest.mark.parametrize(("text", "expected"), FLAWED, ids=shown)
def test_each_flaw_is_told_and_no_other(text: str, expected: list[Flaw]) -> None:
    assert list(flaws(text)) == expected
    with pytest.raises(MalformedUid):
        parse(text)


def test_the_table_shows_every_flaw_there_is() -> None:
    assert {flaw for _, found in FLAWED for flaw in found} == set(Flaw)


@given(valid_uids())
def test_every_uid_that_can_be_allocated_parses_to_itself(uid: str) -> None:
    assert parse(uid) == uid


def allocated(text: str) -> bool:
    """PS3.5 section 9.1, section B.2 and X.660 once more, in another way."""
    components = text.split(".")
    if len(text) > 64 or len(components) < 2:
        return False
    if any(component != str(int(component)) for component in components):
        return False
    numbers = [int(component) for component in components]
    if numbers[:2] == [2, 25]:
        return len(numbers) == 2 or (len(numbers) == 3 and numbers[2] < 2**128)
    return numbers[0] == 2 or (numbers[0] < 2 and numbers[1] < 40)


components = st.one_of(
    st.sampled_from(["0", "1", "2", "3", "25", "025", "39", "40", "00", "003", "999", "9" * 39, "9" * 63]),
    st.integers(0, 2**129).map(str),
)


@given(st.lists(components, min_size=1, max_size=6).map(".".join))
@example("2.25.340282366920938463463374607431768211455")
@example("2.25.340282366920938463463374607431768211456")
def test_of_dotted_digits_exactly_those_are_flawless_that_can_be_allocated(text: str) -> None:
    assert (flaws(text) == ()) is allocated(text)


@given(st.text(alphabet="0129.", max_size=70) | st.text(max_size=20))
def test_a_text_is_malformed_exactly_if_a_part_between_dots_isnt_digits(text: str) -> None:
    digits = all(part and set(part) <= set("0123456789") for part in text.split("."))
    assert (MALFORMED in flaws(text)) is not digits
    assert (OVERLONG in flaws(text)) is (len(text) > 64)


# --- beside pydicom ----------------------------------------------------------------------


@given(valid_uids())
def test_pydicom_takes_whatever_is_valid_here(uid: str) -> None:
    assert for_pydicom(uid)


@pytest.mark.parametrize(
    "text",
    ["1.2.3\n", "3.1", "9.999", "1.40", "1.840.10008.1.2", "2.25.1.2", "2.25." + "9" * 39, "1"],
    ids=shown,
)
def test_pydicom_takes_some_that_nobody_can_allocate(text: str) -> None:
    assert for_pydicom(text)
    assert flaws(text)


# --- what is said of a bad one --------------------------------------------------------------


def test_the_message_quotes_the_text_and_names_the_flaw() -> None:
    with pytest.raises(MalformedUid) as caught:
        parse("1.2.3\n")
    assert (
        caught.value.message == r"'1.2.3\n' is not a valid UID: it isn't digits with single dots between them"
    )


def test_the_advice_for_leading_zeros_is_the_canonical_form() -> None:
    with pytest.raises(MalformedUid) as caught:
        parse("1.2.003")
    assert caught.value.advice == "Without leading zeros it is 1.2.3."


def test_no_canonical_form_is_advised_where_that_has_a_flaw_too() -> None:
    with pytest.raises(MalformedUid) as caught:
        parse("1.040")
    assert "1.40" not in caught.value.advice


@given(st.text(alphabet=st.characters(exclude_categories=())))
@example("\ud800\x1b[2J\x00")
@example("\N{RIGHT-TO-LEFT OVERRIDE}")
@example("\n" * 1000)
def test_what_is_shown_of_a_text_is_short_and_harmless_on_a_terminal(text: str) -> None:
    quoted = printable(text)
    assert not any(unicodedata.category(character).startswith("C") for character in quoted)
    assert len(quoted) <= MAX_LENGTH + len("''…")
    quoted.encode()  # even what came from a file name that isn't UTF-8


@given(valid_uids())
def test_a_uid_is_shown_whole(uid: str) -> None:
    assert printable(uid) == f"'{uid}'"


def test_what_is_cut_off_is_told() -> None:
    assert printable("1" * 65) == f"'{'1' * 64}…'"


# --- the canonical form ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1.2.003", "1.2.3"),
        ("01.002.0003", "1.2.3"),
        ("1.2.000", "1.2.0"),
        ("1.2.0", "1.2.0"),
        ("1.2.100", "1.2.100"),
        ("0.0.1", "0.0.1"),
        ("1.10.101", "1.10.101"),
    ],
)
def test_the_canonical_form_has_no_leading_zeros(text: str, plain: str) -> None:
    assert canonical(text) == plain


@given(valid_uids(), st.data())
def test_a_uid_written_with_leading_zeros_is_the_same_in_canonical_form(
    uid: str, data: st.DataObject
) -> None:
    padded = ".".join("0" * data.draw(st.integers(0, 3)) + component for component in uid.split("."))
    assert canonical(padded) == uid
    assert canonical(uid) == uid


# --- keys of the ledger -----------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1.2", "1.2.003", "3.1", "1.40", "2.25.1.2", "2.25." + "9" * 39, LONGEST])
def test_a_flawed_uid_can_be_a_key_so_that_it_is_recorded_as_itself(text: str) -> None:
    assert is_key(text)


@pytest.mark.parametrize(
    "text", ["", "1", "1.", ".1", "1..2", "1.2\n", "1.2 ", "1.2a", "1.2.٣", LONGEST + "9"], ids=shown
)
def test_what_isnt_dotted_digits_or_is_too_long_can_never_be_a_key(text: str) -> None:
    assert not is_key(text)


# --- arcs and roots ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uid", "root", "under"),
    [
        ("1.2.3", "1.2.3", True),
        ("1.2.3.4", "1.2.3", True),
        ("1.2.34", "1.2.3", False),
        ("1.2", "1.2.3", False),
        ("2.1.2.3", "1.2.3", False),
        ("2.9991.1", EXAMPLE_ROOT, False),
    ],
)
def test_an_arc_is_a_row_of_whole_components(uid: str, root: str, under: bool) -> None:
    assert is_under(uid, root) is under


@given(valid_uids(), valid_uids(longest=8))
def test_a_uid_is_under_a_root_if_its_components_begin_with_the_roots(uid: str, root: str) -> None:
    own = root.split(".")
    assert is_under(uid, root) is (uid.split(".")[: len(own)] == own)
    assert is_under(f"{root}.{uid}", root)
    assert not is_under(f"{root}{uid}", root)


NESTED = ("1.2", "1.2.3", "1.2.3.4", "1.2.34", "2.999")


@pytest.mark.parametrize(
    ("uid", "root"),
    [
        ("1.2.3.4.5", "1.2.3.4"),
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.45", "1.2.3"),
        ("1.2.34.4", "1.2.34"),
        ("1.2.35", "1.2"),
        ("1.3", None),
    ],
)
def test_where_roots_nest_the_longest_match_wins_in_any_order(uid: str, root: str | None) -> None:
    assert longest_root(uid, NESTED) == root
    assert longest_root(uid, reversed(NESTED)) == root


@given(valid_uids(), st.lists(st.integers(1, 32), unique=True), st.lists(valid_uids(longest=12)))
def test_the_longest_root_is_the_one_with_the_most_components(
    uid: str, depths: list[int], others: list[str]
) -> None:
    arcs = uid.split(".")
    roots = [".".join(arcs[:depth]) for depth in depths] + others
    above = [root for root in roots if arcs[: root.count(".") + 1] == root.split(".")]
    expected = max(above, key=lambda root: root.count("."), default=None)
    assert longest_root(uid, roots) == expected


def test_no_roots_no_match() -> None:
    assert longest_root("1.2.3", []) is None


@pytest.mark.parametrize(
    ("uid", "known"),
    [
        ("1.2.840.10008.1.4.1.1", True),  # Talairach brain atlas
        ("1.2.840.10008.1.4.2.1", True),
        ("1.2.840.10008.1.5.1", True),  # hot iron palette
        ("1.2.840.10008.1.40.1", False),
        ("1.2.840.10008.1.3.10", False),
        ("1.2.840.10008.5.1.4.1.1.2", False),
        ("1.2.840.10008", False),
    ],
)
def test_well_known_are_the_frames_of_reference_and_palettes_of_the_standard(uid: str, known: bool) -> None:
    assert is_well_known(uid) is known


@pytest.mark.parametrize("root", [STANDARD_ROOT, EXAMPLE_ROOT, *WELL_KNOWN_ARCS, *TOOLKIT_ROOTS])
def test_the_roots_that_the_program_knows_are_arcs_themselves(root: str) -> None:
    assert flaws(root) == ()


def test_toolkits_mint_under_the_roots_that_the_program_knows() -> None:
    assert TOOLKIT_ROOTS[str(longest_root(generate_uid(), TOOLKIT_ROOTS))] == "pydicom"
    assert TOOLKIT_ROOTS[str(longest_root(highdicom.UID(), TOOLKIT_ROOTS))] == "highdicom"
