"""Everything, with its tables in docs/oracle.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable
from pathlib import Path

from tests.oracle import cases, flaws, identities, measuring, page, reasons
from tests.oracle.comparing import Told, compare, compare_flaws

PAGE = Path(__file__).parent.parent.parent / "docs" / "oracle.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/oracle", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if docs/oracle.md is out of date"
    )
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # what is written here is wrong on purpose
    compared, unknown = measuring.compared(measuring.storage_classes())
    _say(f"dcentvfy compares {len(compared)} attributes")
    with tempfile.TemporaryDirectory(prefix="oracle-") as place:
        folder = Path(place)
        attributes = compare(list(cases.attributes(compared)), folder / "attributes")
        _say(f"{len(attributes)} cases about attributes")
        of_uids = compare(list(identities.identities()), folder / "identities")
        blind = compare(list(identities.blind_spots()), folder / "blind")
        _say(f"{len(of_uids) + len(blind)} cases about UIDs")
        places = compare_flaws(list(flaws.flawed()), folder / "flaws")
        files = compare_flaws(list(flaws.one_file()), folder / "files")
        _say(f"{len(places) + len(files)} cases about single files")
    made = page.page(compared, unknown, attributes, of_uids, blind, places, files)
    wrong = list(unexplained([*attributes, *of_uids, *blind, *places, *files]))
    for line in wrong:
        _say(line)
    if asked.check:
        stale = not PAGE.exists() or PAGE.read_text() != made
        if stale:
            _say("docs/oracle.md is out of date: run scripts/oracle")
        return 1 if stale or wrong else 0
    PAGE.write_text(made)
    return 1 if wrong else 0


def unexplained(everything: Iterable[Told]) -> Iterable[str]:
    """What the registry should have said and didn't, one line each."""
    for told in everything:
        title = getattr(told.case, "title", "") or f"{told.case.flaw}, {told.case.place}"  # type: ignore[union-attr]
        if told.verdict == "theirs" and reasons.of(told.case) is None:
            yield f"only the other program, and no reason: {title}: {'; '.join(sorted(told.theirs))}"
        wanted = told.case.code.split()
        if wanted and not told.codes & set(wanted) and reasons.of(told.case) is None:
            yield f"{' or '.join(wanted)} is silent: {title}: {told.codes or ''}"


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
