"""Streams that aren't as usual: full, closed, read by nobody. It is no bug of ours, and none is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from registry.settings import Settings

pytestmark = [pytest.mark.engine("sqlite"), pytest.mark.usefixtures("registry")]

FULL = "/dev/full"


def _started(words: Sequence[str], redirected: str) -> subprocess.CompletedProcess[str]:
    """The program with its streams as a shell redirects them."""
    script = f'exec "$@" {redirected}'
    command = ["sh", "-c", script, "sh", sys.executable, "-m", "registry", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.skipif(not os.path.exists(FULL), reason="no device that is always full")
@pytest.mark.parametrize("words", [["stats"], ["list", "--help"], ["--version"]], ids=" ".join)
def test_a_full_disk_under_the_output_is_no_bug(words: list[str], settings: Settings) -> None:
    given = ["--database", settings.database, *words] if words == ["stats"] else words
    done = _started(given, f">{FULL}")
    assert done.returncode == 2
    assert done.stderr.startswith("error: the output can't be written: No space left on device\n  next: ")
    assert "bug" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(not os.path.exists(FULL), reason="no device that is always full")
def test_a_full_log_takes_no_result_with_it(settings: Settings) -> None:
    done = _started(["--database", settings.database, "check", "-"], f"</dev/null 2>{FULL}")
    assert (done.returncode, done.stdout[:8]) == (0, "passed: ")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_an_empty_one(closed: str, settings: Settings) -> None:
    done = _started(["--database", settings.database, "check", "-"], f"</dev/null {closed}")
    assert done.returncode == 0
    assert ("passed: " in done.stdout) == (closed != ">&-")
    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr


@pytest.mark.parametrize("words", [["--version"], ["list", "--help"]], ids=" ".join)
def test_a_pipe_that_nobody_reads_is_fine(words: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as nobody:
        command = [sys.executable, "-m", "registry", *words]
        done = subprocess.run(
            command, stdout=nobody, stderr=subprocess.PIPE, text=True, timeout=30, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")
