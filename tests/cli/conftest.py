"""The program as people meet it: as a process of its own, on a terminal, without root's powers."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry.settings import Settings
from tests.conftest import Cli, Result
from tests.objects import ct_slices, save, save_all, segmentation, tiny

PROGRAM = str(Path(sys.executable).with_name("uid-registry"))

_MODELESS = """
import ctypes, os, sys
for capability in (1, 2, 3):  # to pass over modes, to read and search past them, to act as any owner
    if ctypes.CDLL(None).prctl(24, capability, 0, 0, 0):
        sys.exit(77)
os.execv(sys.argv[1], sys.argv[1:])
"""


@dataclass(frozen=True)
class Program:
    """`uid-registry` in a process of its own, with this environment in this folder."""

    environment: dict[str, str]
    folder: Path

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[bytes]:
        options = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **options,
        }
        command = [PROGRAM, *map(os.fsencode, map(str, arguments))]
        return subprocess.Popen(command, env=self.environment, cwd=self.folder, **options)

    def __call__(self, *arguments: object, stdin: bytes = b"") -> Result:
        with self.start(*arguments, stdin=subprocess.PIPE) as process:
            out, err = process.communicate(stdin)
        return _result(process.returncode, out, err)

    def shell(self, script: str, *arguments: object) -> Result:
        """A script of `sh`, with ``uid-registry`` on its path and the arguments as $1, $2, ..."""
        environment = {**self.environment, "PATH": f"{Path(PROGRAM).parent}:{os.environ['PATH']}"}
        command = ["sh", "-c", script, "sh", *map(os.fsencode, map(str, arguments))]
        done = subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, check=False)
        return _result(done.returncode, done.stdout, done.stderr)

    def bound_by_modes(self, *arguments: object) -> Result:
        """As a user for whom the modes of files count; root drops what lets it pass over them."""
        command = [PROGRAM, *map(str, arguments)]
        if os.geteuid() == 0:
            command = [sys.executable, "-c", _MODELESS, *command]
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, check=False
        )
        if done.returncode == 77:
            pytest.skip("root passes over modes here, and may not give that up")
        return _result(done.returncode, done.stdout, done.stderr)

    def on_a_terminal(self, *arguments: object, typed: bytes = b"", columns: int = 80) -> Result:
        """With a terminal for everything; ``typed`` once it asks. What it shows is in ``out``."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with self.start(
            *arguments, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        ) as process:
            os.close(theirs)
            shown = b""
            while part := _read(ours):
                shown += part
                if typed and shown.rstrip().endswith(b"[y/N]:"):
                    os.write(ours, typed)
                    typed = b""
        os.close(ours)
        return _result(process.returncode, shown.replace(b"\r\n", b"\n"), b"")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so once nobody has the other end any more
        return b""


def _result(code: int, out: bytes, err: bytes) -> Result:
    return Result(code, *(text.decode("utf-8", "surrogateescape") for text in (out, err)))


@pytest.fixture
def program(settings: Settings, tmp_path: Path) -> Program:
    """The program on the test's registry, with nothing of the machine's own settings."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
        "UID_REGISTRY_DATABASE": settings.database,
        "UID_REGISTRY_ACTOR": "tester",
    }
    if settings.key_file:
        environment["UID_REGISTRY_KEY_FILE"] = settings.key_file
    return Program(environment, tmp_path)


@pytest.fixture(autouse=True)
def _plain_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services that run tests set these, and typer then writes colours into pipes."""
    for name in ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TERMINAL_WIDTH", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


# --- objects, made once ------------------------------------------------------------------


@pytest.fixture(scope="session")
def ct(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CT series of two images."""
    folder = tmp_path_factory.mktemp("objects") / "ct"
    save_all(ct_slices(2), folder)
    return folder


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two segmentations of that series: right.dcm, and wrong.dcm in the series itself."""
    folder, slices = tmp_path_factory.mktemp("objects") / "export", ct_slices(2)
    save(segmentation(slices, "1.2.826.0.99.1.20", "1.2.826.0.99.1.20.1"), folder / "right.dcm")
    save(segmentation(slices, "1.2.826.0.99.1.1", "1.2.826.0.99.1.20.2"), folder / "wrong.dcm")
    return folder


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 4,000 small images of one series, 0000.dcm and so on."""
    folder = tmp_path_factory.mktemp("many")
    pattern = save(tiny("1.2.3.4.10000"), folder / "pattern").read_bytes()
    (folder / "pattern").unlink()
    for number in range(4000):
        (folder / f"{number:04}.dcm").write_bytes(
            pattern.replace(b"1.2.3.4.10000", b"1.2.3.4.%d" % (10000 + number))
        )
    return folder


@pytest.fixture
def stocked(cli: Cli, ct: Path) -> Cli:
    """`uid-registry` on a registry that knows the CT series."""
    assert cli("register", ct).code == 0
    return cli


@pytest.fixture
def folder(settings: Settings) -> Iterator[Path]:
    """The folder of the test's registry, writable again when the test is over."""
    place = Path(settings.database).parent
    yield place
    place.chmod(0o755)
    for file in place.iterdir():
        file.chmod(0o644)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, byte for byte."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def words(text: str) -> str:
    """A text without the frames and line ends that a help page puts into it."""
    return " ".join(text.replace("│", " ").split())


def types(document: dict[str, object]) -> dict[str, str]:
    """The names in a JSON object, and what sort of value each has."""
    return {name: type(value).__name__ for name, value in document.items()}
