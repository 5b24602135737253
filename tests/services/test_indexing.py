"""Rows in bulk give what the same rows give one by one: the same ledger, findings and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from registry.records import IndexRow, Kind, Verdict
from registry.services import indexing
from registry.services.indexing import register_rows
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry, opened
from registry.services.querying import kept_findings
from registry.services.registering import register
from registry.services.requests import IssueRequest
from registry.services.withdrawing import withdraw
from registry.settings import Settings
from registry.store import postgresql
from registry.store.verification import verify
from tests.databases import everything
from tests.objects import CT_CLASS, MR_CLASS, ROOT, SEG_CLASS, save_all, tiny

TOLD = {
    "ledger": "SELECT l.uid, l.kind, l.origin, s.uid, w.value FROM ledger l "
    "LEFT JOIN series s ON s.id = l.series_id LEFT JOIN words w ON w.id = l.sop_class_id",
    "series": "SELECT s.uid, t.uid, s.origin, w.value FROM series s "
    "LEFT JOIN studies t ON t.id = s.study_id LEFT JOIN words w ON w.id = s.modality_id",
    "studies": "SELECT uid FROM studies",
    "refused": "SELECT uid, kind, series_uid, study_uid FROM refused_claims",
    "uses": "SELECT uid, state FROM uses",
    "series claims": "SELECT c.series_uid, w.value, m.value FROM series_claims c "
    "LEFT JOIN words w ON w.id = c.sop_class_id LEFT JOIN words m ON m.id = c.modality_id",
    "derivations": "SELECT source_series_uid FROM derivations",
}


def told(registry: OpenRegistry) -> dict[str, Counter[Any]]:
    """All that a registry holds, without the numbers that only it knows."""
    found = {name: Counter(map(tuple, _rows(registry, query))) for name, query in TOLD.items()}
    kept = kept_findings(registry)
    return found | {"findings": Counter((f.code, f.uid, f.counterpart, f.severity) for f in kept)}


def _rows(registry: OpenRegistry, query: str) -> list[Any]:
    with registry.database.reading() as connection:
        return list(connection.exec_driver_sql(query))


def series(number: int, instances: int, study: int = 1, **said: Any) -> list[IndexRow]:
    """The rows of a plain series."""
    row = IndexRow(None, CT_CLASS, f"1.2.3.{study}.{number}", f"1.2.3.{study}", "CT")._replace(**said)
    return [
        row._replace(sop_instance_uid=f"1.2.3.{study}.{number}.{instance}")
        for instance in range(1, instances + 1)
    ]


def as_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row speaks for itself."""
    monkeypatch.setattr(indexing._Batch, "_arc", lambda *_: None)


INSTANCES = st.sampled_from(
    [f"1.9.1.{number}" for number in range(1, 7)]
    + [f"1.9.2.{number}" for number in range(1, 4)]
    + ["1.9.1", "1.9", "1.9.1.01", "1.9.1.", "2.25.7", "2.999.1", f"{ROOT}.5", f"{ROOT}.6", ROOT, "1", None]
    + ["", "1.2.840.10008.1.4.1.1", "1.2.826.0.1.3680043.8.498.1", "1.2.826.0.1.3680043.8.498.2", "1.9.1.999"]
)
ROWS = st.builds(
    IndexRow,
    INSTANCES,
    st.sampled_from([CT_CLASS, CT_CLASS, CT_CLASS, MR_CLASS, SEG_CLASS, None]),
    st.sampled_from(["1.9.1", "1.9.1", "1.9.2", "1.9.2", "1.9", f"{ROOT}.1", None]),
    st.sampled_from(["1.9", "1.9", "1.9", "1.8", "1.9.2", None]),
    st.sampled_from(["CT", "CT", "MR", None]),
)


@given(batches=st.lists(st.lists(ROWS, max_size=14), min_size=1, max_size=3))
@hypothesis_settings(max_examples=25)
def test_rows_in_bulk_and_one_by_one_come_to_the_same(
    batches: list[list[IndexRow]], new_settings: Callable[[], Settings]
) -> None:
    results = []
    for one_by_one in (False, True):
        with opened(new_settings()) as registry, pytest.MonkeyPatch.context() as patched:
            if one_by_one:
                as_claims(patched)
            reports = [register_rows(registry, rows) for rows in batches]
            keys = [sorted(str(finding.key) for finding in report.findings) for report in reports]
            results.append((told(registry), [report.verdicts for report in reports], keys))
            with registry.database.reading() as connection:
                assert verify(connection).ok
    assert results[0] == results[1]


@pytest.fixture
def known(registry: OpenRegistry, tmp_path_factory: pytest.TempPathFactory) -> OpenRegistry:
    """A registry that knows some of what the index names, each in another way."""
    folder = tmp_path_factory.mktemp("known")
    objects = [
        tiny("1.2.3.1.1.3", "1.2.3.1.1", "1.2.3.1"),  # as the index says
        tiny("1.2.3.1.2.3", "1.2.3.1.77", "1.2.3.1"),  # in another series
        tiny("1.2.3.1.9.1", "1.2.3.1.3", "1.2.3.1", sop_class=SEG_CLASS, modality="SEG",
             sources=(tiny("1.2.3.1.3.4"),)),  # waits for an instance of the index: UID501
    ]  # fmt: skip
    register(registry, [str(path) for path in save_all(objects, folder)])
    issue(registry, IssueRequest(Kind.SERIES, "1.2.3.1", modality="CT"))
    withdraw(registry, ["1.2.3.1.1.3"], "of somebody else")
    return registry


@pytest.mark.parametrize("one_by_one", [False, True])
def test_what_is_known_already_is_found_among_the_rows(
    known: OpenRegistry, monkeypatch: pytest.MonkeyPatch, one_by_one: bool
) -> None:
    if one_by_one:
        as_claims(monkeypatch)
    rows = [row for number in (1, 2, 3, 4) for row in series(number, 5)]
    report = register_rows(known, rows)
    assert report.verdicts == {Verdict.NEW: 18, Verdict.NOT_COMPARED: 1, Verdict.COLLISION: 1}
    codes = {(finding.code, finding.uid) for finding in kept_findings(known)}
    assert codes >= {("UID312", "1.2.3.1.1.3"), ("UID302", "1.2.3.1.2.3"), ("UID501", "1.2.3.1.9.1")}


def test_a_plain_index_is_asked_about_once_a_series(
    registry: OpenRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def counting(connection: Any, words: Any, claims: Any, *rest: Any, **options: Any) -> Any:
        asked.append(len(claims))
        return before(connection, words, claims, *rest, **options)

    before = indexing.judge
    monkeypatch.setattr(indexing, "judge", counting)
    rows = [row for number in range(1, 21) for row in series(number, 50)]
    assert register_rows(registry, rows).verdicts == {Verdict.NEW: 1000}
    assert asked == [20]
    assert register_rows(registry, rows).verdicts == {Verdict.NOT_COMPARED: 1000}
    assert register_rows(registry, rows + series(21, 3)).verdicts == {
        Verdict.NOT_COMPARED: 1000,
        Verdict.NEW: 3,
    }


def test_one_row_that_is_taken_costs_no_other(registry: OpenRegistry) -> None:
    register_rows(registry, series(1, 5))
    rows = series(2, 60)
    taken = rows[30]._replace(sop_instance_uid="1.2.3.1.1.2")
    report = register_rows(registry, [*rows, taken])
    assert report.verdicts == {Verdict.NEW: 60, Verdict.COLLISION: 1}
    assert {finding.code for finding in report.findings} == {"UID302"}


def test_dirty_rows_are_findings_and_the_rest_goes_on(registry: OpenRegistry) -> None:
    dirty = [
        IndexRow("1.2.3.1.1.2x", CT_CLASS, "1.2.3.1.1", "1.2.3.1", "CT"),
        IndexRow("", CT_CLASS, "1.2.3.1.1", "1.2.3.1", "CT"),
        IndexRow("1.2.3.1.1.9" * 8, CT_CLASS, "1.2.3.1.1", "1.2.3.1", "CT"),
    ]
    report = register_rows(registry, [*series(1, 30), *dirty])
    assert report.verdicts[Verdict.NEW] == 30
    assert {finding.code for finding in report.findings} == {"UID101", "UID102", "UID109"}


def test_a_text_where_a_modality_belongs_is_not_kept(registry: OpenRegistry, settings: Settings) -> None:
    register_rows(registry, series(1, 3, modality="Mrs. Example's CT"))
    assert b"Example" not in everything(settings).replace(b"Example Hospital", b"")


@pytest.mark.engine("postgresql")
def test_copied_staged_and_inserted_rows_come_to_the_same(
    new_settings: Callable[[], Settings],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """COPY, the staging table and plain inserts are ways to the same tables."""
    folder = tmp_path_factory.mktemp("ways")
    objects = [tiny(f"1.2.3.4.{number}", f"1.2.3.{number % 3}", "1.2.3") for number in range(9)]
    paths = [str(path) for path in save_all([*objects, tiny("1.2.3.4.1", "1.2.99")], folder)]
    results = []
    for copied, staged in ((1, 1), (10**9, 10**9), (1, 10**9)):
        monkeypatch.setattr(postgresql, "_COPIED", copied)
        monkeypatch.setattr(postgresql, "_STAGED", staged)
        with opened(new_settings()) as registry:
            register(registry, paths)
            register_rows(registry, [*series(1, 7), *series(2, 3)])
            register(registry, paths)
            register_rows(registry, [*series(1, 8), *series(1, 1, series_instance_uid="1.2.98")])
            results.append(told(registry))
            with registry.database.reading() as connection:
                assert verify(connection).ok
    assert results[0] == results[1] == results[2]
