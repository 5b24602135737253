"""Mutants of real files: each is read or reported, none costs a worker. `scripts/fuzz` reads more of them."""

from __future__ import annotations

from pathlib import Path

from tests.fuzzing import Fuzzer, Summary, run


def test_every_mutant_is_read_or_reported(tmp_path: Path) -> None:
    summary = Summary()
    run(Fuzzer(2026), range(1500), tmp_path, summary)
    assert (summary.mutants, summary.lost, summary.violations) == (1500, 0, [])
    assert min(summary.claims, summary.skipped, summary.unreadable.total(), summary.scanned) > 50


def test_a_mutant_can_be_made_again() -> None:
    assert Fuzzer(5).mutant(17) == Fuzzer(5).mutant(17) != Fuzzer(6).mutant(17)
