"""The tutorial: real objects, from their images to the tree of their study, with one mistake among them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from registry import FindingsError, Registry, Severity
from registry.records import Verdict
from registry.settings import Settings
from tests.objects import ct_slices, parametric_map, report, save, save_all, segmentation

SEG, SR, OT = "SEG", "SR", "OT"
MAKERS = {SEG: segmentation, SR: report, OT: parametric_map}


def test_from_images_to_the_tree_of_their_study(settings: Settings, tmp_path: Path) -> None:
    slices = ct_slices(3)
    study, source = slices[0].StudyInstanceUID, slices[0].SeriesInstanceUID
    save_all(slices, tmp_path / "ct")
    with Registry(settings) as registry:
        registry.register(tmp_path / "ct").raise_for_findings("collision")
        uids = {modality: registry.derive(slices, modality=modality) for modality in MAKERS}
        assert {each.study_instance_uid for each in uids.values()} == {study}
        made: dict[str, Dataset] = {}
        for modality, make in MAKERS.items():
            names = uids[modality].series_instance_uid, uids[modality].sop_instance_uid
            # The report's tracking and observer UIDs are UIDs as well, and come from the registry too.
            further = {"tracking_uid": registry.generate_uid()} if modality == SR else {}
            with registry.patch_pydicom():
                made[modality] = make(slices, *names, **further)
        observer = next(e for e in made[SR].iterall() if e.keyword == "UID" and e.value.endswith(".8"))
        observer.value = registry.generate_uid()
        registry.check(made.values()).raise_for_findings("note")

        # Somebody's code takes the series of the source, as PS3.3 A.51 doesn't allow.
        made[SEG].SeriesInstanceUID = source
        broken = registry.check(made.values())
        with pytest.raises(FindingsError, match="UID501"):
            broken.raise_for_findings()
        (wrong,) = [finding for finding in broken.findings if finding.code == "UID501"]
        assert (wrong.path, wrong.uid) == ("dataset 1", made[SEG].SOPInstanceUID)
        assert (wrong.severity, wrong.related[0]) == (Severity.ERROR, source)
        with pytest.raises(FindingsError):
            registry.save(made[SEG], tmp_path / "seg.dcm")
        assert not (tmp_path / "seg.dcm").exists()

        # What was issued for it is still its own.
        made[SEG].SeriesInstanceUID = uids[SEG].series_instance_uid
        registry.check(made.values()).raise_for_findings("note")
        for modality, data_set in made.items():
            saved = registry.save(data_set, tmp_path / f"{modality}.dcm", fail_on="note")
            assert dict(saved.verdicts) == {Verdict.NEW: 1}
        again = registry.register(tmp_path)
        assert dict(again.verdicts) == {Verdict.REPEAT: 6}
        assert again.findings == []

        tree = registry.tree(made[SR].SOPInstanceUID)
        assert tree.study_instance_uid == study
        (images,) = tree.series
        assert (images.series_instance_uid, images.modality, images.instances) == (source, "CT", 3)
        below = {node.modality: node.series_instance_uid for node in images.below}
        assert below == {modality: each.series_instance_uid for modality, each in uids.items()}
        assert {node.state for node in images.below} == {"registered"}
        assert registry.verify().ok


def test_what_was_registered_past_the_check_is_made_anew(settings: Settings, tmp_path: Path) -> None:
    slices = ct_slices()
    save_all(slices, tmp_path / "ct")
    with Registry(settings) as registry:
        uids = registry.derive(slices, modality=SEG)
        wrong = segmentation(slices, slices[0].SeriesInstanceUID, uids.sop_instance_uid)
        save(wrong, tmp_path / "seg.dcm")
        registry.register(tmp_path)
        tree = registry.tree(slices[0].SeriesInstanceUID)
        flagged = {f.code for node in tree.series for each in (node, *node.below) for f in each.findings}
        assert {"UID501", "UID401"} <= flagged
        # It has left with this identity, and keeps it; the right object gets another.
        anew = registry.derive(slices, modality=SEG)
        right = segmentation(slices, anew.series_instance_uid, anew.sop_instance_uid)
        assert registry.save(right, tmp_path / "right.dcm").findings == []
        (images,) = registry.tree(slices[0].SeriesInstanceUID).series
        clean = {node.series_instance_uid for node in images.below if not node.findings}
        assert anew.series_instance_uid in clean
