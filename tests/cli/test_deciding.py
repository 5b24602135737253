"""`withdraw`, `reinstate`, `resolve`, `patient`, `audit redact`, `--context` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.settings import Settings
from tests.conftest import Cli, Result
from tests.databases import everything
from tests.objects import save, tiny

pytestmark = pytest.mark.engine("sqlite")  # what is printed has nothing to do with the database


IMAGE, SERIES, STUDY, ANOTHER = "1.2.3.4.1", "1.2.3.4", "1.2.3", "1.2.9"


@pytest.fixture
def moved(cli: Cli, tmp_path: Path) -> Path:
    """A series that came in two studies."""
    for number, study in enumerate((STUDY, ANOTHER)):
        assert cli("register", save(tiny(study=study), tmp_path / f"{number}.dcm")).code == number
    return tmp_path


def entry_of(cli: Cli, event: str) -> int:
    return int(cli("audit", "log", "--event", event, "--format", "json").json[-1]["entry"])


# --- resolve -------------------------------------------------------------------------------


def test_resolve_shows_the_claims_and_says_what_follows(cli: Cli, moved: Path) -> None:
    done = cli("resolve", SERIES, "--keep", "second", "--reason", "the study was split")
    assert done.code == 0, done.err
    first, second = done.err.splitlines()
    assert f"series of study {STUDY} with modality CT (tester" in first
    assert second.startswith("keep ")
    assert f"series of study {ANOTHER}" in second
    assert done.out.startswith(f"{SERIES} is series of study {ANOTHER}")
    assert "cleared UID303, UID305" in done.out
    assert cli("show", IMAGE, "--format", "json").json["study_instance_uid"] == ANOTHER
    assert cli("register", moved / "1.dcm").code == 0
    assert cli("register", moved / "0.dcm").code == 1
    shown = cli("history", SERIES).out
    assert "decided: the claim of entry" in shown
    assert ": the study was split" in shown


def test_resolve_as_data(cli: Cli, moved: Path) -> None:
    done = cli("resolve", SERIES, "--keep", "second", "--reason", "split", "--format", "json", "--yes")
    assert done.json == {
        "uid": SERIES,
        "kept": str(entry_of(cli, "object:register")),
        "kind": "series",
        "study_instance_uid": ANOTHER,
        "series_instance_uid": None,
        "sop_class_uid": None,
        "modality": "CT",
        "placed": 0,
        "cleared": ["UID303", "UID305"],
        "found": [],
        "entry": entry_of(cli, "uid:resolve"),
    }


def test_an_entry_that_says_nothing_lists_the_claims(cli: Cli, moved: Path) -> None:
    done = cli("resolve", SERIES, "--keep", "99", "--reason", "split")
    assert (done.code, done.out) == (2, "")
    assert f"series of study {STUDY}" in done.err
    assert f"series of study {ANOTHER}" in done.err
    assert cli("show", IMAGE, "--format", "json").json["study_instance_uid"] == STUDY


def test_resolving_what_nobody_knows_is_1(cli: Cli) -> None:
    assert cli("resolve", "1.2.77", "--keep", "first", "--reason", "x").code == 1


# --- withdraw and reinstate ------------------------------------------------------------------


def states(cli: Cli, uid: str) -> list[str]:
    shown = cli("show", uid, "--format", "json").json
    listed = [each["uid"] for each in cli("list", "--state", "withdrawn", "--format", "json").json]
    assert (shown["state"] == "withdrawn") is (uid in listed)
    return [
        shown["state"],
        *(event["what"] for event in cli("history", uid, "--format", "json").json["events"]),
    ]


def test_a_withdrawal_is_ended_and_begun_again(cli: Cli, tmp_path: Path) -> None:
    uid = cli("issue", "study").out.strip()
    assert cli("withdraw", uid, "--reason", "typing error").code == 0
    path = save(tiny("1.2.5.1", "1.2.5", uid), tmp_path / "a.dcm")
    assert cli("check", path).code == 1
    cli("register", path)
    assert "UID312" in cli("findings", "list").out
    done = cli("reinstate", uid, "--reason", "meant another", "--format", "json")
    assert done.json == {"reinstated": [uid], "in_use": [], "entry": entry_of(cli, "uid:reinstate")}
    assert "UID312" not in cli("findings", "list").out
    assert cli("check", path).code == 0
    assert states(cli, uid)[0] == "registered"
    assert cli("issue", "series", "--study", uid).code == 0
    assert cli("reinstate", uid, "--reason", "again").out == f"wasn't withdrawn: {uid}\n"
    assert cli("withdraw", uid, "--reason", "it was right").out == f"withdrawn {uid}\n"
    assert cli("check", path).code == 1
    assert cli("issue", "series", "--study", uid).code == 1
    state, *events = states(cli, uid)
    assert state == "withdrawn"
    assert [what for what in events if what.startswith(("withdrawn", "reinstated"))] == [
        "withdrawn: typing error",
        "reinstated: meant another",
        "withdrawn again: it was right",
    ]
    assert cli("stats", "--format", "json").json["kinds"]["study"] == {"withdrawn": 1}
    assert cli("audit", "verify").code == 0


@pytest.mark.parametrize("command", ["withdraw", "reinstate"])
def test_many_at_once_from_standard_input(cli: Cli, command: str) -> None:
    uids = cli("issue", "study", "--count", 40).out.split()
    if command == "reinstate":
        cli("withdraw", *uids, "--reason", "all of them")
    stdin = "# from the list of Monday\r\n\r\n" + "\r\n".join(f" {uid}  # one" for uid in uids) + "\r\n"
    before = len(cli("audit", "log", "--event", "uid:", "--format", "json").json)
    done = cli(command, "-", "--reason", "a list", "--format", "json", stdin=stdin)
    assert done.code == 0, done.err
    assert len(done.json["withdrawn" if command == "withdraw" else "reinstated"]) == 40
    acts = cli("audit", "log", "--event", "uid:", "--format", "json").json
    assert len(acts) == before + 1, "one act for all"


@pytest.mark.parametrize(
    ("bad", "code", "told"), [("1.2.x", 2, "line 3: '1.2.x' is not a valid UID"), ("1.2.77", 1, "1.2.77")]
)
def test_a_bad_line_is_named_and_nothing_is_done(cli: Cli, bad: str, code: int, told: str) -> None:
    (uid,) = cli("issue", "study").out.split()
    done = cli("withdraw", "-", "--reason", "a list", stdin=f"{uid}\n\n{bad}\n")
    assert (done.code, done.out) == (code, "")
    assert told in done.err
    assert "nothing was" in done.err
    assert cli("show", uid, "--format", "json").json["state"] == "issued"


# --- patient ----------------------------------------------------------------------------------


def test_patient_ids_are_read_from_standard_input(cli: Cli, tmp_path: Path, settings: Settings) -> None:
    for number, patient in enumerate(("HOSPITAL-4711", "CLINIC-0815")):
        cli("register", save(tiny(f"1.2.3.4.{number + 1}", patient=patient), tmp_path / f"{number}.dcm"))
    assert "UID306" in cli("findings", "list").out
    stdin = "HOSPITAL-4711\r\nCLINIC-0815\tSOMEWHERE\r\n\r\n"
    done = cli("patient", "merge", "-", "--format", "json", stdin=stdin)
    assert done.code == 0, done.err
    expected = {"same": True, "ids": 2, "unknown": 1, "still_linked": 0, "cleared": ["UID306"], "found": []}
    assert done.json == {**expected, "missing_keys": [], "entry": entry_of(cli, "patient:merge")}
    done = cli("patient", "split", "-", "--reason", "two after all", stdin=stdin)
    assert "2 Patient IDs are no two of one person" in done.out
    assert "found UID306" in done.out
    for result in (done, cli("audit", "log", "--limit", 0), cli("findings", "list")):
        assert "HOSPITAL" not in result.out + result.err
    for text in (b"HOSPITAL", b"CLINIC", b"SOMEWHERE"):
        assert text not in everything(settings)
    assert cli("audit", "verify").code == 0


@pytest.mark.parametrize("given", [["HOSPITAL-4711"], ["-", "HOSPITAL-4711"], ["--HOSPITAL-4711"], ["-4711"]])
@pytest.mark.parametrize("command", ["merge", "split"])
def test_an_id_is_never_an_argument(cli: Cli, command: str, given: list[str]) -> None:
    done: Result = cli("patient", command, *given)
    assert (done.code, done.out) == (2, "")
    assert "never arguments" in done.err
    assert "4711" not in done.err


def test_one_id_alone_says_nothing(cli: Cli) -> None:
    done = cli("patient", "merge", "-", stdin="HOSPITAL-4711\n")
    assert done.code == 2
    assert "4711" not in done.err


# --- texts that name somebody ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("Smith^John was meant", True),
        ("see 19680412", True),
        ("born 12.4.1968", True),
        ("seen on 2026-11-02", True),
        ("replaced by 1.2.840.113619.2.55.3.604688119", False),
        ("sent with wrong contours, version 1.2.3", False),
    ],
)
def test_a_text_that_may_name_somebody_is_warned_of(cli: Cli, text: str, warned: bool) -> None:
    done = cli("issue", "study", "--purpose", text)
    assert done.code == 0
    assert ("warning: --purpose" in done.err) is warned
    assert text not in done.err


def test_a_text_is_taken_out(cli: Cli, settings: Settings) -> None:
    uid = cli("issue", "study", "--purpose", "for Smith of ward 7").out.strip()
    entry = entry_of(cli, "uid:issue")
    assert "for Smith" in cli("audit", "log").out
    done = cli("audit", "redact", entry, "--reason", "it named a patient")
    assert done.code == 0, done.err
    told = f"(redacted by tester, entry {entry_of(cli, 'audit:redact')})"
    assert told in cli("audit", "log", entry).out
    assert told in cli("show", uid).out
    (shown,) = cli("audit", "log", entry, "--format", "json").json
    assert (shown["note"], shown["redacted_by"]) == (None, "tester")
    assert b"for Smith" not in everything(settings)
    assert cli("audit", "verify").code == 0
    assert cli("audit", "redact", entry, "--reason", "again").code == 2


# --- context -------------------------------------------------------------------------------------


def test_a_context_is_named_in_the_report(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tiny(), tmp_path / "a.dcm")
    copy = save(tiny(patient="ANON", pixels=b"\5\6\7\x08"), tmp_path / "b.dcm")
    assert cli("register", path, "--format", "json").json["context"] == "clinical"
    done = cli("register", copy, "--context", "research", "--format", "json")
    assert (done.code, done.json["context"], done.json["findings"]) == (0, "research", [])
    assert cli("check", copy).code == 1
    assert cli("check", copy, "--context", "research").code == 0
    monkeypatch.setenv("UID_REGISTRY_CONTEXT", "research")
    assert cli("check", copy).code == 0
    assert cli("check", path).code == 1
    assert cli("check", path, "--context", "clinical").code == 0
    assert cli("check", path, "--context", "No Such").code == 2
