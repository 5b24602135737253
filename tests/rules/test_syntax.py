"""UID1: what is no UID, in each element, as it stands in the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from registry.records import Finding, Kind
from registry.services.opening import OpenRegistry
from registry.services.registering import register
from tests.objects import ROOT, changed, reference_to, save, tiny
from tests.rules.conftest import Case, E, Judged, N, W, agrees, bytes_of, cases, lax

INSTANCE, SERIES, STUDY = Kind.INSTANCE, Kind.SERIES, Kind.STUDY
RFC = "2.25.329800735698586629295641978511506172918"
"""The example of PS3.5 section B.2: the UUID f81d4fae-7dec-11d0-a765-00a0c91e6bf6."""

PALETTE = "1.2.840.10008.5.1.4.39.1"


def raw(old: bytes, new: bytes, data_set: Dataset | None = None, *, implicit: bool = False) -> bytes:
    """The file of an object in which the bytes of one UID are others of the same length."""
    data_set = data_set or tiny("1.2.3.4.1111", "1.2.3.4.22")
    if implicit:
        data_set.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    data = bytes_of(data_set)
    assert len(old) == len(new)
    assert old in data
    return data.replace(old, new)


def sourced(uid: str) -> Dataset:
    """An object whose source has some UID."""
    source = tiny(uid)
    return tiny("1.2.3.4.9", sources=(source,))


def in_a_list(value: bytes) -> bytes:
    """A file with several values in one element, which is `1.2.3.4.91\\1.2.3.4.92` before it is changed."""
    return raw(b"1.2.3.4.91\\1.2.3.4.92", value, tiny(FrameOfReferenceUID=["1.2.3.4.91", "1.2.3.4.92"]))


def deep(uid: str, levels: int = 3) -> Dataset:
    """An object with a reference some sequences down."""
    item = reference_to(tiny(uid))
    for _ in range(levels):
        outer = Dataset()
        outer.SourceImageSequence = [item]
        item = outer
    return tiny("1.2.3.4.8", SourceImageSequence=[item])


def without_place(data_set: Dataset) -> Dataset:
    return changed(data_set, StudyInstanceUID=None, SeriesInstanceUID=None)


with lax():
    CASES = [
        Case(
            "UID101",
            "letters",
            tiny(series="anonymous-organization.17"),
            (E, "anonymous-organization.17", None),
        ),
        Case("UID101", "an empty component", tiny("1.2..3"), (E, "1.2..3", None)),
        Case("UID101", "a dot at the end", tiny("1.2.3."), (E, "1.2.3.", None)),
        Case("UID101", "a dot before", tiny(study=".1.2.3"), (E, ".1.2.3", None)),
        Case(
            "UID101",
            "a newline",
            raw(b"1.2.3.4.1111", b"1.2.3.4.111\n"),
            (E, r"1.2.3.4.111\n", None),
            "SOPInstanceUID is not a UID",
        ),
        Case(
            "UID101", "a NUL inside", raw(b"1.2.3.4.1111", b"1.2.3\0004.1111"), (E, r"1.2.3\x004.1111", None)
        ),
        Case("UID101", "a space before", raw(b"1.2.3.4.1111", b" .2.3.4.1111"), (E, " .2.3.4.1111", None)),
        Case(
            "UID101",
            "deep in sequences",
            deep("1.2.x"),
            (E, "1.2.x", None),
            "SourceImageSequence > SourceImageSequence > SourceImageSequence > SourceImageSequence > Ref",
        ),
        Case(
            "UID101",
            "in the file meta information",
            raw(b"1.2.826.0.1.3680043.8.498.1", b"x" * 27),
            (E, "x" * 27, None),
            "ImplementationClassUID",
        ),
        Case(
            "UID101",
            "every one of several",
            in_a_list(b"1.2.3.4.9a\\1.2.3.4.9b"),
            [(E, "1.2.3.4.9a", None), (E, "1.2.3.4.9b", None)],
        ),
        Case("UID101", "a good one", tiny("1.2.840.5")),
        Case("UID101", "padding at the end is another matter", raw(b"1.2.3.4.1111", b"1.2.3.4.111 ")),
        Case(
            "UID102",
            "65 characters",
            tiny("1.2." + "3" * 61),
            (E, "1.2." + "3" * 60 + "…", None),
            "has 65 characters",
        ),
        Case("UID102", "64 characters", tiny("1.2." + "3" * 60)),
        Case(
            "UID102",
            "in a reference",
            sourced("1.2." + "3" * 70),
            (E, "1.2." + "3" * 60 + "…", None),
            "74 characters",
        ),
        Case(
            "UID103",
            "a leading zero",
            tiny("1.2.003"),
            (E, "1.2.003", None),
            "without it, it is 1.2.3, which the",
        ),
        Case("UID103", "a component that is zero", tiny("1.2.0.3")),
        Case("UID103", "the first component", tiny("01.2.3"), (E, "01.2.3", None)),
        Case(
            "UID103",
            "in a reference",
            sourced("1.2.04"),
            (E, "1.2.04", None),
            "SourceImageSequence > Referenced",
        ),
        Case(
            "UID104",
            "a space at the end",
            raw(b"1.2.3.4.1111", b"1.2.3.4.111 "),
            (W, "1.2.3.4.111", None),
            "has a space at the end",
        ),
        Case(
            "UID104",
            "implicit VR",
            raw(b"1.2.3.4.1111", b"1.2.3.4.111 ", implicit=True),
            (W, "1.2.3.4.111", None),
        ),
        Case(
            "UID104",
            "two NULs at the end",
            raw(b"1.2.3.4.1111", b"1.2.3.4.11\0\0"),
            (W, "1.2.3.4.11", None),
            "more than one NUL",
        ),
        Case("UID104", "one NUL at the end", tiny("1.2.3.4.111")),
        Case(
            "UID104",
            "a space and a NUL",
            raw(b"1.2.3.4.1111", b"1.2.3.4.11 \0"),
            (W, "1.2.3.4.11", None),
            "a space",
        ),
        Case(
            "UID104",
            "a NUL in a list",
            in_a_list(b"1.2.3.4.9\0\\1.2.3.4.92"),
            (W, "1.2.3.4.9", None),
            "before the end",
        ),
        Case(
            "UID104",
            "in a reference",
            raw(b"1.2.3.4.7777", b"1.2.3.4.777 ", sourced("1.2.3.4.7777")),
            (W, "1.2.3.4.777", None),
            "SourceImageSequence > ReferencedSOPInstanceUID",
        ),
        Case(
            "UID104",
            "in the file meta information",
            raw(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1 "),
            (W, "1.2.840.10008.1.2.1", None),
            "TransferSyntaxUID",
        ),
        Case("UID104", "a NUL inside is UID101", raw(b"1.2.3.4.1111", b"1.2.3\0004.1111")),
        Case("UID104", "a space inside is UID101", raw(b"1.2.3.4.1111", b"1.2.3 4.1111")),
        Case("UID104", "nothing but spaces is UID109", raw(b"1.2.3.4.1111", b" " * 12)),
        Case("UID105", "a single component", tiny(series="2"), (E, "2", None)),
        Case("UID105", "the UUID root", tiny(series="2.25"), (E, "2.25", SERIES)),
        Case(
            "UID105",
            "a toolkit's root",
            tiny("1.2.826.0.1.3680043.8.498"),
            (E, "1.2.826.0.1.3680043.8.498", INSTANCE),
        ),
        Case("UID105", "our own root", tiny(frame=ROOT), (E, ROOT, Kind.FRAME_OF_REFERENCE)),
        Case("UID105", "a UID under a root", tiny(f"{ROOT}.1")),
        Case("UID105", "a single component that names no thing", changed(tiny(), CodingSchemeUID="7")),
        Case("UID106", "a first arc of 3", tiny("3.1.4"), (E, "3.1.4", None)),
        Case("UID106", "a second arc of 40 under 0", tiny("0.40.1"), (E, "0.40.1", None)),
        Case("UID106", "a second arc of 45 under 1", tiny("1.45.6"), (E, "1.45.6", None)),
        Case("UID106", "39 under 1", tiny("1.39.6")),
        Case("UID106", "999 under 2", tiny("2.999.1")),
        Case("UID107", "too large a number", tiny(f"2.25.{2**128}"), (E, f"2.25.{2**128}", None)),
        Case("UID107", "the largest number", tiny(f"2.25.{2**128 - 1}")),
        Case("UID107", "two components", tiny("2.25.1.2"), (E, "2.25.1.2", None)),
        Case("UID107", "2.250 is no such arc", tiny("2.250.1.2")),
        Case("UID108", "the nil UUID", tiny("2.25.0"), (N, "2.25.0", INSTANCE), "nil"),
        Case(
            "UID108",
            "random digits",
            tiny(series="2.25.12345678901234567890"),
            (N, "2.25.12345678901234567890", SERIES),
        ),
        Case("UID108", "all ones", tiny(study=f"2.25.{2**128 - 1}"), (N, f"2.25.{2**128 - 1}", STUDY)),
        Case("UID108", "a UUID of version 1", tiny(RFC)),
        Case("UID108", "a UUID of version 4", tiny(f"2.25.{0x9C5B94B1_35AD_49BB_B118_8E8FC24ABF80}")),
        Case("UID108", "a UUID of version 8", tiny(f"2.25.{0x9C5B94B1_35AD_89BB_B118_8E8FC24ABF80}")),
        Case(
            "UID108",
            "version 9",
            tiny(f"2.25.{0x9C5B94B1_35AD_99BB_B118_8E8FC24ABF80}"),
            (N, f"2.25.{0x9C5B94B1_35AD_99BB_B118_8E8FC24ABF80}", INSTANCE),
        ),
        Case(
            "UID108",
            "the variant of Microsoft",
            tiny(f"2.25.{0x9C5B94B1_35AD_49BB_D118_8E8FC24ABF80}"),
            (N, f"2.25.{0x9C5B94B1_35AD_49BB_D118_8E8FC24ABF80}", INSTANCE),
        ),
        Case("UID108", "what no UUID gives is UID107", tiny("2.25.1.2")),
        Case("UID108", "the bare root is UID105", tiny("2.25")),
        Case("UID108", "a reference isn't minted here", sourced("2.25.5")),
        Case("UID109", "no series", tiny(series=None), (E, "1.2.3.4.1", INSTANCE), "SeriesInstanceUID"),
        Case("UID109", "no class", tiny(sop_class=None), (E, "1.2.3.4.1", INSTANCE), "SOPClassUID"),
        Case(
            "UID109",
            "an empty instance",
            raw(b"1.2.3.4.1111", b"\0" * 12),
            (E, "1.2.3.4.22", SERIES),
            "SOPInstanceUID",
        ),
        Case(
            "UID109",
            "two studies",
            tiny(study=["1.2.3", "1.2.4"]),
            (E, "1.2.3.4.1", INSTANCE),
            "StudyInstanceUID",
        ),
        Case("UID109", "all four", tiny()),
        Case("UID109", "a color palette", without_place(tiny(sop_class=PALETTE))),
        Case(
            "UID109",
            "a color palette without instance",
            without_place(changed(tiny(sop_class=PALETTE), SOPInstanceUID="")),
            (E, None, None),
            "SOPInstanceUID",
        ),
    ]


@cases(CASES)
def test_what_is_found(case: Case, in_file: Judged) -> None:
    agrees(case, in_file(case))


def test_each_rule_has_a_bad_and_a_good_file() -> None:
    codes = [f"UID10{digit}" for digit in range(1, 10)]
    assert {case.code for case in CASES if case.expected} == set(codes)
    assert {case.code for case in CASES if not case.expected} == set(codes)


def test_a_leading_zero_is_matched_against_the_ledger(
    registry: OpenRegistry, look: Callable[..., list[Finding]], tmp_path: Path
) -> None:
    """1.2.003 may be another system's 1.2.3, and the registry may know that one."""
    (unknown,) = look("UID103", tiny("1.2.3.4.05"))
    assert unknown.message.endswith("1.2.3.4.5, which the registry doesn't know")
    register(registry, [str(save(tiny("1.2.3.4.5"), tmp_path / "known.dcm"))])
    (known,) = look("UID103", tiny("1.2.3.4.05"))
    assert known.message.endswith("1.2.3.4.5, which the registry knows")
    assert known.related == ("1.2.3.4.5",)


@pytest.mark.engine("sqlite")
def test_one_flaw_hides_no_other(look: Callable[..., list[Finding]]) -> None:
    both = "2.25.1." + "0" * 60
    for code in ("UID102", "UID103", "UID107"):
        assert len(look(code, tiny(both))) == 1, code


@pytest.mark.engine("sqlite")
def test_what_is_in_original_attributes_is_judged_too(look: Callable[..., list[Finding]]) -> None:
    before = Dataset()
    before.StudyInstanceUID = "1.2.x"
    change = Dataset()
    change.ModifiedAttributesSequence = [before]
    (finding,) = look("UID101", tiny(OriginalAttributesSequence=[change]))
    assert "OriginalAttributesSequence > ModifiedAttributesSequence > StudyInstanceUID" in finding.message


@pytest.mark.engine("sqlite")
def test_padding_of_one_uid_in_many_places_is_one_finding(look: Callable[..., list[Finding]]) -> None:
    before, after = b"1.2.3.4.7777", b"1.2.3.4.777 "
    sources = [tiny("1.2.3.4.7777")] * 3
    data = bytes_of(tiny("1.2.3.4.7777", sources=tuple(sources), FrameOfReferenceUID="1.2.3.4.7777"))
    (finding,) = look("UID104", data.replace(before, after))
    assert finding.message == (
        "MediaStorageSOPInstanceUID has a space at the end, SOPInstanceUID has a space at the end, "
        "SourceImageSequence > ReferencedSOPInstanceUID has a space at the end, "
        "FrameOfReferenceUID has a space at the end: '1.2.3.4.777'"
    )
