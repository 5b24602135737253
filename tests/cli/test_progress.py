"""The line that tells how far a run is: on a terminal alone, and gone when anything else is told."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from registry.cli import progress as module
from registry.cli.output import tell, write
from registry.cli.progress import Progress

CLEARED = "\r\033[K"


class Terminal(io.StringIO):
    """What is told on it."""

    def isatty(self) -> bool:
        return True

    def told(self) -> str:
        """What was told since it was last asked."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr(module, "_shown", False)
    terminal = Terminal()
    monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=terminal))
    return terminal


def test_off_a_terminal_it_says_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    progress = Progress("checked")
    progress.among([str(tmp_path)])
    progress(1)
    progress.done()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("end", ["done", "told", "written"])
def test_nothing_of_it_is_left(terminal: Terminal, end: str) -> None:
    progress = Progress("checked")
    progress(7)
    assert terminal.told().startswith(f"{CLEARED}checked 7 files, ")
    if end == "done":
        progress.done()
    elif end == "told":
        tell("interrupted")
    else:
        write(["a result"])
    assert terminal.told() == CLEARED
    progress.done()
    assert terminal.told() == ""  # it was taken away already


def test_a_line_is_no_longer_than_the_terminal_is_wide(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    Progress("registered")(1_000_000, 2_000_000)
    assert terminal.told() == f"{CLEARED}registered 1,000,00"


def test_how_many_files_there_are_is_counted_meanwhile(terminal: Terminal, tmp_path: Path) -> None:
    for name in ("a/1.dcm", "a/2.dcm", "a/b/3.dcm", "4.zip"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    progress = Progress("registered")
    progress.among([str(tmp_path / "a"), str(tmp_path / "4.zip")])
    assert progress._there is not None
    progress._there.join(10)
    progress._begun -= 10
    progress(2)
    assert re.search(r"registered 2 of 4 files, 0 a second, 10 s left$", terminal.told())
    progress._there.counted, progress._told = False, 0.0
    progress(2)
    assert "registered 2 of at least 4 files, " in terminal.told()
    progress._told = time.monotonic() - 1
    progress(5)  # more than were there when it was counted: it says what it knows
    assert "registered 5 files, " in terminal.told()
