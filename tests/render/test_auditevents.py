"""FHIR R4 AuditEvents: valid whatever an entry holds, and shaped as BALP has them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.records import Kind
from registry.render.auditcodes import CODES
from registry.render.auditevents import audit_events
from registry.store.feed import Touched
from tests.foreign import ORIGIN, code, made, valid_event

text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)


def events(*arguments: Any, **said: Any) -> list[Any]:
    return [valid_event(line) for line in audit_events(made(*arguments, **said), ORIGIN)]


@pytest.mark.parametrize("event", CODES)
def test_every_event_is_shaped_as_the_patterns_have_it(event: str) -> None:
    (told,) = events(event)
    assert code(told["type"]) == CODES[event].event.value
    assert told["action"] == CODES[event].action
    assert {"system": "uid-registry:codes", "code": event, "display": event.replace(":", " ")} in told[
        "subtype"
    ]


@given(text, text, text)
def test_an_event_is_valid_whatever_was_typed(actor: str, note: str, said: str) -> None:
    detail = {"message": said, "destination": said}
    (told,) = events(actor=actor, host=said, note=note, outcome="refused", detail=detail, request_id=said)
    assert set(told["purposeOfEvent"][0]["text"]) - set(note) <= set("\\xu0123456789abcdef")
    assert told["outcome"] == "4"


def test_uids_are_identifiers_as_imaging_study_has_them() -> None:
    touched = [
        Touched("1.2.3.4.5", Kind.INSTANCE, "1.2.3", "1.2.3.4", "1.2.840.10008.5.1.4.1.1.2"),
        Touched("1.5", Kind.TRACKING),
    ]
    (told,) = events(touched=touched, request_id="r1")
    study, tracking, request, log = told["entity"]
    assert study["what"]["identifier"] == {"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}
    assert code(study["role"]) == "3"
    assert study["detail"] == [
        {"type": "Series Instance UID", "valueString": "1.2.3.4"},
        {"type": "NumberOfInstances of SOP Class 1.2.840.10008.5.1.4.1.1.2", "valueString": "1"},
        {"type": "SOP Instance UID", "valueString": "1.2.3.4.5"},
    ]
    assert tracking["what"]["identifier"]["value"] == "urn:oid:1.5"
    assert (code(request["type"]), request["what"]["identifier"]["value"]) == ("XrequestId", "r1")
    assert {each["type"]: each["valueString"] for each in log["detail"]}["seq"] == "17"


def test_each_has_an_id_of_its_own_that_stays() -> None:
    touched = [Touched("1.2", Kind.STUDY, "1.2"), Touched("1.3", Kind.STUDY, "1.3", refused=True)]
    assert [told["id"] for told in events("object:register", touched)] == [
        "0123456789ab-17",
        "0123456789ab-17-alert",
    ]


def test_an_export_names_where_it_went() -> None:
    (told,) = events("export:check", detail={"destination": "ARCHIVE"})
    assert [agent["who"].get("display") for agent in told["agent"]][-1] == "ARCHIVE"


def test_what_is_no_uid_does_no_harm() -> None:
    (told,) = events("finding:acknowledge", [Touched("1.2.\x1b\x00<")])
    assert told["entity"][0]["what"]["identifier"]["value"] == r"urn:oid:1.2.\x1b\x00<"
