"""deid with the registry's replacements: its recipes are followed, and every reference leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pydicom
import pytest
from deid.config import DeidRecipe
from deid.dicom import get_identifiers, replace_identifiers
from deid.dicom.parser import DicomParser
from pydicom.dataset import Dataset

from registry.adapters.deid import FUNCTION, lookup, recipe, uid_function
from registry.api import Registry
from registry.errors import ScopePurged
from registry.settings import Settings
from tests.adapters.conftest import CREATOR, elements, read, require_intact, uids_of
from tests.objects import PYDICOM_FILES, ct_slices

pytestmark = [
    pytest.mark.engine("sqlite"),  # the database is asked through the interface that has its own tests
    pytest.mark.filterwarnings("ignore"),
]

OWN = """FORMAT dicom

%header

BLANK PatientID
REPLACE PatientName ANONYMOUS
REMOVE ImageComments
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    """A recipe as somebody has it, who says nothing of UIDs."""
    (tmp_path / "own.deid").write_text(OWN)
    return str(tmp_path / "own.deid")


def run(study: Path, folder: Path, ids: Any, made: DeidRecipe, **options: Any) -> dict[str, Dataset]:
    folder.mkdir()
    files = sorted(map(str, study.iterdir()))
    replace_identifiers(files, ids=ids, deid=made, save=True, output_folder=str(folder), **options)
    return read(folder)


def test_every_reference_resolves_and_none_leads_to_an_original(
    registry: Registry, study: Path, tmp_path: Path, own: str
) -> None:
    before = read(study)
    ids = lookup(registry, "TRIAL")
    after = run(study, tmp_path / "out", ids, recipe(own))
    require_intact(before, after)
    assert {str(each.get("PatientName", "ANONYMOUS")) for each in after.values()} == {"ANONYMOUS"}
    assert not any(each.get("PatientID") for each in after.values())
    image = after["1.dcm"]
    block = image.private_block(0x0009, CREATOR)
    assert block[0x01].value[0].SOPInstanceUID == after["0.dcm"].SOPInstanceUID
    assert block[0x02].value == image.SeriesInstanceUID
    replaced = registry.remap_all(uids_of(before), scope="TRIAL")
    assert replaced.new == 0
    assert uids_of(after) == {replaced.uids[uid] for uid in uids_of(before)}


def test_a_recipe_of_ones_own_needs_one_line(
    registry: Registry, study: Path, tmp_path: Path, own: str
) -> None:
    (tmp_path / "line.deid").write_text(f"{OWN}REPLACE SOPInstanceUID func:{FUNCTION}\n")
    files = sorted(map(str, study.iterdir()))
    ids = lookup(registry, "TRIAL", get_identifiers(files))
    after = run(study, tmp_path / "out", ids, DeidRecipe(str(tmp_path / "line.deid")), remove_private=True)
    require_intact(read(study), after)


def test_without_it_references_lead_to_originals(study: Path, tmp_path: Path) -> None:
    """What this is for: should deid do it one day itself, this module can go."""
    lines = [
        f"REPLACE {keyword} deid_func:pydicom_uuid" for keyword in ("SOPInstanceUID", "SeriesInstanceUID")
    ]
    (tmp_path / "theirs.deid").write_text("\n".join([OWN, *lines, ""]))
    after = run(study, tmp_path / "out", {}, DeidRecipe(str(tmp_path / "theirs.deid")))
    with pytest.raises(AssertionError):
        require_intact(read(study), after)


def test_uids_stay_where_a_recipe_removes_all_else(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "all.deid").write_text("FORMAT dicom\n\n%header\n\nREMOVE ALL\n")
    image = ct_slices(1)[0]
    uids = {uid for where, uid in elements(image) if "[" not in where}
    (made,) = replace_identifiers([image], lookup(registry, "TRIAL"), recipe(str(tmp_path / "all.deid")))
    assert "PatientName" not in made
    assert {uid for _, uid in elements(made)} == {*registry.remap_all(uids, scope="TRIAL").uids.values()}


def test_another_process_gives_the_same(
    registry: Registry, settings: Settings, study: Path, tmp_path: Path, own: str
) -> None:
    first = run(study, tmp_path / "out", lookup(registry, "TRIAL"), recipe(own))
    (tmp_path / "again").mkdir()
    script = """
import glob, sys
from deid.dicom import replace_identifiers
from registry import Registry
from registry.adapters.deid import lookup, recipe
database, study, folder, own = sys.argv[1:]
files = glob.glob(f"{study}/*")
with Registry.open(database, actor="tester") as registry:
    ids = lookup(registry, "TRIAL")
    replace_identifiers(files, ids=ids, deid=recipe(own), save=True, output_folder=folder)
"""
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        script,
        settings.database,
        study,
        tmp_path / "again",
        own,
    ]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    again = read(tmp_path / "again")
    assert {name: [*elements(each)] for name, each in first.items()} == {
        name: [*elements(each)] for name, each in again.items()
    }


def test_a_parser_takes_the_function_too(registry: Registry) -> None:
    image = ct_slices(1)[0]
    image.IrradiationEventUID = ["1.2.3.1", "1.2.3.2"]
    image.ConcatenationUID = ""
    original = image.copy()
    parser = DicomParser(image, recipe=recipe())
    parser.define(FUNCTION, uid_function(registry, "TRIAL"))
    parser.parse()
    expected = registry.remap_all(["1.2.3.1", "1.2.3.2", original.SOPInstanceUID], scope="TRIAL").uids
    assert list(image.IrradiationEventUID) == [expected["1.2.3.1"], expected["1.2.3.2"]]
    assert image.SOPInstanceUID == expected[original.SOPInstanceUID]
    assert not image.ConcatenationUID


def test_what_a_scope_refuses_is_an_error_and_not_a_random_uid(registry: Registry) -> None:
    image = ct_slices(1)[0]
    registry.remap(image.StudyInstanceUID, scope="OLD")
    registry.purge_scope("OLD", reason="the trial is over")
    with pytest.raises(ScopePurged):
        replace_identifiers([image], lookup(registry, "OLD"), recipe())


def test_real_files_come_out_with_no_uid_of_theirs(registry: Registry) -> None:
    ids, made = lookup(registry, "TRIAL"), recipe()
    for name in ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm", "rtstruct.dcm", "rtdose.dcm", "test-SR.dcm"):
        data_set = pydicom.dcmread(PYDICOM_FILES / name, force=True)
        before = {uid for _, uid in elements(data_set)}
        (after,) = replace_identifiers([data_set], ids=ids, deid=made)
        assert not before & {uid for _, uid in elements(after)}, name


def test_the_ready_recipe_names_what_identifies_and_no_class() -> None:
    named = {action["field"] for action in recipe().deid["header"]}
    assert {"SOPInstanceUID", "MultiFrameSourceSOPInstanceUID", "TrackingUID", "UID"} <= named
    assert not [keyword for keyword in named if re.search("ClassUID|TransferSyntax|CodingScheme", keyword)]
