"""JUnit's XML, which CI servers show as tests: a suite for each rule, a case for each finding.

Servers show the first failure of a case and no other, so a file with two findings is
two cases. A finding fails its case if it fails the run; the others are skipped cases,
which all servers show with their message. A rule that found nothing is a passed case.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from registry.records import Finding
from registry.rules.base import Rule

if TYPE_CHECKING:
    from registry.services.reports import Export, Report

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f]")


def junit(result: Report, failing: Iterable[Finding]) -> Iterator[str]:
    """A report as the lines of one XML document; ``failing`` are the findings that fail the run."""
    fails = {id(finding) for finding in failing}
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in result.sorted_findings():
        found[finding.code].append(finding)
    tests = sum(max(1, len(found.get(rule.code, ()))) for rule in result.policy.rules)
    blocked = result.export is not None and not result.export.approved
    counts = _attributes(
        name="uid-registry",
        tests=tests + (result.export is not None),
        failures=len(fails) + blocked,
        errors=0,
    )
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f"<testsuites{counts}>"
    for rule in result.policy.rules:
        yield from _suite(rule, found.get(rule.code, []), fails, result)
    if result.export is not None:
        yield from _export(result.export)
    yield "</testsuites>"


def _export(export: Export) -> Iterator[str]:
    """A suite of its own: whether the objects may go, which fails too where there are none."""
    failed = not export.approved
    yield f"  <testsuite{_attributes(name='export', tests=1, failures=int(failed), errors=0, skipped=0)}>"
    case = f"    <testcase{_attributes(classname='export', name=export.destination)}"
    yield f"{case}>" if failed else f"{case}/>"
    if failed:
        yield f"      <failure{_attributes(type='blocked', message=export.told)}/>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _suite(rule: Rule, findings: list[Finding], fails: set[int], result: Report) -> Iterator[str]:
    failures = sum(id(finding) in fails for finding in findings)
    counts = _attributes(
        name=f"{rule.code} {rule.name}",
        tests=max(1, len(findings)),
        failures=failures,
        errors=0,
        skipped=len(findings) - failures,
    )
    yield f"  <testsuite{counts}>"
    registry = _attributes(name="registry", value=result.registry.origin)
    yield f"    <properties><property{registry}/></properties>"
    if not findings:
        yield f"    <testcase{_attributes(classname=_class(rule), name='nothing found')}/>"
    for finding in findings:
        yield from _case(rule, finding, id(finding) in fails)
    yield "  </testsuite>"


def _case(rule: Rule, finding: Finding, fails: bool) -> Iterator[str]:
    about = " ".join(part for part in (finding.path, finding.uid) if part) or "a file"
    if finding.counterpart and finding.counterpart != finding.uid:
        about += f" with {finding.counterpart}"
    state = "acknowledged" if finding.acknowledged else finding.severity.label
    yield f"    <testcase{_attributes(classname=_class(rule), name=about)}>"
    if fails:
        attributes = _attributes(type=state, message=finding.message)
        text = _text(f"{about}: {finding.message}\n{finding.fix}")
        yield f"      <failure{attributes}>{text}</failure>"
    else:
        told = f"{state}: {finding.message}"
        yield f"      <skipped{_attributes(message=told)}/>"
    yield "    </testcase>"


def _class(rule: Rule) -> str:
    return f"{rule.code}.{rule.name}"


def _attributes(**values: object) -> str:
    return "".join(f" {name}={quoteattr(_clean(str(value)))}" for name, value in values.items())


def _text(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    """``text`` in which what XML 1.0 can't hold, or a terminal would obey, is written as its escape."""
    return _NO_XML.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
