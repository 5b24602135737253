"""The script of docs/pipeline.md, as cron would run it, with a receiver of DCMTK's at the other end."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import PROGRAM, Program
from tests.conftest import Cli
from tests.objects import save, tiny

pytestmark = [
    pytest.mark.engine("sqlite"),  # what a shell makes of paths and statuses is no database's matter
    pytest.mark.skipif(shutil.which("storescp") is None, reason="DCMTK isn't installed"),
]

HOME = Path(__file__).parents[2]


@pytest.fixture
def received(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """Where what is sent arrives, and on which port."""
    folder = tmp_path / "received"
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(["storescp", "-od", folder, str(port)], stderr=subprocess.DEVNULL) as receiver:
        while receiver.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield folder, port
        receiver.terminate()


@pytest.fixture
def release(program: Program, received: tuple[Path, int], tmp_path: Path) -> str:
    """Makes the script and all that it needs; what to run."""
    (script,) = re.findall(
        r"^```sh\n(#!/bin/sh\n.*?)^```$", (HOME / "docs/pipeline.md").read_text(), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "release").write_text(script)
    (tmp_path / "release").chmod(0o755)
    (tmp_path / "quarantine").mkdir()
    (tmp_path / "inbox").mkdir()
    return f"./release inbox TRIAL_PACS 127.0.0.1 {received[1]}"


def run(program: Program, command: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(PROGRAM).parent}:{os.environ['PATH']}"
    environment = {**program.environment, "PATH": path, "PYTHONPATH": str(HOME)}
    return subprocess.run(
        command, shell=True, cwd=program.folder, env=environment, capture_output=True, text=True, check=False
    )


def test_what_passes_is_sent_and_what_fails_is_kept_back(
    cli: Cli, program: Program, release: str, received: tuple[Path, int]
) -> None:
    inbox, folder = program.folder / "inbox", program.folder
    save(tiny("1.2.3.4.1", pixels=bytes(8)), inbox / "a folder" / "it's\nfine.dcm")
    save(tiny("2.999.1"), inbox / "its own root.dcm")
    done = run(program, release)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert [path.name for path in (folder / "quarantine").iterdir()] == ["its own root.dcm"]
    assert len([*received[0].iterdir()]) == 1
    assert not [*inbox.iterdir()]
    (sent,) = cli("list", "--sent-to", "TRIAL_PACS", "--kind", "instance", "--format", "json").json
    assert sent["uid"] == "1.2.3.4.1"
    save(tiny("1.2.3.4.2"), inbox / "next.dcm")
    assert run(program, release).returncode == 0
    assert len([*received[0].iterdir()]) == 2


def test_where_nothing_could_be_decided_nothing_goes_and_nothing_is_kept_back(
    program: Program, release: str, received: tuple[Path, int]
) -> None:
    save(tiny("1.2.3.4.1"), program.folder / "inbox" / "fine.dcm")
    program.environment["UID_REGISTRY_DATABASE"] = str(program.folder / "none.db")
    done = run(program, release)
    assert done.returncode == 3
    assert "uid-registry init" in done.stderr
    assert not [*received[0].iterdir(), *(program.folder / "quarantine").iterdir()]
    assert [path.name for path in program.folder.glob("batch.*/*")] == ["fine.dcm"]
