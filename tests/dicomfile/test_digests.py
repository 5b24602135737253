"""What is kept for ever of a file, written out a second time as plainly as it can be.

Digests and fingerprints are stored and compared with those of later years: how they
are computed may change, what comes out may not by a bit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path

import pytest
from blake3 import blake3

from registry.dicomfile import tags
from registry.dicomfile.attributes import ATTRIBUTES, _plain, fingerprint
from registry.dicomfile.canonical import canonical
from registry.dicomfile.digests import content_hash, data_set_form, hash_of, keyed
from registry.dicomfile.identity import Uids, uid_values
from registry.dicomfile.planes import by_pixel
from registry.dicomfile.tree import TEXT_VRS, Element, Tree, text
from registry.dicomfile.trees import trees_of
from registry.fingerprint import pack
from registry.hashing import Hashing
from registry.limits import Limits
from registry.records import Level
from registry.uid import flaws
from tests.objects import bundled, ct_slices, report, save, segmentation

KEY = b"k" * 32
PIXEL_DATA = 0x7FE0_0010
BULK = {PIXEL_DATA, 0x7FE0_0008, 0x7FE0_0009, 0x0042_0011, 0x5400_0100, 0x5600_0020}
ENCODING = {0x7FE0_0001, 0x7FE0_0002, 0xFFFC_FFFC}
ADMINISTRATIVE = {0x08, 0x10, 0x12, 0x14, 0x18, 0x20, 0x32, 0x38, 0x88, 0x400}


def plainly(tree: Tree) -> bytes:
    """The canonical form of a tree."""
    head, values, below = struct.pack(">Q", len(tree)), b"", b""
    for tag, (vr, value) in sorted(tree.items()):
        if vr == "SQ":
            head += struct.pack(">QQ", tag, len(value) | 1 << 63)
            below += b"".join(map(plainly, value))
        else:
            kept = bytes(value).rstrip(b" \0") if vr in TEXT_VRS else bytes(value)
            head += struct.pack(">QQ", tag, len(kept))
            values += kept
    return head + values + below


def hashed(tree: Tree, hashing: Hashing) -> bytes:
    return {
        Hashing.BLAKE2B: lambda data: blake2b(data, digest_size=32),
        Hashing.BLAKE3: blake3,
    }[hashing](plainly(tree)).digest()


def pixels(element: Element) -> Element:
    vr, value = element[0], bytes(element[1])
    if vr in TEXT_VRS or value[:4] != b"\xfe\xff\x00\xe0":
        return vr, value if vr in TEXT_VRS else value.rstrip(b"\0")
    fragments, position = [], 0
    while position + 8 <= len(value):
        group, element_number, length = struct.unpack_from("<HHI", value, position)
        if (group, element_number) != (0xFFFE, 0xE000):
            break
        fragments.append(value[position + 8 : position + 8 + length])
        position += 8 + length
    return vr, b"".join(fragments[1:])


def content(tree: Tree) -> Tree:
    chosen = {tag: element for tag, element in tree.items() if tag in BULK}
    if PIXEL_DATA in chosen:
        chosen[PIXEL_DATA] = pixels(by_pixel(tree))
    return chosen or {tag: element for tag, element in tree.items() if element[1] and tells(tag)}


def tells(tag: int) -> bool:
    group, number = tag >> 16, tag & 0xFFFF
    if group % 2 or tag in ENCODING:
        return False
    if group == 0x40:
        return number >= 0xA000
    return tag == 0x0008_1115 or group not in ADMINISTRATIVE


def described(level: Level, subject: bytes, tree: Tree) -> bytes:
    charset, hashes = text(tree, tags.SPECIFIC_CHARACTER_SET), []
    for tag in ATTRIBUTES[level]:
        vr, value = tree.get(tag, ("", b""))
        plain = canonical((vr, value)) if vr == "SQ" else _plain(vr, value, charset)
        message = b"".join(
            struct.pack(">I", len(part)) + part
            for part in (bytes([level]), subject, struct.pack(">I", tag), plain)
        )
        made = blake2b(message, digest_size=8, key=KEY, person=b"attribute").digest()
        hashes.append(made if tag in tree and plain else None)
    return pack(hashes)


def elements(tree: Tree) -> Iterator[tuple[str, bytes]]:
    for vr, value in tree.values():
        if vr == "SQ":
            for item in value:
                yield from elements(item)
        else:
            yield vr, value


@cache
def trees(folder: Path) -> list[Tree]:
    slices = ct_slices(2)
    made = [segmentation(slices, "1.2.9", "1.2.9.1"), report(slices, "1.2.8", "1.2.8.1"), *slices]
    paths = [*bundled(), *(save(one, folder / f"{index}.dcm") for index, one in enumerate(made))]
    found: list[Tree] = []
    for path in paths:
        try:
            found.append(trees_of(path.read_bytes(), Limits())[1])
        except Exception:  # noqa: BLE001 (bundled files that nobody can read)
            continue
    assert len(found) > 80
    return found


@pytest.fixture(scope="module")
def every_tree(tmp_path_factory: pytest.TempPathFactory) -> list[Tree]:
    return trees(tmp_path_factory.mktemp("digested"))


@pytest.mark.parametrize("hashing", Hashing)
def test_digests_are_of_the_canonical_form(hashing: Hashing, every_tree: list[Tree]) -> None:
    for tree in every_tree:
        before = dict(tree)
        rest = {tag: element for tag, element in tree.items() if tag not in BULK | ENCODING}
        assert hash_of(data_set_form(tree), hashing) == hashed(rest, hashing)
        assert content_hash(tree, hashing) == hashed(content(tree), hashing)
        assert tree == before


def test_digests_do_not_depend_on_the_order_of_elements(every_tree: list[Tree]) -> None:
    for tree in every_tree:
        backwards = dict(reversed(tree.items()))
        assert hash_of(data_set_form(backwards), Hashing.BLAKE3) == hash_of(
            data_set_form(tree), Hashing.BLAKE3
        )
        assert content_hash(backwards, Hashing.BLAKE3) == content_hash(tree, Hashing.BLAKE3)


def test_what_is_kept_of_a_hash_needs_the_key() -> None:
    kept = blake2b(b"a hash", digest_size=16, key=KEY, person=b"content").digest()
    assert keyed(b"a hash", KEY, b"content") == kept


@pytest.mark.parametrize("level", Level)
def test_fingerprints_are_of_each_attribute(level: Level, every_tree: list[Tree]) -> None:
    for tree in every_tree:
        for _ in range(2):  # the second time it is remembered
            assert fingerprint(level, b"1.2.3", tree, KEY) == described(level, b"1.2.3", tree)


def test_every_uid_is_judged_whether_it_was_met_before_or_not(every_tree: list[Tree]) -> None:
    strange = [
        b"1.2.3 ",
        b"1.2.3\0\0",
        b"1.02.3\0",
        b"a.b",
        b"1.2\\1.3\0\\1.4",
        b" 1.2",
        b"",
        b"\0",
        b"1" * 999,
    ]
    for tree in [*every_tree, {number: ("UI", value) for number, value in enumerate(strange)}]:
        uids = Uids()
        uids.walk(tree)
        told = [(value, *uid_values(value)) for vr, value in elements(tree) if vr == "UI"]
        for value, *parts in told:
            assert parts == [
                part.rstrip(" \0") for part in value.decode("latin-1").split("\\") if part.rstrip(" \0")
            ]
        bad = {part for _, *parts in told for part in parts if flaws(part)}
        assert {text for text, _ in uids.bad} == bad
        padded = {
            value
            for value, *_ in told
            for part in value.removesuffix(b"\0").split(b"\\")
            if part.rstrip(b" \0") != part and not flaws(part.rstrip(b" \0").decode("latin-1"))
        }
        assert bool(uids.padded) == bool(padded)
