"""Reports for the tests of what is made of them."""

from __future__ import annotations

import os

from hypothesis import strategies as st

from registry.records import Finding, Kind, Place, Recorded, Severity, Skipped
from registry.rules.policy import PLAIN
from registry.services.opening import RegistryName
from registry.services.reports import Report
from tests.test_uid import VALID

NAME = RegistryName("dicom-uid-registry/0123456789ab", "St. Elsewhere", 5)

RECORDED = Recorded(
    Place(Kind.INSTANCE, "1.2.3", "1.2", "CT", None), "issued", "2026-11-22T09:30:00.000000Z", "ann", 17
)


def finding(uid: str | None = "1.2.3.4", **values: object) -> Finding:
    given = {
        "code": "UID501",
        "name": "derived-in-source-series",
        "severity": Severity.ERROR,
        "message": "segmentation in the series of its source",
        "fix": "give it one of its own",
        "kind": Kind.INSTANCE if uid else None,
        "series_instance_uid": "1.2.3",
        "path": "export/1.dcm",
        **values,
    }
    return Finding(uid=uid, **given)  # type: ignore[arg-type]


def report_of(*findings: Finding, skipped: tuple[Skipped, ...] = ()) -> Report:
    return Report(NAME, files=3, findings=list(findings), skipped=list(skipped))


# Whatever a message can hold, and every name that a file system can give.
texts = st.text(st.characters(exclude_categories=()), max_size=20)
paths = st.none() | st.binary(min_size=1, max_size=20).filter(lambda name: 0 not in name).map(os.fsdecode)
rules = st.sampled_from(PLAIN.rules)
uids = st.sampled_from(VALID)  # what shapes there are is a matter of tests/test_uid.py


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    rule, uid = draw(rules), draw(st.none() | uids)
    return Finding(
        rule.code,
        rule.name,
        draw(st.sampled_from(Severity)),
        uid,
        draw(texts),
        draw(texts),
        draw(st.sampled_from(Kind)) if uid else None,
        counterpart=draw(st.none() | uids) if uid else None,
        related=tuple(draw(st.lists(uids, max_size=2))),
        series_instance_uid=draw(st.none() | uids),
        path=draw(paths),
        acknowledged=draw(st.booleans()),
        claimed=draw(st.none() | st.just(RECORDED.place)),
        recorded=draw(st.none() | st.just(RECORDED)),
    )


reports = st.lists(findings(), max_size=5).map(lambda found: report_of(*found))
