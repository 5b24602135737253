"""Every change to every row, with one table."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from tests.conftest import ENGINES, Registries
from tests.postgres import Server
from tests.tampering.changes import KINDS, changes
from tests.tampering.judging import Judged, judged, restored, unguarded, violations
from tests.tampering.scene import lengthen, scene

PAGE = Path(__file__).parent.parent.parent / "docs" / "tampering.md"
_MARKS = ("<!-- tampering -->\n", "<!-- /tampering -->")
_HEADING = (
    "| change | engine | tried | found by `audit verify` | found with a checkpoint |\n|---|---|---|---|---|"
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/tampering", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--write", action="store_true", help="put the table into docs/tampering.md")
    asked = parser.parse_args()
    everything: list[Judged] = []
    guards: dict[str, list[bool]] = {}
    for engine in asked.engine or ENGINES:
        begun = time.monotonic()
        found, guards[engine] = _tampered(engine)
        everything += found
        print(f"{engine}: {len(found)} changes in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    wrong = violations(everything)
    for line in wrong:
        print(f"  VIOLATION {line}", file=sys.stderr)
    shown = "\n".join(
        [
            _HEADING,
            *_rows(everything),
            *(
                f"| a trigger is dropped | {engine} | {len(told)} | by `doctor`: {sum(told)} | |"
                for engine, told in guards.items()
            ),
        ]
    )
    print(shown)
    if asked.write:
        before, rest = PAGE.read_text().split(_MARKS[0])
        PAGE.write_text(f"{before}{_MARKS[0]}{shown}\n{_MARKS[1]}{rest.split(_MARKS[1])[1]}")
    return 1 if wrong or not all(map(all, guards.values())) else 0


def _tampered(engine: str) -> tuple[list[Judged], list[bool]]:
    server = Server() if engine == "postgresql" else None
    try:
        with tempfile.TemporaryDirectory(prefix="tampering-") as folder:
            registries = Registries(Path(folder), server)
            guards = [told for _, told in unguarded(registries.make("filled"))]
            settings = registries.make("filled")
            lengthen(settings)
            with scene(settings) as place:
                found = list(judged(place, changes(place, every_row=True)))
                found.append(restored(registries.make("filled"), place))
    finally:
        if server is not None:
            server.close()
    return found, guards


def _rows(everything: Iterable[Judged]) -> Iterable[str]:
    """A row for each kind and engine."""
    tried: dict[tuple[str, str], list[Judged]] = {}
    for each in everything:
        tried.setdefault((each.change.kind.name, each.engine), []).append(each)
    for kind in KINDS:
        for engine in ENGINES:
            if some := tried.get((kind.name, engine)):
                alone = sum(not each.alone.ok for each in some)
                checkpoint = sum(not each.checkpoint.ok for each in some)
                yield f"| {kind.name} | {engine} | {len(some):,} | {alone:,} | {checkpoint:,} |"


if __name__ == "__main__":
    sys.exit(main())
