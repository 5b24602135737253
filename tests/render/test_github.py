"""GitHub's workflow commands: the runner reads back what was written, and nothing breaks out of a line."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given

from registry.records import Severity
from registry.render.formats import visible
from registry.render.github import github
from registry.services.reports import Report
from tests.render.reports import finding, report_of, reports

COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def read(line: str) -> tuple[str, dict[str, str], str]:
    """A command as the runner takes it: properties between commas, then escapes undone."""
    match = COMMAND.fullmatch(line)
    assert match is not None, line
    command, told, data = match.groups()
    properties = dict(part.split("=", 1) for part in told.split(","))
    pairs = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))

    def plain(text: str) -> str:
        for escape, character in pairs:
            text = text.replace(escape, character)
        return text

    return command, {name: plain(value) for name, value in properties.items()}, plain(data)


@given(reports)
@example(report_of(finding(path="a,b:c%0A::error::x\n.dcm", message="100%\r\n::stop-commands::x\x1b[31m")))
def test_a_command_is_read_back_as_it_was_meant(report: Report) -> None:
    *lines, last = github(report, passed=False)
    told = [each for each in report.sorted_findings() if not each.acknowledged]
    assert len(lines) == len(told)
    assert last.startswith("failed: ")
    for line, each in zip(lines, told, strict=True):
        assert line == visible(line)  # one line, and nothing for a terminal to obey
        _, properties, data = read(line)
        assert properties["title"] == f"{each.code} {each.name}"
        assert set(properties) == ({"file", "title"} if each.path else {"title"})
        # What is a control character, lines aside, was made visible; all else is as it was.
        lines_kept = data.replace("\r", "\0r").replace("\n", "\0n")
        meant = f"{f'{each.uid}: ' if each.uid else ''}{each.message}\n{each.fix}"
        assert lines_kept.replace("\0r", "\\r").replace("\0n", "\\n") == visible(meant)


def test_a_command_is_as_the_runner_documents_it() -> None:
    line, _ = github(report_of(finding(path="a,b: 50%.dcm", message="50%")), passed=False)
    assert line == (
        "::error file=a%2Cb%3A 50%25.dcm,title=UID501 derived-in-source-series"
        "::1.2.3.4: 50%25%0Agive it one of its own"
    )


@pytest.mark.parametrize(
    ("severity", "command"),
    [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.NOTE, "notice")],
)
def test_severities_are_commands(severity: Severity, command: str) -> None:
    line, _ = github(report_of(finding(severity=severity)), passed=False)
    assert read(line)[0] == command


def test_what_is_acknowledged_is_counted_and_annotates_nothing() -> None:
    (line,) = github(report_of(finding(acknowledged=True)), passed=True)
    assert line == "passed: 3 files, 0 new, 0 repeats, 0 collisions; 1 acknowledged"
