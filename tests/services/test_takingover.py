"""Taking over another program's map: what fits is recorded, what doesn't is told, in whatever order."""

from __future__ import annotations

import hashlib
import random

import pytest

from registry.errors import BadRequest, ScopePurged
from registry.records import Kind, Severity, Verdict
from registry.services.auditing import audit_log
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry
from registry.services.querying import kept_findings
from registry.services.remapping import remap
from registry.services.reports import Report
from registry.services.requests import IssueRequest
from registry.services.scoping import export_map, purge
from registry.services.takingover import Pair, take_over
from registry.store.findings import Which

SCOPE = "TRIAL-7"


def counted(report: Report) -> tuple[int, int, int, int]:
    new, repeats, collisions = (
        report.verdicts[verdict] for verdict in (Verdict.NEW, Verdict.REPEAT, Verdict.COLLISION)
    )
    return new, repeats, collisions, len(report.skipped)


def pairs(*given: tuple[str, str]) -> list[Pair]:
    return [Pair(original, new, f"map.csv, row {place}") for place, (original, new) in enumerate(given, 2)]


MAP = pairs(
    ("1.2.3.1", "2.25.1"),
    ("1.2.3.2", "2.25.2"),
    ("1.2.3.2", "2.25.2"),  # said twice
    ("1.2.3.3", "2.25.3"),
    ("1.2.3.3", "2.25.33"),  # one to two
    ("1.2.3.4", "2.25.4"),
    ("1.2.3.5", "2.25.4"),  # two to one
    ("1.2.3.6", "1.2.003"),
    ("", "2.25.7"),
    ("1.2.3.8", "1.2.3.8"),
    ("1.2.840.10008.1.2", "2.25.9"),
    ("not even a UID", "2.25.10"),
)


def test_what_fits_is_recorded_and_what_does_not_is_told(registry: OpenRegistry) -> None:
    report = take_over(registry, MAP, SCOPE)
    assert counted(report) == (3, 1, 4, 4)
    assert report.rows == len(MAP)
    assert not report.passed("collision")
    assert sorted((f.code, f.uid, f.path) for f in report.findings) == [
        ("UID701", "2.25.3", "map.csv, row 5"),
        ("UID701", "2.25.33", "map.csv, row 6"),
        ("UID701", "2.25.4", "map.csv, row 7"),
        ("UID701", "2.25.4", "map.csv, row 8"),
    ]
    assert {f.severity for f in report.findings} == {Severity.ERROR}
    recorded = {"1.2.3.1": "2.25.1", "1.2.3.2": "2.25.2", "not even a UID": "2.25.10"}
    assert dict(remap(registry, recorded.keys(), SCOPE).uids) == recorded
    no_uid = "sha256:" + hashlib.sha256(b"not even a UID").hexdigest()
    recorded[no_uid] = recorded.pop("not even a UID")
    assert dict(export_map(registry, SCOPE)) == recorded


def test_the_order_and_saying_it_again_change_nothing(registry: OpenRegistry) -> None:
    first = take_over(registry, MAP, SCOPE)
    before = dict(export_map(registry, SCOPE))
    again = take_over(registry, MAP, SCOPE)
    assert counted(again) == (0, 4, 4, 4)
    shuffled = random.Random(7).sample(MAP, len(MAP))
    other = take_over(registry, shuffled, "OTHER-ORDER")
    # Its replacements are another scope's already: nothing is taken twice.
    assert counted(other) == (0, 1, 7, 4)
    assert dict(export_map(registry, SCOPE)) == before
    keys = {finding.key for finding in first.findings}
    assert keys == {finding.key for finding in again.findings}
    assert {finding.uid for finding in kept_findings(registry, Which(code="UID701"))} >= {
        uid for _, uid, _ in keys
    }


def test_what_is_recorded_stays_as_it_is(registry: OpenRegistry) -> None:
    minted = remap(registry, ["1.2.3.1"], SCOPE).uids["1.2.3.1"]
    issued = issue(registry, IssueRequest(Kind.STUDY)).uids[0]
    report = take_over(
        registry,
        pairs(("1.2.3.1", "2.25.1"), ("1.2.3.2", minted), ("1.2.3.3", issued), ("1.2.3.4", "2.25.4")),
        SCOPE,
    )
    assert counted(report) == (1, 0, 3, 0)
    assert [finding.message for finding in report.sorted_findings()] == [
        f"what it would replace is replaced by {minted}",
        "replaces something else already",
        "was issued as study, and not to replace another",
    ]
    assert dict(export_map(registry, SCOPE)) == {"1.2.3.1": minted, "1.2.3.4": "2.25.4"}


def test_what_was_refused_is_kept_without_its_original(registry: OpenRegistry) -> None:
    secret = "1.2.826.0.99.4711.4711"
    report = take_over(registry, pairs((secret, "2.25.1"), (secret, "2.25.2"), ("1.2.3.9", "2.25.9")), SCOPE)
    assert counted(report) == (1, 0, 2, 0)
    kept = {finding.uid for finding in kept_findings(registry, Which(code="UID701"))}
    assert kept == {"2.25.1", "2.25.2"}
    assert secret not in repr(kept_findings(registry))
    assert not [
        text for f in report.findings for text in (f.message, *f.related, *f.evidence) if secret in text
    ]
    (entry,) = audit_log(registry, event="scope:import")
    assert (entry.entry.detail["count"], entry.entry.detail["refused"]) == (1, 2)
    assert secret not in repr(entry)


def test_what_can_be_no_map_is_refused_whole(registry: OpenRegistry, settings: object) -> None:
    with pytest.raises(BadRequest):
        take_over(registry, [], "no/scope")
    take_over(registry, MAP, SCOPE)
    purge(registry, SCOPE, "the trial is over")
    with pytest.raises(ScopePurged):
        take_over(registry, MAP, SCOPE)
