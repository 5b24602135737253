"""Which files of a check may go on: none that a finding is about, and no fewer."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from registry.api import Registry
from registry.services.acknowledging import acknowledge
from registry.services.checking import check
from registry.services.opening import OpenRegistry
from registry.services.registering import register
from registry.settings import Settings
from registry.store.findings import Which
from tests.objects import PYDICOM_FILES, SEG_CLASS, changed, ct_slices, save, save_all, segmentation, tiny

pytestmark = pytest.mark.engine("sqlite")  # what keeps a file back, once it is found, is no database's matter


def test_a_finding_about_an_object_keeps_back_that_object_alone(
    registry: OpenRegistry, tmp_path: Path
) -> None:
    good, bad = save(tiny("1.2.3.1"), tmp_path / "good"), save(tiny("2.999.4"), tmp_path / "bad")
    files = check(registry, [good, bad]).sorted_files()
    assert files.passed == [str(good)]
    assert files.failed == {str(bad): ["UID202"]}


def test_of_two_that_claim_one_instance_both_are_kept_back(registry: OpenRegistry, tmp_path: Path) -> None:
    objects = [tiny("1.2.3.1"), tiny("1.2.3.1", pixels=b"\t\t\t\t"), tiny("1.2.3.2")]
    first, second, other = map(str, save_all(objects, tmp_path))
    files = check(registry, [first, second, other]).sorted_files()
    assert (files.passed, {*files.failed}) == ([other], {first, second})
    register(registry, [first])
    files = check(registry, [second, other]).sorted_files()
    assert (files.passed, files.failed) == ([other], {second: ["UID301"]})


def test_a_finding_about_what_is_shared_keeps_back_all_that_name_it(
    registry: OpenRegistry, tmp_path: Path
) -> None:
    """Nobody can tell yet which of them is wrong."""
    objects = [
        tiny("1.2.4.1", "1.2.4", "1.2.44"),
        tiny("1.2.4.2", "1.2.4", "1.2.44", sop_class=SEG_CLASS, modality="SEG"),
        tiny("1.2.5.1", "1.2.5", "1.2.44"),
        tiny("1.2.6.1", "1.2.6", "1.2.66", frame="1.2.9"),
        changed(tiny("1.2.7.1", "1.2.7", "1.2.77", frame="1.2.9"), PatientID="SOMEBODY ELSE"),
        tiny("1.2.8.1", "1.2.8", "1.2.88"),
    ]
    paths = [str(path) for path in save_all(objects, tmp_path)]
    files = check(registry, paths).sorted_files()
    assert {Path(path).name: codes for path, codes in files.failed.items()} == {
        Path(paths[0]).name: ["UID401", "UID402"],
        Path(paths[1]).name: ["UID401", "UID402"],
        Path(paths[3]).name: ["UID309"],
        Path(paths[4]).name: ["UID309"],
    }
    assert files.passed == [paths[2], paths[5]]


def test_what_failed_on_its_own_is_out_and_the_rest_passes(registry: OpenRegistry, tmp_path: Path) -> None:
    slices = ct_slices(2)
    right = segmentation(slices, "1.2.826.0.99.1.20", "1.2.826.0.99.1.20.1")
    wrong = segmentation(slices, slices[0].SeriesInstanceUID, "1.2.826.0.99.1.20.2")
    paths = [str(path) for path in save_all([*slices, right, wrong], tmp_path)]
    files = check(registry, paths).sorted_files()
    assert files.passed == [paths[2]]
    (culprit,) = [path for path, codes in files.failed.items() if "UID501" in codes]
    assert culprit == paths[3]
    assert check(registry, paths[:3]).sorted_files() == (paths[:3], {})


def test_what_is_recorded_and_fails_because_of_what_comes_now_keeps_that_back(
    registry: OpenRegistry, tmp_path: Path
) -> None:
    slices = ct_slices(2)
    early = save(segmentation(slices, slices[0].SeriesInstanceUID, "1.2.9.1"), tmp_path / "early.dcm")
    register(registry, [str(early)])
    late, other = save(slices[0], tmp_path / "late.dcm"), save(tiny("1.2.8.1"), tmp_path / "other.dcm")
    report = check(registry, [late, other])
    assert not report.passed()
    files = report.sorted_files()
    assert (files.passed, [*files.failed]) == ([str(other)], [str(late)])


@pytest.mark.parametrize("fail_on", ["error", "warning", "note", "never"])
def test_files_are_kept_back_exactly_where_the_run_fails(registry: OpenRegistry, fail_on: str) -> None:
    report = check(registry, [PYDICOM_FILES])
    files = report.sorted_files(fail_on)
    assert bool(files.failed) == (not report.passed(fail_on))
    named = {path for finding in report.failing(fail_on) for path in (finding.path, *finding.also)}
    assert named - {None} <= {*files.failed} | {path for path in named if path and "!" in path}
    assert not {*files.passed} & {*files.failed}
    assert {claim.path.partition("!")[0] for claim in report.claims} <= {*files.passed, *files.failed}


def test_an_archive_passes_where_all_its_members_do(registry: OpenRegistry, tmp_path: Path) -> None:
    good, bad = save(tiny("1.2.3.1"), tmp_path / "good!"), save(tiny("2.999.4"), tmp_path / "bad")
    for name, members in {"whole.zip": [good], "half!.zip": [good, bad]}.items():
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member in members:
                archive.write(member, member.name)
    paths = [str(tmp_path / name) for name in ("whole.zip", "half!.zip", "good!")]
    files = check(registry, paths).sorted_files()
    assert files.passed == [paths[0], paths[2]]
    assert files.failed == {paths[1]: ["UID202"]}


def test_what_cannot_be_read_is_kept_back_and_what_is_no_object_is_in_neither_list(
    registry: OpenRegistry, tmp_path: Path
) -> None:
    whole = save(tiny("1.2.3.1"), tmp_path / "whole.dcm")
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(whole.read_bytes()[:200])
    (tmp_path / "notes.txt").write_text("none")
    files = check(registry, [tmp_path]).sorted_files()
    assert (files.passed, [*files.failed]) == ([str(whole)], [str(broken)])


def test_what_somebody_has_acknowledged_keeps_nothing_back(registry: OpenRegistry, tmp_path: Path) -> None:
    paths = [
        str(path)
        for path in save_all([tiny("1.2.4.1", "1.2.4"), tiny("1.2.4.2", "1.2.4", modality="MR")], tmp_path)
    ]
    register(registry, paths)
    assert {*check(registry, paths).sorted_files().failed} == {*paths}
    acknowledge(registry, Which(code="UID401"), "known")
    assert check(registry, paths).sorted_files() == (paths, {})


def test_data_sets_in_memory_are_called_by_their_place(settings: Settings) -> None:
    with Registry.open(settings.database) as registry:
        files = registry.check([tiny("1.2.3.1"), tiny("2.999.4")]).sorted_files()
    assert files.passed == ["dataset 1"]
    assert files.failed == {"dataset 2": ["UID202"]}
