"""`check --for-export`, `list --sent-to|--patient|--accession`: as a script and a person see them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from registry.settings import CHECK_FORMATS, FORMATS, Settings
from tests.cli.conftest import Program
from tests.conftest import Cli
from tests.databases import everything
from tests.objects import ct_slices, save, save_all, segmentation, tiny

SECRETS = ("SECRET-4711", "ISSUER-0815", "ACC-99")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """What is to go, right and wrong."""
    slices = ct_slices(2)
    study = slices[0].StudyInstanceUID
    save_all(slices, tmp_path / "ct")
    save(segmentation(slices, slices[0].SeriesInstanceUID, f"{study}.20.2"), tmp_path / "wrong" / "a.dcm")
    return tmp_path


def test_approval_in_json_and_on_stderr(cli: Cli, files: Path) -> None:
    result = cli("check", "--for-export", "TRIAL PACS", "--format", "json", files / "ct")
    assert result.code == 0
    export = result.json["export"]
    entry = export["entry"]
    assert export == {
        "destination": "TRIAL PACS",
        "approved": True,
        "entry": entry,
        "tree_size": cli("audit", "log", entry, "--format", "json").json[0]["seq"],
        "root_hash": export["root_hash"],
    }
    assert len(bytes.fromhex(export["root_hash"])) == 32
    assert result.err.splitlines()[-1] == f"approved for TRIAL PACS: entry {entry}"
    assert "export" not in cli("check", "--format", "json", files / "ct").json
    shown = cli("audit", "log", entry, "--format", "json").json[0]
    assert (shown["event"], shown["outcome"], shown["actor"]) == ("export:check", "done", "tester")
    assert cli("audit", "verify").code == 0


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("form", CHECK_FORMATS)
def test_a_block_fails_the_run_in_every_format(cli: Cli, files: Path, form: str) -> None:
    (files / "none").mkdir()
    for folder, told in (("wrong", ""), ("none", ", there was no DICOM object to approve")):
        result = cli("check", "--for-export", "A", "--format", form, files / folder)
        assert result.code == 1
        last = result.err.splitlines()[-1]
        assert last.startswith("blocked for A: entry ")
        assert last.endswith(told)
        if form == "json":
            assert result.json["passed"] is result.json["export"]["approved"] is False
        elif form == "ndjson":
            assert result.ndjson[-1]["summary"]["export"]["approved"] is False
        elif form == "sarif":
            assert result.json["runs"][0]["invocations"][0]["exitCode"] == 1
        elif form == "junit":
            assert fromstring(result.out).get("failures") != "0"


@pytest.mark.engine("sqlite")
def test_without_the_right_to_write_nothing_is_checked(
    program: Program, settings: Settings, files: Path
) -> None:
    file = Path(settings.database)
    file.chmod(0o444)
    file.parent.chmod(0o555)
    try:
        result = program.bound_by_modes("check", "--for-export", "A", files / "ct")
        assert program.bound_by_modes("check", files / "ct").code == 0
    finally:
        file.parent.chmod(0o755)
        file.chmod(0o644)
    assert (result.code, result.out) == (3, ""), result.err
    assert "attempt to write a readonly database" in result.err


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    "arguments",
    [
        ("--for-export", "ct/"),
        ("--for-export", ""),
        ("--for-export", "A", "--fail-on", "never"),
        ("--for-export", "A", "--ignore", "ALL"),
        ("--for-export", "A", "--explain", "UID501"),
    ],
    ids=" ".join,
)
def test_what_could_not_be_an_approval_is_refused(
    cli: Cli, settings: Settings, files: Path, arguments: tuple[str, ...]
) -> None:
    before = everything(settings)
    paths = () if "--explain" in arguments else (files / "ct",)
    result = cli("check", *arguments, *paths)
    assert (result.code, result.out) == (2, "")
    assert "next: " in result.err
    assert everything(settings) == before


def test_where_it_went_in_every_format(cli: Cli, files: Path) -> None:
    cli("register", files / "ct")
    save(tiny("1.9.1.1", "1.9.1", "1.9"), files / "ct" / "new.dcm")
    cli("check", "--for-export", "A", files / "ct")
    rows = cli("list", "--sent-to", "A", "--format", "json").json
    assert [row["state"] for row in rows] == ["registered"] * 4 + ["unrecorded"] * 3
    assert all(row["sent_entry"] == rows[0]["sent_entry"] for row in rows)
    out = cli("list", "--sent-to", "A", "--format", "csv").out
    assert [row["uid"] for row in csv.DictReader(io.StringIO(out))] == [row["uid"] for row in rows]
    assert [row["uid"] for row in cli("list", "--sent-to", "A", "--format", "ndjson").ndjson] == [
        row["uid"] for row in rows
    ]
    assert cli("list", "--sent-to", "A").out.splitlines()[0].endswith("SENT ENTRY")
    assert cli("list", "--sent-to", "A", "--by", "nobody", "--format", "json").json == []
    assert cli("list", "--sent-to", "A", "--since", "2999-01-01", "--format", "json").json == []
    ledger = cli("list", "--sent-to", "A", "--state", "registered")
    assert "3 more UIDs went there and aren't recorded" in ledger.err
    assert cli("show", rows[0]["uid"], "--format", "json").json["sent_to"] == ["A"]
    told = cli("history", rows[0]["uid"], "--format", "json").json["events"][-1]
    assert list(told) == ["at", "entry", "actor", "event", "what"]
    assert (told["event"], told["what"]) == ("export:check", "approved for export to A")


# --- one person -----------------------------------------------------------------------------------------


@pytest.fixture
def person(cli: Cli, tmp_path: Path) -> Cli:
    patient, issuer, number = SECRETS
    cli(
        "register",
        save(tiny(patient=patient, IssuerOfPatientID=issuer, AccessionNumber=number), tmp_path / "a.dcm"),
    )
    return cli


def test_a_persons_uids(person: Cli) -> None:
    patient, issuer, number = SECRETS
    for arguments, stdin in (
        (("--patient", "-"), f"{patient}\t{issuer}\n"),
        (("--patient", "-"), patient),
        (("--accession", "-"), f"{number}\r\n"),
    ):
        result = person("list", *arguments, "--format", "json", stdin=stdin)
        assert sorted(row["uid"] for row in result.json) == ["1.2.3", "1.2.3.4", "1.2.3.4.1"]
        assert result.err == ""
    assert len(person("audit", "log", "--event", "patient:list", "--format", "json").json) == 3
    unknown = person("list", "--patient", "-", stdin="X")
    assert (unknown.code, unknown.out) == (0, "no such UIDs\n")
    assert "1 of what was asked for is unknown" in unknown.err


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_that_was_asked_for_is_told(person: Cli, settings: Settings, form: str) -> None:
    patient, issuer, number = SECRETS
    everything_told = ""
    for arguments, stdin in (
        (("--patient", "-"), f"{patient}\t{issuer}"),
        (("--patient", "-"), f"{patient}\t{issuer}\t{number}"),
        (("--patient", "-", "--sent-to", "A"), patient),
        (("--accession", "-"), number),
        (("--accession", "-"), f"{number}\t{patient}"),
        (("--patient", patient), ""),
        (("--patient", f"-{patient}"), ""),
        ((f"--patient={patient}",), ""),
        (("--accession", number), ""),
        (("--patient", "-", patient), ""),
        (("--patient", "-", f"-{patient}"), ""),
        (("--patient", "-", f"--{patient}"), ""),
        (("--patient", "-", "--accession", "-"), patient),
        (("--patient", "-", "--unrecorded"), patient),
        (("--patient", "-", "--state", "x"), patient),
    ):
        result = person("list", *arguments, "--format", form, stdin=stdin)
        assert result.code in (0, 2), (arguments, result.err)
        everything_told += result.out + result.err
    everything_told += person("audit", "log", "--format", form).out + str(everything(settings))
    assert not [secret for secret in SECRETS if secret in everything_told]


@pytest.mark.engine("sqlite")
def test_unrecorded_is_for_persons_alone(cli: Cli) -> None:
    result = cli("list", "--unrecorded")
    assert (result.code, result.out) == (2, "")
    assert "--unrecorded is for questions about a person" in result.err
