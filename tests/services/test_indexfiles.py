"""Registering an archive's index from files: the same ledger from each format, in any order with the
files themselves, after any interruption."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyarrow import parquet

from registry.archiveindex.fields import NotAnIndex
from registry.errors import BadRequest, NoSuchPath
from registry.limits import LEAST_MEMORY, MIB, Limits
from registry.records import Verdict
from registry.services import indexfiles, reports
from registry.services.indexfiles import register_index
from registry.services.keeping import rotate_key
from registry.services.opening import OpenRegistry, opened
from registry.services.querying import kept_findings
from registry.services.registering import register
from registry.settings import Settings
from tests.archiveindex.indexes import COLUMNS, as_csv, as_ndjson, as_parquet, rows_of, write
from tests.databases import everything
from tests.objects import CT_CLASS, MR_CLASS, save_all, tiny
from tests.services.test_indexing import told
from tests.services.test_registering import count, verified

SERIES = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "Modality", "PatientID")


def as_series(rows: list[Any]) -> list[dict[str, str]]:
    """Each series of some rows once, without the instances."""
    each = [{name: row[name] for name in SERIES} for row in rows]
    return [row for place, row in enumerate(each) if row not in each[:place]]


def codes(registry: OpenRegistry) -> set[tuple[str, str]]:
    return {(finding.code, finding.uid) for finding in kept_findings(registry)}


PATIENTS = "SELECT c.uid, p.token FROM patient_claims c JOIN patients p ON p.id = c.patient_id"


def facts(registry: OpenRegistry) -> dict[str, Any]:
    """What a registry knows, whichever claim came first."""
    known = {name: found for name, found in told(registry).items() if name != "uses"}
    return known | {"patients": sorted(map(tuple, rows(registry, PATIENTS)))}


def rows(registry: OpenRegistry, query: str) -> list[Any]:
    with registry.database.reading() as connection:
        return list(connection.exec_driver_sql(query))


VALUES = st.builds(
    lambda series, number, study, patient, modality: {
        "StudyInstanceUID": study,
        "SeriesInstanceUID": f"1.9.{series}",
        "SOPInstanceUID": f"1.9.1.{number}",
        "SOPClassUID": CT_CLASS if modality == "CT" else MR_CLASS,
        "Modality": modality,
        "PatientID": patient,
    },
    st.integers(1, 3),
    st.integers(1, 9),
    st.sampled_from(["1.9", "1.9", "1.8", "1.9.01", "x", ""]),
    st.sampled_from(["P1", "P1", "P2", ""]),
    st.sampled_from(["CT", "CT", "MR"]),
)


@given(rows=st.lists(VALUES, min_size=1, max_size=12), as_series_only=st.booleans())
@hypothesis_settings(max_examples=2)
def test_every_format_gives_the_same_ledger(
    rows: list[Any],
    as_series_only: bool,
    new_settings: Callable[[], Settings],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder, results = tmp_path_factory.mktemp("formats"), []
    rows, columns = (as_series(rows), SERIES) if as_series_only else (rows, COLUMNS)
    for name, data in {
        "a.csv": as_csv(rows, columns=columns),
        "a.ndjson": as_ndjson(rows),
        "a.parquet": as_parquet(rows, columns),
    }.items():
        with opened(new_settings()) as registry:
            report = register_index(registry, [write(folder, name, data)])
            found = sorted(str(finding.key) for finding in report.findings)
            results.append((facts(registry), report.verdicts, report.rows, found))
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("only_series", [False, True])
def test_the_index_before_its_files_and_after_them_comes_to_the_same(
    new_settings: Callable[[], Settings], tmp_path: Path, only_series: bool
) -> None:
    """Also where they disagree: about a place, about the patient."""
    said = [
        *rows_of("1.2.3.1", 4),
        *rows_of("1.2.4.1", 2, "1.2.4", "P2"),
        *rows_of("1.2.5.1", 1, "1.2.5", "P3"),
    ]
    objects = [
        *(tiny(f"1.2.3.1.{n}", "1.2.3.1", "1.2.3", frame="1.2.3.9") for n in range(1, 4)),
        tiny("1.2.4.1.1", "1.2.4.1", "1.2.4", patient="P3", frame="1.2.3.9"),
        tiny("1.2.5.1.1", "1.2.5.2", "1.2.5", patient="P3"),
    ]
    paths = [str(path) for path in save_all(objects, tmp_path / "files")]
    data = as_csv(as_series(said), columns=SERIES) if only_series else as_csv(said)
    index = write(tmp_path, "index.csv", data)
    results = []
    for order in (0, 1):
        with opened(new_settings()) as registry:
            for work in (register_index, register)[:: 1 - 2 * order]:
                work(registry, [index] if work is register_index else paths)  # type: ignore[operator]
            results.append((codes(registry), rows(registry, "SELECT uid, kind FROM uids ORDER BY uid")))
            assert verified(registry)
    assert results[0] == results[1]
    assert ("UID306", "1.2.4") in results[0][0]
    assert (("UID302", "1.2.5.1.1") in results[0][0]) == (not only_series)
    assert not any(code == "UID404" for code, _ in results[0][0])


def test_an_index_tells_nothing_of_frames_of_reference(registry: OpenRegistry, tmp_path: Path) -> None:
    index = write(tmp_path, "index.csv", as_csv(rows_of("1.2.3.1", 2)))
    register_index(registry, [index])
    paths = save_all([tiny(f"1.2.3.1.{n}", "1.2.3.1", frame="1.2.3.9") for n in (1, 2)], tmp_path / "files")
    register(registry, list(map(str, paths)))
    register_index(registry, [index])
    assert codes(registry) == set()


def test_series_are_new_and_then_repeats(registry: OpenRegistry, tmp_path: Path) -> None:
    series = [row for n in range(1, 8) for row in as_series(rows_of(f"1.2.3.{n}", 1))]
    path = write(tmp_path, "series.ndjson", as_ndjson(series))
    assert register_index(registry, [path]).verdicts == {Verdict.NEW: 7}
    before = facts(registry)
    assert register_index(registry, [path]).verdicts == {Verdict.REPEAT: 7}
    assert facts(registry) == before
    moved = write(tmp_path, "moved.ndjson", as_ndjson([series[0] | {"StudyInstanceUID": "1.2.9"}]))
    report = register_index(registry, [moved])
    assert (report.verdicts, report.passed("collision")) == ({Verdict.COLLISION: 1}, False)
    assert ("UID305", "1.2.3.1") in codes(registry)


def interrupted_after(batches: int, patch: pytest.MonkeyPatch) -> None:
    """Let the run be interrupted once so many batches are recorded."""
    recorded = []
    before = indexfiles.record

    def record(*arguments: Any, **options: Any) -> Any:
        if len(recorded) == batches:
            raise KeyboardInterrupt
        recorded.append(1)
        return before(*arguments, **options)

    patch.setattr(indexfiles, "record", record)


@pytest.mark.parametrize("make", [as_csv, as_ndjson, as_parquet])
def test_an_interrupted_run_goes_on_and_changes_nothing_twice(
    registry: OpenRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    monkeypatch.setattr(indexfiles, "BATCH", 4)
    path = write(tmp_path, "index", make([*rows_of("1.2.3.1", 10)]))
    with monkeypatch.context() as patch:
        interrupted_after(2, patch)
        with pytest.raises(KeyboardInterrupt):
            register_index(registry, [path])
    assert count(registry, "resume_marks") == 2
    report = register_index(registry, [path])
    assert report.resumed + report.verdicts[Verdict.NEW] == 10
    assert (report.resumed >= 8, report.rows, report.passed()) == (True, 10, True)
    assert count(registry, "resume_marks") == 0
    assert register_index(registry, [path]).verdicts == {Verdict.NOT_COMPARED: 10}
    assert verified(registry)


@pytest.mark.engine("sqlite")
def test_a_killed_run_goes_on(settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path, "index.csv", as_csv([*rows_of("1.2.3.1", 25_000)]))
    command = [sys.executable, "-m", "registry", "--database", settings.database, "register", "--index", path]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
        with opened(settings) as registry:
            while killed.poll() is None and count(registry, "resume_marks") < 1:
                time.sleep(0.01)
        killed.kill()
    with opened(settings) as registry:
        report = register_index(registry, [path])
        assert report.resumed >= 10_000
        assert (report.rows, report.resumed + report.verdicts[Verdict.NEW]) == (25_000, 25_000)
        assert (count(registry, "resume_marks"), verified(registry)) == (0, True)


def test_an_index_that_changed_since_the_interruption_is_read_again(
    registry: OpenRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexfiles, "BATCH", 4)
    path = write(tmp_path, "index", as_csv(rows_of("1.2.3.1", 10)))
    with monkeypatch.context() as patch:
        interrupted_after(2, patch)
        with pytest.raises(KeyboardInterrupt):
            register_index(registry, [path])
    os.utime(path, ns=(1, 1))
    report = register_index(registry, [path])
    assert (report.resumed, report.verdicts) == (0, {Verdict.NOT_COMPARED: 8, Verdict.NEW: 2})


def test_nothing_is_recorded_where_one_file_is_no_index(registry: OpenRegistry, tmp_path: Path) -> None:
    fine = write(tmp_path, "fine.csv", as_csv(rows_of("1.2.3.1", 2)))
    other = write(tmp_path, "other.csv", b"SeriesInstanceUID,Name\n1.2,DOE\n")
    with pytest.raises(NotAnIndex, match=r"other\.csv: no column is StudyInstanceUID; there are") as error:
        register_index(registry, [fine, other])
    assert "DOE" not in str(error.value)
    with pytest.raises(NoSuchPath):
        register_index(registry, [fine, str(tmp_path / "none")])
    with pytest.raises(BadRequest):
        register_index(registry, [fine], form="xlsx")
    with pytest.raises(BadRequest):
        register_index(registry, [fine, "-"])
    assert count(registry, "ledger") == 0


def test_dirty_rows_are_findings_with_their_place(registry: OpenRegistry, tmp_path: Path) -> None:
    good = as_csv(rows_of("1.2.3.1", 3, patient="DOE^JOHN")).decode()
    bad = [f"1.2.3,1.2.3.1,{uid},{CT_CLASS},CT,DOE^JOHN" for uid in ("1.2.x\x1b[2J", "1.2.03", "")]
    torn = ["1.2.3,1.2.3.1,DOE^JOHN", ",,,,,DOE^JOHN"]
    path = write(tmp_path, "index.csv", (good + "\n".join([*bad, *torn])).encode())
    report = register_index(registry, [path])
    found = {(finding.code, finding.path) for finding in report.findings}
    assert found >= {
        ("UID101", f"{path}, row 4"),
        ("UID103", f"{path}, row 5"),
        ("UID109", f"{path}, row 6"),
        ("UID609", f"{path}, row 7"),
        ("UID609", f"{path}, row 8"),
    }
    assert (report.rows, report.unreadable, report.verdicts[Verdict.NEW]) == (8, 2, 4)
    assert "DOE" not in str(report.findings)


def test_of_very_many_findings_the_first_are_told_and_the_others_counted(
    registry: OpenRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST_TOLD", 5)
    monkeypatch.setattr(indexfiles, "MOST_TOLD", 3)
    monkeypatch.setattr(indexfiles, "BATCH", 3)
    torn = "".join(f"{n},DOE\n" for n in range(20))
    bad = "".join(f"1.2.3,1.2.3.1,x{n}\n" for n in range(20))
    head = "StudyInstanceUID,SeriesInstanceUID,SOPInstanceUID\n"
    report = register_index(registry, [write(tmp_path, "index.csv", (head + torn + bad).encode())])
    assert (len(report.findings), report.untold.total(), report.unreadable, report.rows) == (5, 18, 20, 40)
    assert (report.passed("error"), report.passed("collision")) == (False, True)


def test_no_patient_of_an_index_is_kept_and_each_is_that_of_a_file(
    registry: OpenRegistry, settings: Settings, tmp_path: Path
) -> None:
    said = [row | {"IssuerOfPatientID": "Issuer-1"} for row in rows_of("1.2.3.1", 2, patient="Patient-1")]
    index = write(tmp_path, "a.csv", as_csv(said, columns=(*COLUMNS, "IssuerOfPatientID")))
    register_index(registry, [index])
    same = tiny("1.2.3.1.3", "1.2.3.1", patient="Patient-1", IssuerOfPatientID="Issuer-1")
    register(registry, [str(path) for path in save_all([same], tmp_path / "same")])
    assert (count(registry, "patients"), codes(registry)) == (1, set())
    other = tiny("1.2.3.1.4", "1.2.3.1", patient="Patient-1", IssuerOfPatientID="Issuer-2")
    register(registry, [str(path) for path in save_all([other], tmp_path / "other")])
    assert ("UID306", "1.2.3") in codes(registry)
    kept = everything(settings)
    assert b"Patient-1" not in kept
    assert b"Issuer-1" not in kept


def test_patients_compare_with_those_under_a_former_key(settings: Settings, tmp_path: Path) -> None:
    index = write(tmp_path, "a.csv", as_csv(rows_of("1.2.3.1", 2)))
    other = write(tmp_path, "b.csv", as_csv(rows_of("1.2.3.2", 2, patient="P2")))
    with opened(settings) as registry:
        register_index(registry, [index])
        rotate_key(registry, "the administrator has left")
    with opened(settings) as registry:
        assert register_index(registry, [index]).findings == []
        assert {finding.code for finding in register_index(registry, [other]).findings} == {"UID306"}


def test_a_context_has_patients_of_its_own(registry: OpenRegistry, tmp_path: Path) -> None:
    register_index(registry, [write(tmp_path, "a.csv", as_csv(rows_of("1.2.3.1", 2)))])
    teaching = write(tmp_path, "b.csv", as_csv(rows_of("1.2.3.1", 2, patient="T9")))
    report = register_index(registry, [teaching], context="teaching")
    assert (report.findings, report.verdicts) == ([], {Verdict.NOT_COMPARED: 2})


def test_what_is_cut_off_is_a_finding_after_what_could_be_read(
    registry: OpenRegistry, tmp_path: Path
) -> None:

    packed = gzip.compress(as_csv(rows_of("1.2.3.1", 20_000)))
    path = write(tmp_path, "index.csv.gz", packed[: len(packed) // 2])
    report = register_index(registry, [path])
    (finding,) = report.findings
    assert (finding.code, finding.path, report.unreadable) == ("UID609", path, 1)
    assert f"can't be read after row {report.rows:,}: it is cut off or broken" in finding.message
    assert report.verdicts[Verdict.NEW] == report.rows


@pytest.mark.engine("sqlite")
def test_an_index_that_takes_too_much_memory_ends_and_the_run_does_not(
    settings: Settings, tmp_path: Path
) -> None:
    """A Parquet file of some kilobytes with a text of so many megabytes."""
    made = io.BytesIO()
    bomb = pa.table({"StudyInstanceUID": ["1.2"], "SeriesInstanceUID": ["1" * (100 * MIB)]})
    parquet.write_table(bomb, made, compression="zstd", use_dictionary=False, write_statistics=False)
    path = write(tmp_path, "bomb.parquet", made.getvalue())
    assert len(made.getvalue()) < MIB
    with opened(replace(settings, limits=Limits(memory=LEAST_MEMORY))) as registry:
        report = register_index(registry, [path])
    (finding,) = report.findings
    assert (finding.code, finding.path) == ("UID609", path)
    assert (
        finding.message == "can't be read after row 0: it needs more memory than the 256 MiB a file may take"
    )
