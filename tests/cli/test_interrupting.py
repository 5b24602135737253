"""Ctrl-C: somebody is told what becomes of what was done so far."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from registry.settings import Settings


@pytest.mark.engine("sqlite")
@pytest.mark.usefixtures("registry")
def test_who_interrupts_a_run_is_told_that_it_can_go_on(settings: Settings) -> None:
    command = [sys.executable, "-m", "registry", "register", "--database", settings.database, "-"]
    # Whoever runs the tests in the background of a shell has the signal ignored, down to the program.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        running = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert running.stderr is not None
    assert running.stderr.readline().startswith("registry ")  # now it waits for paths
    running.send_signal(signal.SIGINT)
    told, errors = running.communicate(timeout=20)
    assert errors == "interrupted: what was recorded stays; the same command, run again, does the rest\n"
    assert (told, running.returncode) == ("", -signal.SIGINT)
