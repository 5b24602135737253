"""A file gets its name when it is whole, and takes no other's."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from registry.placement import alone_in, placed, replaced


@pytest.fixture(params=["links", "no links"])
def _links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system with links, and on one without."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    if request.param == "no links":
        monkeypatch.setattr(os, "link", refuse)


pytestmark = pytest.mark.usefixtures("_links")


def test_what_was_written_is_there_for_its_owner_alone(tmp_path: Path) -> None:
    with placed(tmp_path / "file") as written:
        assert not (tmp_path / "file").exists()
        written.write_text("all of it")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "all of it"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_what_failed_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), placed(tmp_path / "file") as written:
        written.write_text("half of")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("years of work")
    with pytest.raises(FileExistsError), placed(tmp_path / "file"):
        pytest.fail("it begins nothing")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(FileExistsError), placed(tmp_path / "link"):
        pytest.fail("it begins nothing")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


def test_nothing_is_replaced_that_came_meanwhile(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError), placed(tmp_path / "file") as written:
        written.write_text("mine")
        (tmp_path / "file").write_text("years of work")
    assert (tmp_path / "file").read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# --- in the place of another ------------------------------------------------------------------


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_the_old_one_until_it_is_the_new_one(tmp_path: Path, durable: bool) -> None:
    (tmp_path / "file").write_text("old")
    with replaced(tmp_path / "file", durable=durable) as written:
        written.write_text("new")
        assert (tmp_path / "file").read_text() == "old"
    assert (tmp_path / "file").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_failed_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(RuntimeError), replaced(tmp_path / "file") as written:
        written.write_text("half of")
        raise RuntimeError
    assert (tmp_path / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(("mode", "there"), [(0o600, 0o600), (0o666, 0o644)])
def test_who_may_read_it_is_said(tmp_path: Path, mode: int, there: int) -> None:
    before = os.umask(0o022)
    try:
        with replaced(tmp_path / "file", mode=mode):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == there


def test_one_waits_for_the_other(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from registry.placement import alone_in
with alone_in(Path({str(tmp_path)!r})):
    Path({str(tmp_path / "second")!r}).touch()
"""
    with alone_in(tmp_path):
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run([sys.executable, "-c", code], timeout=1, check=True)
        assert not (tmp_path / "second").exists()
    subprocess.run([sys.executable, "-c", code], timeout=30, check=True)
    assert (tmp_path / "second").exists()
