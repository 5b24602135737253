"""UIDs for code that mints them itself: recorded before it gets them, and free to become anything."""

from __future__ import annotations

import inspect
import sys
import types
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import highdicom as hd
import pydicom
import pydicom.pixels.utils
import pytest
from pydicom.uid import PYDICOM_ROOT_UID, UID
from pydicom.uid import generate_uid as pydicoms

from registry import Registry
from registry.errors import ActorNeeded, BadPrefix, BadRequest, UnknownUid
from registry.minting import Method
from registry.records import Kind, Verdict
from registry.roots import Policy, Root
from registry.services.initializing import init
from registry.services.keeping import rotate_key
from registry.services.rooting import add_root, retire_root
from registry.settings import Settings
from tests.conftest import Cli
from tests.objects import ROOT, ct_slices, report, save, segmentation, tiny


def test_it_has_the_signature_of_pydicoms() -> None:
    ours = inspect.signature(Registry.generate_uid)
    theirs = inspect.signature(pydicoms)
    assert [(p.name, p.default, p.kind) for p in list(ours.parameters.values())[1:]] == [
        (p.name, p.default, p.kind) for p in theirs.parameters.values()
    ]


@pytest.mark.parametrize(
    ("prefix", "begins"),
    [
        (PYDICOM_ROOT_UID, f"{ROOT}."),
        ("1.2.826.0.1.3680043.10.511.3.", f"{ROOT}."),
        (f"{ROOT}.", f"{ROOT}."),
        (f"{ROOT}.7.", f"{ROOT}.7."),
        ("2.25.", "2.25."),
        (None, "2.25."),
    ],
)
@pytest.mark.engine("sqlite")
def test_where_a_prefix_leads(ours: Registry, prefix: str | None, begins: str) -> None:
    uid = ours.generate_uid(prefix)
    assert type(uid) is UID
    assert uid.is_valid
    assert uid.startswith(begins)
    shown = ours.show(uid)
    assert (shown.kind, shown.state, shown.was_issued) == (None, "issued", True)
    assert [event.what for event in ours.history(uid)] == ["issued for any use"]
    assert ours.generate_uid(prefix) != uid


@pytest.mark.parametrize("prefix", ["1.2.3", "1..2.", "01.2.", ".1.", "a.", "", "1." * 28])
@pytest.mark.engine("sqlite")
def test_what_pydicom_refuses_is_refused_with_a_value_error(ours: Registry, prefix: str) -> None:
    with pytest.raises(ValueError, match="'prefix'") as theirs:
        pydicoms(prefix)
    with pytest.raises(BadPrefix) as refused:
        ours.generate_uid(prefix)
    assert isinstance(refused.value, ValueError)
    assert refused.value.message[:12] == str(theirs.value)[:12]
    with pytest.raises(BadPrefix):
        ours.generate_uid("1.2.\n")  # pydicom takes it, and gives a UID with a line feed in it


def test_under_what_isnt_ours_nothing_is_generated(ours: Registry, settings: Settings) -> None:
    with pytest.raises(BadPrefix, match=r"'1\.2\.3' lies under no root of this registry"):
        ours.generate_uid("1.2.3.")
    with pytest.raises(BadPrefix, match="room|digits"):
        ours.generate_uid(f"{ROOT}.1234567.")
    with pytest.raises(BadPrefix):
        ours.generate_uid("2.25.", ["a"])
    add_root(ours._registry, Root(f"{ROOT}.5", Policy.DELEGATED, minter="RIS"))
    with pytest.raises(BadPrefix, match="RIS mints under"):
        ours.generate_uid(f"{ROOT}.5.6.")
    retire_root(ours._registry, ROOT)
    with pytest.raises(BadPrefix, match="retired"):
        ours.generate_uid(f"{ROOT}.")
    with pytest.raises(BadPrefix, match="no root to issue under"):
        ours.generate_uid()


def test_the_same_entropy_gives_the_same_uid_recorded_once(ours: Registry, settings: Settings) -> None:
    first = ours.generate_uid(entropy_srcs=["ab", "c"])
    size = ours.verify().size
    assert ours.generate_uid(entropy_srcs=["ab", "c"]) == first
    assert ours.verify().size == size
    assert ours.generate_uid(entropy_srcs=["a", "bc"]) != first
    assert ours.generate_uid(f"{ROOT}.7.", ["ab", "c"]) != first
    assert ours.generate_uid(None, ["ab", "c"]) != ours.generate_uid(None, ["ab", "c"])
    keyed = ours.issue("study", method=str(Method.KEYED), parts=["ab", "c"]).uids
    assert first not in keyed
    rotate_key(ours._registry, "yearly")
    with Registry(settings) as again:
        assert again.generate_uid(entropy_srcs=["ab", "c"]) == first, "under a former key"


def test_it_may_become_a_study_a_series_or_an_instance_and_nothing_is_found(
    ours: Registry, tmp_path: Path
) -> None:
    study, series, instance, frame = (ours.generate_uid() for _ in range(4))
    path = str(save(tiny(instance, series, study, frame=frame), tmp_path / "a.dcm"))
    assert ours.check(path).findings == []
    registered = ours.register([path])
    assert (registered.findings, dict(registered.verdicts)) == ([], {Verdict.NEW: 1})
    for uid, kind in ((study, Kind.STUDY), (series, Kind.SERIES), (instance, Kind.INSTANCE)):
        shown = ours.show(uid)
        assert (shown.kind, shown.state) == (kind, "registered")
        assert shown.issued is not None
        assert shown.issued.by == "tester"
    assert [event.what.split()[0] for event in ours.history(series)][:2] == ["issued", "registered:"]
    # From now on it is that one thing, like any other.
    other = str(save(tiny(series, "1.2.3.9", "1.2.3"), tmp_path / "b.dcm"))
    assert [finding.code for finding in ours.check(other).failing()] == ["UID308"]


def test_what_the_registry_never_generated_is_still_found(ours: Registry, tmp_path: Path) -> None:
    past_it = str(save(tiny(f"{ROOT}.424242"), tmp_path / "a.dcm"))
    assert "UID203" in [finding.code for finding in ours.check(past_it).findings]
    with pytest.raises(UnknownUid):
        ours.show(f"{ROOT}.424242")


def test_one_that_was_never_used_can_be_withdrawn(ours: Registry, tmp_path: Path) -> None:
    uid = ours.generate_uid()
    assert ours.withdraw([uid], reason="a trial run").uids == (uid,)
    assert ours.show(uid).state == "withdrawn"
    assert [event.what for event in ours.history(uid)] == ["issued for any use", "withdrawn: a trial run"]
    path = str(save(tiny(uid), tmp_path / "a.dcm"))
    assert "UID312" in [finding.code for finding in ours.check(path).failing()]
    assert ours.verify().ok


def test_one_that_was_withdrawn_before_its_use_stays_withdrawn(ours: Registry) -> None:
    uid = ours.generate_uid()
    assert ours.withdraw(uid, reason="a trial run").uids == (uid,), "one alone needs no list"
    with pytest.raises(BadRequest, match="it stays withdrawn"):
        ours.reinstate(uid, reason="after all")
    assert ours.show(uid).state == "withdrawn"
    replacement = ours.remap("1.2.3.4", scope="TRIAL")
    with pytest.raises(BadRequest, match="no object was registered with it yet"):
        ours.withdraw(replacement, reason="a trial run")
    assert ours.verify().ok


def test_as_a_parent_it_is_one_that_was_issued_here(ours: Registry, tmp_path: Path) -> None:
    study, series = ours.generate_uid(), ours.generate_uid()
    (instance,) = ours.issue("instance", study_instance_uid=study, series_instance_uid=series).uids
    copy = ours.remap_dataset(ct_slices()[0], scope="TRIAL")
    derived = ours.derive(copy, modality="SEG")
    assert derived.study_instance_uid == copy.StudyInstanceUID
    for uid in (study, series, derived.study_instance_uid):
        assert ours.show(uid).state == "issued", "not made elsewhere"
    assert {each.uid for each in ours.list(state="foreign")} == set()
    assert [event.what for event in ours.history(study)] == ["issued for any use", "issued as study"]
    path = save(tiny(instance, series, study, frame=ours.generate_uid()), tmp_path / "a.dcm")
    assert ours.register(path).findings == []
    assert ours.show(series).state == "registered"
    elsewhere = ours.issue("series", study_instance_uid="1.2.3.4").study_instance_uid
    assert [each.uid for each in ours.list(state="foreign")] == [elsewhere]
    assert ours.verify().ok


@pytest.mark.engine("sqlite")
def test_the_command_line_knows_it(ours: Registry, cli: Cli) -> None:
    uid = ours.generate_uid()
    shown = cli("show", uid, "--format", "json").json
    assert (shown["state"], shown["kind"], shown["issued_by"]) == ("issued", None, "tester")
    told = cli("history", uid).out
    assert "was issued, and nobody has seen an object with it yet" in told
    assert "issued for any use" in told
    assert cli("stats", "--format", "json").json["waiting"] == 1
    assert cli("list", "--issued-unused", "--format", "json").json[0]["uid"] == uid


@pytest.mark.engine("sqlite")
def test_it_needs_a_name_like_every_issuing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    monkeypatch.setattr("getpass.getuser", lambda: "root")
    with Registry(dataclasses.replace(settings, actor=None)) as nobodys, pytest.raises(ActorNeeded):
        nobodys.generate_uid()


def test_generators_of_a_kind_and_of_any(ours: Registry) -> None:
    study = ours.issue("study").uids[0]
    series = ours.issue("series", study_instance_uid=study, modality="SM").uids[0]
    instance = ours.uid_generator("instance", series_instance_uid=series)
    made = [instance() for _ in range(3)]
    assert all(type(uid) is UID for uid in made)
    assert {ours.show(uid).listed.series_instance_uid for uid in made} == {series}  # type: ignore[union-attr]
    size = ours.verify().size
    several = ours.uid_generator(at_once=10)
    assert len({several() for _ in range(15)}) == 15
    assert ours.verify().size == size + 2, "ten at once"


@pytest.mark.engine("sqlite")
def test_what_can_never_be_generated_is_refused_at_once(ours: Registry) -> None:
    with pytest.raises(TypeError, match=r"entropy_srcs\[1\] is a int"):
        ours.generate_uid(entropy_srcs=["a", 1])  # type: ignore[list-item]
    for wrong in (
        {"kind": "instance"},
        {"kind": "instanze"},
        {"at_once": 0},
        {"kind": "study", "at_once": 0},
    ):
        with pytest.raises(BadRequest):
            ours.uid_generator(**wrong)  # type: ignore[arg-type]


@pytest.mark.engine("sqlite")
def test_patched_pydicom_records_all_that_highdicom_makes(ours: Registry, tmp_path: Path) -> None:
    slices = ct_slices()
    with ours.patch_pydicom():
        uids = ours.derive(slices, modality="SEG")
        made = segmentation(slices, uids.series_instance_uid, hd.UID())
        text = report(slices, str(hd.UID()), str(hd.UID()), tracking_uid=hd.UID())
    assert made.DimensionOrganizationSequence[0].DimensionOrganizationUID.startswith(ROOT)
    for data_set in (made, text):
        assert ours.check(data_set).failing() == []
    new = [made.SOPInstanceUID, made.DimensionOrganizationSequence[0].DimensionOrganizationUID]
    new += [text.SOPInstanceUID, text.SeriesInstanceUID]
    new += [e.value for e in text.iterall() if e.keyword == "UID" and not e.value.endswith(".8")]
    assert {ours.show(str(uid)).state for uid in new} == {"issued"}


@pytest.mark.engine("sqlite")
def test_a_patch_ends_wherever_it_reached_and_however_it_ended(
    ours: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = types.ModuleType("loaded_meanwhile")
    monkeypatch.setitem(sys.modules, "loaded_meanwhile", late)
    with pytest.raises(ZeroDivisionError), ours.patch_pydicom():
        assert pydicom.uid.generate_uid().startswith(ROOT)
        assert pydicom.pixels.utils.generate_uid is pydicom.uid.generate_uid, "imported by name"
        exec("from pydicom.uid import generate_uid", late.__dict__)
        outer = pydicom.uid.generate_uid
        with ours.patch_pydicom():
            assert hd.UID().startswith(ROOT)
        assert pydicom.uid.generate_uid is outer
        _ = 1 / 0
    held: list[Any] = [pydicom.uid, pydicom.pixels.utils, late]
    assert {module.generate_uid for module in held} == {pydicoms}


@pytest.mark.engine("sqlite")
def test_wsidicom_writes_a_slide_with_recorded_uids(ours: Registry, tmp_path: Path) -> None:
    from tests.api.slides import write_slide

    files = write_slide(tmp_path, ours.uid_generator(at_once=20))
    slide = pydicom.dcmread(files[0])
    seen = {str(e.value) for e in slide.iterall() if e.VR == "UI" and str(e.value).startswith(ROOT)}
    assert slide.SOPInstanceUID in seen
    assert {ours.show(uid).state for uid in seen} == {"issued"}
    registered = ours.register([str(path) for path in files])
    assert registered.failing() == []


@pytest.mark.engine("sqlite")
def test_without_a_root_of_its_own_a_registry_generates_under_none(tmp_path: Path) -> None:
    settings = Settings(str(tmp_path / "r.db"), actor="tester")
    init(settings)
    with Registry(settings) as bare:
        assert bare.generate_uid(None).startswith("2.25.")
        with pytest.raises(BadPrefix, match="no root"):
            bare.generate_uid()


@pytest.mark.engine("sqlite")
def test_patches_of_threads_end_in_any_order(ours: Registry) -> None:
    before = pydicom.uid.generate_uid  # not the name in this module, which is patched too
    first, second = ours.patch_pydicom(), ours.patch_pydicom()
    with ExitStack() as later:
        with ExitStack() as sooner:
            sooner.enter_context(first)
            later.enter_context(second)
        assert ours.show(pydicom.uid.generate_uid()).state == "issued", "the other still holds"
    assert pydicom.uid.generate_uid is before


@pytest.mark.engine("sqlite")
def test_a_generator_leaves_nothing_out_that_was_asked(ours: Registry) -> None:
    with pytest.raises(BadRequest, match="without a kind"):
        ours.uid_generator(series_instance_uid="1.2.3.4")
    with pytest.raises(BadPrefix, match="under no root"):
        ours.uid_generator(root="1.2.3")
