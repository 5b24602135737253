"""Copies with other UIDs, whatever becomes of the processes that write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.limits import Limits
from registry.services.opening import OpenRegistry
from registry.services.remapfiles import Copiers, remap_files
from registry.services.remapping import Remapper
from tests.objects import save_all, tiny

pytestmark = pytest.mark.engine("sqlite")


def test_a_process_that_is_lost_costs_no_copy(registry: OpenRegistry, tmp_path: Path) -> None:
    save_all([tiny(f"1.2.3.4.{number}") for number in range(5)], tmp_path / "in")
    with Copiers(Limits(), 1) as copiers:
        (worker,) = copiers._alive
        worker.greet()
        worker.kill()
        done = remap_files(copiers, Remapper(registry, "A"), [str(tmp_path / "in")], str(tmp_path / "out"))
    assert (done.written, done.failed) == (5, [])
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 5


def test_a_folder_that_cant_be_written_is_told_for_each_file(registry: OpenRegistry, tmp_path: Path) -> None:
    save_all([tiny()], tmp_path / "in")
    remapper = Remapper(registry, "A")
    study = remapper.uid("1.2.3")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / study).write_text("in the way")
    with Copiers(Limits(), 1) as copiers:
        done = remap_files(copiers, remapper, [str(tmp_path / "in")], str(tmp_path / "out"))
    (failed,) = done.failed
    assert "the system says" in failed.reason
    assert (tmp_path / "out" / study).read_text() == "in the way"
