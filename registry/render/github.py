"""GitHub Actions' workflow commands: each finding becomes an annotation of the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from registry.records import Finding, Severity
from registry.render.findings import verdict
from registry.render.formats import visible

if TYPE_CHECKING:
    from registry.services.reports import Report

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def github(result: Report, passed: bool) -> Iterator[str]:
    """A command for each finding that isn't acknowledged, then the verdict as a plain line."""
    for finding in result.sorted_findings():
        if not finding.acknowledged:
            yield _command(finding)
    yield verdict(result, passed)


def _command(finding: Finding) -> str:
    properties = {"title": f"{finding.code} {finding.name}"}
    if finding.path:
        properties = {"file": finding.path, **properties}
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    about = f"{finding.uid}: " if finding.uid else ""
    text = _data(f"{about}{finding.message}\n{finding.fix}")
    return f"::{_COMMANDS[finding.severity]} {told}::{text}"


def _data(text: str) -> str:
    """As the runner takes it: what would end or break a command is escaped; other control
    characters, which a terminal would obey, become visible."""
    return visible(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
