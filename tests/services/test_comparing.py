"""Digests are made only where there is something to compare with, and wherever there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from registry.records import ObjectClaim, Verdict
from registry.services import comparing
from registry.services.checking import check
from registry.services.comparing import Batch
from registry.services.opening import OpenRegistry
from registry.services.reading import PROBED, Readers
from registry.services.registering import register
from registry.services.reports import Report
from tests.objects import save, save_all, tiny

MANY = PROBED + 5
"""More files than those by which is told whether the others are recorded."""


def image(number: int, **more: object) -> Dataset:
    return tiny(f"1.2.3.4.{number}", **more)  # type: ignore[arg-type]


def checked(registry: OpenRegistry, folder: Path, **options: object) -> Report:
    return check(registry, [str(folder)], **options)  # type: ignore[arg-type]


def codes(report: Report) -> set[tuple[str, str | None]]:
    return {(finding.code, finding.uid) for finding in report.findings}


def with_digests(registry: OpenRegistry, folder: Path) -> list[bool]:
    """Of each file whether it got digests, as a check leaves it."""
    with Readers(registry.reader_keys, registry.settings.limits) as readers:
        batch = Batch(readers, lambda _: None)
        with registry.database.reading() as connection:
            batch.read(
                [str(folder)], lambda uids: comparing.with_content(connection, uids, None), digests=True
            )
            batch.read_again(batch.to_compare(connection, None, ()))
        return [r.data_set_digest is not None for r in batch.readings if isinstance(r, ObjectClaim)]


@pytest.fixture
def unknown(tmp_path: Path) -> Path:
    save_all([image(number) for number in range(100, 100 + MANY)], tmp_path / "export")
    return tmp_path / "export"


def test_nothing_is_digested_that_nobody_has_seen(registry: OpenRegistry, unknown: Path) -> None:
    assert with_digests(registry, unknown) == [False] * MANY
    assert checked(registry, unknown).verdicts == {Verdict.NEW: MANY}


def test_what_is_recorded_is_compared_wherever_in_a_batch_it_stands(
    registry: OpenRegistry, unknown: Path, tmp_path: Path
) -> None:
    register(registry, [str(save(image(1), tmp_path / "before.dcm"))])
    save(image(1, pixels=b"\5\6\7\x08"), unknown / "z.dcm")
    report = checked(registry, unknown)
    assert ("UID301", "1.2.3.4.1") in codes(report)
    assert report.verdicts == {Verdict.NEW: MANY, Verdict.COLLISION: 1}
    assert with_digests(registry, unknown) == [*[False] * MANY, True]


def test_where_the_first_are_recorded_all_get_digests_at_once(registry: OpenRegistry, unknown: Path) -> None:
    register(registry, [str(unknown)])
    assert checked(registry, unknown).verdicts == {Verdict.REPEAT: MANY}
    assert all(with_digests(registry, unknown))


def test_two_files_of_one_instance_are_compared(registry: OpenRegistry, unknown: Path) -> None:
    save(image(100, pixels=b"\5\6\7\x08"), unknown / "z.dcm")
    report = checked(registry, unknown)
    assert ("UID301", "1.2.3.4.100") in codes(report)
    assert sum(with_digests(registry, unknown)) == 2
    save(image(100, PatientName="Corrected"), unknown / "z.dcm")
    report = checked(registry, unknown)
    assert ("UID315", "1.2.3.4.100") in codes(report)
    assert report.verdicts == {Verdict.NEW: MANY, Verdict.REPEAT: 1}


def test_a_file_is_compared_with_an_object_in_memory(registry: OpenRegistry, unknown: Path) -> None:
    report = check(registry, [str(unknown), image(100, pixels=b"\5\6\7\x08")])
    assert ("UID301", "1.2.3.4.100") in codes(report)


def test_copies_in_another_context_are_compared_within_it(registry: OpenRegistry, unknown: Path) -> None:
    register(registry, [str(unknown)])
    assert checked(registry, unknown, context="research").verdicts == {Verdict.NOT_COMPARED: MANY}
    register(registry, [str(unknown)], context="research")
    assert checked(registry, unknown, context="research").verdicts == {Verdict.REPEAT: MANY}


def test_without_digests_nothing_is_read_twice(registry: OpenRegistry, unknown: Path) -> None:
    register(registry, [str(unknown)])
    assert checked(registry, unknown, digests=False).verdicts == {Verdict.NOT_COMPARED: MANY}
