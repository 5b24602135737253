"""The short cut against pydicom, element by element: the same tree, or it isn't taken.

How it does on files that are broken is for the fuzzer to say (test_fuzzing.py).
"""

from __future__ import annotations

import io
import warnings
from functools import cache
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from registry.dicomfile.parsedtree import tree_of
from registry.dicomfile.parsing import parse
from registry.dicomfile.quiet import quiet_pydicom
from registry.dicomfile.scan import Unusual, scan
from registry.dicomfile.tree import Tree
from registry.limits import Limits
from tests.objects import DERIVED, PYDICOM_FILES, ct_slices, tiny

LIMITS = Limits()


def by_pydicom(data: bytes) -> tuple[Tree, Tree]:
    with quiet_pydicom():
        meta, data_set = parse(data, LIMITS)
        return tree_of(meta), tree_of(data_set)


def scanned(data: bytes) -> tuple[Tree, Tree] | None:
    try:
        return scan(data)
    except Unusual:
        return None


def differences(one: Tree, other: Tree, where: str = "") -> list[str]:
    found = [f"{where}{tag:08x} is in one alone" for tag in one.keys() ^ other.keys()]
    for tag in one.keys() & other.keys():
        (vr, value), (other_vr, other_value) = one[tag], other[tag]
        if vr == other_vr == "SQ" and len(value) == len(other_value):
            for number, items in enumerate(zip(value, other_value, strict=True)):
                found += differences(*items, f"{where}{tag:08x}[{number}] > ")
        elif (vr, value) != (other_vr, other_value):
            found.append(f"{where}{tag:08x} {vr} {other_vr}")
    return found


@cache
def files() -> list[Path]:
    """Every file of pydicom's data folder: its test files, character sets, palettes, the CD."""
    return sorted(path for path in PYDICOM_FILES.parent.rglob("*") if path.is_file())


@cache
def made() -> dict[str, bytes]:
    """What highdicom makes, and one object in every encoding."""
    slices = ct_slices(2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # highdicom's, about what these objects leave open
        objects: dict[str, Dataset] = {
            name: make(slices, "1.2.9", "1.2.9.1") for name, make in DERIVED.items()
        }
    objects["CT"] = slices[0]
    written = {name: _written(data_set) for name, data_set in objects.items()}
    sources = tuple(slices)
    for syntax in (
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ):
        written[syntax.name] = _written(tiny(sources=sources), syntax)
    return written


def _written(data_set: Dataset, syntax: str | None = None) -> bytes:
    file = io.BytesIO()
    if syntax is not None:
        meta, data_set = data_set.file_meta, Dataset(data_set)  # without an encoding that it came in
        data_set.file_meta = meta
        meta.TransferSyntaxUID = syntax
    data_set.save_as(file, enforce_file_format=True)
    return file.getvalue()


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_the_short_cut_gives_pydicoms_tree_of_each_of_its_files(path: Path) -> None:
    data = path.read_bytes()
    if (short := scanned(data)) is not None:
        long = by_pydicom(data)
        assert [differences(*trees) for trees in zip(short, long, strict=True)] == [[], []]
        assert short == long


@pytest.mark.parametrize("name", [*DERIVED, "CT", "Implicit VR Little Endian", "Explicit VR Little Endian"])
def test_the_short_cut_gives_pydicoms_tree_of_what_others_make(name: str) -> None:
    data = made()[name]
    short = scanned(data)
    assert short is not None, "an ordinary file"
    assert short == by_pydicom(data)


@pytest.mark.parametrize("name", ["Explicit VR Big Endian", "Deflated Explicit VR Little Endian"])
def test_what_is_not_ordinary_is_for_pydicom(name: str) -> None:
    assert scanned(made()[name]) is None
    plain = by_pydicom(made()["Explicit VR Little Endian"])
    assert by_pydicom(made()[name])[1] == plain[1], "one object, whatever it is written in"


@pytest.mark.parametrize("inside", [True, False], ids=["in the meta", "before the data set"])
def test_commands_are_for_pydicom(inside: bool) -> None:
    """pydicom takes elements of group 0 for a command, and ends the file meta information there."""
    data, command = made()["Explicit VR Little Endian"], b"\0\0\0\0UL\x04\0\0\0\0\0"
    length = int.from_bytes(data[140:144], "little")
    place = 144 if inside else 144 + length
    told = (length + len(command) * inside).to_bytes(4, "little")
    assert scanned(data[:140] + told + data[144:place] + command + data[place:]) is None


def test_most_of_the_files_take_the_short_cut() -> None:
    """Else the test above says little."""
    taken = sum(scanned(path.read_bytes()) is not None for path in files())
    assert taken > 90, taken
