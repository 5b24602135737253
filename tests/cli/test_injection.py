"""What somebody types into a filter is a value, on both engines, whatever it looks like."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from registry.errors import BadRequest
from registry.records import Kind
from registry.services.issuing import issue
from registry.services.opening import opened
from registry.services.requests import IssueRequest
from registry.services.showing import show
from registry.settings import Settings
from tests.conftest import Cli
from tests.databases import raw, run
from tests.objects import save, tiny

NASTY = [
    "' OR '1'='1",
    "'; DROP TABLE ledger; --",
    "x' UNION SELECT text, text, text FROM notes --",
    "%",
    "_",
    "\\",
    "%(uid)s",
    ":uid",
    "?",
    "$1",
    "{0}",
    '"',
    "1) OR (1=1",
]
FILTERS = [
    ("list", "--by"),
    ("list", "--modality"),
    ("audit", "log", "--by"),
    ("findings", "list", "--uid"),
]
DESTINATIONS = [value for value in NASTY if "\\" not in value]


@pytest.mark.parametrize("command", FILTERS, ids=" ".join)
def test_a_filter_is_a_value_and_never_a_piece_of_sql(
    cli: Cli, settings: Settings, command: tuple[str, ...]
) -> None:
    cli("issue", "study", "--count", 3)
    for value in NASTY:
        answered = cli(*command, value, "--format", "json")
        assert answered.code == 0, (value, answered.err)
        assert answered.json == [], value
    assert cli("stats", "--format", "json").json["uids"] == 3
    with raw(settings) as connection:
        assert run(connection, "SELECT count(*) FROM ledger").scalar_one() == 3


@pytest.mark.engine("sqlite")  # no database is asked
@pytest.mark.parametrize(
    "command",
    [("find",), ("list", "--root"), ("list", "--study"), ("list", "--kind"), ("list", "--state"),
     ("list", "--since"), ("audit", "log", "--uid"), ("show",), ("tree",), ("history",)],
    ids=" ".join,
)  # fmt: skip
def test_what_can_be_no_value_of_a_filter_is_refused(cli: Cli, command: tuple[str, ...]) -> None:
    cli("issue", "study")
    for value in (*NASTY, "abc", "1.2f", "1.2.a", "é", "\ud800"):
        answered = cli(*command, value)
        assert answered.code == 2, (value, answered.out, answered.err)
        assert answered.out == "", value
        assert "next: " in answered.err, value


def test_a_destination_is_a_value_and_never_a_piece_of_sql(cli: Cli, tmp_path: Path) -> None:
    path = save(tiny(), tmp_path / "a.dcm")
    for value in DESTINATIONS:
        assert cli("check", "--for-export", value, path).code == 0, value
        listed = cli("list", "--sent-to", value, "--format", "json").json
        assert sorted(row["uid"] for row in listed) == ["1.2.3", "1.2.3.4", "1.2.3.4.1"], value
    assert cli("history", "1.2.3", "--format", "json").json["events"][-1]["what"].endswith(DESTINATIONS[-1])
    assert len(cli("show", "1.2.3").out) == 0
    for value in ("\\", "a/b", "é", "\ud800", "", " "):
        for command in (("check", path, "--for-export"), ("list", "--sent-to")):
            assert cli(*command, value).code == 2, (command, value)


def test_a_patient_id_is_a_value_and_never_a_piece_of_sql(cli: Cli, tmp_path: Path) -> None:
    cli("register", save(tiny(AccessionNumber="A1"), tmp_path / "a.dcm"))
    for option in ("--patient", "--accession"):
        for value in NASTY:
            answered = cli("list", option, "-", "--format", "json", stdin=value)
            assert (answered.code, answered.json) == (0, []), (value, answered.err)
            assert value not in answered.err


def test_a_wildcard_in_an_actor_is_a_character(settings: Settings, cli: Cli) -> None:
    for actor in ("anna", "an%a", "an_a"):
        cli("--actor", actor, "issue", "study")
    for actor in ("an%a", "an_a"):
        assert [row["recorded_by"] for row in cli("list", "--by", actor, "--format", "json").json] == [actor]


@pytest.mark.parametrize(
    "purpose", ["'; DROP TABLE notes; --", "=cmd|' /C calc'!A0", "%s %(x)s :x ?", "é\x1b[31m"]
)
def test_free_text_is_kept_and_shown_as_it_is(cli: Cli, purpose: str) -> None:
    (uid,) = cli("issue", "study", "--purpose", purpose).out.split()
    assert cli("show", uid, "--format", "json").json["purpose"] == purpose


def test_a_csv_holds_uids_as_they_are_and_no_formula(settings: Settings, cli: Cli) -> None:
    with opened(settings) as registry:
        (uid,) = issue(registry, IssueRequest(Kind.STUDY)).uids
    cli("--actor", "=HYPERLINK(1)", "issue", "study")
    cli("--actor", "@SUM(1)", "issue", "study")
    shown = cli("list", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(shown)))
    assert uid in {row["uid"] for row in rows}
    assert all(row["uid"].replace(".", "").isdigit() for row in rows)
    assert {row["recorded_by"] for row in rows} == {"tester", "'=HYPERLINK(1)", "'@SUM(1)"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("issue", "study", "--purpose", "\udcff"),
        ("issue", "study", "--actor", "a\udcff"),
        ("root", "add", "1.2.3.4", "--organization", "\udcff"),
        ("list", "--by", "\udcff"),
        ("audit", "log", "--by", "\udcff"),
        ("list", "--sent-to", "A", "--by", "\udcff"),
    ],
    ids=" ".join,
)
def test_bytes_that_are_no_text_are_refused(cli: Cli, arguments: tuple[str, ...]) -> None:
    answered = cli(*arguments)
    assert answered.code == 2, answered.err
    assert "isn't UTF-8" in answered.err


def test_a_nul_is_kept_or_refused(settings: Settings) -> None:
    """The embedded engine keeps it; a server can't."""
    with opened(settings) as registry:
        try:
            (uid,) = issue(registry, IssueRequest(Kind.STUDY, purpose="a\0b")).uids
        except BadRequest:
            assert settings.database.startswith("postgresql")
        else:
            assert show(registry, uid).purpose == "a\0b"
