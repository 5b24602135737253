"""Before an export: approval or block is recorded, bound to what was checked; or nothing is read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from registry.checksettings import CheckSettings, Override
from registry.errors import (
    ActorNeeded,
    BadRequest,
    DatabaseUnusable,
    FindingsError,
    NoSuchPath,
    RightMissing,
)
from registry.records import Severity
from registry.services import checking
from registry.services.acknowledging import acknowledge
from registry.services.auditing import audit_log
from registry.services.checking import check
from registry.services.opening import OpenRegistry, opened
from registry.services.registering import register
from registry.services.releasing import parse_destination
from registry.services.reports import Export, Report
from registry.settings import Settings
from registry.store.findings import Which
from registry.store.tree import head_of
from registry.store.verification import verify
from tests.databases import everything, raw, run
from tests.objects import SEG_CLASS, changed, ct_slices, save_all, tiny

DESTINATION = "TRIAL_PACS"


def held(*objects: Any) -> list[Any]:
    """Objects in memory: reading files takes longer than all else here."""
    return list(objects)


def out(
    registry: OpenRegistry, objects: list[Any], destination: str = DESTINATION, **options: object
) -> Report:
    return check(registry, objects, for_export=destination, **options)  # type: ignore[arg-type]


def export_of(report: Report) -> Export:
    assert report.export is not None
    return report.export


def entry_of(registry: OpenRegistry, report: Report) -> dict[str, object]:
    (told,) = audit_log(registry, entry=export_of(report).entry)
    assert told.entry.event == "export:check"
    return {"outcome": told.entry.outcome, "actor": told.entry.actor, "uids": told.uids, **told.entry.detail}


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., list[str]]:
    """Writes objects into a folder of their own."""
    made = iter(range(1000))

    def put(*objects: Dataset) -> list[str]:
        return [str(path) for path in save_all(list(objects), tmp_path / f"{next(made)}")]

    return put


# --- approval and block ---------------------------------------------------------------------------


def test_an_approval_is_recorded_with_every_uid_and_the_head_that_it_was_decided_on(
    registry: OpenRegistry, settings: Settings, put: Callable[..., list[str]]
) -> None:
    slices = ct_slices(2)
    register(registry, put(*slices))
    with registry.database.reading() as connection:
        head = head_of(connection)
    report = out(registry, held(*slices))
    export = export_of(report)
    assert (export.destination, export.approved) == (DESTINATION, True)
    assert (export.tree_size, export.root_hash) == head
    assert report.passed()
    said = entry_of(registry, report)
    assert (said["outcome"], said["actor"], said["destination"]) == ("done", "tester", DESTINATION)
    assert (said["files"], said["studies"], said["series"], said["instances"]) == (2, 1, 1, 2)
    study, series = slices[0].StudyInstanceUID, slices[0].SeriesInstanceUID
    assert set(said["uids"]) == {study, series, *(s.SOPInstanceUID for s in slices)}  # type: ignore[call-overload]
    with raw(settings) as connection:
        row = run(connection, "SELECT * FROM exports").one()
        kinds = run(connection, "SELECT kind, count(*) FROM exported GROUP BY kind ORDER BY kind").all()
        (policy,) = run(connection, "SELECT digest, body FROM policies").all()
    assert (row.entry, row.destination, row.approved) == (export.entry, DESTINATION, 1)
    assert (row.tree_size, bytes(row.root_hash)) == head
    assert [tuple(kind) for kind in kinds] == [(1, 1), (2, 1), (3, 2)]
    assert bytes(row.policy) == bytes(policy.digest)
    assert bytes(policy.digest).hex()[:16] == said["policy"]
    assert json.loads(policy.body) == {"fail_on": "error"}
    with registry.database.reading() as connection:
        assert verify(connection).ok


def test_a_block_is_recorded_with_what_blocked(registry: OpenRegistry, put: Callable[..., list[str]]) -> None:
    source = tiny()
    register(registry, put(source))
    wrong = tiny("1.2.3.4.2", sop_class=SEG_CLASS, modality="SEG", sources=(source,))
    report = out(registry, held(wrong))
    assert not export_of(report).approved
    assert not report.passed()
    said = entry_of(registry, report)
    assert said["outcome"] == "blocked"
    assert "UID501" in said["blocking"]  # type: ignore[operator]
    assert said["blocking"].items() <= said["findings"].items()  # type: ignore[attr-defined]
    with pytest.raises(FindingsError, match=r"blocked for TRIAL_PACS: entry \d+: \d+ findings: UID") as error:
        report.raise_for_findings("never")
    assert error.value.findings


def test_what_a_check_decides_is_what_is_recorded(
    registry: OpenRegistry, put: Callable[..., list[str]]
) -> None:
    """The same findings and counts as without; but for UID515, which only an export is asked."""
    source = tiny()
    register(registry, put(source, tiny("1.2.3.4.9", study="1.2.9")))
    paths = put(source, tiny("1.2.3.4.2", sop_class=SEG_CLASS, modality="SEG", sources=(source,)))
    plain, exported = check(registry, paths), out(registry, paths)
    assert [f.key for f in plain.sorted_findings()] == [f.key for f in exported.sorted_findings()]
    assert plain.verdicts == exported.verdicts
    assert plain.export is None


def test_acknowledged_findings_pass_and_are_counted(
    registry: OpenRegistry, put: Callable[..., list[str]]
) -> None:
    paths = put(tiny(), tiny("1.2.3.4.2", modality="MR"))
    register(registry, paths)
    assert not export_of(out(registry, paths)).approved
    for code in ("UID401", "UID404", "UID405"):
        if any(f.code == code for f in check(registry, paths).findings):
            acknowledge(registry, Which(code=code), "phantoms")
    report = out(registry, paths)
    assert export_of(report).approved
    assert entry_of(registry, report)["acknowledged"]["UID401"] == 1  # type: ignore[index]


def test_data_sets_in_memory_are_decided_about_too(registry: OpenRegistry) -> None:
    report = checking.check(registry, [tiny(), tiny("1.2.3.4.2")], for_export=DESTINATION)
    assert export_of(report).approved
    assert entry_of(registry, report)["instances"] == 2


def test_a_file_that_cannot_be_read_blocks(registry: OpenRegistry, tmp_path: Path) -> None:
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 50)
    report = out(registry, [*held(tiny()), str(broken)])
    assert not export_of(report).approved
    assert entry_of(registry, report)["unreadable"] == 1
    assert set(entry_of(registry, report)["blocking"]) == {"UID608"}  # type: ignore[call-overload]


def test_what_is_no_dicom_is_counted_and_blocks_nothing(registry: OpenRegistry, tmp_path: Path) -> None:
    (tmp_path / "read.me").write_text("no image")
    report = out(registry, [*held(tiny()), str(tmp_path / "read.me")])
    assert export_of(report).approved
    assert entry_of(registry, report)["skipped"] == 1


def test_of_nothing_there_is_no_approval(registry: OpenRegistry, tmp_path: Path) -> None:
    (tmp_path / "read.me").write_text("no image")
    report = out(registry, [str(tmp_path)])
    assert not export_of(report).approved
    assert not report.passed("never")
    with pytest.raises(FindingsError, match="there was no DICOM object to approve"):
        report.raise_for_findings()
    assert entry_of(registry, report)["outcome"] == "blocked"


def test_a_uid_in_two_roles_goes_in_once(registry: OpenRegistry) -> None:
    report = out(registry, held(tiny("1.2.3.4", "1.2.3.4", "1.2.3.4")))
    assert not export_of(report).approved  # UID307
    assert entry_of(registry, report)["uids"] == ("1.2.3.4",)


# --- bound to what was checked ---------------------------------------------------------------------


def test_the_entry_stands_for_the_very_objects(registry: OpenRegistry, put: Callable[..., list[str]]) -> None:
    one, other = tiny(), tiny("1.2.3.4.2")

    def objects(*those: Dataset, **options: object) -> object:
        return entry_of(registry, out(registry, held(*those), **options))["objects"]

    same = objects(one, other)
    assert objects(other, one) == same
    assert objects(changed(one, PixelData=b"\4\3\2\1"), other) != same
    assert objects(one) != same
    register(registry, put(one, other))
    assert objects(one, other) == same
    without = objects(one, other, digests=False)
    assert without == objects(changed(one, PixelData=b"\4\3\2\1"), other, digests=False) != same


def test_the_policy_is_kept_once_and_another_is_another(registry: OpenRegistry, settings: Settings) -> None:
    def policy(check_settings: CheckSettings, **options: object) -> object:
        with opened(replace(settings, check=check_settings)) as other:
            return entry_of(other, out(other, paths, **options))["policy"]

    paths = held(tiny())
    plain = policy(CheckSettings())
    assert policy(CheckSettings()) == plain
    assert policy(CheckSettings(fail_on="error")) == plain
    assert policy(CheckSettings(), digests=False) == plain, "whether contents were compared stands by itself"
    graver = (Override("uid-registry.toml", ("UID204",), Severity.ERROR),)
    different = {
        plain,
        policy(CheckSettings(), fail_on="warning"),
        policy(CheckSettings().asked(("UID314",), ())),
        policy(CheckSettings().asked((), ("UID314",))),
        policy(CheckSettings(overrides=graver)),
        policy(CheckSettings(external=("1.2.3",))),
    }
    assert len(different) == 6
    moved = (replace(graver[0], place="/home/of/somebody/uid-registry.toml"),)
    assert policy(CheckSettings(overrides=moved)) in different, "where a file lies says nothing"
    with raw(settings) as connection:
        bodies = list(run(connection, "SELECT body FROM policies").scalars())
    assert len(bodies) == 6
    assert not any("somebody" in body or "toml" in body for body in bodies)


# --- refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["A", "TRIAL 7 (Berlin)", "pacs.example.org:104", "x" * 64, "AE_TITLE-1"])
def test_destinations_are_names(name: str) -> None:
    assert parse_destination(name) == name


@pytest.mark.parametrize(
    "name",
    ["", " ", " A", "A ", "x" * 65, "export/", "a/b", "C:\\export", "é", "a\nb", "a\0", "-A", "\x1b[31m"],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadRequest, match="is no name of a destination") as error:
        parse_destination(name)
    assert not re.search("[\x00-\x1f]", error.value.message)


def test_a_check_that_could_not_block_is_refused(registry: OpenRegistry, settings: Settings) -> None:
    paths = held(tiny())
    with pytest.raises(BadRequest, match="--fail-on never: a check before an export must be able to block"):
        out(registry, paths, fail_on="never")
    configured = replace(settings, check=CheckSettings(fail_on="never"), sources={"check.fail_on": "a.toml"})
    with opened(configured) as other:
        with pytest.raises(BadRequest, match=r"in a\.toml: a check before an export"):
            out(other, paths)
        assert export_of(out(other, paths, fail_on="error")).approved
    silent = replace(settings, check=CheckSettings().asked((), ("ALL",)))
    with opened(silent) as other, pytest.raises(BadRequest, match="no rule is asked"):
        out(other, paths)
    with pytest.raises(BadRequest, match="'collision' is no severity"):
        out(registry, paths, fail_on="collision")


def test_it_needs_the_name_of_who_lets_it_out(settings: Settings) -> None:
    with opened(replace(settings, actor="")) as registry, pytest.raises(ActorNeeded):
        out(registry, held(tiny()))


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be read any more."""

    def reading(*_: object, **__: object) -> None:
        pytest.fail("it was read")

    monkeypatch.setattr(checking, "Readers", reading)
    monkeypatch.setattr(checking, "_in_memory", reading)


@pytest.mark.usefixtures("unread")
def test_where_the_entry_cannot_be_written_nothing_is_read(settings: Settings) -> None:
    paths = held(tiny())
    before = everything(settings)
    with opened(settings, read_only=True) as registry:
        with pytest.raises(DatabaseUnusable, match="nothing was read, because the outcome couldn't be"):
            out(registry, paths)
        with pytest.raises(NoSuchPath):
            out(registry, ["/nowhere"])
    assert everything(settings) == before


def test_trying_leaves_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stop(Exception):
        pass

    def stop(*_: object, **__: object) -> None:
        raise Stop

    before = everything(settings)
    monkeypatch.setattr(checking, "_in_memory", stop)
    with opened(settings) as registry, pytest.raises(Stop):
        out(registry, held(tiny()))
    assert everything(settings) == before


def test_where_it_cannot_be_written_in_the_end_there_is_no_outcome(
    registry: OpenRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full by then, or the server gone."""
    from registry.services import releasing

    def fail(*_: object, **__: object) -> None:
        raise RightMissing("not any more")

    monkeypatch.setattr(releasing.Gate, "decide", fail)
    with pytest.raises(RightMissing):
        out(registry, held(tiny()))


# --- where the targets of references are ---------------------------------------------------------------


def test_what_was_approved_for_a_destination_before_is_there(
    registry: OpenRegistry, put: Callable[..., list[str]]
) -> None:
    source = tiny()
    made = tiny("1.2.3.8.1", "1.2.3.8", sop_class=SEG_CLASS, modality="SEG", sources=(source,))
    register(registry, put(source))

    def outside(destination: str | None, *objects: Dataset) -> list[str | None]:
        report = check(registry, held(*objects), for_export=destination)
        return [finding.uid for finding in report.findings if finding.code == "UID515"]

    assert outside(None, made) == []
    assert outside("A", made) == ["1.2.3.8.1"]
    assert outside("A", made, source) == []
    assert outside("A", made) == [], "it went there with it"
    assert outside("B", made) == ["1.2.3.8.1"]
    wrong = changed(source, SOPClassUID=SEG_CLASS)
    assert not export_of(out(registry, held(wrong), "B")).approved
    assert outside("B", made) == ["1.2.3.8.1"], "what was blocked isn't there"
    foreign = changed(made, SOPInstanceUID="1.2.3.8.2")
    foreign.SourceImageSequence[0].ReferencedSOPInstanceUID = "1.9.9.9"
    assert outside("B", foreign) == [], "what nobody has seen is UID508's"
