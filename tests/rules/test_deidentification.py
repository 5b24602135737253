"""UID702 to UID704: copies as a scope made them, and as tools make them that forget something."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from registry.api import Registry
from registry.errors import ScopePurged, UnknownScope
from registry.records import Kind, Severity
from registry.services.auditing import audit_log
from registry.services.reports import Report
from registry.settings import Settings
from tests.objects import PYDICOM_FILES, ct_slices, report, save, save_all, segmentation, tiny

SCOPE = "TRIAL-7"
CODES = {"UID701", "UID702", "UID703", "UID704"}


@pytest.fixture
def registry(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    if settings.key_file:
        monkeypatch.setenv("UID_REGISTRY_KEY_FILE", settings.key_file)
    with Registry.open(settings.database, actor="tester") as registry:
        yield registry


@pytest.fixture
def originals(registry: Registry, tmp_path: Path) -> list[Dataset]:
    """A recorded CT series, a segmentation and a report of it."""
    slices = ct_slices(2)
    for each in slices:
        each.DeviceUID = "1.2.826.0.99.1.77"
    made = [
        *slices,
        segmentation(slices, "1.2.826.0.99.1.20", "1.2.826.0.99.1.20.1"),
        report(slices, "1.2.826.0.99.1.21", "1.2.826.0.99.1.21.1"),
    ]
    registry.register([str(path) for path in save_all(made, tmp_path / "originals")])
    return made


@pytest.fixture
def copies(registry: Registry, originals: list[Dataset]) -> list[Dataset]:
    return [registry.remap_dataset(each, scope=SCOPE) for each in originals]


def found(report: Report) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.uid) for finding in report.findings if finding.code in CODES]


def message(report: Report) -> str:
    (finding,) = [finding for finding in report.findings if finding.code in CODES]
    assert (finding.severity, finding.kind) == (Severity.ERROR, Kind.INSTANCE)
    return finding.message


def test_copies_that_the_scope_made_pass(
    registry: Registry, originals: list[Dataset], copies: list[Dataset], tmp_path: Path
) -> None:
    paths = save_all(copies, tmp_path / "copies")
    assert found(registry.check(paths, scope=SCOPE)) == []
    assert found(registry.check(copies, scope=SCOPE)) == []
    # A segmentation that is made of the copies, with UIDs that this registry issues.
    slices = copies[:2]
    uids = registry.derive([str(path) for path in paths[:2]], modality="SEG")
    own = segmentation(slices, uids.series_instance_uid, uids.sop_instance_uids[0])
    own.DimensionOrganizationSequence[0].DimensionOrganizationUID = registry.issue(
        "dimension_organization", study_instance_uid=slices[0].StudyInstanceUID
    ).uids[0]
    for item in own.DimensionIndexSequence:
        item.DimensionOrganizationUID = own.DimensionOrganizationSequence[0].DimensionOrganizationUID
    assert found(registry.check([own], scope=SCOPE)) == []


def test_originals_do_not(registry: Registry, originals: list[Dataset], copies: list[Dataset]) -> None:
    expected = [("UID702", each.SOPInstanceUID) for each in originals]
    assert sorted(found(registry.check(originals, scope=SCOPE))) == sorted(expected)
    assert found(registry.check(originals)) == []


def in_a_sequence(ds: Dataset, uid: str) -> None:
    ds.ReferencedSeriesSequence[0].SeriesInstanceUID = uid


def in_a_text(ds: Dataset, uid: str) -> None:
    ds.ImageComments = f"made of {uid}."


def in_a_private_sequence(ds: Dataset, uid: str) -> None:
    item = Dataset()
    item.StudyInstanceUID = uid
    ds.private_block(0x0011, "EXAMPLE PRIVATE", create=True).add_new(1, "SQ", [item])


def without_a_vr(ds: Dataset, uid: str) -> None:
    value = uid.encode() + b"\0" * (len(uid) % 2)
    ds.private_block(0x0011, "EXAMPLE PRIVATE", create=True).add_new(2, "UN", value)


def in_a_private_block(ds: Dataset, uid: str) -> None:
    """As Siemens' CSA headers have them."""
    value = b"SV10\4\3\2\1\0\0" + uid.encode() + b"\0\xcd\0"
    ds.private_block(0x0011, "EXAMPLE PRIVATE", create=True).add_new(
        3, "OB", value + b"\0" * (len(value) % 2)
    )


def among_several(ds: Dataset, uid: str) -> None:
    ds.IrradiationEventUID = [ds.SOPInstanceUID, uid]


PLACES = {
    in_a_sequence: "ReferencedSeriesSequence > SeriesInstanceUID",
    in_a_text: "the text of ImageComments",
    in_a_private_sequence: "(0011,1001) > StudyInstanceUID",
    in_a_private_block: "the text of (0011,1003)",
    without_a_vr: "an element without a VR",
    among_several: "IrradiationEventUID",
}


@pytest.mark.engine("sqlite")  # where it stands is the reader's matter
@pytest.mark.parametrize("put", PLACES, ids=lambda put: put.__name__)
def test_an_original_is_found_wherever_it_stands(
    registry: Registry, originals: list[Dataset], copies: list[Dataset], tmp_path: Path, put: object
) -> None:
    left, original = copies[2], originals[0].SeriesInstanceUID
    put(left, original)  # type: ignore[operator]
    path = save(left, tmp_path / "left.dcm")
    for objects in ([path], [left]):
        told = registry.check(objects, scope=SCOPE)
        assert found(told) == [("UID702", left.SOPInstanceUID)]
        assert message(told) == f"names a UID that scope {SCOPE} replaces, in {PLACES[put]}"  # type: ignore[index]
        assert original not in json.dumps(
            [repr(finding) for finding in told.findings if finding.code == "UID702"]
        )


def test_a_uid_that_nobody_asked_the_registry_for_is_found_too(
    registry: Registry, copies: list[Dataset]
) -> None:
    partly, scanned, other = copies[0], copies[1], registry.remap("1.2.3", scope="ANOTHER")
    partly.FrameOfReferenceUID = "1.2.826.0.1.55"
    told = registry.check([partly], scope=SCOPE)
    assert found(told) == [("UID703", partly.SOPInstanceUID)]
    assert message(told).endswith(f"replacements of scope {SCOPE}: not what is in FrameOfReferenceUID")
    scanned.DeviceUID = other
    assert message(registry.check([scanned], scope=SCOPE)).endswith("DeviceUID; some are another scope's")
    none = tiny("1.2.3.4.1")
    assert (
        message(registry.check([none], scope=SCOPE)) == f"none of its UIDs is a replacement of scope {SCOPE}"
    )
    # A version of a program, and whatever else in a text has dots, is none of anybody's business.
    scanned.DeviceUID = copies[0].DeviceUID
    scanned.SoftwareVersions = ["1.2.3.4.5.6.7", "syngo 1.2.840.1.2.3"]
    assert found(registry.check([scanned], scope=SCOPE)) == []


@pytest.mark.engine("sqlite")
def test_the_policy_may_know_a_uid_as_somebody_elses(
    settings: Settings,
    registry: Registry,
    copies: list[Dataset],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copies[0].DeviceUID = "1.2.826.0.1.55.3"
    assert found(registry.check(copies[:1], scope=SCOPE))
    (tmp_path / "uid-registry.toml").write_text('[check]\nexternal = ["1.2.826.0.1.55"]\n')
    monkeypatch.chdir(tmp_path)
    with Registry.open(settings.database, actor="tester") as other:
        assert found(other.check(copies[:1], scope=SCOPE)) == []


def test_what_is_put_elsewhere_than_before_is_found(
    registry: Registry, originals: list[Dataset], copies: list[Dataset]
) -> None:
    right = copies[0].StudyInstanceUID
    elsewhere = copy.deepcopy(copies[0])
    elsewhere.StudyInstanceUID = registry.remap("1.2.826.0.99.2", scope=SCOPE)
    told = registry.check([elsewhere], scope=SCOPE)
    assert found(told) == [("UID704", elsewhere.SOPInstanceUID)]
    assert message(told) == f"isn't where scope {SCOPE} puts it: its study is {right} there"
    # Of an original that isn't recorded nobody knows where it belongs.
    unknown = registry.remap_dataset(tiny("1.2.9.1", "1.2.9", "1.2.99"), scope=SCOPE)
    unknown.StudyInstanceUID = elsewhere.StudyInstanceUID
    assert found(registry.check([unknown], scope=SCOPE)) == []


@pytest.mark.engine("sqlite")
def test_a_finding_names_no_original_even_where_that_is_what_the_object_is_in(
    registry: Registry, originals: list[Dataset], copies: list[Dataset]
) -> None:
    copies[0].SeriesInstanceUID = originals[0].SeriesInstanceUID
    copies[0].StudyInstanceUID = originals[0].StudyInstanceUID
    (finding,) = [each for each in registry.check(copies[:1], scope=SCOPE).findings if each.code == "UID702"]
    assert finding.uid == copies[0].SOPInstanceUID
    assert str(originals[0].StudyInstanceUID) not in repr(finding)


@pytest.mark.engine("sqlite")
def test_findings_are_the_same_in_any_order_and_split(
    registry: Registry, originals: list[Dataset], copies: list[Dataset]
) -> None:
    in_a_text(copies[0], originals[1].SOPInstanceUID)
    copies[1].DeviceUID = "1.2.826.0.1.55"
    everything = [*copies, *originals, tiny("1.2.3.4.1")]
    whole = sorted(found(registry.check(everything, scope=SCOPE)))
    assert sorted(found(registry.check(everything[::-1], scope=SCOPE))) == whole
    assert sorted(key for each in everything for key in found(registry.check([each], scope=SCOPE))) == whole
    assert len(whole) == 7


def test_an_export_of_copies_is_blocked_by_them(
    registry: Registry, originals: list[Dataset], copies: list[Dataset]
) -> None:
    in_a_text(copies[0], originals[1].SOPInstanceUID)
    blocked = registry.check(copies, scope=SCOPE, for_export="ARCHIVE")
    assert blocked.export is not None
    assert not blocked.export.approved
    assert {"UID702"} == {code for code, _ in found(blocked)}
    (entry,) = audit_log(registry._registry, event="export:check")
    assert (entry.entry.detail["scope"], entry.entry.detail["blocking"]["UID702"]) == (SCOPE, 1)
    assert originals[1].SOPInstanceUID not in repr(entry)


def test_a_scope_that_cannot_tell_is_an_error(registry: Registry, copies: list[Dataset]) -> None:
    with pytest.raises(UnknownScope) as unknown:
        registry.check(["none.dcm"][:0], scope="TRIAL-8")
    assert unknown.value.advice.startswith(f"Did you mean {SCOPE}?")
    registry.purge_scope(SCOPE, reason="the trial is over")
    with pytest.raises(ScopePurged):
        registry.check(copies, scope=SCOPE)


@pytest.mark.engine("sqlite")
def test_what_is_no_object_or_broken_stays_what_it_is(registry: Registry, tmp_path: Path) -> None:
    registry.remap("1.2.3", scope=SCOPE)
    (tmp_path / "notes.txt").write_text("1.2.826.0.1.55.3")
    whole = registry.check([str(PYDICOM_FILES), str(tmp_path)])
    scoped = registry.check([str(PYDICOM_FILES), str(tmp_path)], scope=SCOPE)
    assert (scoped.files, len(scoped.skipped), scoped.unreadable) == (
        whole.files,
        len(whole.skipped),
        whole.unreadable,
    )
    keys = [finding.key for finding in scoped.findings if finding.code not in CODES]
    assert sorted(map(repr, keys)) == sorted(repr(finding.key) for finding in whole.findings)
    assert {code for code, _ in found(scoped)} == {"UID703"}
