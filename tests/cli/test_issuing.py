"""`issue`, `derive`, `withdraw`: what is printed is recorded, and what is refused says why."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest

from registry.records import Kind
from registry.settings import Settings
from registry.uid import flaws
from tests.cli.conftest import Program, types, words
from tests.conftest import Cli, Result
from tests.databases import everything
from tests.objects import ROOT, save, tiny

STUDY, SERIES, INSTANCE = "1.2.826.0.99.1", "1.2.826.0.99.1.1", "1.2.826.0.99.1.1.1"  # the stocked CT
ISSUED = {
    "uids": "list",
    "kind": "str",
    "study_instance_uid": "str",
    "series_instance_uid": "str",
    "root": "str",
    "entry": "int",
}


def uids(result: Result) -> list[str]:
    """The UIDs that `issue` printed: nothing else may stand there."""
    assert (result.code, result.err) == (0, "")
    assert all(re.fullmatch(r"[0-9.]+", line) and not flaws(line) for line in result.out.splitlines())
    return result.out.splitlines()


def rows(result: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(result.out)))


def size(cli: Cli) -> int:
    return int(cli("stats", "--format", "json").json["uids"])


def refused(result: Result, status: int, *told: str) -> None:
    """Nothing on stdout; on stderr what is wrong and what would be right."""
    assert result.code == status, result.err
    assert result.out == ""
    for text in told:
        assert text in words(result.err)
    assert "next: " in result.err or "--help" in result.err


# --- issue -------------------------------------------------------------------------------


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.SERIES, Kind.INSTANCE)])
def test_every_kind_is_issued_by_its_name(cli: Cli, kind: Kind) -> None:
    (one,) = uids(cli("issue", kind.label))
    (other,) = uids(cli("issue", kind.label.replace("_", "-").upper()))
    assert one != other
    assert one.startswith(f"{ROOT}.")
    known = cli("show", one, "--format", "json").json
    assert (known["kind"], known["state"], known["issued_by"]) == (kind.label, "issued", "tester")


def test_the_table_is_the_uids_alone_one_a_line(cli: Cli) -> None:
    many = uids(cli("issue", "study", "--count", 2500))
    assert len(set(many)) == 2500
    assert size(cli) == 2500


def test_the_json_of_issue(cli: Cli) -> None:
    study = cli("issue", "study", "--format", "json").json
    assert types(study) == {**ISSUED, "study_instance_uid": "NoneType", "series_instance_uid": "NoneType"}
    of_study = cli("issue", "series", "--study", *study["uids"], "--modality", "CT", "--format", "json").json
    assert types(of_study) == {**ISSUED, "series_instance_uid": "NoneType"}
    assert of_study["study_instance_uid"] == study["uids"][0]
    of_series = cli("issue", "instance", "--series", *of_study["uids"], "--count", 2, "--format", "json").json
    assert types(of_series) == ISSUED
    assert of_series["series_instance_uid"] == of_study["uids"][0]
    assert of_series["study_instance_uid"] == study["uids"][0]
    assert (of_series["kind"], of_series["root"], len(of_series["uids"])) == ("instance", ROOT, 2)
    assert study["entry"] < of_study["entry"] < of_series["entry"]


def test_ndjson_and_csv_have_a_line_for_each_uid(cli: Cli) -> None:
    lines = cli("issue", "tracking", "--count", 3, "--format", "ndjson").ndjson
    assert [set(line) for line in lines] == [
        {"uid", "kind", "study_instance_uid", "series_instance_uid", "root", "entry"}
    ] * 3
    table = rows(cli("issue", "tracking", "--count", 3, "--format", "csv"))
    assert [row["kind"] for row in table] == ["tracking"] * 3
    assert len({line["uid"] for line in lines} | {row["uid"] for row in table}) == 6


def test_a_parent_that_nobody_knows_is_foreign(cli: Cli) -> None:
    uids(cli("issue", "instance", "--study", "1.2.9", "--series", "1.2.9.1"))
    assert cli("show", "1.2.9", "--format", "json").json["state"] == "foreign"
    assert cli("show", "1.2.9.1", "--format", "json").json["study_instance_uid"] == "1.2.9"


def test_a_source_gives_the_study(stocked: Cli, ct: Path) -> None:
    for source in (ct / "0.dcm", ct, SERIES, INSTANCE):
        issued = stocked("issue", "series", "--source", source, "--modality", "SEG", "--format", "json").json
        assert issued["study_instance_uid"] == STUDY


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["stdy"], ["'stdy' is no kind", "Did you mean study?", "frame_of_reference"]),
        ([], ["Missing argument 'KIND'"]),
        (["series"], ["a series belongs to a study", "--study UID"]),
        (["instance"], ["an instance belongs to a series", "--series UID"]),
        (["instance", "--series", "1.2.3.4"], ["doesn't know the series 1.2.3.4", "--study UID"]),
        (["series", "--study", "abc"], ["'abc' is not a valid UID", "digits and dots"]),
        (["series", "--study", "1.2.03"], ["begins with a zero", "1.2.3"]),
        (["series", "--study", f"1.2.{'3' * 64}"], ["more than 64 characters"]),
        (["series", "--study", "1.2.3\n"], [r"'1.2.3\n'"]),
        (["series", "--study", "1.2.3", "--modality", "seg"], ["'seg' is not a modality", "SEG"]),
        (["series", "--study", "1.2.3", "--modality", "OURS"], ["modalities", "uid-registry.toml"]),
        (["study", "--modality", "CT"], ["--modality goes with a series"]),
        (["study", "--study", "1.2.3"], ["a study has no parent"]),
        (["tracking", "--series", "1.2.3"], ["only an instance belongs to a series"]),
        (["study", "--source", "1.2.3"], ["--source goes with"]),
        (["series", "--source", "nowhere.dcm"], ["nowhere.dcm", "nor is it a valid UID"]),
        (["series", "--source", "1.2.3"], ["in which study the source is", "--study UID"]),
        (["study", "--count", "0"], ["--count 0", "From 1 to 1,000,000"]),
        (["study", "--count", "-1"], ["--count -1", "From 1 to 1,000,000"]),
        (["study", "--count", "1000001"], ["--count 1000001", "From 1 to 1,000,000"]),
        (["study", "--count", "many"], ["--count", "integer"]),
        (["study", "--root", "1.2.3"], ["'1.2.3' is not a root", "root list"]),
        (["study", "--root", "ours"], ["'ours' is not a root", "root list"]),
        (["study", "--method", "uuid", "--root", ROOT], ["2.25", "--method random"]),
        (["study", "--method", "clock"], ["'clock'", "random, uuid, keyed"]),
        (["study", "--method", "keyed"], ["--part TEXT"]),
        (["study", "--part", "a"], ["--method keyed"]),
        (["study", "--request-id", "job 42"], ["'job 42'", "1 to 64 letters, digits"]),
        (["study", "--request-id", "j" * 65], ["1 to 64 letters, digits"]),
        (["study", "series"], ["unexpected extra argument", "series"]),
        (["study", "--nope"], ["--nope"]),
    ],
)
def test_what_cant_be_issued_says_what_is_wrong_and_what_would_be_right(
    cli: Cli, arguments: list[str], told: list[str]
) -> None:
    refused(cli("issue", *arguments), 2, *told)
    assert size(cli) == 0


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["series", "--study", SERIES], [f"{SERIES} is recorded as a series", "can't be a study"]),
        (["instance", "--series", SERIES, "--study", "1.2.3"], [f"in study {STUDY}, not in 1.2.3"]),
    ],
)
def test_what_the_ledger_refuses_is_1_and_in_the_trail(
    stocked: Cli, arguments: list[str], told: list[str]
) -> None:
    before = size(stocked)
    refused(stocked("issue", *arguments), 1, *told)
    assert size(stocked) == before
    (entry,) = stocked("audit", "log", "--limit", 1, "--format", "json").json
    assert (entry["event"], entry["outcome"]) == ("uid:issue", "refused")


def test_nothing_is_issued_into_what_was_withdrawn(cli: Cli) -> None:
    (study,) = uids(cli("issue", "study"))
    cli("withdraw", study, "--reason", "twice ordered")
    refused(cli("issue", "series", "--study", study), 1, f"the study {study} was withdrawn", "history")


def test_nothing_is_issued_into_what_was_seen_and_withdrawn(stocked: Cli) -> None:
    assert stocked("withdraw", STUDY, "--reason", "another patient").code == 0
    refused(stocked("issue", "series", "--study", STUDY), 1, f"the study {STUDY} was withdrawn", "history")
    refused(stocked("derive", INSTANCE, "--modality", "SEG"), 1, f"the study {STUDY} was withdrawn")


def test_uuids_need_no_root(cli: Cli) -> None:
    (uid,) = uids(cli("issue", "study", "--method", "uuid"))
    assert uid.startswith("2.25.")


def test_the_same_parts_give_the_same_keyed_uid_and_are_stored_nowhere(cli: Cli, settings: Settings) -> None:
    keyed = ("issue", "tracking", "--method", "keyed", "--part")
    first = uids(cli(*keyed, "lesion-of-somebody", "--part", "left"))
    assert uids(cli(*keyed, "lesion-of-somebody", "--part", "left")) == first
    assert uids(cli(*keyed, "-", stdin="lesion-of-somebody\nleft\n")) == first
    assert uids(cli(*keyed, "lesion-of-somebody", "--part", "right")) != first
    assert size(cli) == 2
    stored = everything(settings)
    assert b"tester" in stored
    assert b"lesion-of-somebody" not in stored


def test_a_request_id_gives_the_same_uids_again(cli: Cli) -> None:
    first = uids(cli("issue", "study", "--count", 3, "--request-id", "job-42"))
    assert uids(cli("issue", "study", "--count", 3, "--request-id", "job-42", "--purpose", "again")) == first
    assert size(cli) == 3
    for other in (["study"], ["tracking", "--count", 3], ["study", "--count", 3, "--method", "uuid"]):
        refused(cli("issue", *other, "--request-id", "job-42"), 1, "job-42", "new --request-id")


def test_a_purpose_is_kept_with_the_uid(cli: Cli) -> None:
    (uid,) = uids(cli("issue", "study", "--purpose", "phantom, März"))
    assert cli("show", uid, "--format", "json").json["purpose"] == "phantom, März"


# --- who acts ----------------------------------------------------------------------------

NAMED = [
    ["issue", "study"],
    ["derive", INSTANCE, "--modality", "SEG"],
    ["withdraw", INSTANCE, "--reason", "wrong"],
]


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("command", NAMED, ids=lambda command: command[0])
@pytest.mark.parametrize("given", [[], ["--actor", ""], ["--actor", "  "]], ids=["none", "empty", "blank"])
def test_root_must_say_who_it_is(
    stocked: Cli, command: list[str], given: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UID_REGISTRY_ACTOR")
    monkeypatch.setenv("LOGNAME", "root")  # what the system says of its user
    before = size(stocked)
    refused(stocked(*command, *given), 2, "root", "--actor NAME", "UID_REGISTRY_ACTOR")
    assert size(stocked) == before


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("command", NAMED, ids=lambda command: command[0])
def test_any_other_user_is_named_in_the_trail(
    stocked: Cli, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UID_REGISTRY_ACTOR")
    monkeypatch.setenv("LOGNAME", "ann")
    for given, actor in (([], "ann"), (["--actor", "bob"], "bob")):
        before = acts(stocked, actor)
        assert stocked(*command, *given).code == 0
        if command[0] == "withdraw" and actor == "bob":
            continue  # withdrawn before: no second act
        assert acts(stocked, actor) == before + 1


def acts(cli: Cli, actor: str) -> int:
    """How many acts of somebody but reading the trail are in it."""
    found = cli("audit", "log", "--by", actor, "--format", "json").json
    return sum(entry["event"] != "audit:log" for entry in found)


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("command", [["register"], ["check"]], ids=["register", "check"])
def test_root_may_register_and_check_without_a_name(
    cli: Cli, command: list[str], ct: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UID_REGISTRY_ACTOR")
    monkeypatch.setenv("LOGNAME", "root")
    assert cli(*command, ct).code == 0


# --- derive ------------------------------------------------------------------------------


def test_a_shell_evals_what_derive_prints(program: Program, ct: Path) -> None:
    script = """
        eval "$(uid-registry derive "$1" --modality SEG --instances 2)" || exit
        printf '%s\\n' "$STUDY_INSTANCE_UID" "$SERIES_INSTANCE_UID" $SOP_INSTANCE_UIDS
        export STUDY_INSTANCE_UID SERIES_INSTANCE_UID SOP_INSTANCE_UIDS
        env | grep -c INSTANCE_UID
    """
    done = program.shell(script, ct)
    assert (done.code, done.err) == (0, "")
    study, *fresh, count = done.out.splitlines()
    assert (study, count) == (STUDY, "3")
    assert len(set(fresh)) == 3
    assert all(uid.startswith(f"{ROOT}.") for uid in fresh)


def test_the_json_of_derive_has_the_names_of_object_makers(cli: Cli, ct: Path) -> None:
    derived = cli("derive", ct, "--modality", "SEG", "--instances", 3, "--format", "json").json
    assert types(derived) == {
        "study_instance_uid": "str",
        "series_instance_uid": "str",
        "sop_instance_uids": "list",
        "root": "str",
        "entry": "int",
    }
    assert derived["study_instance_uid"] == STUDY
    assert len({derived["series_instance_uid"], *derived["sop_instance_uids"]}) == 4


def test_derive_in_ndjson_and_csv(cli: Cli, ct: Path) -> None:
    (line,) = cli("derive", ct, "--modality", "SR", "--format", "ndjson").ndjson
    assert line["study_instance_uid"] == STUDY
    (row,) = rows(cli("derive", ct, "--modality", "SR", "--instances", 2, "--format", "csv"))
    assert row["study_instance_uid"] == STUDY
    assert len(row["sop_instance_uids"].split()) == 2


def test_derive_is_one_act_and_its_uids_are_in_their_places(stocked: Cli, ct: Path) -> None:
    derived = stocked("derive", ct, "--modality", "SEG", "--instances", 2, "--format", "json").json
    (entry,) = stocked("audit", "log", derived["entry"], "--format", "json").json
    assert (entry["event"], entry["outcome"]) == ("object:derive", "done")
    assert sorted(entry["uids"]) == sorted([derived["series_instance_uid"], *derived["sop_instance_uids"]])
    series = stocked("show", derived["series_instance_uid"], "--format", "json").json
    assert (series["kind"], series["study_instance_uid"], series["modality"]) == ("series", STUDY, "SEG")
    instance = stocked("show", derived["sop_instance_uids"][0], "--format", "json").json
    assert instance["series_instance_uid"] == derived["series_instance_uid"]


def test_sources_are_files_folders_archives_and_uids(stocked: Cli, ct: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "ct.zip", "w") as archive:
        archive.write(ct / "0.dcm", "0.dcm")
    for source in (
        [ct],
        [ct / "0.dcm", ct / "1.dcm"],
        [tmp_path / "ct.zip"],
        [SERIES],
        [INSTANCE, ct / "1.dcm"],
    ):
        derived = stocked("derive", *source, "--modality", "SEG", "--format", "json").json
        assert derived["study_instance_uid"] == STUDY


def test_a_valid_uid_is_a_uid_and_a_path_says_so(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tiny(study="1.2.77"), tmp_path / "1.2.3.4")
    monkeypatch.chdir(tmp_path)
    refused(cli("derive", "1.2.3.4", "--modality", "SEG"), 2, "in which study the source is")
    assert (
        cli("derive", "./1.2.3.4", "--modality", "SEG", "--format", "json").json["study_instance_uid"]
        == "1.2.77"
    )


def test_sources_are_read_from_standard_input(stocked: Cli, ct: Path) -> None:
    """`-` reads paths or UIDs."""
    for lines in (f"{ct}\n", f"{INSTANCE}\n{ct / '1.dcm'}\n"):
        derived = stocked("derive", "-", "--modality", "SEG", "--format", "json", stdin=lines)
        assert derived.code == 0, derived.err
        assert derived.json["study_instance_uid"] == STUDY


def test_sources_in_two_studies_need_a_choice(stocked: Cli, ct: Path, tmp_path: Path) -> None:
    other = save(tiny(), tmp_path / "other.dcm")
    both = ("derive", ct, other, "--modality", "SEG")
    refused(stocked(*both), 2, "2 studies: 1.2.3, 1.2.826.0.99.1", "--study UID")
    for study in (STUDY, "1.2.3"):
        assert stocked(*both, "--study", study, "--format", "json").json["study_instance_uid"] == study
    refused(stocked(*both, "--study", "1.2.4"), 2, "not in 1.2.4", "leave out --study")


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--modality", "SEG"], ["Missing argument 'PATH|UID...'"]),
        (["1.2.3"], ["Missing option '--modality'"]),
        ([INSTANCE, "--modality", "Seg"], ["'Seg' is not a modality", "Did you mean SEG"]),
        ([INSTANCE, "--modality", "SEG", "--instances", "0"], ["--instances 0", "From 1 to 1,000,000"]),
        ([INSTANCE, "--modality", "SEG", "--method", "keyed"], ["fresh UIDs", "--request-id"]),
        ([INSTANCE, "--modality", "SEG", "--study", "x"], ["'x' is not a valid UID"]),
        ([STUDY, "--modality", "SEG"], [f"{STUDY} is a study", "a series or an instance", "tree"]),
        (["1.2.4444", "--modality", "SEG"], ["in which study the source is", "--study UID"]),
        (["nowhere", "--modality", "SEG"], ["nowhere, nor is it a valid UID"]),
    ],
)
def test_what_cant_be_derived_says_what_is_wrong_and_what_would_be_right(
    stocked: Cli, arguments: list[str], told: list[str]
) -> None:
    before = size(stocked)
    refused(stocked("derive", *arguments), 2, *told)
    assert size(stocked) == before


def test_a_source_that_isnt_dicom_is_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    refused(cli("derive", tmp_path / "notes.txt", "--modality", "SEG"), 2, "notes.txt", "not DICOM")


def test_a_folder_without_objects_is_named(cli: Cli, tmp_path: Path) -> None:
    """It isn't that the study is unknown: there is no source."""
    (tmp_path / "empty").mkdir()
    refused(cli("derive", tmp_path / "empty", "--modality", "SEG"), 2, str(tmp_path / "empty"))


def test_a_repeated_derive_gives_the_same_uids(cli: Cli, ct: Path) -> None:
    job = ("derive", ct, "--modality", "SEG", "--request-id", "job-42")
    first = cli(*job, "--format", "json").json
    assert cli(*job, "--format", "json").json == first
    assert first["series_instance_uid"] in cli(*job).out
    refused(cli("derive", ct, "--modality", "SR", "--request-id", "job-42"), 1, "job-42", "new --request-id")


# --- withdraw ----------------------------------------------------------------------------


def test_the_json_of_withdraw(cli: Cli) -> None:
    one, other = uids(cli("issue", "study", "--count", 2))
    done = cli("withdraw", one, "--reason", "wrong", "--format", "json").json
    assert types(done) == {"withdrawn": "list", "before": "list", "entry": "int"}
    again = cli("withdraw", one, other, "--reason", "wrong", "--format", "json").json
    assert (again["withdrawn"], again["before"]) == ([other], [one])
    table = rows(cli("withdraw", one, other, "--reason", "wrong", "--format", "csv"))
    assert {(row["uid"], row["withdrawn"]) for row in table} == {(one, "before"), (other, "before")}


def test_withdrawing_twice_is_told_and_is_one_act(cli: Cli) -> None:
    (uid,) = uids(cli("issue", "tracking"))
    assert cli("withdraw", uid, "--reason", "wrong").out == f"withdrawn {uid}\n"
    assert cli("withdraw", uid, "--reason", "wrong").out == f"was withdrawn before: {uid}\n"
    assert len(cli("audit", "log", "--event", "uid:withdraw", "--format", "json").json) == 1


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("uid", [STUDY, SERIES, INSTANCE, "1.2.826.0.99.1.9"])
def test_withdrawing_twice_what_was_seen_is_told_and_is_one_act(stocked: Cli, uid: str) -> None:
    assert stocked("withdraw", uid, "--reason", "wrong").out == f"withdrawn {uid}\n"
    assert stocked("withdraw", uid, "--reason", "wrong").out == f"was withdrawn before: {uid}\n"
    assert len(stocked("audit", "log", "--event", "uid:withdraw", "--format", "json").json) == 1


def test_a_withdrawal_is_seen_everywhere(cli: Cli, ct: Path) -> None:
    derived = cli("derive", ct, "--modality", "SEG", "--format", "json").json
    (uid,) = derived["sop_instance_uids"]
    cli("withdraw", uid, "--reason", "sent with wrong contours")
    assert cli("show", uid, "--format", "json").json["state"] == "withdrawn"
    assert "withdrawn: sent with wrong contours" in cli("history", uid).out
    assert uid in cli("list", "--state", "withdrawn").out


def test_withdrawing_a_study_or_series_says_how_many_it_holds(stocked: Cli) -> None:
    study = stocked("withdraw", STUDY, "--reason", "another patient")
    assert f"{STUDY} holds 3 series or instances" in study.err
    assert study.out == f"withdrawn {STUDY}\n"
    series = stocked("withdraw", SERIES, INSTANCE, "--reason", "another patient", "--format", "json")
    assert f"{SERIES} holds 2 series or instances" in series.err
    assert series.json["withdrawn"] == [SERIES, INSTANCE]
    assert stocked("show", "1.2.826.0.99.1.1.2", "--format", "json").json["state"] == "registered"


def test_uids_to_withdraw_are_read_from_standard_input(cli: Cli) -> None:
    three = uids(cli("issue", "study", "--count", 3))
    done = cli("withdraw", "-", "--reason", "wrong", stdin="\n".join([*three, "", ""]))
    assert sorted(done.out.split()[1::2]) == sorted(three)


def test_all_of_the_uids_are_withdrawn_or_none(cli: Cli) -> None:
    (uid,) = uids(cli("issue", "study"))
    refused(cli("withdraw", uid, "1.2.333", "--reason", "wrong"), 1, "1.2.333; nothing was withdrawn")
    refused(cli("withdraw", uid, "nonsense", "--reason", "wrong"), 2, "'nonsense' is not a valid UID")
    assert cli("show", uid, "--format", "json").json["state"] == "issued"


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], ["Missing argument 'UID...'"]),
        (["1.2.3"], ["Missing option '--reason'"]),
        (["1.2.3", "--reason", ""], ["needs its reason", "--reason TEXT"]),
        (["1.2.3", "--reason", " \t"], ["needs its reason", "--reason TEXT"]),
        (["-", "--reason", "wrong"], ["no UID to withdraw"]),
    ],
)
def test_what_cant_be_withdrawn_says_what_is_wrong(cli: Cli, arguments: list[str], told: list[str]) -> None:
    refused(cli("withdraw", *arguments), 2, *told)


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("typed", "options", "state"),
    [
        (b"y\n", [], "withdrawn"),
        (b"n\n", [], "registered"),
        (b"\n", [], "registered"),
        (b"\x04", [], "registered"),
        (b"", ["--no-input"], "withdrawn"),
    ],
)
def test_on_a_terminal_the_withdrawal_of_a_study_is_asked_for(
    stocked: Cli, program: Program, typed: bytes, options: list[str], state: str
) -> None:
    shown = program.on_a_terminal("withdraw", STUDY, "--reason", "another patient", *options, typed=typed)
    assert f"{STUDY} holds 3 series or instances" in shown.out
    assert ("withdraw it?" in shown.out) is not bool(options)
    assert stocked("show", STUDY, "--format", "json").json["state"] == state


@pytest.mark.engine("sqlite")
def test_a_root_that_leaves_no_room_is_told_when_it_is_added(cli: Cli) -> None:
    long = "1.2.826.0.1.3680043.10.1234"
    told = cli("root", "add", long)
    assert told.code == 0
    assert f"warning: nothing can be issued under {long}: " in told.err
    assert cli("root", "add", long, "--policy", "delegated", "--minter", "RIS").err == ""
