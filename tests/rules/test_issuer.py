"""UID2: whose arc a UID lies under. What rests on the registry's roots is asked on both engines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from registry.records import Finding, Kind
from registry.roots import Policy
from registry.services.initializing import init
from registry.services.issuing import derive, issue
from registry.services.opening import OpenRegistry, opened
from registry.services.registering import register
from registry.services.requests import DeriveRequest, IssueRequest
from registry.services.rooting import add_root, retire_root, wanted_root
from tests.conftest import Registries
from tests.objects import ROOT, ct_slices, save, save_all, segmentation, tiny
from tests.rules.conftest import Case, E, Judged, N, W, agrees, cases, judged, seen

Look = Callable[..., list[Finding]]

STUDY, SERIES, INSTANCE, FRAME = Kind.STUDY, Kind.SERIES, Kind.INSTANCE, Kind.FRAME_OF_REFERENCE
CT = "1.2.840.10008.5.1.4.1.1.2"
PYDICOM, HIGHDICOM = "1.2.826.0.1.3680043.8.498", "1.2.826.0.1.3680043.10.511.3"
LOOPBACK = "1.2.276.0.7230010.3.1"


def dcmtk(kind: int, host: int = 8323329, counter: int = 1) -> str:
    return f"{LOOPBACK}.{kind}.{host}.7.1700000000.{counter}"


CASES = [
    Case("UID201", "a class as series", tiny(series=CT), (E, CT, SERIES)),
    Case("UID201", "the standard's root itself", tiny("1.2.840.10008"), (E, "1.2.840.10008", INSTANCE)),
    Case("UID201", "an atlas as frame of reference", tiny(frame="1.2.840.10008.1.4.1.1")),
    Case(
        "UID201",
        "an invented frame of reference",
        tiny(frame="1.2.840.10008.9"),
        (E, "1.2.840.10008.9", FRAME),
    ),
    Case(
        "UID201",
        "a palette of the standard",
        tiny("1.2.840.10008.1.5.1", sop_class="1.2.840.10008.5.1.4.39.1"),
    ),
    Case("UID201", "an arc that only begins alike", tiny("1.2.840.100081.1")),
    Case("UID201", "classes are the standard's", tiny()),
    Case("UID202", "an instance", tiny("2.999.1.2"), (E, "2.999.1.2", INSTANCE)),
    Case(
        "UID202",
        "a frame of reference and a study",
        tiny(frame="2.999.7", study="2.999.8"),
        [(E, "2.999.8", STUDY), (E, "2.999.7", FRAME)],
    ),
    Case("UID202", "an arc that only begins alike", tiny("2.9990.1.2")),
    Case("UID202", "a reference isn't minted here", tiny(sources=(tiny("2.999.5"),))),
    Case(
        "UID205",
        "DCMTK on a machine without a number",
        tiny(dcmtk(4), dcmtk(3), dcmtk(2)),
        (N, dcmtk(3), SERIES),
        "loopback",
    ),
    Case("UID205", "the other host id", tiny(dcmtk(4, 8323328)), (N, "1.2.3.4", SERIES)),
    Case(
        "UID205",
        "a frame of reference under our own root",
        tiny(frame=f"{ROOT}.8323329.31999.1700000000.12"),
        (N, "1.2.3.4", SERIES),
    ),
    Case("UID205", "without a series", tiny(dcmtk(4), series=None), (N, dcmtk(4), INSTANCE)),
    Case("UID205", "a machine with a number", tiny(dcmtk(4, 2831156))),
    Case("UID205", "the number somewhere else", tiny("1.2.8323329.4", "1.2.3.8323329")),
    Case("UID205", "a reference isn't minted here", tiny(sources=(tiny(dcmtk(4)),))),
]


@cases(CASES)
def test_what_is_found(case: Case, in_file: Judged) -> None:
    agrees(case, in_file(case))


def test_a_uid_under_a_production_root_must_have_been_issued(
    registry: OpenRegistry, look: Look, tmp_path: Path
) -> None:
    study = issue(registry, IssueRequest(Kind.STUDY)).uids[0]
    assert look("UID203", tiny(study=study)) == []
    wild = f"{ROOT}.5"
    found = look("UID203", tiny(wild, study=study, frame=f"{ROOT}.6"))
    assert seen(found) == [(E, wild, INSTANCE), (E, f"{ROOT}.6", FRAME)]
    register(registry, [str(save(tiny(wild, study=study), tmp_path / "wild.dcm"))])
    assert look("UID203", tiny(wild, study=study)) == [], "it was told when it came; now it is known"


def test_uids_of_other_systems_may_be_anything(registry: OpenRegistry, look: Look) -> None:
    add_root(registry, wanted_root(f"{ROOT}.7", Policy.DELEGATED, minter="RIS"))
    assert look("UID203", tiny("1.2.3.4.1", study=f"{ROOT}.7.1")) == []
    assert len(look("UID203", tiny("1.2.3.4.1", study=f"{ROOT}.71"))) == 1, "roots end at a dot"


def test_a_root_is_enforced_from_a_moment_on(registry: OpenRegistry, look: Look) -> None:
    for prefix, moment, count in (
        ("1.3.6.1.4.1.32473.2", datetime.now(UTC) + timedelta(days=1), 0),
        ("1.3.6.1.4.1.32473.3", datetime.now(UTC) - timedelta(days=1), 1),
    ):
        add_root(registry, wanted_root(prefix, Policy.PRODUCTION, enforced_from=moment))
        assert len(look("UID203", tiny(f"{prefix}.1"))) == count


def test_an_arc_of_a_production_root_may_be_for_research(registry: OpenRegistry, look: Look) -> None:
    add_root(registry, wanted_root(f"{ROOT}.9", Policy.RESEARCH))
    assert look("UID203", tiny(f"{ROOT}.9.1")) == []


@pytest.mark.engine("sqlite")
def test_a_toolkits_root_is_a_warning_only_for_what_is_made_here(
    registry: OpenRegistry, look: Look, tmp_path: Path
) -> None:
    theirs = tiny(f"{PYDICOM}.1", f"{PYDICOM}.2", f"{PYDICOM}.3", frame=f"{HIGHDICOM}.4")
    (found,) = look("UID204", theirs)
    assert seen([found]) == [(N, f"{PYDICOM}.2", SERIES)]
    assert "highdicom or pydicom" in found.message
    assert set(found.related) == {f"{PYDICOM}.3", f"{HIGHDICOM}.4"}, "what all objects of the series show"
    study = issue(registry, IssueRequest(Kind.STUDY)).uids[0]
    assert seen(look("UID204", tiny(f"{PYDICOM}.1", "1.2.3.4", study))) == [(W, "1.2.3.4", SERIES)]
    assert seen(look("UID204", tiny(f"{PYDICOM}.5", series=None, study=study))) == [
        (W, f"{PYDICOM}.5", INSTANCE)
    ]


@pytest.mark.engine("sqlite")
def test_a_toolkits_root_one_finding_a_series(registry: OpenRegistry, look: Look) -> None:
    found = look("UID204", *(tiny(f"{PYDICOM}.{n}") for n in range(3)))
    assert [finding.key for finding in found] == [("UID204", "1.2.3.4", None)]


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    "data_set",
    [
        tiny(sources=(tiny(f"{PYDICOM}.1"),)),
        tiny(TrackingUID=f"{HIGHDICOM}.1"),
        tiny(f"{PYDICOM}9.1"),
        tiny(f"{ROOT}.1"),
    ],
    ids=["a reference", "a tracking identifier", "an arc that begins alike", "our own root"],
)
def test_what_is_no_identity_under_a_toolkits_root(look: Look, data_set: Dataset) -> None:
    assert look("UID204", data_set) == []


@pytest.mark.engine("sqlite")
def test_a_toolkits_root_is_fine_in_a_registry_for_research(registries: Registries, tmp_path: Path) -> None:
    settings = registries.empty()
    init(settings, root=ROOT, organization="Example Lab", research=True)
    path = save(tiny(f"{PYDICOM}.1"), tmp_path / "a.dcm")
    with opened(settings) as registry:
        assert [f for f in judged(registry, [path]) if f.code == "UID204"] == []


def test_nothing_new_under_a_retired_root(registry: OpenRegistry, look: Look, tmp_path: Path) -> None:
    prefix = "1.3.6.1.4.1.32473.8"
    add_root(registry, wanted_root(prefix, Policy.DELEGATED, minter="scanner"))
    old = tiny(f"{prefix}.1")
    register(registry, [str(save(old, tmp_path / "old.dcm"))])
    assert look("UID207", tiny(f"{prefix}.2")) == []
    retire_root(registry, prefix)
    assert look("UID207", old) == []
    assert seen(look("UID207", tiny(f"{prefix}.2"))) == [(E, f"{prefix}.2", INSTANCE)]
    assert look("UID207", tiny(sources=(tiny(f"{prefix}.2"),))) == []


def test_what_derive_gives_passes(registry: OpenRegistry, tmp_path: Path) -> None:
    """The good example of the whole family: a segmentation with UIDs from the registry."""
    slices = ct_slices(2)
    paths = save_all(slices, tmp_path / "ct")
    register(registry, [str(path) for path in paths])
    uids = derive(registry, DeriveRequest((str(paths[0]),), "SEG"))
    made = segmentation(slices, uids.series_instance_uid, uids.sop_instance_uids[0])
    found = judged(registry, [save(made, tmp_path / "seg.dcm")])
    assert [finding for finding in found if finding.code.startswith("UID2")] == []


def test_each_rule_has_a_bad_and_a_good_file() -> None:
    for code in ("UID201", "UID202", "UID205"):
        assert {bool(case.expected) for case in CASES if case.code == code} == {True, False}
