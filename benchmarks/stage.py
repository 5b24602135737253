"""Where ours is put on: fresh registries, and the command as users start it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).with_name("uid-registry")
ROOT = "1.3.6.1.4.1.32473.1"
ACTOR = "benchmark"


def start(*command: object, folder: Path) -> tuple[float, str]:
    """Run a program in a folder, from start to end: the seconds, and what it printed."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("UID_REGISTRY_")}
    # No settings of the person who runs it.
    environment = ours | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "UID_REGISTRY_ACTOR": ACTOR}
    begun = time.perf_counter()
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stderr}")
    return seconds, done.stdout


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry in a folder of its own: its database and its key."""

    folder: Path

    @property
    def database(self) -> str:
        return str(self.folder / "registry.db")

    def run(self, *arguments: object) -> tuple[float, Any]:
        """Run `uid-registry`: the seconds, and its JSON."""
        options = ("--database", self.database, "--format", "json")
        seconds, answer = start(COMMAND, *arguments, *options, folder=self.folder)
        return seconds, json.loads(answer)


class Stage:
    """Makes registries, copies of them to be used up, and folders for others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def registry(self) -> Registry:
        """A fresh registry, as `uid-registry init` makes it."""
        registry = Registry(self.folder())
        registry.run("init", "--root", ROOT, "--organization", "Example Hospital")
        return registry

    def folder(self) -> Path:
        """A fresh folder."""
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        return folder

    def copy(self, registry: Registry) -> Registry:
        """Another registry just like this one, on the disk before the clock starts."""
        other = Registry(self._folder / str(next(self._numbers)))
        shutil.copytree(registry.folder, other.folder)
        os.sync()
        return other


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A stage on the disk that is to be measured; it is cleared at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="registries-", dir=folder) as registries:
        yield Stage(Path(registries))
