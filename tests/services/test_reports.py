"""What a report adds to findings: where to look."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.records import Kind, Severity
from registry.services import registering
from registry.services.acknowledging import acknowledge
from registry.services.checking import check
from registry.services.naming import rename
from registry.services.opening import OpenRegistry
from registry.services.querying import kept_findings
from registry.services.registering import register
from registry.store.findings import Which
from tests.objects import ROOT, save_all, tiny

PYDICOM = "1.2.826.0.1.3680043.8.498"


def test_a_patient_that_nobody_names_has_a_file_to_look_into(registry: OpenRegistry, tmp_path: Path) -> None:
    """The finding's subject is a pseudonym: without a path nobody would know whose it is."""
    two = [tiny(f"1.2.4.1.{n}", "1.2.4.1", "1.2.4", PatientSex=sex) for n, sex in enumerate("FM", 1)]
    paths = save_all(two, tmp_path / "two")
    (found,) = (one for one in check(registry, [str(tmp_path / "two")]).findings if one.code == "UID407")
    assert found.path == str(paths[0])
    assert found.series_instance_uid is None


def test_what_many_files_share_is_told_once(
    registry: OpenRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether they come in one batch or in several: without a patient, under a toolkit's root."""
    three = [tiny(f"{PYDICOM}.1.{n}", f"{PYDICOM}.2", "1.2.4", patient="") for n in range(3)]
    folder = str(tmp_path / "three")
    save_all(three, tmp_path / "three")
    told = [(one.code, one.uid) for one in check(registry, [folder]).findings]
    assert told == [("UID204", f"{PYDICOM}.2"), ("UID410", "1.2.4")]
    monkeypatch.setattr(registering, "BATCH", 1)
    assert [(one.code, one.uid) for one in register(registry, [folder]).findings] == told


def test_of_files_that_collide_all_are_named(registry: OpenRegistry, tmp_path: Path) -> None:
    three = save_all([tiny(pixels=bytes([n]) * 4) for n in range(3)], tmp_path / "Doe")
    report = check(registry, [str(tmp_path / "Doe")])
    (found,) = (one for one in report.findings if one.code == "UID301")
    assert found.path is not None
    assert sorted((found.path, *found.also)) == [str(path) for path in three]
    rename(report, "none", lambda: registry.key)
    (found,) = (one for one in report.findings if one.code == "UID301")
    assert (found.path, found.also) == (None, ())


def test_one_uid_in_two_roles_is_told_of_each_role(registry: OpenRegistry, tmp_path: Path) -> None:
    """Whoever looks for the file must find both."""
    paths = save_all(
        [tiny("1.2.4.1.1", "2.999.7", "1.2.4"), tiny("1.2.5.1.1", "1.2.5.1", "2.999.7")], tmp_path
    )
    found = [one for one in check(registry, [str(path) for path in paths]).findings if one.code == "UID202"]
    assert {(one.kind, one.path) for one in found} == {
        (Kind.SERIES, str(paths[0])),
        (Kind.STUDY, str(paths[1])),
    }


def test_what_is_wrong_with_a_file_is_told_of_each(registry: OpenRegistry, tmp_path: Path) -> None:
    """The same instance in two files, and two objects of one series that lack a UID of their own."""
    one = tiny("2.999.1", "1.2.4.1", "1.2.4")
    nameless = [tiny(None, "1.2.4.1", "1.2.4", pixels=bytes([n])) for n in range(2)]
    paths = save_all([one, one], tmp_path / "all")
    for number, data_set in enumerate(nameless):
        data_set.save_as(tmp_path / "all" / f"nameless{number}.dcm", enforce_file_format=False)
    found = check(registry, [str(tmp_path / "all")]).findings
    assert [each.path for each in found if each.code == "UID202"] == [str(path) for path in paths]
    assert len({each.path for each in found if each.code == "UID109"}) == 2


def test_of_what_many_files_show_the_gravest_counts_and_an_acknowledgement_holds_for_all(
    registry: OpenRegistry, tmp_path: Path
) -> None:
    """A series under a toolkit's root, of which one object has a UID of ours and one doesn't."""
    two = [tiny(uid, f"{PYDICOM}.2", "1.2.4") for uid in (f"{PYDICOM}.1", f"{ROOT}.77")]
    for objects in (two, two[::-1]):
        folder = tmp_path / objects[0].SOPInstanceUID
        save_all(objects, folder)
        (found,) = (one for one in check(registry, [str(folder)]).findings if one.code == "UID204")
        assert found.severity is Severity.WARNING
    register(registry, [str(folder)])
    (kept,) = kept_findings(registry, Which(code="UID204"))
    assert kept.severity is Severity.WARNING
    acknowledge(registry, Which(code="UID204", subject=kept.uid), "a phantom")
    (found,) = (one for one in check(registry, [str(folder)]).findings if one.code == "UID204")
    assert found.acknowledged
