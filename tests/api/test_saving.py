"""``save``: checked, recorded, written, in an order that outlives a crash at any point."""

from __future__ import annotations

import errno
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset

from registry import FindingsError, Registry
from registry.dicomfile import writing
from registry.errors import BadRequest, NoSuchPath, NotWritable, PathTaken, UnknownUid
from registry.records import Verdict
from registry.services import registering, saving
from registry.settings import Settings
from tests.objects import ct_slices, segmentation, tiny


def test_what_is_saved_is_recorded_and_whole(ours: Registry, tmp_path: Path) -> None:
    slices = ct_slices()
    for index, image in enumerate(slices):
        report = ours.save(image, tmp_path / f"{index}.dcm")
        assert dict(report.verdicts) == {Verdict.NEW: 1}
    uids = ours.derive(slices, modality="SEG")
    made = segmentation(slices, uids.series_instance_uid, uids.sop_instance_uid)
    before = [(element.tag, element.value) for element in made]
    ours.save(made, tmp_path / "seg.dcm").raise_for_findings()
    assert [(element.tag, element.value) for element in made] == before, "no value of it is changed"
    assert pydicom.dcmread(tmp_path / "seg.dcm").SOPInstanceUID == uids.sop_instance_uid
    assert ours.show(uids.sop_instance_uid).state == "registered"
    assert dict(ours.check([tmp_path / "seg.dcm"]).verdicts) == {Verdict.REPEAT: 1}
    assert sorted(os.listdir(tmp_path)) == ["0.dcm", "1.dcm", "seg.dcm"]


@pytest.mark.engine("sqlite")
def test_the_mode_of_the_file_is_that_of_every_other(ours: Registry, tmp_path: Path) -> None:
    ours.save(tiny(), tmp_path / "a.dcm")
    (tmp_path / "b").touch()
    assert (tmp_path / "a.dcm").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.engine("sqlite")
def test_saving_again_is_a_repeat(ours: Registry, tmp_path: Path) -> None:
    ours.save(tiny(), tmp_path / "a.dcm")
    assert dict(ours.save(tiny(), tmp_path / "a.dcm").verdicts) == {Verdict.REPEAT: 1}
    assert dict(ours.save(tiny(), tmp_path / "b.dcm").verdicts) == {Verdict.REPEAT: 1}


@pytest.mark.engine("sqlite")
def test_what_must_not_pass_leaves_nothing(ours: Registry, tmp_path: Path) -> None:
    slices = ct_slices()
    ours.save(slices[0], tmp_path / "0.dcm")
    wrong = segmentation(slices, slices[0].SeriesInstanceUID, "1.2.826.0.99.5")
    with pytest.raises(FindingsError) as found:
        ours.save(wrong, tmp_path / "seg.dcm")
    assert "UID501" in [finding.code for finding in found.value.findings]
    assert {finding.path for finding in found.value.findings} == {str(tmp_path / "seg.dcm")}
    with pytest.raises(UnknownUid):
        ours.show("1.2.826.0.99.5")
    assert os.listdir(tmp_path) == ["0.dcm"]
    report = ours.save(wrong, tmp_path / "seg.dcm", fail_on="never")
    assert "UID501" in [finding.code for finding in report.findings]
    assert (tmp_path / "seg.dcm").exists()


@pytest.mark.engine("sqlite")
def test_another_thing_under_the_uid_is_refused_even_to_overwrite(ours: Registry, tmp_path: Path) -> None:
    ours.save(tiny(), tmp_path / "a.dcm")
    before = (tmp_path / "a.dcm").read_bytes()
    with pytest.raises(FindingsError, match="UID301"):
        ours.save(tiny(pixels=b"\7\7\7\7"), tmp_path / "a.dcm", overwrite=True)
    assert (tmp_path / "a.dcm").read_bytes() == before


@pytest.mark.engine("sqlite")
def test_another_file_stays_unless_it_may_be_overwritten(ours: Registry, tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_text("somebody's")
    with pytest.raises(PathTaken, match="another file"):
        ours.save(tiny(), tmp_path / "a.dcm")
    assert (tmp_path / "a.dcm").read_text() == "somebody's"
    with pytest.raises(UnknownUid):
        ours.show("1.2.3.4.1")
    ours.save(tiny(), tmp_path / "a.dcm", overwrite=True)
    assert pydicom.dcmread(tmp_path / "a.dcm").SOPInstanceUID == "1.2.3.4.1"


def test_of_many_who_save_at_once_each_file_is_whole_and_each_uid_recorded(
    ours: Registry, tmp_path: Path
) -> None:
    def work(number: int) -> str:
        try:
            return str(*ours.save(tiny(f"1.2.3.4.{number % 2}"), tmp_path / "a.dcm").verdicts)
        except PathTaken:
            return "taken"

    with ThreadPoolExecutor(6) as pool:
        outcomes = Counter(pool.map(work, range(6)))
    assert outcomes["taken"] == 3, outcomes
    assert pydicom.dcmread(tmp_path / "a.dcm").SOPInstanceUID in ("1.2.3.4.0", "1.2.3.4.1")
    assert os.listdir(tmp_path) == ["a.dcm"]


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_comes_meanwhile_stays(
    ours: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """Also on a file system without second names."""

    def record(*args: Any, **more: Any) -> Any:
        (tmp_path / "a.dcm").write_text("somebody's")
        return recording(*args, **more)

    def no_link(*_: object) -> None:
        raise PermissionError(1, "no links here")

    recording = registering.record
    if not links:
        monkeypatch.setattr(os, "link", no_link)
        ours.save(tiny("1.2.3.4.2"), tmp_path / "b.dcm")
    monkeypatch.setattr(registering, "record", record)
    with pytest.raises(PathTaken):
        ours.save(tiny(), tmp_path / "a.dcm")
    assert (tmp_path / "a.dcm").read_text() == "somebody's"


@pytest.mark.engine("sqlite")
def test_what_cant_be_written_says_so_and_quotes_nothing(ours: Registry, tmp_path: Path) -> None:
    without = Dataset()
    without.update(tiny())
    wrong = tiny()
    with pytest.warns(UserWarning, match="VR US"):
        wrong.add_new(0x00280010, "US", "MÜLLER^HANS")
    for data_set in (without, wrong):
        with pytest.raises(NotWritable, match="pydicom raises") as refused:
            ours.save(data_set, tmp_path / "a.dcm")
        assert "HANS" not in f"{refused.value}{refused.value.advice}"
        assert refused.value.__suppress_context__
    for path in (tmp_path / "nowhere" / "a.dcm", tmp_path):
        with pytest.raises((NoSuchPath, PathTaken), match="folder"):
            ours.save(tiny(), path)
    assert os.listdir(tmp_path) == []


def as_file(data_set: Dataset) -> bytes:
    file = BytesIO()
    data_set.save_as(file, enforce_file_format=True)
    return file.getvalue()


@pytest.mark.engine("sqlite")
def test_a_full_disk_says_so_and_quotes_nothing(
    ours: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pydicom.filewriter

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(pydicom.filewriter.writers, "LO", (full, None))  # pydicom wraps it, with the value
    with pytest.raises(OSError, match="No space left") as refused:
        ours.save(tiny(patient="MÜLLER^HANS"), tmp_path / "a.dcm")
    assert refused.value.errno == errno.ENOSPC
    assert "HANS" not in str(refused.value)
    assert os.listdir(tmp_path) == []


STEPS: tuple[tuple[Any, str], ...] = (
    (writing, "write"),
    (os, "fsync"),
    (registering, "record"),
    (saving, "_name"),
    (os, "link"),
    (os, "unlink"),
)
"""Before and after each call of these the process may end."""


def _save_and_die(settings: Settings, data_set: Dataset, path: Path, at: int) -> None:
    """Save, and be killed at the so-many-th moment."""
    moments = iter(range(at + 1))

    def moment() -> None:
        if next(moments) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **more: Any) -> Any:
            moment()
            answer = call(*args, **more)
            moment()
            return answer

        return called

    for module, name in STEPS:
        setattr(module, name, around(getattr(module, name)))
    with Registry(settings) as registry:
        registry.save(data_set, path)


def _killed(settings: Settings, tmp_path: Path) -> Iterator[tuple[Dataset, Path]]:
    """What was to be saved, and where, after each moment at which the process was killed."""
    context = get_context("fork")
    for at in range(100):
        data_set, path = tiny(f"1.2.3.4.{at + 1}"), tmp_path / f"{at}.dcm"
        child = context.Process(target=_save_and_die, args=(settings, data_set, path, at))
        child.start()
        child.join()
        if child.exitcode == 0:
            assert at > 2 * len(STEPS), "there were more moments than calls"
            return
        assert child.exitcode == -signal.SIGKILL
        yield data_set, path


@pytest.mark.engine("sqlite")
def test_killed_at_any_point_no_half_file_has_the_name_and_the_same_call_mends_it(
    ours: Registry, settings: Settings, tmp_path: Path
) -> None:
    states = set()
    for data_set, path in _killed(settings, tmp_path):
        found = next(ours.show_all([data_set.SOPInstanceUID])).state
        states.add((found, path.exists()))
        if path.exists():
            assert path.read_bytes() == as_file(data_set)
        ours.save(data_set, path)
        assert path.read_bytes() == as_file(data_set)
        assert ours.show(data_set.SOPInstanceUID).state == "registered"
    assert states == {("unknown", False), ("registered", False), ("registered", True)}
    assert ours.verify().ok
    assert ours.check([path for path in tmp_path.iterdir() if path.suffix == ".dcm"]).failing() == []


@pytest.mark.engine("sqlite")
def test_where_no_file_can_be_nothing_is_recorded(ours: Registry, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, error in (
        (f"{tmp_path}/new/", BadRequest),
        ("", BadRequest),
        (tmp_path / ("n" * 300), OSError),
        (tmp_path / "pipe", PathTaken),
    ):
        with pytest.raises(error):
            ours.save(tiny(), path, overwrite=True)
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(PathTaken):
        ours.save(tiny(), tmp_path / "link")
    assert list(ours.list()) == []
    assert sorted(os.listdir(tmp_path)) == ["link", "pipe"]
    ours.save(tiny(), tmp_path / ("\N{LATIN SMALL LETTER U WITH DIAERESIS}" * 125))
