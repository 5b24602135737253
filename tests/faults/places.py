"""Where the faults strike: registries on a real disk, and the program beside them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from registry.settings import Settings
from tests.conftest import Registries, Result
from tests.objects import save, tiny
from tests.postgres import Server, database_of

HOME = Path(__file__).parents[2]
PROGRAM = str(Path(sys.executable).with_name("uid-registry"))
_STUDY = "1.2.826.0.99.7"


@dataclass(frozen=True)
class Place:
    """One registry, and how programs are started on it."""

    engine: str
    settings: Settings
    folder: Path
    server: Server | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the machine's own settings."""
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(HOME),
            "UID_REGISTRY_DATABASE": self.settings.database,
            "UID_REGISTRY_ACTOR": "tester",
        }
        return given | ({"UID_REGISTRY_KEY_FILE": self.settings.key_file} if self.settings.key_file else {})

    def start(
        self,
        *arguments: object,
        under: Sequence[object] = (),
        constants: Mapping[str, object] | None = None,
    ) -> subprocess.Popen[str]:
        """Start `uid-registry`, ``under`` another program, with some ``constants`` of it changed."""
        program = [PROGRAM]
        if constants:
            program = [sys.executable, "-m", "tests.faults.program", json.dumps(constants)]
        return subprocess.Popen(
            [*map(str, under), *program, *map(str, arguments)],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        *arguments: object,
        under: Sequence[object] = (),
        constants: Mapping[str, object] | None = None,
        seconds: float = 120,
    ) -> Result:
        """Run it to its end; one that takes longer than ``seconds`` hangs, and is killed."""
        with self.start(*arguments, under=under, constants=constants) as process:
            return ended(process, seconds)

    def issued(self, *arguments: object) -> list[str]:
        """UIDs that are issued without any fault."""
        done = self.run("issue", *arguments)
        if done.code:
            raise AssertionError(done.err)
        return done.out.split()

    def series(self) -> tuple[str, str]:
        """A study and a series of it, issued."""
        (study,) = self.issued("study")
        (series,) = self.issued("series", "--study", study, "--modality", "SEG")
        return study, series

    def quiet(self) -> None:
        """Wait until no client's session is left on the server: a killed one ends by itself."""
        if self.server is None:
            return
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
        name = database_of(self.settings.database)

        def none_left() -> bool:
            with self.server.connect() as connection:  # type: ignore[union-attr]
                return connection.execute(asked, [name]).fetchone() == (0,)

        until(none_left, "sessions of killed clients stay")


def ended(process: subprocess.Popen[str], seconds: float) -> Result:
    """What a program left behind; status -9 for one that hung."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return Result(-9, out, f"it hung for {seconds:.0f} s\n{err}")
    return Result(process.returncode, out, err)


class Stage:
    """Makes places on one engine, in a folder on a real disk."""

    def __init__(self, engine: str, folder: Path, server: Server | None = None) -> None:
        self.engine, self.folder, self.server = engine, folder, server
        folder.mkdir(parents=True, exist_ok=True)
        self.registries = Registries(folder, server)
        self._images: dict[int, Path] = {}

    def place(self) -> Place:
        """A fresh registry; the one before is done with."""
        self.registries.drop()
        # What is done here between the programs puts old copies in place, and on purpose.
        settings = replace(self.registries.make(), seen="none")
        folder = Path(settings.database).parent if self.server is None else self.folder
        return Place(self.engine, settings, folder, self.server)

    def images(self, count: int) -> Path:
        """A folder with so many small images of one series."""
        if count not in self._images:
            folder = self.folder / f"images-{count}"
            pattern = save(tiny(f"{_STUDY}.1.10000", f"{_STUDY}.1", _STUDY), self.folder / "pattern")
            content = pattern.read_bytes()
            folder.mkdir()
            for number in range(count):
                uid = f"{_STUDY}.1.{10000 + number}".encode()
                (folder / f"{number:04}.dcm").write_bytes(content.replace(f"{_STUDY}.1.10000".encode(), uid))
            self._images[count] = folder
        return self._images[count]


def until(holds: Callable[[], object], otherwise: str, seconds: float = 60) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise)
        time.sleep(0.01)


@contextmanager
def stages(folder: Path, engines: Sequence[str]) -> Iterator[list[Stage]]:
    """A stage for each engine; PostgreSQL with all its syncs."""
    server = Server(durable=True) if "postgresql" in engines else None
    try:
        yield [
            Stage(engine, folder / engine, server if engine == "postgresql" else None) for engine in engines
        ]
    finally:
        if server is not None:
            server.close()
