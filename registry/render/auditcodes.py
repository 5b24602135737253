"""What each event of the trail is called in other systems: codes of DICOM, which FHIR takes over.

DICOM's events are those of PS3.15 section A.5.3, their codes are of context groups
400 (Audit Event ID) and 401, 403 (Event Type Code) of PS3.16. None of them is about
identifiers, so each message also carries the event's own name, coded in ``SCHEME``.
"""

from __future__ import annotations

from typing import NamedTuple

SCHEME = "99UIDREG"
"""The private coding scheme (PS3.16 section 8.2) of the registry's own words."""


class Code(NamedTuple):
    """A coded value."""

    value: str
    meaning: str
    scheme: str = "DCM"


class Codes(NamedTuple):
    """What an event is to others."""

    event: Code
    action: str  # C create, R read, U update, D delete, E execute
    kind: Code | None = None  # of event; a Security Alert always has one


ACTIVITY = Code("110100", "Application Activity")
LOG_USED = Code("110101", "Audit Log Used")
ACCESSED = Code("110103", "DICOM Instances Accessed")
EXPORT = Code("110106", "Export")
IMPORT = Code("110107", "Import")
QUERY = Code("110112", "Query")
ALERT = Code("110113", "Security Alert")

_STARTED = Code("110120", "Application Start")
_SECURITY = Code("110129", "Security Configuration")
_SOFTWARE = Code("110131", "Software Configuration")
_RESTRICTED = Code("110132", "Use of Restricted Function")
_ROLES = Code("110136", "Security Roles Changed")

APPLICATION = Code("110150", "Application")
LAUNCHER = Code("110151", "Application Launcher")
DESTINATION = Code("110152", "Destination Role ID")
SOURCE = Code("110153", "Source Role ID")
DESTINATION_MEDIA = Code("110154", "Destination Media")
SOURCE_MEDIA = Code("110155", "Source Media")
URI_MEDIA = Code("110037", "URI")
STUDY = Code("110180", "Study Instance UID")
URI = Code("12", "URI", "RFC-3881")

REFUSED = Codes(ALERT, "E", _RESTRICTED)
"""Whatever was refused, blocked or failed, instead of the codes of its event."""

_READ = Codes(LOG_USED, "R")
_MADE = Codes(ACCESSED, "C")
_CHANGED = Codes(ACCESSED, "U")
_ENTERED = Codes(IMPORT, "C")
_SECURED = Codes(ALERT, "E", _SECURITY)
_WATCHED = Codes(ALERT, "E", _RESTRICTED)

CODES: dict[str, Codes] = {
    "registry:init": Codes(ACTIVITY, "E", _STARTED),
    "schema:upgrade": Codes(ALERT, "E", _SOFTWARE),
    "database:backup": _WATCHED,
    "database:copy": _WATCHED,
    "database:move": _WATCHED,
    "database:reopen": _WATCHED,
    "role:apply": Codes(ALERT, "E", _ROLES),
    "root:add": _SECURED,
    "root:retire": _SECURED,
    "policy:adopt": _SECURED,
    "key:create": _SECURED,
    "key:install": _SECURED,
    "key:rotate": _SECURED,
    "uid:issue": _MADE,
    "uid:withdraw": _CHANGED,
    "uid:reinstate": _CHANGED,
    "uid:resolve": _CHANGED,
    "uid:remap": _MADE,
    "uid:reveal": _WATCHED,
    "scope:export": _WATCHED,
    "scope:import": _ENTERED,
    "scope:purge": _WATCHED,
    "object:derive": _MADE,
    "object:register": _ENTERED,
    "index:register": _ENTERED,
    "patient:merge": _CHANGED,
    "patient:split": _CHANGED,
    "patient:list": Codes(QUERY, "E"),
    "finding:acknowledge": _CHANGED,
    "finding:resolve": _CHANGED,
    "finding:reopen": _CHANGED,
    "export:check": Codes(EXPORT, "R"),
    "audit:log": _READ,
    "audit:verify": _READ,
    "audit:checkpoint": _READ,
    "audit:prove": _READ,
    "audit:accept": REFUSED,
    "audit:export": _READ,
    "audit:forward": _READ,
    "audit:redact": REFUSED,
}
"""The events that go without a hitch."""

_OUTCOMES = {"done": 0, "refused": 4, "blocked": 8, "failed": 8}
"""EventOutcomeIndicator: 4 is a minor failure, 8 a serious one (PS3.15 table A.5.2-1)."""


def codes_of(event: str) -> Codes:
    """An event's codes; one of a newer program is told as the use of something restricted."""
    return CODES.get(event, REFUSED)


def outcome_of(word: str) -> int:
    """How an act ended, as a number; what isn't known is serious."""
    return _OUTCOMES.get(word, 8)
