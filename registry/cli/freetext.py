"""Free text that people give: a warning where it looks as if it named a person."""

from __future__ import annotations

import re

from registry.cli.output import tell

_UID = re.compile(r"[0-9]+(?:\.[0-9]+){4,}")
_PERSONAL = (
    (re.compile(r"\^"), "a name as DICOM writes it"),
    (re.compile(r"[0-9]{6}"), "six digits in a row"),
    (re.compile(r"\b[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\b|\b[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}\b"), "a date"),
)


def looked_at(text: str | None, option: str) -> str | None:
    """The text itself; stderr says what in it may tell who somebody is. UIDs are fine."""
    rest = _UID.sub("", text or "")
    for pattern, what in _PERSONAL:
        if pattern.search(rest):
            tell(
                f"warning: {option} holds {what}; should it name a person, take it out: "
                "`uid-registry audit redact ENTRY`"
            )
            break
    return text
