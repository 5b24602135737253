"""Contexts: copies that keep their UIDs are compared among themselves; kinds and parents with all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import FileDataset

from registry.errors import BadSetting
from registry.records import Verdict
from registry.services.auditing import audit_log
from registry.services.checking import check
from registry.services.opening import OpenRegistry
from registry.services.querying import kept_findings
from registry.services.registering import register
from registry.services.reports import Report
from registry.store.findings import Which
from registry.store.verification import verify
from tests.objects import SEG_CLASS, changed, ct_slices, save, tiny

OF_COPIES = {"UID301", "UID306", "UID315", "UID407", "UID507"}

Put = Callable[..., Report]


@pytest.fixture
def put(registry: OpenRegistry, tmp_path: Path) -> Put:
    made = iter(range(1000))

    def put(*objects: FileDataset, context: str | None = None, checked: bool = True) -> Report:
        paths = [str(save(each, tmp_path / f"{next(made)}.dcm")) for each in objects]
        before = check(registry, paths, context=context) if checked else None
        report = register(registry, paths, context=context)
        assert before is None or before.verdicts == report.verdicts
        return report

    return put


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


def deidentified(each: FileDataset, pixels: bool) -> FileDataset:
    copy = changed(each, PatientID="ANON-1", PatientName="ANON^1", PatientBirthDate="")
    copy.pop("OtherPatientIDsSequence", None)
    copy.pop("OtherPatientIDs", None)
    if pixels:
        copy.PixelData = bytes(len(copy.PixelData))
    return copy


@pytest.mark.parametrize("pixels", [True, False], ids=["other pixels", "the same pixels"])
def test_deidentified_copies_that_keep_their_uids(registry: OpenRegistry, put: Put, pixels: bool) -> None:
    study = ct_slices(2)
    derived = tiny(
        "1.2.7.1.1",
        "1.2.7.1",
        "1.2.7",
        patient="P1",
        sop_class=SEG_CLASS,
        modality="SEG",
        sources=(study[0],),
    )
    put(*study, derived)
    copies = [deidentified(each, pixels) for each in (*study, derived)]
    report = put(*copies, context="research")
    assert not codes(report) & OF_COPIES
    assert report.verdicts[Verdict.NOT_COMPARED] == 3, "nothing in this context to compare them with"
    assert put(*copies, context="research").verdicts == {Verdict.REPEAT: 3}
    assert put(*study, derived).verdicts == {Verdict.REPEAT: 3}, "and the clinical ones are as they were"
    assert not {finding.code for finding in kept_findings(registry)} & OF_COPIES
    # The proof that these rules would have spoken.
    assert {"UID306"} <= codes(put(*copies))
    with registry.database.reading() as connection:
        assert verify(connection).ok


def test_inside_a_context_contents_and_patients_are_compared(registry: OpenRegistry, put: Put) -> None:
    put(tiny(), context="research")
    report = put(tiny(pixels=b"\5\6\7\x08", patient="P2"), context="research")
    assert {"UID301", "UID306"} <= codes(report)
    assert {f.context for f in kept_findings(registry)} == {"research"}
    assert not codes(put(tiny(pixels=b"\5\6\7\x08", patient="P3"), context="teaching")) & OF_COPIES
    assert not codes(put(tiny(pixels=b"\x09\6\7\x08", patient="P4"))) & OF_COPIES


def test_what_is_first_seen_in_a_context_leaves_the_clinical_one_free(
    registry: OpenRegistry, put: Put
) -> None:
    put(tiny(), context="research")
    with registry.database.reading() as connection:
        for table, expected in (
            ("ledger WHERE content IS NOT NULL", 0),
            ("content_claims", 0),
            ("patient_claims", 0),
            ("context_contents", 1),
            ("context_patients", 1),
        ):
            found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            assert found == expected, table
    report = put(tiny(patient="P9", pixels=b"\5\6\7\x08"))
    assert not codes(report) & OF_COPIES
    assert put(tiny(patient="P9", pixels=b"\5\6\7\x08")).verdicts == {Verdict.REPEAT: 1}


def test_kinds_and_parents_are_one_namespace(registry: OpenRegistry, put: Put) -> None:
    put(tiny())
    report = put(tiny(series="1.2.3.5"), context="research")
    assert report.verdicts == {Verdict.COLLISION: 1}
    assert "UID302" in codes(report)
    report = put(tiny("1.2.8.1", "1.2.3", "1.2.8"), context="research")
    assert "UID308" in codes(report)


def test_a_context_clears_only_its_own_findings(registry: OpenRegistry, put: Put) -> None:
    for context in (None, "research"):
        put(tiny("1.2.3.4.1", patient="P1"), context=context)
        put(tiny("1.2.3.4.2", patient="P2"), context=context)
        study = "1.2.9" if context else "1.2.10"
        put(tiny(f"{study}.1.1", f"{study}.1", study, patient="P1"), context=context)
        put(tiny(f"{study}.1.2", f"{study}.1", study, patient="P2"), context=context)
    found = {(f.uid, f.context) for f in kept_findings(registry, Which(code="UID306"))}
    assert found == {("1.2.3", None), ("1.2.10", None), ("1.2.9", "research")}
    put(tiny("1.2.11.1.1", "1.2.11.1", "1.2.11", patient="P1", OtherPatientIDs="P2"), context="research")
    assert {f.uid for f in kept_findings(registry, Which(code="UID306"))} == {"1.2.3", "1.2.10"}
    put(tiny("1.2.12.1.1", "1.2.12.1", "1.2.12", patient="P1", OtherPatientIDs="P2"))
    assert kept_findings(registry, Which(code="UID306")) == []


def test_the_entry_names_the_context(registry: OpenRegistry, put: Put) -> None:
    put(tiny(), context="research")
    put(tiny())
    assert [told.entry.detail.get("context") for told in audit_log(registry, event="object:register")] == [
        "research",
        None,
    ]


@pytest.mark.parametrize("name", ["Research", "", "a b", "x" * 33])
def test_a_context_has_a_plain_name(registry: OpenRegistry, name: str) -> None:
    if name:
        with pytest.raises(BadSetting, match="context"):
            register(registry, [], context=name)
    else:
        assert registry.context(name) is None
