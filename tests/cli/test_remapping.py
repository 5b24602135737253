"""`remap` and `scope`, as they are typed."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pydicom
import pytest

from registry.settings import FORMATS
from tests.conftest import Cli
from tests.objects import ROOT, ct_slices, save, save_all, segmentation

pytestmark = pytest.mark.filterwarnings("ignore")

SCOPE = ("--scope", "TRIAL-7")
STUDY = "1.2.826.0.99.1"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    slices = ct_slices(3)
    save_all([*slices, segmentation(slices, "1.2.826.0.99.20", "1.2.826.0.99.20.1")], tmp_path / "study")
    return tmp_path / "study"


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UID_REGISTRY_JOBS", "1")


def copies(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


# --- UIDs ------------------------------------------------------------------------------------


def test_uids_are_printed_with_what_replaces_them(cli: Cli) -> None:
    first = cli("remap", "1.2.3.4", "1.2.840.10008.1.2", *SCOPE)
    assert first.code == 0
    assert first.err == "scope TRIAL-7 is new: nothing was replaced in it before\n"
    (original, new), same = map(str.split, first.out.splitlines())
    assert original == "1.2.3.4"
    assert new.startswith(f"{ROOT}.")
    assert same == ["1.2.840.10008.1.2"] * 2
    again = cli("remap", "-", *SCOPE, stdin="1.2.840.10008.1.2\n1.2.3.4\n")
    assert (again.err, sorted(again.out.splitlines())) == ("", sorted(first.out.splitlines()))
    assert cli("remap", "1.2.3.4", *SCOPE, "--format", "json").json == {
        "scope": "TRIAL-7",
        "uids": [{"original": "1.2.3.4", "replacement": new}],
        "new": 0,
        "entry": None,
    }


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("remap", "1.2.3.4"), "--scope"),
        (("remap", "study/", *SCOPE), "--output FOLDER"),
        (("remap", "1.2.3", "--scope", "a b"), "name of a scope"),
        (("remap", "1.2.3", *SCOPE, "--method", "keyed"), "minted"),
        (("remap", "1.2.3", *SCOPE, "--method", "x"), "random or uuid"),
        (("remap", "1.2.3", *SCOPE, "--root", "1.2.3"), "not a root"),
        (("scope", "import", "TRIAL-7", "missing.csv"), "can't be read"),
    ],
)
def test_what_cant_be_asked_is_told(cli: Cli, arguments: tuple[str, ...], told: str) -> None:
    result = cli(*arguments)
    assert (result.code, result.out) == (2, "")
    assert told in result.err


# --- files -----------------------------------------------------------------------------------


def test_a_study_is_copied_with_its_references(cli: Cli, study: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in copies(study)}
    done = cli("remap", study, *SCOPE, "--output", tmp_path / "out")
    assert done.code == 0, done.err
    assert "4 copies written into" in done.out
    assert {path: path.read_bytes() for path in copies(study)} == before
    written = copies(tmp_path / "out")
    read = [pydicom.dcmread(path) for path in written]
    for path, data_set in zip(written, read, strict=True):
        names = (data_set.StudyInstanceUID, data_set.SeriesInstanceUID, f"{data_set.SOPInstanceUID}.dcm")
        assert path.relative_to(tmp_path / "out").parts == names
        assert data_set.file_meta.MediaStorageSOPInstanceUID == data_set.SOPInstanceUID
        assert all(name.startswith(f"{ROOT}.") for name in names)
    assert len({data_set.StudyInstanceUID for data_set in read}) == 1
    assert cli("register", tmp_path / "out").code == 0
    assert cli("check", tmp_path / "out", "--fail-on", "warning").code == 0, "UID203, UID508, UID510: none"
    # The same again finds what is there, and adds nothing.
    again = cli("remap", study, *SCOPE, "--output", tmp_path / "out", "--format", "json").json
    assert (again["written"], again["repeats"], again["failed"], again["new"]) == (0, 4, 0, 0)
    # And so does what was remapped already.
    twice = cli("remap", tmp_path / "out", *SCOPE, "--output", tmp_path / "twice", "--format", "json").json
    assert (twice["written"], twice["new"]) == (4, 0)
    assert [path.name for path in copies(tmp_path / "twice")] == [path.name for path in written]
    assert cli("audit", "verify").code == 0


@pytest.mark.engine("sqlite")
def test_bad_files_cost_no_good_ones(cli: Cli, study: Path, tmp_path: Path) -> None:
    (study / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\2\0\0\0UL\4\0")
    (study / "notes.txt").write_text("Smith")
    os.mkfifo(study / "pipe")
    nameless = ct_slices(1)[0]
    del nameless.SOPInstanceUID
    save(nameless, study / "nameless.dcm")
    endless = ct_slices(1)[0]
    endless.add_new("IrradiationEventUID", "UI", "1." + "3" * 2000)
    save(endless, study / "endless.dcm")
    done = cli("remap", study, *SCOPE, "-o", tmp_path / "out", "--format", "json")
    assert done.code == 1
    told = {Path(each["path"]).name: each["outcome"] for each in done.json["problems"]}
    assert told == {
        "broken.dcm": "failed",
        "endless.dcm": "failed",
        "nameless.dcm": "failed",
        "notes.txt": "skipped",
        "pipe": "skipped",
    }
    assert (done.json["written"], done.json["files"]) == (4, 9)
    assert len(copies(tmp_path / "out")) == 4


@pytest.mark.engine("sqlite")
def test_another_file_in_the_place_of_a_copy_stays(cli: Cli, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    cli("remap", study, *SCOPE, "-o", out)
    path = copies(out)[0]
    path.write_bytes(b"precious")
    done = cli("remap", study, *SCOPE, "-o", out)
    assert done.code == 1
    assert "another file with its SOP Instance UID is in the place of its copy, and stays" in done.out
    assert path.read_bytes() == b"precious"


@pytest.mark.engine("sqlite")
def test_copies_never_go_into_what_is_copied(cli: Cli, study: Path) -> None:
    for output in (study, study / "out"):
        done = cli("remap", study, *SCOPE, "-o", output)
        assert (done.code, done.out) == (2, "")
        assert "lies in" in done.err
    assert not (study / "out").exists()
    assert cli("remap", study / "missing", *SCOPE, "-o", study / "out").code == 2


@pytest.mark.engine("sqlite")
def test_archives_are_looked_into_and_lists_are_read(cli: Cli, study: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        for path in copies(study):
            archive.write(path, path.name)
    done = cli("remap", tmp_path / "study.zip", *SCOPE, "-o", tmp_path / "out", "--jobs", 1)
    assert done.code == 0
    listed = "\0".join(map(str, copies(study)))
    again = cli("remap", "-0", *SCOPE, "-o", tmp_path / "out", "--format", "json", stdin=listed)
    assert again.json["repeats"] == 4


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("form", FORMATS)
def test_no_form_of_output_names_an_original_of_a_file(
    cli: Cli, study: Path, tmp_path: Path, form: str
) -> None:
    done = cli("remap", study, *SCOPE, "-o", tmp_path / "out", "--format", form)
    assert done.code == 0
    assert STUDY not in done.out + done.err


def test_a_slip_in_the_name_of_a_scope_is_seen(cli: Cli) -> None:
    cli("remap", "1.2.3.4", *SCOPE)
    refused = cli("remap", "1.2.3.4", "--scope", "trial-7")
    assert (refused.code, refused.out) == (2, "")
    assert "there is a scope TRIAL-7" in refused.err
    assert "; there is TRIAL-7" in cli("remap", "1.2.3.4", "--scope", "TRAIL-7").err
    assert cli("remap", "1.2.3.4", "--scope", "OTHER").err.endswith("before\n")


# --- scopes ----------------------------------------------------------------------------------


def test_the_life_of_a_scope(cli: Cli, tmp_path: Path) -> None:
    assert cli("scope", "list").out == "no scopes\n"
    assert cli("scope", "show", "TRIAL-7").code == 1
    (tmp_path / "old.csv").write_text("original,replacement\n1.2.3.4,2.25.77\n\n'1.2.3.5';2.25.78\n")
    done = cli("scope", "import", "TRIAL-7", tmp_path / "old.csv", "--format", "json").json
    assert (done["rows"], done["new"], done["passed"]) == (2, 2, True)
    assert cli("remap", "1.2.3.4", *SCOPE).out == "1.2.3.4 2.25.77\n"
    exported = cli("scope", "export", "TRIAL-7", "--format", "csv")
    assert exported.out == "original,replacement\n1.2.3.4,2.25.77\n1.2.3.5,2.25.78\n"
    assert cli("scope", "import", "TRIAL-8", "-", stdin=exported.out).code == 1, (
        "2.25.77 stands for one already"
    )
    assert cli("scope", "original", "2.25.78", *SCOPE).out == "2.25.78 1.2.3.5\n"
    assert cli("scope", "original", "1.2.3.5").code == 1
    (listed,) = cli("scope", "list", "--format", "ndjson").ndjson
    assert (listed["name"], listed["uids"], listed["purged_at"]) == ("TRIAL-7", 2, None)
    purged = cli("scope", "purge", "TRIAL-7", "--reason", "over")
    assert purged.code == 0
    assert "what 2 replacements stood for is gone" in purged.out
    assert "purged_by     tester" in cli("scope", "show", "TRIAL-7").out
    refused = cli("remap", "1.2.3.4", *SCOPE)
    assert refused.code == 1
    assert "new scope" in refused.err
    assert cli("show", "2.25.77", "--format", "json").json["scope"] == "TRIAL-7"
    told = cli("history", "2.25.77").out
    assert "brought by another system's map" in told
    assert "purged with scope TRIAL-7: over" in told


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("lines", ["1.2.3\n", "1.2.3 2.25.1 x\n"])
def test_a_map_that_is_none_is_refused(cli: Cli, lines: str) -> None:
    result = cli("scope", "import", "TRIAL-7", "-", stdin=lines)
    assert (result.code, result.out) == (2, "")
    assert "no pair of UIDs in the map: -, row 1: it is no original" in result.err
