"""Mutants of pydicom's files, and what reading them must never do.

A mutant is a function of the run's seed and its own number, so that one that
fails can be made again: ``Fuzzer(seed).mutant(number)``.
"""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest.mock import patch

from pydicom.datadict import DicomDictionary

from registry.dicomfile.parsedtree import tree_of
from registry.dicomfile.parsing import parse
from registry.dicomfile.quiet import quiet_pydicom
from registry.dicomfile.reader import read
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.scan import Unusual, scan
from registry.dicomfile.sources import Source
from registry.dicomfile.tasks import Read, Task
from registry.dicomfile.tree import TEXT_VRS, Tree
from registry.limits import GIB, MIB, Limits
from registry.records import ObjectClaim, Reading, Skipped, Unreadable
from registry.services import reading
from registry.services.workers import Worker, WorkerLost
from tests.objects import PYDICOM_FILES

LIMITS = Limits(file_size=64 * MIB, memory=GIB, seconds=20)
KEYS = ReaderKeys(b"fingerprint", b"digest")
LARGEST = 150_000
"""Bytes of a file that mutants are made of: what breaks a reader stands in headers."""

_SYNTAXES = [
    b"1.2.840.10008.1.2",
    b"1.2.840.10008.1.2.1",
    b"1.2.840.10008.1.2.1.99",
    b"1.2.840.10008.1.2.2",
    b"1.2.840.10008.1.2.4.50",
    b"1.2.840.10008.1.2.4.95",
    b"1.2.840.10008.1.2.5",
    b"1.2.840.10008.1.20",
    b"1.2.840.113619.5.2",
    b"1.2.3.4",
]
_VRS = (
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV"
).split()
_DELIMITERS = [
    b"\xfe\xff\x00\xe0" + length
    for length in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x08\0\0\0", b"\x01\0\0\0")
] + [b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\x01\0\0\0"]
_LENGTHS = [0, 1, 3, 8, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF, 0x80000000]
_SYNTAX = re.compile(rb"1\.2\.840\.10008\.1\.2[.0-9]*\0?")
_HEADER = re.compile(rb"..[\0-\xff]{2}(?:" + b"|".join(_VRS) + rb")[\0-\xff]{2}")
_TAGS = sorted(DicomDictionary)


@cache
def corpus() -> list[bytes]:
    """pydicom's files as far as they are small."""
    files = sorted(path for path in PYDICOM_FILES.parent.rglob("*") if path.is_file())
    chosen = [path.read_bytes() for path in files if path.suffix != ".py" and path.stat().st_size <= LARGEST]
    return [data for data in chosen if data[128:132] == b"DICM" or len(data) > 1000]


class Fuzzer:
    """Makes mutants, always the same ones from one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def mutant(self, number: int) -> bytes:
        chance = random.Random(f"{self._seed}:{number}")
        data = bytearray(chance.choice(corpus()))
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5, 8))):
            chance.choice(_MUTATIONS)(data, chance)
        return bytes(data)

    def write(self, number: int, folder: Path) -> Path:
        """A mutant as a file: mostly of an object, sometimes as a DICOMDIR or in an archive."""
        chance, data = random.Random(f"{self._seed}:{number}:form"), self.mutant(number)
        form = chance.random()
        if form < 0.04:
            path = folder / f"{number}" / "DICOMDIR"
            path.parent.mkdir()
        elif form < 0.08:
            path, data = folder / f"{number}.zip", _archived(data, chance)
        else:
            path = folder / f"{number}.dcm"
        path.write_bytes(data)
        return path


def _archived(data: bytes, chance: random.Random) -> bytes:
    file = io.BytesIO()
    method = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(file, "w", method) as archive:
        for name in ("a.dcm", "b.dcm"):
            archive.writestr(name, data[:20_000])
    packed = bytearray(file.getvalue())
    for _ in range(chance.randrange(3)):
        chance.choice((_flip_bits, _random_run, _truncate, _number, _remove))(packed, chance)
    packed[:4] = b"PK\x03\x04"
    return bytes(packed)


# --- mutations -------------------------------------------------------------------------------


def _place(data: bytearray, chance: random.Random) -> int:
    """Somewhere, more often where the headers are."""
    return chance.randrange(max(1, min(len(data), chance.choice((200, 2000, 20_000, 1 << 30)))))


def _header(data: bytearray, chance: random.Random) -> int:
    """Where an element with an explicit VR begins, or anywhere."""
    found = _HEADER.search(data, _place(data, chance))
    return found.start() if found else _place(data, chance)


def _flip_bits(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 4, 32))):
        if data:
            data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _random_run(data: bytearray, chance: random.Random) -> None:
    start, size = _place(data, chance), chance.choice((1, 2, 4, 8, 64, 512))
    data[start : start + size] = chance.choice((chance.randbytes(size), b"\0" * size, b"\xff" * size))


def _number(data: bytearray, chance: random.Random) -> None:
    start, size = _place(data, chance), chance.choice((2, 4))
    data[start : start + size] = (chance.choice(_LENGTHS) & (1 << 8 * size) - 1).to_bytes(size, "little")


def _length(data: bytearray, chance: random.Random) -> None:
    start = _header(data, chance)
    at, size = (start + 6, 2) if chance.random() < 0.6 else (start + 8, 4)
    length = int.from_bytes(data[at : at + size], "little")
    wanted = chance.choice((*_LENGTHS, length + 1, length - 1, length + 8, length * 2, len(data)))
    data[at : at + size] = (wanted & (1 << 8 * size) - 1).to_bytes(size, "little")


def _vr(data: bytearray, chance: random.Random) -> None:
    start = _header(data, chance) + 4
    data[start : start + 2] = chance.choice(_VRS)


def _tag(data: bytearray, chance: random.Random) -> None:
    start, tag = _header(data, chance), chance.choice(_TAGS)
    data[start : start + 4] = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")


def _truncate(data: bytearray, chance: random.Random) -> None:
    del data[_place(data, chance) :]


def _insert(data: bytearray, chance: random.Random) -> None:
    start = _place(data, chance)
    data[start:start] = chance.randbytes(chance.choice((1, 2, 8, 100)))


def _repeat(data: bytearray, chance: random.Random) -> None:
    start, size = _header(data, chance), chance.choice((8, 64, 512, 4096))
    data[start:start] = data[start : start + size] * chance.choice((1, 1, 2, 30))


def _remove(data: bytearray, chance: random.Random) -> None:
    start = _place(data, chance)
    del data[start : start + chance.choice((1, 2, 8, 64, 1024))]


def _delimit(data: bytearray, chance: random.Random) -> None:
    start = _header(data, chance)
    data[start:start] = chance.choice(_DELIMITERS) * chance.choice((1, 1, 2, 300))


def _sequence(data: bytearray, chance: random.Random) -> None:
    """Open a sequence, some hundred deep at times, and mostly never close it."""
    opened = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    start = _header(data, chance)
    data[start:start] = opened * chance.choice((1, 2, 70, 700))


def _splice(data: bytearray, chance: random.Random) -> None:
    other = chance.choice(corpus())
    start = chance.randrange(len(other))
    data[_place(data, chance) :] = other[start : start + LARGEST]


def _syntax(data: bytearray, chance: random.Random) -> None:
    """Say another transfer syntax in as many bytes."""
    if found := _SYNTAX.search(data, 132):
        size = len(found[0])
        data[found.start() : found.end()] = chance.choice(_SYNTAXES).ljust(size, b"\0")[:size]


_MUTATIONS: list[Callable[[bytearray, random.Random], None]] = [
    _flip_bits,
    _random_run,
    _number,
    _length,
    _length,
    _vr,
    _tag,
    _truncate,
    _insert,
    _repeat,
    _remove,
    _delimit,
    _sequence,
    _splice,
    _syntax,
]


# --- what must hold ---------------------------------------------------------------------------


@dataclass
class Summary:
    """What came of a run."""

    mutants: int = 0
    claims: int = 0
    skipped: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    scanned: int = 0  # by the short cut, and compared with pydicom
    scanned_alone: int = 0  # by the short cut where pydicom gives up
    slowest: tuple[float, str] = (0.0, "")
    lost: int = 0  # workers
    violations: list[str] = field(default_factory=list)


_LOST = re.compile("it took longer|the process that read it")
_FIGURES = re.compile(r"[0-9][0-9,]*|sequence \S+")


def run(fuzzer: Fuzzer, numbers: range, folder: Path, summary: Summary) -> None:
    """Read some mutants as the product does, and note everything that must not be."""
    paths = {str(fuzzer.write(number, folder)): number for number in numbers}
    readings: dict[int, list[Reading]] = {number: [] for number in numbers}
    with (
        patch.object(reading, "_CHUNK", 1),  # so that the time of a task is that of a file
        patch.object(Worker, "ask", _timed(Worker.ask, summary)),
        patch.object(Worker, "_lost", _counted(Worker._lost, summary)),
    ):
        for found, told in reading.read_all(list(paths), KEYS, LIMITS):
            # What a DICOMDIR lists may have any path, and isn't asked for here.
            if (number := paths.get(found.path.partition("!")[0])) is not None:
                readings[number].append(told)
    for path, number in paths.items():
        summary.mutants += 1
        count = len(readings[number])
        if not count or (path.endswith(".dcm") and count != 1):
            summary.violations.append(f"mutant {number} has {count} readings")
        for told in readings[number]:
            _count(told, number, summary)
            if isinstance(told, ObjectClaim) and path == told.path and told != read(Source(path), KEYS):
                summary.violations.append(f"mutant {number} gives another claim after other files")
        if path.endswith(".dcm"):
            _compare(Path(path).read_bytes(), number, summary)


def _timed(ask: Callable[[Worker, Task], list[Any]], summary: Summary) -> Callable[[Worker, Task], list[Any]]:
    def timed(worker: Worker, task: Task) -> list[Any]:
        begun = perf_counter()
        answer = ask(worker, task)
        name = task.sources[0].name if isinstance(task, Read) else task.path
        summary.slowest = max(summary.slowest, (perf_counter() - begun, name))
        return answer

    return timed


def _counted(lost: Callable[[Worker], WorkerLost], summary: Summary) -> Callable[[Worker], WorkerLost]:
    def counted(worker: Worker) -> WorkerLost:
        summary.lost += 1
        return lost(worker)

    return counted


def _count(told: Reading, number: int, summary: Summary) -> None:
    match told:
        case ObjectClaim():
            summary.claims += 1
        case Skipped():
            summary.skipped += 1
        case Unreadable():
            summary.unreadable[_FIGURES.sub("…", told.reason)] += 1
            if _LOST.match(told.reason):
                summary.violations.append(f"mutant {number}: {told.reason}")
        case _:
            summary.violations.append(f"mutant {number} gave a {type(told).__name__}")


def unpadded(trees: tuple[Tree, Tree]) -> list[dict[int, Any]]:
    """Trees without the padding of their texts, which pydicom makes anew where it had to look at them."""
    return [
        {
            tag: unpadded(tuple(value))  # type: ignore[arg-type]
            if vr == "SQ"
            else (vr, value.rstrip(b" \0") if vr in TEXT_VRS else value)
            for tag, (vr, value) in tree.items()
        }
        for tree in trees
    ]


def _compare(data: bytes, number: int, summary: Summary) -> None:
    try:
        short = scan(data)
    except Unusual:
        return
    summary.scanned += 1
    try:
        with quiet_pydicom():
            meta, data_set = parse(data, LIMITS)
            long = tree_of(meta), tree_of(data_set)
    except Exception:  # noqa: BLE001 (of a character set that is none, and nothing needs)
        summary.scanned_alone += 1
        return
    if unpadded(short) != unpadded(long):
        summary.violations.append(f"mutant {number}: the short cut reads it otherwise than pydicom")
