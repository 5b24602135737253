"""`report`: where the page goes, what it is as data, and that it changes nothing."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html

from registry.services.opening import opened
from registry.services.registering import register
from registry.settings import Settings
from tests.cli.conftest import contents, types
from tests.conftest import Cli, Registries
from tests.databases import raw, run

pytestmark = pytest.mark.engine("sqlite")  # what is printed has nothing to do with the database

STUDY, CT = "1.2.826.0.99.1", "1.2.826.0.99.1.1"


_MADE: list[Settings] = []


@pytest.fixture
def settings(registries: Registries, ct: Path, export: Path, tmp_path: Path) -> Settings:
    """A copy of a registry with a CT, its segmentation, and one that took over its series."""
    if not _MADE:
        _MADE.append(registries.kept("fresh"))
        with opened(_MADE[0]) as registry:
            register(registry, [str(ct), str(export)])
    folder = tmp_path / "registry"
    shutil.copytree(Path(_MADE[0].database).parent, folder)
    return replace(_MADE[0], database=f"{folder}/registry.db")


def heading(page: str) -> str:
    return str(html.fromstring(page).xpath("string(//h1)"))


def test_the_page_of_a_study_is_written(cli: Cli, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = cli("report", STUDY, "-o", page)
    assert (result.code, result.out, result.err) == (0, "", f"wrote {page}\n")
    told = html.fromstring(page.read_text())
    assert told.xpath("//svg[@class='graph']//g[@class='arrow error']/*[@class='label']/text()") == [
        "! UID501"
    ]
    assert str(tmp_path) not in page.read_text()
    assert not list(tmp_path.glob(".report*"))


def test_the_page_of_the_registry_is_written(cli: Cli, tmp_path: Path) -> None:
    assert cli("issue", "study", "--count", "3").code == 0
    page = tmp_path / "report.html"
    page.write_text("what was there before")
    assert cli("report", "--since", "2020-01-01", "--root", "1.3.6.1.4.1.32473.1", "-o", page).code == 0
    text = page.read_text()
    assert heading(text) == "What was issued, and what was found"
    assert "3 UIDs issued" in html.fromstring(text).xpath("string(//ul[@class='tiles'])")


def test_a_page_says_how_it_is_made_again(cli: Cli, tmp_path: Path) -> None:
    first = cli("report", "--until", "2027-01-01", "-o", "-").out
    command = html.fromstring(first).xpath("//footer//code/text()")[0]
    assert command.startswith("uid-registry report --since 20")
    words = command.split()[1:-1]
    second = cli(*words, "-").out
    assert html.fromstring(second).xpath("//footer//code/text()")[0] == command
    of_study = cli("report", f"{CT}.1", "-o", "-").out
    assert f"uid-registry report {STUDY} -o report.html" in of_study


def test_a_dash_is_standard_output(cli: Cli) -> None:
    result = cli("report", STUDY, "-o", "-")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("<!doctype html>\n<html")
    assert result.out.endswith("</html>\n")


def test_a_folder_is_not_written_over(cli: Cli, tmp_path: Path) -> None:
    result = cli("report", STUDY, "-o", tmp_path)
    assert result.code == 2
    assert result.err.startswith(f"error: {tmp_path} is no file")
    missing = cli("report", STUDY, "-o", tmp_path / "none" / "report.html")
    assert missing.code == 2
    assert "there is no folder" in missing.err


def test_what_is_written_over_stays_if_the_report_fails(cli: Cli, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("what was there before")
    assert cli("report", "1.2.3.99", "-o", page).code == 1
    assert page.read_text() == "what was there before"


def test_a_time_is_of_the_whole_registry(cli: Cli) -> None:
    result = cli("report", STUDY, "--since", "2026-01-01")
    assert result.code == 2
    assert "--since, --until and --root are of the whole registry" in result.err


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "soon"])
def test_a_time_that_there_cannot_be(cli: Cli, moment: str) -> None:
    for words in (["report", "--since", moment], ["list", "--until", moment]):
        result = cli(*words)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith(f"error: '{moment}' is no date or time\n")
    assert cli("root", "add", "1.2.3.4.5.6", "--enforce-from", moment).code == 2


def test_the_data_of_a_study(cli: Cli) -> None:
    document = cli("report", STUDY, "--format", "json").json
    assert types(document) == {
        "registry": "dict",
        "study_instance_uid": "str",
        "state": "str",
        "series": "list",
        "links": "list",
        "strays": "list",
        "findings": "list",
        "trail": "dict",
    }
    assert document["links"] == [{"source": CT, "derived": f"{STUDY}.20", "findings": []}]
    (stray,) = document["strays"]
    assert (stray["series_instance_uid"], stray["what"]) == (CT, "segmentation")
    assert document["trail"]["ok"] is None
    rows = list(csv.DictReader(io.StringIO(cli("report", STUDY, "--format", "csv").out)))
    assert [(row["series_instance_uid"], row["instances"], row["refers_to"]) for row in rows] == [
        (CT, "3", ""),
        (f"{STUDY}.20", "1", CT),
    ]


def test_the_data_of_the_registry(cli: Cli) -> None:
    assert cli("issue", "study").code == 0
    document = cli("report", "--format", "json").json
    assert types(document) == {
        "registry": "dict",
        "since": "str",
        "until": "str",
        "root": "NoneType",
        "period": "str",
        "counts": "list",
        "findings": "list",
        "trail": "dict",
    }
    assert {(row["actor"], row["root"], row["issued"]) for row in document["counts"] if row["issued"]} == {
        ("tester", "1.3.6.1.4.1.32473.1", 1)
    }
    assert {row["code"]: row["open"] for row in document["findings"]}["UID501"] == 1
    table = cli("report").out
    assert table.startswith("1 UID issued, ")
    assert "UID501  derived-in-source-series" in table
    assert cli("report", "--format", "ndjson").ndjson == document["counts"]


def test_a_report_is_no_act(cli: Cli, settings: Settings, folder: Path, tmp_path: Path) -> None:
    before = contents(folder)
    for arguments in ((STUDY,), (), (STUDY, "-o", tmp_path / "a.html"), ("-o", tmp_path / "b.html")):
        assert cli("report", *arguments).code == 0
    assert contents(folder).keys() == before.keys()
    assert contents(folder)["registry.db"] == before["registry.db"]


def test_verifying_is_one_and_a_trail_that_fails_is_on_the_page(
    cli: Cli, settings: Settings, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    assert cli("report", STUDY, "--verify", "-o", page).code == 0
    assert html.fromstring(page.read_text()).xpath("string(//section[@id='trail']/p/span)") == "ok"
    (entry,) = cli("audit", "log", "--event", "audit:verify", "--format", "json").json
    assert entry["outcome"] == "done"
    with raw(settings) as connection:
        run(connection, "DROP TRIGGER tr_entries_update")
        run(connection, "UPDATE entries SET actor = 'mallory' WHERE id = (SELECT max(id) FROM entries)")
    broken = cli("report", STUDY, "--verify", "-o", page)
    assert broken.code == 5
    (alarm,) = html.fromstring(page.read_text()).xpath("//*[@role='alert']")
    assert "its hash isn't that of what it says" in alarm.text_content()
    assert cli("report", "--verify", "--format", "json").json["trail"]["ok"] is False
    assert "trail: broken" in cli("report", "--verify").out
