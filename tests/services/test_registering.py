"""Registering: what is counted, what goes on after an interruption, what is kept of a collision."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.errors import NoSuchPath
from registry.records import Kind
from registry.services import registering
from registry.services.history import history
from registry.services.issuing import derive, issue
from registry.services.opening import OpenRegistry
from registry.services.querying import kept_findings
from registry.services.registering import register
from registry.services.reports import Report
from registry.services.requests import DeriveRequest, IssueRequest
from registry.services.showing import show
from registry.store.verification import verify
from tests.objects import PYDICOM_FILES, bundled, changed, ct_slices, save, save_all, segmentation, tiny
from tests.rules.batches import lax


def count(registry: OpenRegistry, table: str) -> int:
    with registry.database.reading() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def verified(registry: OpenRegistry) -> bool:
    with registry.database.reading() as connection:
        return verify(connection).ok


def counts(report: Report) -> dict[str, int]:
    return {verdict.value: number for verdict, number in report.verdicts.items() if number}


def codes(registry: OpenRegistry) -> set[tuple[str, str]]:
    return {(finding.code, finding.uid) for finding in kept_findings(registry)}


def one(registry: OpenRegistry, data_set: object, folder: Path) -> Report:
    """Register one object from a file of its own."""
    path = save(data_set, folder / f"{len(list(folder.iterdir())) if folder.exists() else 0}.dcm")  # type: ignore[arg-type]
    return register(registry, [str(path)])


def test_all_of_pydicoms_files_in_one_run(registry: OpenRegistry) -> None:
    """The counts, and why they are what they are.

    Of 176 files 18 are no objects: 8 DICOMDIRs, 10 of text, JSON, dumps, gzip, ICC and a
    data set that begins with garbage. 6 are DICOM without a SOP Instance UID (UID109).
    The other 152 share 104 UIDs. Of the 48 that come later under the same UID

    - 6 are the same object, most of them in another native encoding;
    - 7 are the same image compressed in a way that nothing else is, so not compared;
    - 16 have another content (UID301): truncated, cut to one frame, redrawn in other
      bit depths, or compressed anew with loss;
    - 19 of all have their study's UID as frame of reference (UID307): 17 images of the
      bundled CD and two plans without file meta information.
    """
    report = register(registry, [str(PYDICOM_FILES)])
    assert report.files == len(bundled()) == 176
    assert len(report.skipped) == 18
    assert report.unreadable == 0
    assert counts(report) == {"new": 104, "repeat": 6, "not compared": 7, "collision": 35}
    assert verified(registry)


def test_the_same_again_is_a_repeat_and_changes_nothing(registry: OpenRegistry, tmp_path: Path) -> None:
    paths = [str(path) for path in save_all(ct_slices(3), tmp_path)]
    assert counts(register(registry, paths)) == {"new": 3}
    tables = ("ledger", "series_claims", "patient_claims", "fingerprints", "refused_claims", "content_claims")
    before = [count(registry, table) for table in tables]
    assert counts(register(registry, paths)) == {"repeat": 3}
    assert [count(registry, table) for table in tables] == before


def test_the_same_file_twice_in_one_batch_is_a_repeat(registry: OpenRegistry, tmp_path: Path) -> None:
    path = str(save(tiny(), tmp_path / "a.dcm"))
    assert counts(register(registry, [path, path])) == {"new": 1, "repeat": 1}


def test_a_collision_leaves_the_first_record_and_keeps_the_second_claim(
    registry: OpenRegistry, tmp_path: Path
) -> None:
    one(registry, tiny("1.2.3.4.1", "1.2.3.4", "1.2.3"), tmp_path)
    assert counts(one(registry, tiny("1.2.3.4.1", "1.2.3.5", "1.2.3"), tmp_path)) == {"collision": 1}
    shown = show(registry, "1.2.3.4.1")
    assert shown.listed is not None
    assert shown.listed.series_instance_uid == "1.2.3.4"
    told = [event.what for event in history(registry, "1.2.3.4.1")]
    assert any("refused: claimed as instance in series 1.2.3.5" in what for what in told)
    assert ("UID302", "1.2.3.4.1") in codes(registry)


def test_what_does_not_conflict_is_recorded_though_the_rest_is_refused(
    registry: OpenRegistry, tmp_path: Path
) -> None:
    one(registry, tiny("1.2.3.4.1", "1.2.3.4", "1.2.3"), tmp_path)
    one(registry, tiny("1.2.3.4.2", "1.2.3.4", "1.2.9"), tmp_path)
    shown = show(registry, "1.2.3.4.2")
    assert shown.listed is not None
    assert (shown.kind, shown.listed.series_instance_uid) == (Kind.INSTANCE, None), "unplaced, but taken"
    assert show(registry, "1.2.9").kind is Kind.STUDY
    assert ("UID305", "1.2.3.4") in codes(registry)


def test_an_issued_uid_that_is_seen_becomes_used(registry: OpenRegistry, tmp_path: Path) -> None:
    source = ct_slices(2)
    save_all(source, tmp_path / "ct")
    register(registry, [str(tmp_path / "ct")])
    uids = derive(registry, DeriveRequest((source[0].SOPInstanceUID,), "SEG"))
    assert show(registry, uids.series_instance_uid).state == "issued"
    made = segmentation(source, uids.series_instance_uid, uids.sop_instance_uids[0])
    assert counts(one(registry, made, tmp_path / "seg")) == {"new": 1}
    for uid in (uids.series_instance_uid, uids.sop_instance_uids[0]):
        assert show(registry, uid).state == "registered"
    assert counts(one(registry, made, tmp_path / "seg")) == {"repeat": 1}
    assert codes(registry) == set()


@pytest.mark.parametrize("wrong", ["study", "series", "modality"])
def test_an_issued_uid_used_otherwise_is_found(registry: OpenRegistry, tmp_path: Path, wrong: str) -> None:
    study = issue(registry, IssueRequest(Kind.STUDY)).uids[0]
    series = issue(registry, IssueRequest(Kind.SERIES, study_instance_uid=study, modality="CT")).uids[0]
    instance = issue(registry, IssueRequest(Kind.INSTANCE, series_instance_uid=series)).uids[0]
    places = {"study": (series, "1.2.9"), "series": ("1.2.9.1", study), "modality": (series, study)}
    made = tiny(instance, *places[wrong], modality="MR" if wrong == "modality" else "CT")
    assert counts(one(registry, made, tmp_path)) == {"collision": 1}
    subject = series if wrong == "modality" else instance
    assert ("UID313", subject) in codes(registry)
    assert show(registry, instance).state == "registered"


def test_folders_zips_and_media_are_read(registry: OpenRegistry, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in save_all(ct_slices(3), tmp_path / "loose"):
            archive.write(path, f"deep/er/{path.name}")
    shutil.rmtree(tmp_path / "loose")
    assert counts(register(registry, [str(tmp_path)])) == {"new": 3}
    media = PYDICOM_FILES / "dicomdirtests" / "TINY_ALPHA" / "DICOMDIR"
    assert counts(register(registry, [str(media)])) == {"new": 50}


def test_what_is_not_dicom_is_counted_and_named_and_the_rest_goes_on(
    registry: OpenRegistry, tmp_path: Path
) -> None:
    save(tiny(), tmp_path / "b.dcm")
    (tmp_path / "a.txt").write_text("no DICOM at all")
    (tmp_path / "c.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 50)
    report = register(registry, [str(tmp_path)])
    assert [Path(skip.path).name for skip in report.skipped] == ["a.txt"]
    assert (report.unreadable, counts(report)) == (1, {"new": 1})
    (unreadable,) = [finding for finding in report.findings if finding.code == "UID608"]
    assert unreadable.path == str(tmp_path / "c.dcm")


def test_whatever_stands_in_the_place_of_a_uid_becomes_a_finding_and_harms_nothing(
    registry: OpenRegistry, tmp_path: Path
) -> None:
    """Not every database takes every character, and a terminal obeys some."""
    stand_in, folder = b"STANDIN0", tmp_path / "files"
    save(tiny("1.2.4.4.1", "1.2.4.4", "1.2.4"), folder / "fine.dcm")
    for number, value in enumerate((b"1.2\0.3", b"1.2\x1b[3m", b"1.2.\xff3", b"1.2\n.3")):
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            with lax():
                bad = changed(tiny(study="", patient=""), **{keyword: stand_in.decode()})
                file = save(bad, folder / f"{number}{keyword}.dcm")
            file.write_bytes(file.read_bytes().replace(stand_in, value.ljust(len(stand_in), b"\0")))
    report = register(registry, [str(folder)])
    assert (report.files, report.unreadable) == (13, 0)
    assert show(registry, "1.2.4.4.1")
    kept = kept_findings(registry)
    assert {finding.code for finding in kept} >= {"UID101", "UID109", "UID410"}
    for finding in (*kept, *report.findings):
        assert f"{finding.uid} {finding.message}".isprintable()


def test_a_missing_path_is_refused_before_anything_is_read(registry: OpenRegistry, tmp_path: Path) -> None:
    save(tiny(), tmp_path / "a.dcm")
    with pytest.raises(NoSuchPath, match=r"nowhere\.dcm"):
        register(registry, [str(tmp_path), str(tmp_path / "nowhere.dcm")])
    assert count(registry, "ledger") == 0


def interrupted_after(batches: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the run be interrupted once so many batches are recorded."""
    original, done = registering._record, 0

    def record(*arguments: object) -> object:
        nonlocal done
        if done == batches:
            raise KeyboardInterrupt
        done += 1
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(registering, "_record", record)


def test_an_interrupted_run_goes_on_and_changes_nothing_twice(
    registry: OpenRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_all(ct_slices(10), tmp_path / "ct")
    monkeypatch.setattr(registering, "BATCH", 4)
    with monkeypatch.context() as patch:
        interrupted_after(2, patch)
        with pytest.raises(KeyboardInterrupt):
            register(registry, [str(tmp_path / "ct")])
    assert count(registry, "resume_marks") == 2, "one for each group of files"
    report = register(registry, [str(tmp_path / "ct")])
    assert (report.files, report.resumed, counts(report)) == (10, 8, {"new": 2})
    assert count(registry, "resume_marks") == 0
    assert counts(register(registry, [str(tmp_path / "ct")])) == {"repeat": 10}
    assert verified(registry)


def test_a_file_that_changed_since_the_interruption_is_read_again_with_its_neighbours(
    registry: OpenRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = save_all(ct_slices(12), tmp_path / "ct")
    monkeypatch.setattr(registering, "BATCH", 4)
    with monkeypatch.context() as patch:
        interrupted_after(2, patch)
        with pytest.raises(KeyboardInterrupt):
            register(registry, [str(tmp_path / "ct")])
    save(changed(ct_slices(1)[0], SeriesInstanceUID="1.2.77"), first)
    report = register(registry, [str(tmp_path / "ct")])
    assert (report.resumed, counts(report)) == (4, {"collision": 1, "repeat": 3, "new": 4})


def test_contents_are_not_compared_where_nobody_asked(registry: OpenRegistry, tmp_path: Path) -> None:
    paths = [str(save(tiny(pixels=bytes([n] * 4)), tmp_path / f"{n}.dcm")) for n in (1, 2)]
    assert counts(register(registry, paths, digests=False)) == {"new": 1, "not compared": 1}
    assert counts(register(registry, paths)) == {"not compared": 1, "collision": 1}


def test_a_derived_object_may_come_before_its_source(registry: OpenRegistry, tmp_path: Path) -> None:
    source = tiny("1.2.3.4.1", "1.2.3.4", "1.2.3")
    early = tiny("1.2.3.4.9", "1.2.3.4", "1.2.3", sources=(source,), sop_class="1.2.840.10008.5.1.4.1.1.66.4")
    one(registry, early, tmp_path)
    assert ("UID501", "1.2.3.4.9") not in codes(registry), "nothing says yet where the source is"
    assert count(registry, "pending_references") == 1
    one(registry, source, tmp_path)
    assert ("UID501", "1.2.3.4.9") in codes(registry)
    assert count(registry, "pending_references") == 0


def test_many_references_become_one_row_once_they_are_known(registry: OpenRegistry, tmp_path: Path) -> None:
    sources = [tiny(f"1.2.3.4.{n}", "1.2.3.4", "1.2.3", pixels=n.to_bytes(4, "big")) for n in range(1, 301)]
    derived = tiny("1.2.3.5.1", "1.2.3.5", "1.2.3", sources=tuple(sources), modality="SEG")
    one(registry, derived, tmp_path / "derived")
    assert (count(registry, "pending_references"), count(registry, "derivations")) == (300, 0)
    save_all(sources, tmp_path / "sources")
    register(registry, [str(tmp_path / "sources")])
    assert (count(registry, "pending_references"), count(registry, "derivations")) == (0, 1)


def test_findings_are_kept_once_with_how_often_they_were_seen(registry: OpenRegistry, tmp_path: Path) -> None:
    path = str(save(tiny(study="2.999.1"), tmp_path / "a.dcm"))
    for _ in range(3):
        register(registry, [path])
    (kept,) = [finding for finding in kept_findings(registry) if finding.code == "UID202"]
    assert (kept.uid, kept.seen) == ("2.999.1", 3)
    assert kept.first_entry < kept.last_entry


def test_two_patient_ids_that_turn_out_to_be_one_person_clear_the_finding(
    registry: OpenRegistry, tmp_path: Path
) -> None:
    one(registry, tiny("1.2.3.4.1", patient="P1"), tmp_path)
    one(registry, tiny("1.2.3.4.2", patient="P2"), tmp_path)
    assert ("UID306", "1.2.3") in codes(registry)
    one(registry, tiny("1.9.3.4.2", "1.9.3.4", "1.9.3", patient="P2", OtherPatientIDs="P1"), tmp_path)
    assert ("UID306", "1.2.3") not in codes(registry)


def test_a_missing_issuer_matches_any(registry: OpenRegistry, tmp_path: Path) -> None:
    one(registry, tiny("1.2.3.4.1", IssuerOfPatientID="HOSPITAL"), tmp_path)
    one(registry, tiny("1.2.3.4.2"), tmp_path)
    assert codes(registry) == set()
    one(registry, tiny("1.2.3.4.3", IssuerOfPatientID="CLINIC"), tmp_path)
    assert ("UID306", "1.2.3") in codes(registry)


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Path]:
    """More files than are read by one worker."""
    save_all(ct_slices(100), tmp_path / "many")
    yield tmp_path / "many"
    shutil.rmtree(tmp_path / "many")


def test_several_workers_give_the_same_as_one(registry: OpenRegistry, many: Path) -> None:
    report = register(registry, [str(many)])
    assert (report.files, counts(report)) == (100, {"new": 100})
    assert verified(registry)
