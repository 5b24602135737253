"""JUnit's XML: what CI servers accept, whatever was found."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

from hypothesis import example, given

from registry.records import Finding, Severity
from registry.render.junit import junit
from registry.rules import RULES
from registry.services.reports import Report
from tests.render.reports import finding, report_of, reports

# What the schema of Jenkins allows (junit-10.xsd), of what is used here: attributes, children.
ALLOWED = {
    "testsuites": ({"name", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped"}, {"properties", "testcase"}),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"classname", "name"}, {"failure", "skipped"}),
    "failure": ({"type", "message"}, set()),
    "skipped": ({"message"}, set()),
}


def suites(report: Report, failing: list[Finding]) -> Element:
    root = fromstring("\n".join(junit(report, failing)).encode())
    for element in root.iter():
        attributes, children = ALLOWED[element.tag]
        assert set(element.keys()) == attributes
        assert {child.tag for child in element} <= children
    return root


@given(reports)
@example(report_of(finding(message="<&>\"' ]]> \0\x1b\x9b\ud800\uffff\r\n", path="\x01\udcff.dcm")))
def test_whatever_was_found_is_xml_of_the_right_form_and_counts_add_up(report: Report) -> None:
    failing = [each for each in report.findings if each.severity is Severity.ERROR]
    root = suites(report, failing)
    cases = list(root.iter("testcase"))
    assert root.get("failures") == str(len(failing)) == str(len(list(root.iter("failure"))))
    assert root.get("tests") == str(len(cases))
    for suite in root:
        inside = suite.findall("testcase")
        assert suite.get("tests") == str(len(inside))
        assert suite.get("failures") == str(sum(case.find("failure") is not None for case in inside))
        assert suite.get("skipped") == str(sum(case.find("skipped") is not None for case in inside))


def test_each_rule_that_was_asked_is_a_suite_and_passes_where_it_found_nothing() -> None:
    root = suites(report_of(), [])
    assert [suite.get("name") for suite in root] == [
        f"{rule.code} {rule.name}" for rule in RULES if not rule.preview
    ]
    assert {case.get("name") for case in root.iter("testcase")} == {"nothing found"}


def test_a_finding_that_fails_the_run_is_a_failure_and_another_one_skipped_with_its_words() -> None:
    error, note = finding(), finding("1.2.3.5", severity=Severity.NOTE)
    known = finding("1.2.3.6", acknowledged=True, counterpart="1.2.3")
    root = suites(report_of(error, note, known), [error])
    (suite,) = (suite for suite in root if suite.get("name") == "UID501 derived-in-source-series")
    one, two, three = suite.findall("testcase")
    assert one.get("classname") == "UID501.derived-in-source-series"
    assert one.get("name") == "export/1.dcm 1.2.3.4"
    failure = one.find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("error", error.message)
    assert "give it one of its own" in (failure.text or "")
    assert [case.find("skipped").get("message") for case in (two, three)] == [  # type: ignore[union-attr]
        f"note: {note.message}",
        f"acknowledged: {known.message}",
    ]
    assert three.get("name") == "export/1.dcm 1.2.3.6 with 1.2.3"
