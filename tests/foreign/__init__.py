"""What other systems' formats are held against: their own schemas."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from lxml import etree

from registry.render.auditxml import audit_messages
from registry.store.feed import Touched, Whole
from registry.trail import FIELDS, FORMAT, canonical_entry, leaf_hash

HERE = Path(__file__).parent
ORIGIN = "dicom-uid-registry/0123456789ab"
LONG = "1.2." + "9" * 60


@cache
def _schema() -> Any:
    return etree.RelaxNG(etree.parse(HERE / "audit-message.rng"))


@cache
def _events() -> Any:
    schema = json.loads((HERE / "auditevent.schema.json").read_text())
    return jsonschema.Draft6Validator(schema)


def valid_message(line: str) -> Any:
    """The audit message in a line, held against the schema of PS3.15 section A.5.1."""
    assert "\n" not in line
    message = etree.fromstring(line)
    schema = _schema()
    assert schema.validate(message), schema.error_log.last_error
    return message


def valid_event(line: str) -> Any:
    """The AuditEvent in a line, held against FHIR R4's schema and what BALP says of all its patterns."""
    assert "\n" not in line
    event = json.loads(line)
    _events().validate(event)
    balp(event)
    return event


def balp(event: Any) -> None:
    """IHE BALP 3:5.7.3 and its profiles Create, Read, Query, PrivacyDisclosure, as far as they can be
    held without a patient, and the invariant of R4 that its JSON schema doesn't hold."""
    agents = {code(agent["type"]["coding"][0]): agent for agent in event["agent"]}
    assert len(agents) == len(event["agent"]) >= 2  # agent 2..*, sliced by type
    (user,) = [agent for agent in event["agent"] if agent["requestor"]]
    assert "network" not in user  # agent[user].network 0..0: users are not network devices
    assert code(user["type"]["coding"][0]) in ("IRCP", "AUT")
    assert user["who"]["identifier"]["value"]
    for agent in event["agent"]:
        assert agent["who"]  # who 1..1
        assert agent is user or agent["network"]["address"]  # network 1..1 of all others
        assert "media" not in agent
    assert event["entity"]  # entity 1..*
    assert all(not {"name", "query"} <= entity.keys() for entity in event["entity"])  # R4: sev-1
    kind = code(event["type"])
    if kind == "110106":  # PrivacyDisclosure.Source
        assert event["action"] == "R"
        assert "disclose" in map(code, event["subtype"])
        assert agents["110153"]["who"] == event["source"]["observer"]  # val-audit-source
        assert "110152" in agents
    if kind == "110107":  # PrivacyDisclosure.Recipient, of which no person has said it is a disclosure
        assert event["action"] == "C"
        assert agents["110152"]["who"] == event["source"]["observer"]
        assert "110153" in agents
    for entity in event["entity"]:
        if entity["type"]["code"] == "XrequestId":
            assert entity["what"]["identifier"]["value"]  # entity[transaction].what.identifier.value 1..1


def code(coding: Any) -> str:
    return str(coding["code"])


def details(parent: Any) -> dict[str, str]:
    """The pairs of a participant object, their values as texts."""
    found = parent.findall("ParticipantObjectDetail")
    return {each.get("type"): base64.b64decode(each.get("value")).decode() for each in found}


def made(
    event: str = "uid:issue",
    touched: Iterable[Touched] = (),
    *,
    outcome: str = "done",
    detail: dict[str, Any] | None = None,
    note: str | None = None,
    **said: Any,
) -> Whole:
    """An entry that nobody wrote, for what no registry of the tests holds."""
    fields = {
        "id": 18,
        "at": "2026-11-22T09:30:00.000000Z",
        "event": event,
        "outcome": outcome,
        "actor": "tester",
        "account": "app",
        "role": "writer",
        "host": "node",
        "application": "dicom-uid-registry 0",
        "request_id": None,
        "note_hash": None,
        "detail": json.dumps(detail or {}, sort_keys=True, separators=(",", ":")),
        "rows": "{}",
        **said,
    }
    fields = {name: fields[name] for name in FIELDS[FORMAT]}
    leaf = leaf_hash(canonical_entry(fields, FORMAT))
    return Whole(17, FORMAT, leaf, fields, note, None, tuple(touched))


def told(entry: Whole, **options: Any) -> list[Any]:
    """The audit messages about an entry, each held against the schema."""
    return [valid_message(line) for line in audit_messages(entry, ORIGIN, **options)]


Check = Callable[[str], Any]
