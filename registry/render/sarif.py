"""SARIF 2.1.0 (OASIS): findings for code scanning, editors and dashboards."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from registry.records import Finding, Severity
from registry.render.findings import finding_row, summarized
from registry.render.rulebook import DOCUMENTATION, page
from registry.rules.base import Rule
from registry.version import __version__

if TYPE_CHECKING:
    from registry.services.reports import Report

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_FINGERPRINTS = ("uidRegistryFinding/v1", "primaryLocationLineHash")  # the second is all that GitHub reads


def sarif(result: Report, passed: bool) -> Iterator[str]:
    """A report as the lines of one SARIF log with one run."""
    rules = result.policy.rules
    places = {rule.code: place for place, rule in enumerate(rules)}
    summary = summarized(result, passed)
    run = {
        "tool": {
            "driver": {
                "name": "uid-registry",
                "version": __version__,
                "informationUri": DOCUMENTATION,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "invocations": [{"executionSuccessful": True, "exitCode": 0 if passed else 1}],
        "results": [_result(finding, places) for finding in result.sorted_findings()],
        "columnKind": "unicodeCodePoints",
        "properties": {"registry": summary.pop("registry"), "summary": summary},
    }
    # ASCII alone: a message may quote what no UTF-8 can hold.
    yield json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(rule: Rule) -> dict[str, Any]:
    sections = {heading: " ".join(text.split()) for heading, text in rule.sections.items()}
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": (rule.check.__doc__ or rule.name).splitlines()[0].strip()},
        "fullDescription": {"text": f"{sections['What it does']} {sections['Why it matters']}"},
        "help": {"text": "\n\n".join(f"{heading}: {text}" for heading, text in sections.items())},
        "helpUri": page(rule),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"scope": str(rule.scope), "since": rule.since, "preview": rule.preview},
    }


def _result(finding: Finding, places: dict[str, int]) -> dict[str, Any]:
    row = finding_row(finding)
    told = ("code", "name", "severity", "path", "message", "acknowledged")
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.uid or 'the file'}: {finding.message}. What to do: {finding.fix}"},
        "locations": [_location(finding.path)] if finding.path else [],
        # Given for all or for none (SARIF 3.27.23): an empty list says that nobody has acknowledged it.
        "suppressions": [{"kind": "external", "status": "accepted"}] if finding.acknowledged else [],
        "properties": {name: value for name, value in row.items() if name not in told},
    }
    if finding.code in places:
        result["ruleIndex"] = places[finding.code]
    if (mark := _fingerprint(finding)) is not None:
        result["partialFingerprints"] = dict.fromkeys(_FINGERPRINTS, mark)
    return result


def _location(path: str) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": uri(path)}}}


def uri(path: str) -> str:
    """A path as a URI (RFC 3986): relative as it is, absolute as file:///…, byte for byte."""
    quoted = quote(os.fsencode(path), safe="/")
    return f"file://{quoted}" if path.startswith("/") else quoted


def _fingerprint(finding: Finding) -> str | None:
    """What stays the same where the file moves: code and UIDs. A file of which no UID is
    known is told apart by how it is named; None where it isn't."""
    about = (finding.uid, finding.counterpart or "") if finding.uid else (finding.path,)
    if about[0] is None:
        return None
    text = "\0".join((finding.code, *(part or "" for part in about)))
    return sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]
