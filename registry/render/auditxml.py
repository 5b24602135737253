"""Entries as DICOM audit messages: XML of the schema in PS3.15 section A.5.1.

Each message is one line without a declaration, so a file of them is read line by
line, and a line goes into a syslog message as it is. An entry about many studies is
told in several: a receiver must take 32768 octets (section A.6), more may be cut off.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from registry.render import auditcodes as codes
from registry.render.auditcodes import Code
from registry.render.formats import visible
from registry.render.messages import INSTANCES_TOLD, Message, Subject, audit_log_uri, facts, messages

if TYPE_CHECKING:
    from registry.store.feed import Whole

# Of 32768 octets: so much for what an act was about, the rest for the texts, cut to so many characters.
_SUBJECTS = 10_000
_DETAIL, _NOTE, _REASON, _ALERT = 4000, 1500, 1000, 200
_SERIES = 10  # of a study, by name

# What XML 1.0 can't hold, and lone surrogates, which UTF-8 can't.
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def audit_messages(entry: Whole, origin: str, *, notes: bool = True) -> Iterator[str]:
    """The audit messages about an entry of the registry ``origin``, each in a line."""
    return (line for _, line in graded_messages(entry, origin, notes=notes))


def graded_messages(entry: Whole, origin: str, *, notes: bool = True) -> Iterator[tuple[int, str]]:
    """The same, each with its EventOutcomeIndicator: 0 where all went well."""
    for message in messages(entry):
        for part in _parts(message.subjects):
            line = ET.tostring(_message(message, part, origin, notes), encoding="unicode")
            yield message.outcome, line


def _parts(subjects: Sequence[Subject]) -> Iterator[Sequence[Subject]]:
    """What fits into a message each; one part of nothing where there is nothing."""
    begun = size = 0
    for place, subject in enumerate(subjects):
        room = _room(subject)
        if place > begun and size + room > _SUBJECTS:
            yield subjects[begun:place]
            begun, size = place, 0
        size += room
    yield subjects[begun:]


def _room(subject: Subject) -> int:
    """Octets that a subject may take, a little more than it does."""
    classes = subject.classes or {}
    instances = sum(map(len, classes.values()))
    named = instances if instances <= INSTANCES_TOLD else 0
    return 900 + 170 * min(len(subject.series), _SERIES) + 130 * len(classes) + 90 * named


def _message(message: Message, subjects: Sequence[Subject], origin: str, notes: bool) -> ET.Element:
    root = ET.Element("AuditMessage")
    _event(root, message)
    for participant in _participants(message):
        root.append(participant)
    source = _add(root, "AuditSourceIdentification", AuditSourceID=origin)
    _add(source, "AuditSourceTypeCode", **{"csd-code": "4"})  # application server process
    for subject in subjects:
        root.append(_subject(subject, message))
    if message.codes.event == codes.QUERY:
        root.append(_query(message, origin))
    root.append(_log(message, origin, notes))
    return root


def _event(root: ET.Element, message: Message) -> None:
    said = message.entry.fields
    event = _add(
        root,
        "EventIdentification",
        EventActionCode=message.codes.action,
        EventDateTime=said["at"],
        EventOutcomeIndicator=str(message.outcome),
    )
    _coded(event, "EventID", message.codes.event)
    if message.codes.kind is not None:
        _coded(event, "EventTypeCode", message.codes.kind)
    _coded(event, "EventTypeCode", Code(message.event, message.event.replace(":", " "), codes.SCHEME))
    if message.text:
        ET.SubElement(event, "EventOutcomeDescription").text = _fit(_cut(message.text, _REASON))


def _participants(message: Message) -> Iterator[ET.Element]:
    """The person, who is the requestor, the program, and where the event wants them source and media."""
    entry, event = message.entry, message.codes.event
    said = entry.fields
    person, process = {
        codes.ACTIVITY: (codes.LAUNCHER, codes.APPLICATION),  # A.5.3.1
        codes.EXPORT: (codes.SOURCE, codes.SOURCE),  # A.5.3.4
        codes.IMPORT: (codes.DESTINATION, codes.DESTINATION),  # A.5.3.5
        codes.QUERY: (codes.SOURCE, codes.DESTINATION),  # A.5.3.10
    }.get(event, (None, codes.APPLICATION))
    roles = [person] if person else []
    if said.get("role"):
        roles.append(Code(said["role"], said["role"], codes.SCHEME))
    account = {"AlternativeUserID": said["account"]} if said.get("account") else {}
    node = {"NetworkAccessPointID": said["host"], "NetworkAccessPointTypeCode": "1"}  # the machine's name
    yield _participant(roles, UserID=said["actor"], UserIsRequestor="true", **account, **node)
    yield _participant([process], UserID=said["application"], UserIsRequestor="false", **node)
    if event == codes.EXPORT:
        to = str(entry.detail.get("destination") or "unknown")
        network = {"NetworkAccessPointID": to, "NetworkAccessPointTypeCode": "5"}
        yield _media(codes.DESTINATION_MEDIA, to, **network)
    if event == codes.IMPORT:
        yield _media(codes.SOURCE_MEDIA, "index" if entry.event.startswith("index:") else "files")


def _participant(roles: list[Code], **attributes: str) -> ET.Element:
    participant = ET.Element("ActiveParticipant", {name: _fit(value) for name, value in attributes.items()})
    for role in roles:
        _coded(participant, "RoleIDCode", role)
    return participant


def _media(role: Code, name: str, **attributes: str) -> ET.Element:
    media = _participant([role], UserID=name, UserIsRequestor="false", **attributes)
    _coded(ET.SubElement(media, "MediaIdentifier"), "MediaType", codes.URI_MEDIA)
    return media


def _subject(subject: Subject, message: Message) -> ET.Element:
    """What the act was about; of the roles of an object only that of a study is prescribed: report."""
    study = subject.what == "study"
    # What was acknowledged may be no valid UID.
    attributes = {"ParticipantObjectID": _fit(subject.uid), "ParticipantObjectTypeCode": "2"}
    if study:
        attributes["ParticipantObjectTypeCodeRole"] = "3"
    found = ET.Element("ParticipantObjectIdentification", attributes)
    kind = Code(subject.what, subject.what.replace("_", " "), codes.SCHEME)
    _coded(found, "ParticipantObjectIDTypeCode", codes.STUDY if study else kind)
    ET.SubElement(found, "ParticipantObjectName").text = "study" if study else subject.what
    if message.codes.event == codes.ALERT:
        _detail(found, "Alert Description", _alert(message))
    for series in subject.series[:_SERIES]:
        _detail(found, "Series Instance UID", series)
    if len(subject.series) > _SERIES:
        _detail(found, "Number of Series", str(len(subject.series)))
    _classes(found, subject)
    return found


def _classes(parent: ET.Element, subject: Subject) -> None:
    """NumberOfInstances by SOP Class, and the instances where they are few."""
    if not subject.classes:
        return
    description = ET.SubElement(parent, "ParticipantObjectDescription")
    few = sum(map(len, subject.classes.values())) <= INSTANCES_TOLD
    for sop_class, uids in subject.classes.items():
        known = {"UID": sop_class} if sop_class else {}
        counted = _add(description, "SOPClass", **known, NumberOfInstances=str(len(uids)))
        for uid in uids if few else ():
            _add(counted, "Instance", UID=uid)


def _query(message: Message, origin: str) -> ET.Element:
    """What was asked (A.5.3.10), as far as the trail knows it: never for whom."""
    asked = {"ParticipantObjectID": audit_log_uri(origin), "ParticipantObjectTypeCode": "2"}
    found = ET.Element("ParticipantObjectIdentification", asked, ParticipantObjectTypeCodeRole="3")
    _coded(found, "ParticipantObjectIDTypeCode", codes.URI)
    detail = message.entry.fields["detail"]
    ET.SubElement(found, "ParticipantObjectQuery").text = base64.b64encode(detail.encode()).decode("ascii")
    return found


def _log(message: Message, origin: str, notes: bool) -> ET.Element:
    """The trail itself: what was used, or set otherwise, and which of its entries tells so."""
    found = ET.Element(
        "ParticipantObjectIdentification",
        ParticipantObjectID=audit_log_uri(origin),
        ParticipantObjectTypeCode="2",
        ParticipantObjectTypeCodeRole="13",  # security resource
    )
    _coded(found, "ParticipantObjectIDTypeCode", codes.URI)
    ET.SubElement(found, "ParticipantObjectName").text = "Security Audit Log"  # A.5.3.2
    if message.codes.event == codes.ALERT:
        _detail(found, "Alert Description", _alert(message))
    for name, value in facts(message, notes=notes).items():
        _detail(found, name, _cut(value, _NOTE if name == "note" else _DETAIL))
    return found


def _alert(message: Message) -> str:
    return _cut(message.text or message.event, _ALERT)


def _coded(parent: ET.Element, tag: str, code: Code) -> None:
    coded = {"csd-code": _fit(code.value), "codeSystemName": code.scheme, "originalText": _fit(code.meaning)}
    ET.SubElement(parent, tag, coded)


def _add(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, tag, attributes)


def _detail(parent: ET.Element, name: str, value: str) -> None:
    """A pair of the schema: its values are base64, whatever they are."""
    encoded = base64.b64encode(value.encode(errors="backslashreplace")).decode("ascii")
    _add(parent, "ParticipantObjectDetail", type=name, value=encoded)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _fit(text: str) -> str:
    """A text as an XML attribute or element in one line can have it."""
    return _UNFIT.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), visible(text))
