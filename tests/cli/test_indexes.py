"""`register --index` on the command line."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from registry.cli.output import Progress
from registry.settings import Settings
from tests.archiveindex.indexes import as_csv, as_ndjson, as_parquet, rows_of, write
from tests.conftest import Cli
from tests.objects import save, tiny

pytestmark = pytest.mark.engine("sqlite")  # what is printed has nothing to do with the database


def test_a_report_counts_rows(cli: Cli, tmp_path: Path) -> None:
    path = write(tmp_path, "index.csv", as_csv(rows_of("1.2.3.1", 3)))
    done = cli("register", "--index", path)
    assert (done.code, done.out) == (
        0,
        "passed: 3 rows, 3 new, 0 repeats, 0 collisions; nothing found\n",
    )
    shown = cli("register", "--index", path, "--format", "json").json
    assert {name: shown[name] for name in ("files", "rows", "new", "not_compared", "untold", "findings")} == {
        "files": 1,
        "rows": 3,
        "new": 0,
        "not_compared": 3,
        "untold": 0,
        "findings": [],
    }
    entry = cli("audit", "log", "--event", "index:register", "--format", "json").json[-1]
    assert (entry["detail"]["rows"], entry["detail"]["unreadable_rows"]) == (3, 0)


def test_columns_are_named_on_the_command_line(cli: Cli, tmp_path: Path) -> None:
    text = as_csv(rows_of("1.2.3.1", 2)).decode().replace("SeriesInstanceUID", "series_iuid")
    path = write(tmp_path, "index.csv", text.encode())
    refused = cli("register", "--index", path)
    assert refused.code == 2
    assert "no column is SeriesInstanceUID; there are 'StudyInstanceUID', 'series_iuid'," in refused.err
    wrong = cli("register", "--index", path, "--column", "series_uid=SeriesInstanceUID")
    assert (wrong.code, "Did you mean 'series_iuid'?" in wrong.err) == (2, True)
    assert cli("register", "--index", path, "--column", "series_iuid=SeriesInstanceUID").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--index", "a.csv", "b.dcm"),
        ("--index", "a.csv", "-0"),
        ("--column", "a=SeriesInstanceUID", "b.dcm"),
        ("--index", "a.csv", "--column", "SeriesInstanceUID"),
        ("--index", "a.csv", "--column", "a=Rows"),
        ("--index", "a.csv", "--index-format", "xlsx"),
        ("--index", "a.csv", "--index", "-"),
        ("--index", "none.csv"),
    ],
)
def test_what_cant_be_asked_is_refused(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "a.csv", as_csv(rows_of("1.2.3.1", 2)))
    save(tiny(), tmp_path / "b.dcm")
    done = cli("register", *arguments)
    assert (done.code, done.out) == (2, "")
    assert cli("stats", "--format", "json").json["uids"] == 0


def test_standard_input_is_read(settings: Settings, tmp_path: Path) -> None:
    for data in (as_csv(rows_of("1.2.3.1", 2)), as_ndjson(rows_of("1.2.3.2", 2)), as_parquet([])):
        command = [sys.executable, "-m", "registry", "--database", settings.database, "--actor", "tester"]
        done = subprocess.run(
            [*command, "register", "--index", "-"], input=data, capture_output=True, check=False
        )
        if data.startswith(b"PAR1"):
            assert (done.returncode, b"can't be read from standard input" in done.stderr) == (2, True)
        else:
            assert (done.returncode, b"passed: 2 rows, 2 new" in done.stdout) == (0, True), done.stderr


def test_dirty_rows_in_every_format_of_a_report(cli: Cli, tmp_path: Path) -> None:
    data = as_csv(rows_of("1.2.3.1", 1)) + b"1.2.3,DOE^JOHN\n1.2.3,1.2.3.1,1.2.x,,CT,DOE^JOHN\n"
    path = write(tmp_path, "index.csv", data)
    for form in ("table", "json", "ndjson", "csv"):
        for named, shown in (("full", f"{path}, row 2"), ("name", "index.csv, row 2"), ("none", "")):
            done = cli("register", "--index", path, "--format", form, "--paths", named)
            assert shown in done.out
            assert "UID609" in done.out
            assert "DOE" not in done.out + done.err
            assert (str(tmp_path) in done.out) == (named == "full")
    hashed = cli("register", "--index", path, "--paths", "hash", "--format", "json").json["findings"]
    assert {re.sub("[0-9a-f]{16}", "#", finding["path"]) for finding in hashed if finding["path"]} == {
        "#, row 2",
        "#, row 3",
    }


def test_an_index_that_is_none_isnt_named_where_files_arent_to_be(cli: Cli, tmp_path: Path) -> None:
    path = write(tmp_path, "DOE.csv", b"a,b\n")
    done = cli("register", "--index", path, "--paths", "none")
    assert (done.code, "DOE" in done.err) == (2, False)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((1000, 4000), r"registered 1,000 of 4,000 rows, [0-9]+ a second, 3[0-9] s left"),
        ((1000, None, 0.5), r"registered 1,000 rows \(50%\), [0-9]+ a second, 1[0-9] s left"),
        ((1000, None, 0.001), r"registered 1,000 rows \(0%\), [0-9]+ a second, 2 h 4[0-9] min left"),
        ((1000, None, 0.01), r"registered 1,000 rows \(1%\), [0-9]+ a second, 1[67] min left"),
        ((1000, None), r"registered 1,000 rows, [0-9]+ a second"),
        ((4000, 4000), r"registered 4,000 of 4,000 rows, [0-9]+ a second"),
    ],
)
def test_a_terminal_is_told_how_long_it_takes(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    told: tuple[int, int | None, float],
    expected: str,
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress("registered", "row")
    progress._begun -= 10
    progress(*told)
    assert re.fullmatch(expected, capsys.readouterr().err.removeprefix("\r\033[K"))
