"""Entries as FHIR R4 AuditEvent resources, as IHE's Basic Audit Log Patterns (BALP) shape them.

One resource a line, as FHIR's bulk data has it. Each has an id of its own that
follows from the registry and the entry, so sending one again (PUT) changes nothing.
BALP's profiles want a Patient; the registry knows none, so no profile is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from registry.render import auditcodes as codes
from registry.render.auditcodes import Code
from registry.render.formats import json_line
from registry.render.messages import (
    INSTANCES_TOLD,
    Message,
    Subject,
    audit_log_uri,
    facts,
    messages,
)

if TYPE_CHECKING:
    from registry.store.feed import Whole

Json = dict[str, Any]

_SYSTEMS = {
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    codes.SCHEME: "uid-registry:codes",
    "RFC-3881": "http://terminology.hl7.org/CodeSystem/audit-entity-type",
}
_TERMS = "http://terminology.hl7.org/CodeSystem"
_REQUEST = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
_URI = "urn:ietf:rfc:3986"

# What a FHIR string can't hold: control characters, and blanks of other sorts than ASCII's.
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|[^\S \r\n\t]")


def audit_events(entry: Whole, origin: str, *, notes: bool = True) -> Iterator[str]:
    """The resources about an entry of the registry ``origin``, each in a line."""
    for message in messages(entry):
        yield json_line(_resource(message, origin, notes))


def _resource(message: Message, origin: str, notes: bool) -> Json:
    entry, event = message.entry, message.codes.event
    observer = {
        "identifier": {"system": _URI, "value": audit_log_uri(origin)},
        "display": entry.fields["application"],
    }
    kinds = [message.codes.kind] if message.codes.kind else []
    kinds.append(Code(message.event, message.event.replace(":", " "), codes.SCHEME))
    subtype = [_coding(kind) for kind in kinds]
    if event == codes.EXPORT:  # BALP: a disclosure, as its source records it
        subtype.append({"system": f"{_TERMS}/iso-21089-lifecycle", "code": "disclose"})
    found: Json = {
        "resourceType": "AuditEvent",
        "id": f"{origin.rpartition('/')[2]}-{entry.seq}{'-alert' if message.second else ''}",
        "type": _coding(event),
        "subtype": subtype,
        "action": message.codes.action,
        "recorded": entry.fields["at"],
        "outcome": str(message.outcome),
    }
    if message.text:
        found["outcomeDesc"] = _fit(message.text)
    if notes and entry.note:
        found["purposeOfEvent"] = [{"text": _fit(entry.note)}]
    found["agent"] = [_person(message), *_agents(message, observer)]
    found["source"] = {
        "observer": observer,
        "type": [{"system": f"{_TERMS}/security-source-type", "code": "4", "display": "Application Server"}],
    }
    found["entity"] = list(_entities(message, origin))
    return found


def _coding(code: Code) -> Json:
    return {"system": _SYSTEMS[code.scheme], "code": code.value, "display": code.meaning}


def _person(message: Message) -> Json:
    """Who did it: the one requestor. A user is no node of a network, says BALP."""
    said = message.entry.fields
    actor = _fit(said["actor"])
    asked = message.codes.action == "R" or message.codes.event == codes.QUERY
    kind = "IRCP" if asked else "AUT"  # information recipient, or author
    found: Json = {
        "type": {"coding": [{"system": f"{_TERMS}/v3-ParticipationType", "code": kind}]},
        "who": {"identifier": {"value": actor}, "display": actor},
        "requestor": True,
    }
    if said.get("account"):
        found["altId"] = _fit(said["account"])
    if said.get("role"):
        found["role"] = [{"coding": [_coding(Code(said["role"], said["role"], codes.SCHEME))]}]
    return found


def _agents(message: Message, observer: Json) -> Iterator[Json]:
    """The program that did it, and where data went or came from. Where BALP knows a source and a
    recipient, the one of them that records the event is the same as ``source.observer``."""
    entry, event = message.entry, message.codes.event
    node = {"address": _fit(entry.fields["host"]), "type": "1"}  # the machine's name
    if event == codes.EXPORT:
        to = _fit(str(entry.detail.get("destination") or "unknown"))
        yield _agent(codes.SOURCE, observer, node)
        yield _agent(codes.DESTINATION, {"display": to}, {"address": to, "type": "5"})
    elif event == codes.IMPORT:
        of = "index" if entry.event.startswith("index:") else "files"
        yield _agent(codes.SOURCE, {"display": of}, node)
        yield _agent(codes.DESTINATION, observer, node)
    else:
        yield _agent(codes.APPLICATION, observer, node)


def _agent(kind: Code, who: Json, network: Json) -> Json:
    return {"type": {"coding": [_coding(kind)]}, "who": who, "requestor": False, "network": network}


def _entities(message: Message, origin: str) -> Iterator[Json]:
    for subject in message.subjects:
        yield _subject(subject)
    entry = message.entry
    if request := entry.fields["request_id"]:
        yield {
            "what": {"identifier": {"value": _fit(request)}},
            "type": {"system": _REQUEST, "code": "XrequestId"},
        }
    told = facts(message, notes=False)
    yield {
        "what": {"identifier": {"system": _URI, "value": audit_log_uri(origin)}},
        "type": _object(),
        "role": {"system": f"{_TERMS}/object-role", "code": "13", "display": "Security Resource"},
        "name": "Security Audit Log",
        "detail": [{"type": name, "valueString": _fit(value)} for name, value in told.items()],
    }


def _object() -> Json:
    return {"system": f"{_TERMS}/audit-entity-type", "code": "2", "display": "System Object"}


def _subject(subject: Subject) -> Json:
    found: Json = {"type": _object()}
    if subject.what == "instances":
        found["name"] = subject.uid
    else:
        # What ImagingStudy.identifier says of UIDs of DICOM.
        found["what"] = {"identifier": {"system": "urn:dicom:uid", "value": f"urn:oid:{_fit(subject.uid)}"}}
        found["name"] = subject.what.replace("_", " ")
    if subject.what == "study":
        found["role"] = {"system": f"{_TERMS}/object-role", "code": "3", "display": "Report"}
    detail = [("Series Instance UID", series) for series in subject.series]
    classes = subject.classes or {}
    few = sum(map(len, classes.values())) <= INSTANCES_TOLD
    for sop_class, uids in classes.items():
        named = f"of SOP Class {sop_class}" if sop_class else "of a SOP Class that isn't known"
        detail.append((f"NumberOfInstances {named}", str(len(uids))))
        detail += [("SOP Instance UID", uid) for uid in uids if few]
    if detail:
        found["detail"] = [{"type": name, "valueString": value} for name, value in detail]
    return found


def _fit(text: str) -> str:
    return _UNFIT.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
