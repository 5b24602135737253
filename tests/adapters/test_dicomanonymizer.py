"""dicom-anonymizer with the registry's replacements: its work is done, and references lead somewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pydicom
import pytest
from dicomanonymizer import simpledicomanonymizer
from dicomanonymizer.anonymizer import anonymize
from pydicom.dataset import Dataset

from registry.adapters.dicomanonymizer import anonymizer_rules
from registry.api import Registry
from registry.errors import BadRequest, ScopePurged
from registry.settings import Settings
from tests.adapters.conftest import CREATOR, elements, read, require_intact, uids_of
from tests.objects import PYDICOM_FILES, ct_slices

pytestmark = [
    pytest.mark.engine("sqlite"),  # the database is asked through the interface that has its own tests
    pytest.mark.filterwarnings("ignore"),  # dummy values that aren't valid, what pydicom deprecates
]


def run(
    study: Path, folder: Path, rules: dict[object, object], *, private: bool = False
) -> dict[str, Dataset]:
    folder.mkdir()
    anonymize(str(study), str(folder), rules, not private)
    return read(folder)


def test_every_reference_resolves_and_none_leads_to_an_original(
    registry: Registry, study: Path, tmp_path: Path
) -> None:
    before = read(study)
    after = run(study, tmp_path / "out", anonymizer_rules(registry, "TRIAL"))
    require_intact(before, after)
    assert not any(each.get("PatientName") or each.PatientID for each in after.values())
    assert (0x0009, 0x0010) not in after["0.dcm"]
    assert registry.check([str(tmp_path / "out")]).passed("collision")
    replaced = registry.remap_all(uids_of(before), scope="TRIAL")
    assert replaced.new == 0
    assert uids_of(after) <= {*replaced.uids.values()}


def test_without_it_references_are_lost_or_lead_to_originals(study: Path, tmp_path: Path) -> None:
    """What this is for: should dicom-anonymizer do it one day itself, this module can go."""
    after = run(study, tmp_path / "out", {})
    with pytest.raises(AssertionError):
        require_intact(read(study), after)


def test_private_sequences_that_stay_have_theirs_replaced(
    registry: Registry, study: Path, tmp_path: Path
) -> None:
    after = run(study, tmp_path / "out", anonymizer_rules(registry, "TRIAL"), private=True)
    require_intact(read(study), after)
    image = after["1.dcm"]
    block = image.private_block(0x0009, CREATOR)
    assert block[0x01].value[0].SOPInstanceUID == after["0.dcm"].SOPInstanceUID
    assert block[0x02].value == image.SeriesInstanceUID


def test_another_process_gives_the_same(
    registry: Registry, settings: Settings, study: Path, tmp_path: Path
) -> None:
    first = run(study, tmp_path / "out", anonymizer_rules(registry, "TRIAL"))
    (tmp_path / "again").mkdir()
    script = """
import sys
from dicomanonymizer.anonymizer import anonymize
from registry import Registry
from registry.adapters.dicomanonymizer import anonymizer_rules
with Registry.open(sys.argv[1], actor="tester") as registry:
    anonymize(sys.argv[2], sys.argv[3], anonymizer_rules(registry, "TRIAL"), True)
"""
    command = [sys.executable, "-W", "ignore", "-c", script, settings.database, study, tmp_path / "again"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    again = read(tmp_path / "again")
    assert {name: [*elements(each)] for name, each in first.items()} == {
        name: [*elements(each)] for name, each in again.items()
    }
    other = run(study, tmp_path / "other", anonymizer_rules(registry, "ANOTHER"))
    assert not uids_of(first) & uids_of(other)


def test_rules_of_ones_own_come_last_and_other_bases_may_be_used(registry: Registry) -> None:
    image = ct_slices(1)[0]
    original = image.StudyInstanceUID
    base = simpledicomanonymizer.initialize_actions_2024b
    rules = anonymizer_rules(registry, "TRIAL", base=base) | {(0x0010, 0x0020): simpledicomanonymizer.keep}
    simpledicomanonymizer.anonymize_dataset(image, rules, base_rules_gen=base)
    assert image.PatientID == "P1"
    assert image.StudyInstanceUID == registry.remap(original, scope="TRIAL")


def test_what_a_scope_refuses_is_an_error_and_not_a_random_uid(registry: Registry) -> None:
    with pytest.raises(BadRequest):
        anonymizer_rules(registry, "no/scope")
    image = ct_slices(1)[0]
    registry.remap(image.StudyInstanceUID, scope="OLD")
    registry.purge_scope("OLD", reason="the trial is over")
    with pytest.raises(ScopePurged):
        simpledicomanonymizer.anonymize_dataset(image, anonymizer_rules(registry, "OLD"))


def test_real_files_come_out_with_no_uid_of_theirs(registry: Registry) -> None:
    rules = anonymizer_rules(registry, "TRIAL")
    for name in (
        "CT_small.dcm",
        "MR_small.dcm",
        "rtplan.dcm",
        "rtstruct.dcm",
        "rtdose.dcm",
        "test-SR.dcm",
    ):
        data_set = pydicom.dcmread(PYDICOM_FILES / name, force=True)
        before = {uid for _, uid in elements(data_set)}
        simpledicomanonymizer.anonymize_dataset(data_set, rules, delete_private_tags=False)
        after = {uid for _, uid in elements(data_set)}
        assert not before & after, name
