"""Templates against ``scan`` and pydicom: the same trees and the same claims, or no template is taken.

Series are made of every file that there is: copies of which some elements differ, are
longer, shorter, gone or new, whether they are values, sequences, private or pixels.
"""

from __future__ import annotations

import io
import random
import struct
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from registry.dicomfile import templates
from registry.dicomfile.identity import Uids
from registry.dicomfile.objects import claim_of
from registry.dicomfile.parsed import Parsed, naming
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.recall import Recall
from registry.dicomfile.references import references_of
from registry.dicomfile.scan import LONG, Scanner, Unusual, scan
from registry.dicomfile.template import LARGEST as LARGEST_KNOWN
from registry.dicomfile.template import Template
from registry.dicomfile.templates import Templates
from registry.dicomfile.tree import Tree, text
from registry.dicomfile.unreadable import UnreadableDicom
from registry.hashing import Hashing
from registry.records import ObjectClaim
from tests.dicomfile.test_hostile import element
from tests.dicomfile.test_scan import by_pydicom, differences, files, made
from tests.fuzzing import LARGEST, Fuzzer
from tests.objects import PYDICOM_FILES, tiny

KEYS = ReaderKeys(b"fingerprint", b"digest", (ReaderKeys(b"before", b"old", (), Hashing.BLAKE2B), None))
CT = PYDICOM_FILES / "CT_small.dcm"
TRANSFER_SYNTAX_UID = 0x0002_0010
IMPLICIT = "1.2.840.10008.1.2"

Spans = list[tuple[int, int, int]]
"""Where each element of a file begins, where its value begins, and where it ends."""


@cache
def ordinary() -> dict[str, bytes]:
    """All files that the short cut reads."""
    found = {str(path): path.read_bytes() for path in files() if path.stat().st_size <= LARGEST}
    return {name: data for name, data in (found | made()).items() if scanned(data) is not None}


def scanned(data: bytes) -> tuple[Tree, Tree] | None:
    try:
        return scan(data)
    except Unusual:
        return None


def spans(data: bytes) -> Spans:
    end = 144 + int.from_bytes(data[140:144], "little")
    implicit = text(scan(data)[0], TRANSFER_SYNTAX_UID) == IMPLICIT
    return [*_spans(data, 144, end, implicit=False), *_spans(data, end, len(data), implicit=implicit)]


def _spans(data: bytes, start: int, end: int, *, implicit: bool) -> Iterator[tuple[int, int, int]]:
    scanner = Scanner(data, implicit=implicit)
    while start < end:
        _, stop = scanner.one(start, end)
        long = not implicit and data[start + 4 : start + 6] in LONG
        yield start, start + (12 if long else 8), stop
        start = stop


class Series:
    """Makes files that are like one file."""

    def __init__(self, data: bytes, chance: random.Random) -> None:
        self._data, self._chance = data, chance
        self._spans = spans(data)
        # In a real series it is always the same ones that differ.
        self._usual = chance.sample(self._spans, min(len(self._spans), chance.choice((1, 2, 5))))

    def another(self) -> bytes:
        chance = self._chance
        chosen = list(self._usual)
        if chance.random() < 0.2:
            chosen = chance.sample(self._spans, min(len(self._spans), chance.choice((1, 3))))
        data = bytearray(self._data)
        for start, value, stop in sorted(chosen, reverse=True):
            change = chance.choice(self.CHANGES)
            data[start:stop] = change(bytes(data[start:value]), bytes(data[value:stop]), chance)
        if chance.random() < 0.9:
            self._mend(data)
        return bytes(data)

    def _mend(self, data: bytearray) -> None:
        """Say the length of the file meta information as it is now."""
        change = len(data) - len(self._data)
        length = int.from_bytes(self._data[140:144], "little")
        if data[144 + length : 144 + length + 8] != self._data[144 + length : 144 + length + 8]:
            data[140:144] = struct.pack("<I", max(0, length + change))

    @staticmethod
    def _value(head: bytes, value: bytes, chance: random.Random) -> bytes:
        if not value:
            return head
        place = chance.randrange(len(value))
        return head + value[:place] + bytes([chance.choice(b"1279.A ^\\\0\xe9")]) + value[place + 1 :]

    @staticmethod
    def _resized(head: bytes, value: bytes, chance: random.Random) -> bytes:
        longer = value + chance.choice((b"1 ", b"27.1", b".9", b"\\1.2.3 "))
        new = chance.choice((longer, value[:-2], value[: len(value) // 4 * 2], b""))
        size = 4 if len(head) == 12 or head[4:6].decode("latin-1") not in _SHORT else 2
        if head[-size:] == b"\xff" * size:
            return head + value
        return head[:-size] + len(new).to_bytes(4, "little")[:size] + new

    @staticmethod
    def _gone(head: bytes, value: bytes, chance: random.Random) -> bytes:
        return b"" if chance.random() < 0.3 else Series._value(head, value, chance)

    @staticmethod
    def _new(head: bytes, value: bytes, chance: random.Random) -> bytes:
        group, element = struct.unpack("<HH", head[:4])
        tag = struct.pack("<HH", group, min(element + 1, 0xFFFF))
        implicit = len(head) == 8 and head[4:6].decode("latin-1") not in _SHORT
        new = tag + (struct.pack("<I", 2) if implicit else b"LO\2\0") + b"X "
        return head + value + (new if chance.random() < 0.3 else b"")

    @staticmethod
    def _same(head: bytes, value: bytes, _chance: random.Random) -> bytes:
        return head + value

    @staticmethod
    def _other_vr(head: bytes, value: bytes, chance: random.Random) -> bytes:
        if chance.random() < 0.3 and head[4:6] in (b"LO", b"SH", b"CS", b"UI", b"OB", b"OW"):
            other = {b"OB": b"OW", b"OW": b"OB"}.get(head[4:6], b"ST")
            return head[:4] + other + head[6:] + value
        return head + value

    CHANGES: tuple[Any, ...] = ()


Series.CHANGES = (
    *(Series._value,) * 4,
    *(Series._resized,) * 3,
    Series._same,
    Series._gone,
    Series._new,
    Series._other_vr,
)
_SHORT = "AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split()


class Compared:
    """Reads file after file by templates, and holds each against reading it alone."""

    def __init__(self) -> None:
        self._templates = Templates()
        self.by_template = self.files = 0

    def read(self, data: bytes) -> None:
        self.files += 1
        expected = scanned(data)
        try:
            found = self._templates.read(data)
        except Unusual:
            assert expected is None
            return
        assert expected is not None, "the file isn't ordinary"
        meta, tree = found.meta, found.tree
        assert [differences(*both) for both in zip((meta, tree), expected, strict=True)] == [[], []]
        assert (list(meta), list(tree)) == (list(expected[0]), list(expected[1])), "another order"
        assert claim(found) == claim(Parsed(*expected))
        self.by_template += by_template(found)


def by_template(parsed: Parsed) -> bool:
    return type(parsed) is not Parsed


def claim(parsed: Parsed) -> ObjectClaim | str:
    try:
        return claim_of(parsed, KEYS, "a.dcm", preamble=b"MZ")
    except UnreadableDicom as error:
        return str(error)


@pytest.mark.parametrize("name", sorted(ordinary()), ids=lambda name: Path(name).name)
def test_a_series_made_of_each_file_gives_the_same_claims(name: str) -> None:
    chance, compared = random.Random(name.rpartition("/")[2]), Compared()
    for _ in range(2):
        series = Series(ordinary()[name], chance)
        for _ in range(6):
            compared.read(series.another())
        for _ in range(2):
            compared.read(ordinary()[name])
    assert compared.by_template, "no template was ever taken"


@pytest.mark.parametrize("name", sorted(ordinary()), ids=lambda name: Path(name).name)
def test_a_template_gives_pydicoms_tree(name: str) -> None:
    chance, known = random.Random(name.rpartition("/")[2]), Templates()
    series = Series(ordinary()[name], chance)
    for data in (ordinary()[name], *(series.another() for _ in range(4))):
        try:
            parsed = known.read(data)
        except Unusual:
            continue
        if not by_template(parsed):
            continue  # held against pydicom elsewhere
        try:
            long = by_pydicom(data)
        except Exception:  # noqa: BLE001 (of a value that is none, and nothing needs)
            continue
        assert [differences(*both) for both in zip((parsed.meta, parsed.tree), long, strict=True)] == [[], []]


@settings(max_examples=40)
@given(st.integers(0, 1 << 32))
def test_series_that_come_mixed_give_the_same_claims(seed: int) -> None:
    chance, compared = random.Random(seed), Compared()
    several = [Series(data, chance) for data in chance.sample(sorted(ordinary().values()), 3)]
    for _ in range(24):
        compared.read(chance.choice(several).another())


def test_mutants_among_the_files_of_a_series_give_the_same_claims() -> None:
    fuzzer, compared = Fuzzer(6), Compared()
    series = Series(ordinary()[str(CT)], random.Random(6))
    for number in range(500):
        compared.read(series.another())
        compared.read(fuzzer.mutant(number))
    assert compared.by_template > 150


def test_mutants_of_one_file_are_read_as_without_a_template() -> None:
    """The templates are learnt by then, so that each mutant is nearly one of the series."""
    chance = random.Random(6)
    for data in chance.sample(sorted(ordinary().values()), 12):
        compared, series = Compared(), Series(data, chance)
        for _ in range(4):
            compared.read(series.another())
        for _ in range(60):
            compared.read(mutated(series.another(), chance))


def mutated(data: bytes, chance: random.Random) -> bytes:
    mutant = bytearray(data)
    place = chance.randrange(min(len(mutant), chance.choice((200, 2000, len(mutant)))))
    match chance.randrange(5):
        case 0:
            mutant[place] ^= 1 << chance.randrange(8)
        case 1:
            del mutant[place:]
        case 2:
            mutant[place : place + 4] = b"\xff\xff\xff\xff"
        case 3:
            mutant += chance.randbytes(chance.choice((1, 8, 12)))
        case _:
            del mutant[place : place + chance.choice((1, 2, 8))]
    return bytes(mutant)


# --- what it costs -----------------------------------------------------------------------------


def test_nearly_all_files_of_a_series_are_read_by_a_template() -> None:
    series = plain_series(200)
    known = Templates()
    assert sum(by_template(known.read(data)) for data in series) > 190


def plain_series(count: int) -> list[bytes]:
    return [
        written(tiny(f"1.2.3.4.{number}", InstanceNumber=number, pixels=number.to_bytes(4, "big")))
        for number in range(1, count + 1)
    ]


def written(data_set: Dataset) -> bytes:
    file = io.BytesIO()
    data_set.save_as(file, enforce_file_format=True)
    return file.getvalue()


def test_files_of_which_nothing_is_to_be_learnt_are_hardly_ever_learnt_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each has the elements of the one before, and always another one differs."""
    made_of = []

    class Counted(Template):
        def __init__(self, *given: Any) -> None:
            made_of.append(1)
            super().__init__(*given)

    monkeypatch.setattr(templates, "Template", Counted)
    known, chance = Templates(), random.Random(6)
    plain = plain_series(1)[0] + b"".join(
        element(0x7FE1_1000 + place, b"LO", b"same") for place in range(400)
    )
    places = [start for start, _, _ in spans(plain)[-400:]]
    for _ in range(1000):
        data = bytearray(plain)
        for start in chance.sample(places, 3):
            data[start + 8 : start + 12] = chance.randbytes(4)
        assert known.read(bytes(data)).tree == scan(bytes(data))[1]
    assert len(made_of) <= 8 + 1000 // 32


def test_few_templates_are_kept() -> None:
    known = Templates()
    for data in list(ordinary().values())[:40]:
        known.read(data)
    assert len(known._shapes) == templates._MOST


def test_of_what_is_large_nothing_is_remembered() -> None:
    """An element that varies may be as long as a file may be."""
    known = Templates()
    for data in plain_series(3):
        known.read(data + element(0x7FE1_0010, b"UT", data[-4:]))
    assert by_template(known.read(data + element(0x7FE1_0010, b"UT", b"more")))
    for value in (bytes(LARGEST_KNOWN), bytes(LARGEST_KNOWN) + b"xx"):
        large = data + element(0x7FE1_0010, b"UT", value)
        assert not by_template(known.read(large))
        assert claim(known.read(large)) == claim(Parsed(*scan(large)))


def test_no_file_is_kept() -> None:
    """Pixels are handed on as a view of the file's bytes; no template holds one."""
    known = Templates()
    for data in plain_series(5):
        before = sys.getrefcount(data)
        claim(known.read(data))
        assert sys.getrefcount(data) == before


def test_elements_that_name_nothing_are_passed_over() -> None:
    for whole in (tree for data in ordinary().values() for tree in scan(data)):
        few = naming(whole)
        uids = [Uids(), Uids()]
        for each, walked in zip(uids, (whole, few), strict=True):
            each.walk(walked)
        assert vars(uids[0]) == vars(uids[1])
        assert references_of(whole) == references_of(few)


# --- what is remembered -------------------------------------------------------------------------


def test_what_a_part_made_is_used_again_while_all_that_it_saw_is_the_same() -> None:
    asked = []

    def part(tree: Tree) -> str:
        asked.append(1)
        first = text(tree, 0x0008_0060)
        return text(tree, 0x0020_0011) if first == "CT" else first

    def recalled(**values: str) -> str:
        tree = {0x0008_0060: "CT", 0x0020_0011: "1", 0x0020_0013: "1"} | {
            int(tag[1:], 16): value for tag, value in values.items()
        }
        return recall.turn_to({}, as_tree(tree)).made(part)

    def as_tree(values: dict[int, str]) -> Tree:
        return {tag: ("CS", value.encode()) for tag, value in values.items()}

    everything = as_tree({0x0008_0060: "", 0x0020_0011: "", 0x0020_0013: ""})
    recall = Recall({}, everything, everything.keys())
    assert (recalled(), len(asked)) == ("1", 1)
    assert (recalled(t00200013="2"), len(asked)) == ("1", 1), "it never looked at it"
    assert (recalled(t00200011="2"), len(asked)) == ("2", 2)
    assert (recalled(t00080060="MR", t00200011="2"), len(asked)) == ("MR", 3)
    assert (recalled(t00080060="MR", t00200011="3"), len(asked)) == ("MR", 3), "not this time"
    assert (recalled(t00080060="CT", t00200011="3"), len(asked)) == ("3", 4)


@pytest.mark.parametrize(
    "look",
    [
        lambda tree: tree.get(1),
        lambda tree: tree[1],
        lambda tree: 1 in tree and tree[1],
        lambda tree: list(tree.items()),
        lambda tree: sorted(tree.values()),
        lambda tree: [tree[tag] for tag in sorted({1, 2} & tree.keys())],
        lambda tree: [tree[tag] for tag in sorted(frozenset({1, 2}) & tree.keys())],
        lambda tree: {**tree},
        dict,
        lambda tree: tree == {1: ("CS", b"A"), 2: ("CS", b"A")},
    ],
)
def test_no_way_to_look_at_a_data_set_goes_unnoticed(look: Any) -> None:
    one, other = {1: ("CS", b"A"), 2: ("CS", b"A")}, {1: ("CS", b"B"), 2: ("CS", b"A")}
    recall = Recall({}, one, {1, 2})
    assert recall.turn_to({}, one).made(look) == look(one)
    assert recall.turn_to({}, other).made(look) == look(other) != look(one)
