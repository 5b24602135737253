"""A rule's page: what it finds, why it matters, what to do."""

from __future__ import annotations

from collections.abc import Iterator

from registry.rules.base import HEADINGS, Rule

DOCUMENTATION = "https://dicom-uid-registry.readthedocs.io/"
"""Where the documents are on the web; tools link a finding to its rule's page there."""


def rule_facts(one: Rule) -> dict[str, object]:
    return {
        "code": one.code,
        "name": one.name,
        "severity": one.severity.label,
        "scope": str(one.scope),
        "since": one.since,
        "preview": one.preview,
    }


def rule_row(one: Rule) -> dict[str, object]:
    return {
        **rule_facts(one),
        **{heading.lower().replace(" ", "_"): one.sections[heading] for heading in HEADINGS},
    }


def rule_heading(one: Rule) -> str:
    """How grave a rule is, how much it sees, since when, and whether anybody must ask for it."""
    off = "; preview: asked only where it is selected" if one.preview else ""
    return f"{one.severity.label}, {one.scope}, since {one.since}{off}"


def rule_lines(one: Rule) -> Iterator[str]:
    yield f"{one.code} {one.name} ({rule_heading(one)})"
    for heading in HEADINGS:
        yield from ("", heading, *(f"  {line}" for line in one.sections[heading].splitlines()))


def page(one: Rule) -> str:
    """The address of a rule's page: the heading in docs/reference/rules.md."""
    return f"{DOCUMENTATION}reference/rules/#{one.code.lower()}-{one.name}"
