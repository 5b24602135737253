"""What the short cuts of the reader earn.

Ours: claims read as the product reads them, one file after the other by one reader. Files
of a series are read by a template (registry/dicomfile/template.py), others straight from
their bytes (scan.py); and, told apart, all of them straight from their bytes. The floor:
the short cuts switched off, so that pydicom parses every file. All in this process on one
processor, over the same files, with the same claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn
from unittest.mock import patch

from benchmarks import measure
from benchmarks.objects import BUNDLED, objects
from registry.dicomfile import templates
from registry.dicomfile.reader import Reader
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.scan import Unusual
from registry.dicomfile.sources import Source, expand
from registry.dicomfile.templates import Templates
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
            floor = timings.pop("pydicom alone")
            for how, ours in timings.items():
                what = f"read{how}, {name}{'' if digests else ', no digests'}; floor: pydicom alone"
                print(measure.row(what, ours, floor, len(files)), flush=True)


def _files(folder: Path) -> list[Source]:
    return [source for source in expand([str(folder)], lambda *_: ()) if isinstance(source, Source)]


def contestants(files: Sequence[Source], *, digests: bool) -> dict[str, measure.Contestant]:
    def claims() -> list[Reading]:
        reader = Reader(_KEYS)
        return [reader.read(source, digests=digests) for source in files]

    def without(switched_off: AbstractContextManager[object]) -> float:
        with switched_off:
            return measure.timed(claims)

    # The first time fills the caches, of the files too.
    ours = claims()
    for switched_off in (_no_templates(), _no_short_cuts()):
        with switched_off:
            if claims() != ours:
                raise SystemExit("a short cut gives other claims")
    return {
        "pydicom alone": lambda: without(_no_short_cuts()),
        " without templates": lambda: without(_no_templates()),
        "": lambda: measure.timed(claims),
    }


def _no_templates() -> AbstractContextManager[object]:
    """As long as it lasts nothing is learnt of a file for the next."""
    return patch.object(Templates, "_learn", lambda *_: None)


def _no_short_cuts() -> AbstractContextManager[object]:
    """As long as it lasts every file is unusual, and pydicom reads it."""
    return patch.object(templates, "scan", _unusual)


def _unusual(_data: bytes) -> NoReturn:
    raise Unusual


if __name__ == "__main__":
    main()
