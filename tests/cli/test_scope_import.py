"""`scope import`: another program's map, as a file or from standard input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Cli

pytestmark = pytest.mark.engine("sqlite")  # what becomes of the pairs is tested with the service

CSV = "original,replacement\n1.2.3.1,2.25.1\n1.2.3.2;2.25.2\n1.2.3.3\t2.25.3\n1.2.3.4 2.25.3\nnonsense\n"


def test_a_map_in_csv(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text(CSV)
    done = cli("scope", "import", "TRIAL", tmp_path / "map.csv")
    assert done.code == 1
    *findings, verdict = done.out.splitlines()
    assert verdict == "failed: 5 rows, 2 new, 0 repeats, 2 collisions, 1 skipped; 2 errors"
    assert findings[0] == "error UID701 mapping-not-one-to-one"
    assert f"  file      {tmp_path}/map.csv, row 4" in findings
    assert "1.2.3.3" not in done.out + done.err
    assert f"skipped {tmp_path}/map.csv, row 6: it is no original and its replacement" in done.err
    exported = cli("scope", "export", "TRIAL", "--format", "csv")
    assert exported.out.splitlines()[1:] == ["1.2.3.1,2.25.1", "1.2.3.2,2.25.2"]
    again = cli("scope", "import", "ANOTHER", "-", stdin=exported.out)
    assert (again.code, again.out.splitlines()[-1][:28]) == (1, "failed: 2 rows, 0 new, 0 rep")
    assert cli("scope", "import", "TRIAL", "-", stdin=exported.out).out.splitlines() == [
        "passed: 2 rows, 0 new, 2 repeats, 0 collisions; nothing found"
    ]


def test_a_map_in_json_and_a_report_in_json(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text(json.dumps({"1.2.3.1": "2.25.1", "1.2.3.2": "2.25.1"}))
    told = cli("scope", "import", "TRIAL", tmp_path / "map.json", "--format", "json", "--paths", "name")
    assert (told.code, told.json["new"], told.json["collisions"], told.json["passed"]) == (1, 0, 2, False)
    assert [finding["path"] for finding in told.json["findings"]] == ["map.json, row 1", "map.json, row 2"]


def test_what_is_no_uid_replaces_nothing(cli: Cli) -> None:
    done = cli("scope", "original", "2.25.5 ")
    assert (done.code, done.err.splitlines()[0][:31]) == (2, "error: '2.25.5 ' is not a valid")


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "table"])
@pytest.mark.parametrize("count", [1, 2])
def test_what_is_exported_can_be_taken_over(cli: Cli, form: str, count: int) -> None:
    lines = "".join(f"1.2.3.{number},2.25.{number}\n" for number in range(count))
    assert cli("scope", "import", "TRIAL", "-", stdin=lines).code == 0
    exported = cli("scope", "export", "TRIAL", "--format", form).out
    again = cli("scope", "import", "TRIAL", "-", "--format", "json", stdin=exported).json
    assert (again["rows"], again["repeats"], again["skipped"]) == (count, count, 0)


@pytest.mark.parametrize(
    ("text", "code"), [("{nothing", 2), ("\x00", 0), ("", 0), ("original replacement\n", 0)]
)
def test_what_holds_no_pair_makes_no_scope(cli: Cli, tmp_path: Path, text: str, code: int) -> None:
    (tmp_path / "map").write_text(text)
    assert cli("scope", "import", "TRIAL", tmp_path / "map").code == code
    assert cli("scope", "import", "TRIAL", tmp_path / "none").code == 2
    assert cli("scope", "list", "--format", "json").json == []
