"""``derive`` in Python: what it takes, and what object makers take from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from pydicom.dataset import Dataset

from registry import Derived, Registry
from registry.errors import BadRequest, InstanceUnclear, RequestReused, SourceUnclear
from tests.conftest import Cli
from tests.objects import DERIVED, DEVICE, PYDICOM_FILES, changed, ct_slices, save_all

STUDY = "1.2.826.0.99.1"


def secondary_capture(uids: Derived) -> Dataset:
    """The one constructor of highdicom that wants the study too."""
    return hd.sc.SCImage(
        pixel_array=np.zeros((4, 4), np.uint8),
        photometric_interpretation="MONOCHROME2",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "P"),
        study_instance_uid=uids.study_instance_uid,
        series_number=1,
        instance_number=1,
        manufacturer=DEVICE["manufacturer"],
        **uids,
    )


def legacy_converted(uids: Derived) -> Dataset:
    return hd.legacy.LegacyConvertedEnhancedCTImage(
        [changed(each, **DERIVABLE) for each in ct_slices()], series_number=1, instance_number=1, **uids
    )


DERIVABLE = {"InstitutionName": "Example", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}


def made_by(sort: str) -> Callable[[Derived], Dataset]:
    return lambda uids: DERIVED[sort](ct_slices(), uids["series_instance_uid"], uids["sop_instance_uid"])


MAKERS = [
    ("SEG", made_by("SEG")),
    ("OT", made_by("PM")),  # by highdicom, and PS3.3 has no modality of its own for it
    ("SR", made_by("SR")),
    ("KO", made_by("KO")),
    ("PR", made_by("PR")),
    ("OT", secondary_capture),
    ("CT", legacy_converted),  # that of its sources
]


@pytest.mark.engine("sqlite")
def test_every_constructor_of_highdicom_takes_it_and_the_object_is_as_it_was_issued(
    ours: Registry, tmp_path: Path
) -> None:
    slices = ct_slices()
    ours.register([str(path) for path in save_all(slices, tmp_path)])
    for modality, make in MAKERS:
        uids = ours.derive(slices, modality=modality)
        made = make(uids)
        assert (made.StudyInstanceUID, made.SeriesInstanceUID, made.SOPInstanceUID) == (
            STUDY,
            uids.series_instance_uid,
            uids.sop_instance_uid,
        )
        # The report has UIDs that its maker has made by appending to ours, and that is found (UID203).
        about = {finding.uid: finding for finding in ours.check(made).failing()}
        assert not about.keys() & {made.SeriesInstanceUID, made.SOPInstanceUID}, about
        assert bool(about) == (modality == "SR")


def test_sources_are_datasets_uids_and_paths_mixed_or_one_alone(ours: Registry, tmp_path: Path) -> None:
    slices = ct_slices(3)
    paths = save_all(slices, tmp_path)
    ours.register([str(paths[0])])
    mixed: list[Any] = [slices[2], slices[0].SOPInstanceUID, str(paths[1]), paths[2]]
    for sources in (mixed, iter(mixed), slices[0], slices[0].SeriesInstanceUID, paths[1], str(paths[1])):
        derived = ours.derive(sources, modality="SEG")
        assert derived.study_instance_uid == STUDY
        assert "source of SEG series" in " ".join(e.what for e in ours.history(slices[0].SeriesInstanceUID))


@pytest.mark.engine("sqlite")
def test_a_file_may_be_called_like_a_uid(ours: Registry, tmp_path: Path, monkeypatch: Any) -> None:
    save_all(ct_slices(1), tmp_path)[0].rename(tmp_path / "1.2.3")
    monkeypatch.chdir(tmp_path)
    assert ours.derive(Path("1.2.3"), modality="SEG").study_instance_uid == STUDY
    with pytest.raises(SourceUnclear):
        ours.derive("1.2.3", modality="SEG")


@pytest.mark.engine("sqlite")
def test_of_several_instances_each_is_passed_by_itself(ours: Registry) -> None:
    derived = ours.derive(ct_slices(), modality="OT", n_instances=3)
    assert [each["sop_instance_uid"] for each in derived.instances] == list(derived.sop_instance_uids)
    assert {each["series_instance_uid"] for each in derived.instances} == {derived.series_instance_uid}
    for use in (
        lambda: dict(**derived),
        lambda: derived.sop_instance_uid,
        lambda: derived["sop_instance_uid"],
    ):
        with pytest.raises(InstanceUnclear, match="3 instances") as unclear:
            use()
        assert isinstance(unclear.value, TypeError)
        assert "derived.instances" in unclear.value.advice


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"SOPInstanceUID": None}, "dataset 2 has no SOPInstanceUID"),
        ({"SOPInstanceUID": ""}, "dataset 2 has no SOPInstanceUID"),
        ({"StudyInstanceUID": "1.2.MÜLLER^HANS"}, "dataset 2 has no valid StudyInstanceUID"),
        ({"SeriesInstanceUID": ["1.2.3", "1.2.4"]}, "dataset 2 has no SeriesInstanceUID"),
    ],
)
@pytest.mark.engine("sqlite")
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of the test's own making
def test_a_dataset_without_its_uids_is_called_by_its_place(
    ours: Registry, values: dict[str, Any], said: str
) -> None:
    first, second = ct_slices()
    with pytest.raises(SourceUnclear) as unclear:
        ours.derive([first, changed(second, **values)], modality="SEG")
    assert unclear.value.message == said


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("nothing", [[], [3], 3, [ct_slices(1)[0], None]])
def test_what_is_no_source_is_refused_with_its_place(ours: Registry, nothing: Any) -> None:
    with pytest.raises(BadRequest, match="needs a source|source 1 is a int|source 2 is a NoneType"):
        ours.derive(nothing, modality="SEG")


def test_a_request_with_datasets_is_made_again(ours: Registry) -> None:
    first = ours.derive(ct_slices(), modality="SEG", request_id="job-1")
    assert ours.derive(ct_slices(), modality="SEG", request_id="job-1") == first
    with pytest.raises(RequestReused):
        ours.derive(ct_slices(3), modality="SEG", request_id="job-1")


@pytest.mark.engine("sqlite")
def test_the_command_and_the_method_are_the_same_request(ours: Registry, cli: Cli, tmp_path: Path) -> None:
    (path,) = save_all(ct_slices(1), tmp_path)
    method = ours.derive(str(path), modality="SEG", request_id="job-2")
    command = cli("derive", path, "--modality", "SEG", "--request-id", "job-2", "--format", "json")
    assert json.loads(command.out)["sop_instance_uids"] == list(method.sop_instance_uids)


@pytest.mark.engine("sqlite")
def test_pixels_are_not_looked_at(ours: Registry) -> None:
    """Also of what pydicom can't decode: real files, compressed in every way, are sources as they are."""
    import pydicom

    for name in ("JPEG2000.dcm", "MR_small_RLE.dcm", "JPEG2000-embedded-sequence-delimiter.dcm"):
        source = pydicom.dcmread(PYDICOM_FILES / name)
        assert ours.derive(source, modality="SEG").study_instance_uid == source.StudyInstanceUID


def test_issue_takes_the_same_sources(ours: Registry) -> None:
    issued = ours.issue("series", source_images=ct_slices(), modality="SEG", root="1.3.6.1.4.1.32473.1.")
    assert issued.study_instance_uid == STUDY
