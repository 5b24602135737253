"""`findings`: what is kept is listed and shown, what people say of it is taken, and counts for check."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from registry.services.opening import opened
from registry.settings import Settings
from registry.store import schema
from tests.cli.conftest import Program, types, words
from tests.conftest import Cli
from tests.objects import MR_CLASS, save, save_all, tiny

pytestmark = pytest.mark.engine("sqlite")  # what is printed has nothing to do with the database


REASON = ("--reason", "phantoms of the lab")

FINDING = {
    "code": "str",
    "name": "str",
    "severity": "str",
    "uid": "str",
    "counterpart": "NoneType",
    "kind": "str",
    "state": "str",
    "message": "str",
    "related": "list",
    "first_entry": "int",
    "last_entry": "int",
    "first_seen": "str",
    "last_seen": "str",
    "seen": "int",
    "acknowledged_by": "NoneType",
    "acknowledged_at": "NoneType",
    "until": "NoneType",
    "reason": "NoneType",
}


@pytest.fixture
def found(tmp_path: Path) -> Path:
    """Two instances under the root for examples (UID202), and a series of CT and MR (UID401)."""
    objects = [
        tiny("2.999.4.1", "1.9.4", "1.9"),
        tiny("2.999.4.2", "1.9.4", "1.9"),
        tiny("1.9.9.1", "1.9.9", "1.9"),
        tiny("1.9.9.2", "1.9.9", "1.9", sop_class=MR_CLASS, modality="MR"),
    ]
    save_all(objects, tmp_path / "found")
    return tmp_path / "found"


@pytest.fixture
def known(cli: Cli, found: Path) -> Cli:
    """`uid-registry` on a registry that has registered them."""
    assert cli("register", found).code == 0
    return cli


def listed(cli: Cli, *options: object) -> set[tuple[str, str]]:
    result = cli("findings", "list", *options, "--format", "json")
    assert result.code == 0, result.err
    return {(row["code"], row["uid"]) for row in result.json}


# --- list and show ---------------------------------------------------------------------------


def test_the_list_names_what_counts(known: Cli) -> None:
    heading, *rows = known("findings", "list").out.splitlines()
    assert heading.split("  ")[0] == "CODE"
    assert words(heading) == "CODE SEVERITY STATE UID FIRST SEEN LAST SEEN SEEN MESSAGE"
    assert [row.split()[:4] for row in rows] == [
        ["UID202", "error", "open", "2.999.4.1"],
        ["UID202", "error", "open", "2.999.4.2"],
        ["UID401", "error", "open", "1.9.9"],
    ]
    assert types(known("findings", "list", "--format", "json").json[0]) == FINDING
    table = list(csv.DictReader(io.StringIO(known("findings", "list", "--format", "csv").out)))
    assert [row["uid"] for row in table] == ["2.999.4.1", "2.999.4.2", "1.9.9"]
    assert list(table[0]) == list(FINDING)


def test_an_empty_list_is_one(cli: Cli) -> None:
    assert cli("findings", "list").out == "no such findings\n"
    assert cli("findings", "list", "--format", "json").json == []
    assert cli("findings", "list", "--format", "csv").out.strip().split(",") == list(FINDING)


@pytest.mark.parametrize(
    ("options", "uids"),
    [
        (["--code", "UID401"], {"1.9.9"}),
        (["--code", "example-root"], {"2.999.4.1", "2.999.4.2"}),
        (["--uid", "2.999.4.2"], {"2.999.4.2"}),
        (["--series", "1.9.4"], {"2.999.4.1", "2.999.4.2"}),
        (["--series", "1.9.9"], {"1.9.9"}),
        (["--root", "2.999."], {"2.999.4.1", "2.999.4.2"}),
        (["--root", "1.9", "--code", "UID202"], set()),
        (["--severity", "error"], {"2.999.4.1", "2.999.4.2", "1.9.9"}),
        (["--severity", "note"], set()),
        (["--state", "acknowledged"], set()),
        (["--state", "all"], {"2.999.4.1", "2.999.4.2", "1.9.9"}),
        (["--since", "2020-01-01"], {"2.999.4.1", "2.999.4.2", "1.9.9"}),
        (["--since", "2999-01-01"], set()),
        (["--limit", "1"], {"2.999.4.1"}),
    ],
)
def test_it_is_narrowed(known: Cli, options: list[str], uids: set[str]) -> None:
    assert {uid for _, uid in listed(known, *options)} == uids


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--code", "UID2O2"], ["there is no rule 'UID2O2'", "Did you mean UID20"]),
        (["--code", "exmaple-root"], ["Did you mean example-root"]),
        (["--code", "Q"], ["`uid-registry rule` lists them all"]),
        (["--severity", "bad"], ["note, warning, error"]),
        (["--state", "gone"], ["open, acknowledged, resolved, all"]),
        (["--since", "soon"], ["no date or time"]),
        (["--series", "1..2"], ["not a valid UID"]),
    ],
)
def test_what_cant_be_asked_for_says_what_can(cli: Cli, options: list[str], told: list[str]) -> None:
    result = cli("findings", "list", *options)
    assert (result.code, result.out) == (2, "")
    for text in told:
        assert text in words(result.err)


def test_one_finding_whole(known: Cli) -> None:
    known("findings", "acknowledge", "UID202", "2.999.4.1", *REASON, "--until", "2999-01-01T00:00Z")
    known("findings", "reopen", "UID202", "2.999.4.1", "--reason", "no phantoms after all")
    (shown,) = known("findings", "show", "UID202", "2.999.4.1", "--format", "json").json
    history = shown.pop("history")
    assert shown.pop("fix")
    assert types(shown) == FINDING
    assert [(each["actor"], each["said"], each["until"], each["reason"]) for each in history] == [
        ("tester", "acknowledged", "2999-01-01T00:00:00.000000Z", "phantoms of the lab"),
        ("tester", "reopened", None, "no phantoms after all"),
    ]
    table = known("findings", "show", "UID202", "2.999.4.1").out
    for text in (
        "fix",
        "first_seen",
        "ACTOR",
        "acknowledged",
        "phantoms of the lab",
        "no phantoms after all",
    ):
        assert text in table


def test_one_that_isnt_kept(cli: Cli) -> None:
    result = cli("findings", "show", "UID202", "1.2.3")
    assert (result.code, result.out) == (1, "")
    assert "keeps no finding UID202 about" in result.err


# --- acknowledge, resolve, reopen --------------------------------------------------------------


def test_an_acknowledged_finding_is_marked_and_fails_no_check(known: Cli, found: Path) -> None:
    assert known("check", found).code == 1
    result = known("findings", "acknowledge", "--code", "UID202", *REASON)
    assert (result.code, result.out) == (0, "acknowledged 2 findings\n")
    assert known("check", found).code == 1, "UID401 is still open"
    assert known("findings", "acknowledge", "UID401", "1.9.9", *REASON).out == "acknowledged 1 finding\n"
    for fail_on in ("error", "warning", "note"):
        for verb in ("check", "register"):
            assert known(verb, found, "--fail-on", fail_on).code == 0
    shown = known("check", found)
    assert "error UID202 example-root (acknowledged)" in shown.out
    assert shown.out.splitlines()[-1].endswith("; 3 acknowledged")
    report = known("check", found, "--format", "json").json
    assert (report["passed"], report["acknowledged"]) == (True, 3)
    assert [finding["acknowledged"] for finding in report["findings"]] == [True] * 3
    (row, *_) = known("findings", "list", "--format", "json").json
    assert (row["state"], row["acknowledged_by"], row["reason"]) == (
        "acknowledged",
        "tester",
        "phantoms of the lab",
    )
    assert row["acknowledged_at"] > row["first_seen"]
    assert " acknowledged " in known("findings", "list").out
    assert listed(known, "--state", "open") == set()
    assert known("audit", "verify").code == 0


def test_an_acknowledged_collision_fails_no_register(cli: Cli, tmp_path: Path) -> None:
    first, edited = tiny("1.9.9.1"), tiny("1.9.9.1", pixels=b"\5\6\7\x08")
    paths = save(first, tmp_path / "first.dcm"), save(edited, tmp_path / "edited.dcm")
    assert cli("register", paths[0]).code == 0
    assert cli("register", paths[1]).code == 1
    assert cli("findings", "acknowledge", "UID301", "1.9.9.1", *REASON).code == 0
    result = cli("register", paths[1])
    assert (result.code, "1 collision" in result.out) == (0, True)


def test_resolved_and_reopened(known: Cli, found: Path, tmp_path: Path) -> None:
    result = known("findings", "resolve", "--series", "1.9.9", *REASON, "--format", "json")
    assert result.json["resolved"] == 1
    assert result.json["findings"] == [
        {"code": "UID401", "uid": "1.9.9", "counterpart": None, "state": "resolved"}
    ]
    assert ("UID401", "1.9.9") not in listed(known)
    assert listed(known, "--state", "resolved") == {("UID401", "1.9.9")}
    other = save(tiny("1.9.9.3", "1.9.9", "1.9"), tmp_path / "other.dcm")
    assert known("check", other).code == 0
    assert known("findings", "reopen", "--root", "1.9", *REASON).out == "reopened 1 finding\n"
    assert known("check", other).code == 1
    assert any(
        "resolved UID401: phantoms of the lab" in line for line in known("history", "1.9.9").out.splitlines()
    )


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["UID202", "1.2.3.99"], 1, ["keeps no such finding", "uid-registry register PATH"]),
        (["--code", "UID501"], 1, ["keeps no such finding"]),
        (["UID202"], 2, ["which finding of UID202 is meant?", "--code UID202"]),
        (["UID202", "2.999.4.1", "--code", "UID202"], 2, ["one finding is named, and several"]),
        (["UID999", "2.999.4.1"], 2, ["there is no rule"]),
        ([], 2, ["no finding is named"]),
        (["UID202", "2.999.4.1", "--until", "2020-01-01"], 2, ["--until takes a moment in the future"]),
        (["UID202", "2.999.4.1", "--until", "soon"], 2, ["no date or time"]),
    ],
)
def test_what_cant_be_acknowledged_says_why(
    known: Cli, arguments: list[str], code: int, told: list[str]
) -> None:
    before = acts(known)
    result = known("findings", "acknowledge", *arguments, *REASON)
    assert (result.code, result.out) == (code, "")
    for text in told:
        assert text in words(result.err)
    refused = [("finding:acknowledge", "refused")] if code == 1 else []
    assert acts(known) == [*before, *refused]


def acts(cli: Cli) -> list[tuple[str, str]]:
    """What is in the trail, but for reading it."""
    found = cli("audit", "log", "--format", "json").json
    return [(entry["event"], entry["outcome"]) for entry in found if entry["event"] != "audit:log"]


def test_what_many_are_already_is_told(known: Cli) -> None:
    refused = known("findings", "reopen", "--code", "UID202", *REASON)
    assert refused.code == 1
    assert "none of these findings can be reopened: they are open already" in words(refused.err)


def test_a_reason_is_needed(known: Cli) -> None:
    assert known("findings", "acknowledge", "--code", "UID202").code == 2
    assert "needs its reason" in known("findings", "resolve", "--code", "UID202", "--reason", " ").err


def test_a_reason_that_was_taken_out_is_told_as_such(known: Cli, settings: Settings) -> None:
    known("findings", "acknowledge", "UID202", "2.999.4.1", "--reason", "the phantom of Mrs Example")
    with opened(settings) as registry, registry.act("audit:redact") as act:
        notes = schema.notes
        hers = notes.c.text.contains("Mrs Example")
        note = act.connection.execute(notes.select().where(hers)).one().entry
        act.insert(schema.redactions, [{"note": note}])
        act.connection.execute(notes.update().where(hers).values(text="", salt=b""))
        act.commit()
    (row,) = known("findings", "list", "--uid", "2.999.4.1", "--format", "json").json
    assert row["reason"] == "(redacted)"
    assert "acknowledged UID202: (redacted)" in known("history", "2.999.4.1").out


@pytest.mark.parametrize(
    ("typed", "options", "state"),
    [
        (b"y\n", [], "acknowledged"),
        (b"n\n", [], "open"),
        (b"", ["--yes"], "acknowledged"),
        (b"", ["--no-input"], "acknowledged"),
    ],
)
def test_on_a_terminal_an_act_on_many_is_asked_for(
    known: Cli, program: Program, typed: bytes, options: list[str], state: str
) -> None:
    shown = program.on_a_terminal(
        "findings", "acknowledge", "--code", "UID202", *REASON, *options, typed=typed
    )
    assert ("2 findings are meant" in shown.out) is not bool(options)
    assert {
        row["state"] for row in known("findings", "list", "--code", "UID202", "--format", "json").json
    } == {state}


def test_on_a_terminal_an_act_on_one_is_not(known: Cli, program: Program) -> None:
    shown = program.on_a_terminal("findings", "acknowledge", "UID202", "2.999.4.1", *REASON)
    assert (shown.code, shown.out) == (0, "acknowledged 1 finding\n")
