"""All faults at full length, with one table.

The engines take turns in threads of their own: nearly all is done by other processes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conftest import ENGINES
from tests.faults import disks, injecting
from tests.faults.catalogue import FAULTS, Fault
from tests.faults.outcomes import Outcome, table
from tests.faults.places import HOME, Stage, stages

PAGE = HOME / "docs" / "faults.md"
_MARKS = ("<!-- faults -->\n", "<!-- /faults -->")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, metavar="N", help="of each fault, N at most")
    parser.add_argument("--seed", type=int, default=1, help="of all that is random")
    parser.add_argument("--only", action="append", metavar="NAME", help=", ".join(f.name for f in FAULTS))
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--write", action="store_true", help="put the table into docs/faults.md")
    asked = parser.parse_args()
    chosen = [fault for fault in FAULTS if not asked.only or fault.name in asked.only]
    if not chosen:
        parser.error(f"there is no fault {' or '.join(asked.only)}")
    for missing in filter(None, (injecting.missing(), disks.missing())):
        print(f"some faults are left out: {missing}", file=sys.stderr)
    engines = asked.engine or ENGINES
    done: dict[tuple[int, int], Outcome] = {}

    def strike(stage: Stage) -> None:
        for number, fault in enumerate(chosen):
            if stage.engine in fault.engines:
                rounds = min(fault.rounds, asked.rounds or fault.rounds)
                done[number, engines.index(stage.engine)] = _struck(fault, stage, rounds, asked.seed)

    with (
        tempfile.TemporaryDirectory(prefix="faults-") as folder,
        stages(Path(folder), engines) as on,
        ThreadPoolExecutor(len(on)) as threads,
    ):
        list(threads.map(strike, on))
    outcomes = [done[place] for place in sorted(done)]
    shown = table(outcomes)
    print(shown)
    if asked.write:
        before, rest = PAGE.read_text().split(_MARKS[0])
        after = rest.split(_MARKS[1])[1]
        PAGE.write_text(f"{before}{_MARKS[0]}{shown}\n{_MARKS[1]}{after}")
    return 1 if any(outcome.violations for outcome in outcomes) else 0


def _struck(fault: Fault, stage: Stage, rounds: int, seed: int) -> Outcome:
    """What came of a fault. A judge that can't go on is a violation too."""
    begun = time.monotonic()
    try:
        outcome = fault.strike(stage, rounds, seed)
    except Exception as error:  # noqa: BLE001 (the other faults are to be seen all the same)
        outcome = Outcome(fault.name, stage.engine, violations=[f"{type(error).__name__}: {error}"])
    seconds = time.monotonic() - begun
    print(f"{fault.name} on {stage.engine}: {outcome.rounds} rounds in {seconds:.0f} s", file=sys.stderr)
    for violation in outcome.violations:
        print(f"  VIOLATION {violation}", file=sys.stderr)
    sys.stderr.flush()
    return outcome


if __name__ == "__main__":
    sys.exit(main())
