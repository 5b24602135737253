"""DICOM audit messages: valid whatever an entry holds, complete, and never too long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.records import Kind
from registry.render.auditxml import audit_messages
from registry.store.feed import Touched
from tests.foreign import LONG, ORIGIN, details, made, told, valid_message

anything = st.text(st.characters(exclude_categories=()), max_size=40)
MOST = 32768  # octets that every receiver takes (PS3.15 section A.6)


def instances(
    study: int, count: int, *, series: int = 1, sop_class: str = "1.2.840.10008.5.1.4.1.1.2"
) -> Any:
    root = f"{LONG[:-8]}{study:03}"
    for number in range(count):
        of = f"{root}{number % series:02}"
        yield Touched(f"{of}{number // series:03}", Kind.INSTANCE, root, of, sop_class)


def roles(message: Any) -> list[tuple[str, list[str]]]:
    return [
        (each.get("UserID"), [role.get("csd-code") for role in each.iterfind("RoleIDCode")])
        for each in message.iterfind("ActiveParticipant")
    ]


@given(anything, anything, anything)
@example("\x1b[31m", "\ud800", "\ufffe]]><&\"'\n\t")
def test_a_message_is_valid_and_one_line_whatever_was_typed(actor: str, note: str, text: str) -> None:
    entry = made(
        actor=actor, host=text, note=note, outcome="refused", detail={"message": text}, request_id=actor
    )
    (message,) = told(entry)
    said = details(message.findall("ParticipantObjectIdentification")[-1])
    assert said.get("note", "") == note.encode(errors="backslashreplace").decode()


def test_who_and_where() -> None:
    (message,) = told(made())
    person, process = message.iterfind("ActiveParticipant")
    assert dict(person.attrib) == {
        "UserID": "tester",
        "AlternativeUserID": "app",
        "UserIsRequestor": "true",
        "NetworkAccessPointID": "node",
        "NetworkAccessPointTypeCode": "1",
    }
    assert process.get("UserIsRequestor") == "false"
    assert roles(message) == [("tester", ["writer"]), ("dicom-uid-registry 0", ["110150"])]
    assert message.find("AuditSourceIdentification").get("AuditSourceID") == ORIGIN


def test_an_entry_of_the_first_format_has_no_account() -> None:
    old = made()
    fields = {name: value for name, value in old.fields.items() if name not in ("account", "role")}
    (message,) = told(type(old)(0, 1, old.leaf, fields, None, None, ()))
    assert message.find("ActiveParticipant").get("AlternativeUserID") is None


def test_an_import_has_its_source_and_an_export_its_destination() -> None:
    (entered,) = told(made("object:register"))
    assert roles(entered) == [  # A.5.3.5
        ("tester", ["110152", "writer"]),
        ("dicom-uid-registry 0", ["110152"]),
        ("files", ["110155"]),
    ]
    (sent,) = told(made("export:check", detail={"destination": "ARCHIVE"}))
    assert roles(sent) == [  # A.5.3.4
        ("tester", ["110153", "writer"]),
        ("dicom-uid-registry 0", ["110153"]),
        ("ARCHIVE", ["110154"]),
    ]
    for message in (entered, sent):
        media = message.findall("ActiveParticipant")[-1]
        assert media.get("UserIsRequestor") == "false"
        assert media.find("MediaIdentifier/MediaType").get("csd-code") == "110037"


def test_a_query_says_what_was_asked() -> None:
    (message,) = told(made("patient:list", detail={"found": 3}))
    assert roles(message)[0][1] == ["110153", "writer"]  # A.5.3.10
    assert roles(message)[1][1] == ["110152"]
    asked, log = message.iterfind("ParticipantObjectIdentification")
    assert (asked.get("ParticipantObjectTypeCodeRole"), log.get("ParticipantObjectTypeCodeRole")) == (
        "3",
        "13",
    )
    assert asked.findtext("ParticipantObjectQuery") == "eyJmb3VuZCI6M30="


def test_who_reads_the_trail_uses_the_security_audit_log() -> None:
    (message,) = told(made("audit:log"))  # A.5.3.2
    (log,) = message.iterfind("ParticipantObjectIdentification")
    assert log.get("ParticipantObjectTypeCode") == "2"
    assert log.get("ParticipantObjectTypeCodeRole") == "13"
    assert log.get("ParticipantObjectID") == f"uid-registry:{ORIGIN}"
    assert log.find("ParticipantObjectIDTypeCode").get("csd-code") == "12"
    assert log.findtext("ParticipantObjectName") == "Security Audit Log"
    assert details(log)["seq"] == "17"


def test_a_study_has_its_series_classes_and_few_instances() -> None:
    entry = made(
        "object:register", [*instances(1, 4, series=2), *instances(2, 25), Touched("1.5", Kind.TRACKING)]
    )
    (message,) = told(entry)
    small, large, tracking, _log = message.iterfind("ParticipantObjectIdentification")
    assert small.find("ParticipantObjectIDTypeCode").get("csd-code") == "110180"
    assert small.get("ParticipantObjectTypeCodeRole") == "3"
    series = [each.get("type") for each in small.iterfind("ParticipantObjectDetail")]
    assert series == ["Series Instance UID"] * 2
    for study, count, named in ((small, "4", 4), (large, "25", 0)):
        (of_class,) = study.iterfind("ParticipantObjectDescription/SOPClass")
        assert of_class.get("NumberOfInstances") == count
        assert len(of_class.findall("Instance")) == named
    assert tracking.find("ParticipantObjectIDTypeCode").get("csd-code") == "tracking"


def test_instances_of_no_study_are_counted() -> None:
    (message,) = told(made(touched=[Touched(f"1.2.{n}", Kind.INSTANCE) for n in range(1000)]))
    counted, _log = message.iterfind("ParticipantObjectIdentification")
    assert counted.find("ParticipantObjectDescription/SOPClass").get("NumberOfInstances") == "1000"


def test_what_was_refused_within_a_batch_is_an_alert_of_its_own() -> None:
    kept = Touched("1.2.3", Kind.STUDY, "1.2.3")
    entry = made("object:register", [kept, Touched("1.2.4", Kind.STUDY, "1.2.4", refused=True)])
    done, alert = told(entry)
    assert [m.find("EventIdentification").get("EventOutcomeIndicator") for m in (done, alert)] == ["0", "4"]
    assert alert.find("EventIdentification/EventID").get("csd-code") == "110113"
    study, log = alert.iterfind("ParticipantObjectIdentification")
    assert study.get("ParticipantObjectID") == "1.2.4"
    assert "were refused" in details(study)["Alert Description"]
    assert "were refused" in details(log)["Alert Description"]


@pytest.mark.parametrize("outcome", ["done", "refused"])
def test_a_large_act_is_told_whole_in_messages_that_every_receiver_takes(outcome: str) -> None:
    touched = [one for study in range(120) for one in instances(study, 20, series=20)]
    long = "\U0001f4a5" * 5000
    detail = {"message": long, "findings": {f"UID{n}": n for n in range(300)}}
    entry = made("object:register", touched, outcome=outcome, detail=detail, actor="ä" * 200, note=long)
    lines = list(audit_messages(entry, ORIGIN))
    assert len(lines) > 1
    assert max(len(line.encode()) for line in lines) < MOST - 500  # the header of syslog
    studies = [
        each.get("ParticipantObjectID")
        for line in lines
        for each in valid_message(line).iterfind("ParticipantObjectIdentification")
        if each.find("ParticipantObjectIDTypeCode").get("csd-code") == "110180"
    ]
    assert studies == sorted({one.study for one in touched})


def test_notes_stay_where_they_are_if_wanted() -> None:
    (message,) = told(made(note="for Smith"), notes=False)
    assert "note" not in details(message.findall("ParticipantObjectIdentification")[-1])


def test_what_is_no_uid_does_no_harm() -> None:
    (message,) = told(made("finding:acknowledge", [Touched("1.2.\x1b\x00<")]))
    assert message.find("ParticipantObjectIdentification").get("ParticipantObjectID") == r"1.2.\x1b\x00<"
