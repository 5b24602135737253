"""`check --list`: paths for a shell, and the report where it does no harm."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest

from registry.settings import CHECK_FORMATS, FORMATS
from tests.conftest import Cli

pytestmark = pytest.mark.engine("sqlite")  # what is printed has nothing to do with the database


def test_stdout_has_the_paths_alone_and_stderr_the_findings(stocked: Cli, export: Path) -> None:
    passed, failed = (
        stocked("check", "--list", "passed", export),
        stocked("check", "--list", "failed", export),
    )
    assert (passed.code, failed.code) == (1, 1)
    assert (passed.out, failed.out) == (f"{export}/right.dcm\n", f"{export}/wrong.dcm\n")
    report = stocked("check", export)
    assert passed.err == failed.err == report.err + report.out
    nothing = stocked("check", "--list", "failed", export / "right.dcm")
    assert (nothing.code, nothing.out) == (0, "")


def test_paths_end_with_nul_where_they_are_read_so(stocked: Cli, export: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"it's\nodd \xff.dcm")
    odd.write_bytes((export / "right.dcm").read_bytes())
    given = os.fsencode(f"{odd}\0{export}/wrong.dcm\0")
    assert stocked("check", "-0", "--list", "passed", "-", stdin=given).out == f"{odd}\0"
    shown = stocked("check", "--list", "passed", odd).out
    assert shown == f"{tmp_path}/it's\\nodd {os.fsdecode(bytes([0xFF]))}.dcm\n"


@pytest.mark.parametrize("form", FORMATS)
def test_a_list_comes_in_every_format(stocked: Cli, export: Path, form: str) -> None:
    told = stocked("check", "--list", "failed", "--format", form, "--ignore", "UID4", export)
    row = {"path": f"{export}/wrong.dcm", "outcome": "failed", "codes": ["UID501"]}
    match form:
        case "json":
            assert told.json == [row]
        case "ndjson":
            assert told.ndjson == [row]
        case "csv":
            assert list(csv.DictReader(io.StringIO(told.out))) == [{**row, "codes": "UID501"}]
        case _:
            assert told.out == f"{row['path']}\n"


def test_files_are_listed_by_paths_that_lead_to_them_however_the_report_names_them(
    stocked: Cli, export: Path
) -> None:
    told = stocked("check", "--list", "failed", "--paths", "none", export)
    assert told.out == f"{export}/wrong.dcm\n"
    assert "wrong.dcm" not in told.err


@pytest.mark.parametrize("form", sorted({*CHECK_FORMATS} - {*FORMATS}))
def test_what_is_no_list_is_refused(stocked: Cli, export: Path, form: str) -> None:
    for arguments in (["--format", form], ["--for-export", "A"], ["--list", "both"]):
        refused = stocked("check", "--list", "passed", *arguments, export)
        assert (refused.code, refused.out) == (2, ""), arguments
        assert "next: " in refused.err
    assert stocked("audit", "log", "--event", "export:check", "--format", "json").json == []
