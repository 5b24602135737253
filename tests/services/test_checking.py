"""`check` on data sets in memory, and what a pipeline does with a report."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry import Registry
from registry.errors import BadRequest, FindingsError, NoSuchPath
from registry.records import Kind, Severity, Verdict
from registry.settings import Settings
from tests.objects import ROOT, changed, ct_slices, save, save_all, segmentation, tiny


@pytest.fixture
def opened(settings: Settings) -> Iterator[Registry]:
    """A registry as a program opens it."""
    with Registry(settings) as registry:
        yield registry


def codes(report: Any) -> set[tuple[str, str | None, str | None]]:
    return {(finding.code, finding.uid, finding.path) for finding in report.findings}


def test_what_a_pipeline_has_made_is_checked_before_it_is_written(opened: Registry, tmp_path: Path) -> None:
    slices = ct_slices(2)
    paths = [str(path) for path in save_all(slices, tmp_path)]
    opened.register(paths)
    uids = opened.derive(paths, modality="SEG")
    right = segmentation(slices, uids.series_instance_uid, uids.sop_instance_uids[0])
    report = opened.check([right])
    assert report.passed()
    assert (report.files, report.verdicts[Verdict.NEW]) == (1, 1)
    report.raise_for_findings()

    wrong = segmentation(slices, slices[0].SeriesInstanceUID, uids.sop_instance_uids[0])
    with pytest.raises(FindingsError) as raised:
        opened.check(wrong).raise_for_findings()
    found = {(finding.code, finding.uid, finding.path) for finding in raised.value.findings}
    assert ("UID501", uids.sop_instance_uids[0], "dataset 1") in found
    assert ("UID402", slices[0].SeriesInstanceUID, "dataset 1") in found
    assert {finding.severity for finding in raised.value.findings} == {Severity.ERROR}


def test_a_data_set_and_its_file_give_one_report(opened: Registry, tmp_path: Path) -> None:
    slices = ct_slices(2)
    opened.register([str(path) for path in save_all(slices, tmp_path / "ct")])
    wrong = segmentation(slices, slices[0].SeriesInstanceUID, "1.2.3.9.1")
    held = opened.check(wrong)
    written = opened.check(save(wrong, tmp_path / "seg.dcm"))
    assert [f.key for f in held.sorted_findings()] == [f.key for f in written.sorted_findings()]
    assert held.verdicts == written.verdicts


def test_what_is_checked_is_a_batch_whatever_it_is_made_of(opened: Registry, tmp_path: Path) -> None:
    path = save(tiny("1.2.3.4.1"), tmp_path / "one.dcm")
    report = opened.check([tiny("1.2.3.4.2", patient="P2"), path, str(path), tiny("1.2.3.4.3", "1.2")])
    assert report.files == 4
    assert report.verdicts == {Verdict.NEW: 2, Verdict.REPEAT: 1, Verdict.COLLISION: 1}
    assert codes(report) == {("UID306", "1.2.3", str(path))}, "one study of two patients"
    assert {f.path for f in opened.check([str(path), tiny("2.999.1")]).findings} == {"dataset 2"}


def test_one_alone(opened: Registry, tmp_path: Path) -> None:
    path = save(tiny(), tmp_path / "one.dcm")
    for one in (tiny(), path, str(path), iter([tiny()]), (tiny(),)):
        assert opened.check(one).files == 1
    assert opened.check([]).files == 0


@pytest.mark.engine("sqlite")
def test_content_is_compared_with_what_was_registered(opened: Registry, tmp_path: Path) -> None:
    (image,) = ct_slices(1)
    opened.register([str(save(image, tmp_path / "a.dcm"))])
    assert opened.check(image).verdicts == {Verdict.REPEAT: 1}
    edited = changed(image, PixelData=bytes(len(image.PixelData)))
    report = opened.check(edited)
    assert report.verdicts == {Verdict.COLLISION: 1}
    assert ("UID301", image.SOPInstanceUID, "dataset 1") in codes(report)
    assert opened.check(edited, digests=False).verdicts == {Verdict.NOT_COMPARED: 1}


@pytest.mark.engine("sqlite")
def test_nothing_is_written(opened: Registry) -> None:
    opened.check([tiny()])
    assert opened.check([tiny()]).verdicts == {Verdict.NEW: 1}


@pytest.mark.engine("sqlite")
def test_what_is_neither_path_nor_data_set(opened: Registry, tmp_path: Path) -> None:
    for wrong in ([tiny(), 7], [b"path"], [[tiny()]]):
        with pytest.raises(BadRequest, match=r"object \d is a (int|bytes|list)"):
            opened.check(wrong)  # type: ignore[arg-type]
    with pytest.raises(NoSuchPath):
        opened.check([tiny(), tmp_path / "none"])


@pytest.mark.engine("sqlite")
def test_a_data_set_that_cannot_be_written_is_reported(opened: Registry) -> None:
    broken = tiny()
    broken["Rows"]._value = "no number"
    report = opened.check([tiny(), broken])
    assert (report.files, report.unreadable) == (2, 1)
    assert ("UID608", None, "dataset 2") in codes(report)


@pytest.mark.engine("sqlite")
def test_of_what_has_no_file_yet_nothing_is_said_about_the_file(opened: Registry) -> None:
    data_set = tiny()
    data_set.file_meta.MediaStorageSOPInstanceUID = "1.2.9"
    assert ("UID601", "1.2.3.4.1", "dataset 1") in codes(opened.check(data_set))
    del data_set.file_meta
    assert codes(opened.check(data_set)) == set()


# --- what fails a run ---------------------------------------------------------------------


@pytest.mark.engine("sqlite")
def test_how_grave_what_was_found_must_be_is_said_as_on_the_command_line(opened: Registry) -> None:
    warned = opened.check([tiny(patient="")])
    assert warned.passed()
    warned.raise_for_findings()
    warned.raise_for_findings("never")
    for fail_on in ("warning", "note"):
        with pytest.raises(FindingsError) as raised:
            warned.raise_for_findings(fail_on)
        assert [finding.code for finding in raised.value.findings] == ["UID410"]
    with pytest.raises(BadRequest, match="'fatal' is no severity"):
        warned.raise_for_findings("fatal")


@pytest.mark.engine("sqlite")
def test_the_message_names_the_first_findings_and_counts_the_rest(opened: Registry) -> None:
    with pytest.raises(FindingsError) as raised:
        opened.check([tiny(f"2.999.{number}") for number in range(5)]).raise_for_findings()
    error = raised.value
    assert len(error.findings) == 5
    assert str(error).startswith(
        "5 findings: UID202 example-root in dataset 1: the instance UID 2.999.0 lies under 2.999"
    )
    assert str(error).endswith("; and 2 more")
    assert (error.exit_status, error.code) == (1, "FindingsError")
    with pytest.raises(FindingsError, match=r"\A1 finding: UID202 [^;]*\Z"):
        opened.check(tiny("2.999.0")).raise_for_findings()


def test_a_registration_fails_on_collisions_if_told_so(opened: Registry, tmp_path: Path) -> None:
    first = opened.register([str(save(tiny("2.999.1"), tmp_path / "a.dcm"))])
    first.raise_for_findings("collision")
    assert not first.passed(), "an example root is an error all the same"
    second = opened.register([str(save(tiny("2.999.1", pixels=b"\7\7\7\7"), tmp_path / "b.dcm"))])
    with pytest.raises(FindingsError) as raised:
        second.raise_for_findings("collision")
    assert {finding.code for finding in raised.value.findings} == {"UID202", "UID301"}


@pytest.mark.engine("sqlite")
def test_what_somebody_knows_of_fails_nothing(opened: Registry) -> None:
    from dataclasses import replace

    report = opened.check(tiny("2.999.1"))
    report.findings[:] = [replace(finding, acknowledged=True) for finding in report.findings]
    assert report.passed("note")


def test_what_is_heavy_is_imported_only_where_it_is_needed(settings: Settings) -> None:
    """Opening, issuing and asking need no reader and no signatures."""
    program = f"""
import sys
from registry import Registry
from registry.settings import Settings
with Registry(Settings({settings.database!r}, actor="t", key_file={settings.key_file!r})) as registry:
    uid = registry.issue("study").uids[0]
    assert registry.show(uid).uid.startswith({ROOT!r})
    assert registry.check([]).files == 0
assert not {{"pydicom", "cryptography"}} & set(sys.modules), "imported"
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_kinds_are_told(opened: Registry) -> None:
    (finding,) = opened.check(tiny("2.999.1")).findings
    assert finding.kind is Kind.INSTANCE
