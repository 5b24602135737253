"""`pydicom uidcheck`: the same decisions, reports and exit statuses, asked through pydicom's program."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pydicom.cli.main
import pytest

from registry.cli.pydicomcommand import _OPTIONS
from tests.cli.conftest import Program, words
from tests.conftest import Cli, Result
from tests.objects import PYDICOM_FILES

pytestmark = pytest.mark.engine("sqlite")  # what is asked and printed has nothing to do with the database

GROUP = "pydicom_subcommands"
PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


@pytest.fixture
def uidcheck(cli: Cli, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """`pydicom uidcheck` with some arguments, in this process, on the registry of ``cli``."""
    declared = [EntryPoint(name, value, GROUP) for name, value in PROJECT["entry-points"][GROUP].items()]
    monkeypatch.setattr(pydicom.cli.main, "entry_points", lambda group: declared)

    def run(*arguments: object, verb: tuple[str, ...] = ("uidcheck",)) -> Result:
        capfd.readouterr()
        try:
            pydicom.cli.main.main([*verb, *map(str, arguments)])
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        return Result(code, *capfd.readouterr())

    return run


def test_the_decisions_are_those_of_check(stocked: Cli, uidcheck: Cli, ct: Path, export: Path) -> None:
    for arguments in (
        [export],
        ["--fail-on", "never", "--ignore", "ALL", "--select", "UID501,UID401", "--format", "csv", export],
        ["--format", "ndjson", "--paths", "name", "--jobs", 1, "--digest", "none", export],
        ["--statistics", "--jobs", 1, ct / "0.dcm"],
        ["--explain", "UID501"],
        ["--explain", "UID999"],
        ["--fail-on", "nothing", ct / "0.dcm"],
        [ct / "no-such-file"],
        [],
    ):
        assert uidcheck(*arguments) == stocked("check", *arguments), arguments
    assert uidcheck(export).code == 1
    wrong = uidcheck("--jobs", "many", export)
    assert (wrong.code, wrong.err.splitlines()[0][:25]) == (2, "Usage: uid-registry check")
    approved = uidcheck("--for-export", "TRIAL", "--context", "research", "--actor", "ann", ct)
    assert approved.code == 0
    assert stocked("audit", "log", "--event", "export:check", "--format", "json").json[0]["actor"] == "ann"


def test_every_option_of_check_is_there(cli: Cli, uidcheck: Cli) -> None:
    told = uidcheck("uidcheck", verb=("help",)).out
    options = {word.strip("-,") for word in words(cli("check", "--help").out).split() if word[:2] == "--"}
    missing = {name for name in options if f"--{name}" not in told}
    assert missing == {"no-input"}
    assert "pydicom::CT_small.dcm" in told


def test_files_may_be_named_as_pydicom_names_them(cli: Cli, uidcheck: Cli, tmp_path: Path) -> None:
    report = uidcheck("--format", "json", "pydicom::CT_small.dcm", "pydicom::badVR.dcm", "pydicom::DICOMDIR")
    path = PYDICOM_FILES / "CT_small.dcm"
    assert report.json["files"] > 3
    assert uidcheck("pydicom::CT_small.dcm") == cli("check", path)
    odd = tmp_path / "a::b.dcm"
    odd.write_bytes(path.read_bytes())
    assert uidcheck(odd) == cli("check", odd)
    odd = tmp_path / "-a.dcm"
    odd.write_bytes(path.read_bytes())
    os.chdir(tmp_path)
    assert uidcheck("--fail-on", "note", "--", "-a.dcm").code == 0


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("pydicom::none.dcm", "no test file none.dcm came with pydicom"),
        ("pydicom::", "no test file  came with pydicom"),
        ("pydicom::CT_small.dcm::StudyDate", "checked whole: pydicom::CT_small.dcm\n"),
        (f"{PYDICOM_FILES}/CT_small.dcm::StudyDate", f"checked whole: {PYDICOM_FILES}/CT_small.dcm\n"),
        ("none.dcm::StudyDate", "there is no file or folder none.dcm::StudyDate"),
    ],
)
def test_what_is_no_object_is_a_matter_of_usage(uidcheck: Cli, spec: str, told: str) -> None:
    result = uidcheck(spec)
    assert (result.code, result.out) == (2, "")
    assert told in result.err


def test_without_a_registry_it_says_how_to_make_one(uidcheck: Cli, tmp_path: Path) -> None:
    result = uidcheck("--database", tmp_path / "none.db", "pydicom::CT_small.dcm")
    assert result.code == 3
    assert "`uid-registry init` creates one" in result.err


def test_pydicoms_program_finds_it_and_nothing_heavy_is_loaded_for_its_other_commands(
    program: Program, tmp_path: Path
) -> None:
    """As an installation declares it: pydicom asks the packages that it finds for their commands."""
    declared = "\n".join(f"{name} = {value}" for name, value in PROJECT["entry-points"][GROUP].items())
    (tmp_path / "hooks-1.dist-info").mkdir()
    (tmp_path / "hooks-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: hooks\nVersion: 1\n"
    )
    (tmp_path / "hooks-1.dist-info" / "entry_points.txt").write_text(f"[{GROUP}]\n{declared}\n")
    script = """
import sys
import pydicom.cli.main
heavy = {"sqlalchemy", "typer", "registry.services", "registry.settings"} - {*sys.modules}
try:
    pydicom.cli.main.main(sys.argv[2:])
finally:
    print(*sorted(heavy & {*sys.modules}), file=open(sys.argv[1], "w"))
"""
    home = Path(__file__).parents[2]
    environment = {**program.environment, "PYTHONPATH": f"{tmp_path}:{home}"}
    loaded = tmp_path / "loaded"

    def run(*arguments: str) -> int:
        command = [sys.executable, "-c", script, str(loaded), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode

    assert run("help", "uidcheck") == 0
    assert not loaded.read_text().split()
    assert run("uidcheck", "pydicom::CT_small.dcm") == 0
    assert {"sqlalchemy", "registry.services"} <= {*loaded.read_text().split()}


def test_each_option_is_handed_on(uidcheck: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[str] = []
    monkeypatch.setattr("registry.cli.running.run", handed.extend)
    given = [f"{name}=x" for name in _OPTIONS]
    assert uidcheck(*given, "--select=y", "-0", "--statistics", "a", "-").code == 0
    assert handed[0] == "check"
    assert {*given, "--select=y", "--null", "--statistics"} == {*handed[1:-3]}
    assert handed[-3:] == ["--", "a", "-"]
