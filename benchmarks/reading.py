"""What the short cut in registry/dicomfile/scan.py earns.

Ours: claims read as the product reads them, ordinary files straight from their
bytes. The floor: the short cut switched off, so that pydicom parses every file.
Both in this process on one processor, over the same files, with the same claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn
from unittest.mock import patch

from benchmarks import measure
from benchmarks.objects import BUNDLED, objects
from registry.dicomfile import reader, trees
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.scan import Unusual
from registry.dicomfile.sources import Source, expand
from registry.records import Reading

_KEYS = ReaderKeys(b"fingerprint", b"digest")


def main() -> None:
    given = measure.options(__doc__, "files", usual=1000, quick=100)
    given.folder.mkdir(parents=True, exist_ok=True)
    images, bundled = _files(objects(given.folder, given.count)), _files(BUNDLED)
    again = max(1, given.count // len(bundled))
    sets = {"CT images": images, f"pydicom's {len(bundled)} test files": bundled * again}
    for name, files in sets.items():
        for digests in (True, False):
            timings = measure.in_turns(contestants(files, digests=digests), given.rounds)
            what = f"read, {name}{'' if digests else ', no digests'}; floor: pydicom alone"
            print(measure.row(what, timings["short cut"], timings["pydicom alone"], len(files)), flush=True)


def _files(folder: Path) -> list[Source]:
    return [source for source in expand([str(folder)], lambda *_: ()) if isinstance(source, Source)]


def contestants(files: Sequence[Source], *, digests: bool) -> dict[str, measure.Contestant]:
    def claims() -> list[Reading]:
        return [reader.read(source, _KEYS, digests=digests) for source in files]

    def floor() -> float:
        with _no_short_cut():
            return measure.timed(claims)

    # The first time fills the caches, of the files too.
    ours = claims()
    with _no_short_cut():
        if claims() != ours:
            raise SystemExit("the short cut gives other claims than pydicom")
    return {"pydicom alone": floor, "short cut": lambda: measure.timed(claims)}


def _no_short_cut() -> AbstractContextManager[object]:
    """As long as it lasts every file is unusual, and pydicom reads it."""
    return patch.object(trees, "scan", _unusual)


def _unusual(_data: bytes) -> NoReturn:
    raise Unusual


if __name__ == "__main__":
    main()
