"""Checkpoints and proofs of real registries, verified by another implementation: Go's sumdb.

It needs Go, and golang.org/x/mod: Debian's golang-golang-x-mod-dev, or a network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry.services.auditing import audit_log
from registry.services.checkpointing import checkpoint
from registry.services.initializing import init
from registry.services.opening import OpenRegistry, opened
from registry.services.proving import prove_entry, prove_growth
from registry.services.signing import create
from registry.services.trusting import Handed, own_keys
from registry.settings import Settings
from tests.conftest import fill
from tests.objects import ROOT
from tests.postgres import Server

SOURCE = Path(__file__).with_name("verify.go")
DEBIAN = Path("/usr/share/gocode")  # where its packages of Go's libraries are


def built(folder: Path) -> Path:
    """The verifier, compiled."""
    program, environment = folder / "verify", {**os.environ, "GOCACHE": str(folder / "cache")}
    if (DEBIAN / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        environment |= {"GO111MODULE": "off", "GOPATH": str(DEBIAN)}
        subprocess.run(["go", "build", "-o", program, SOURCE], env=environment, check=True)
        return program
    shutil.copy(SOURCE, folder)
    for command in (["mod", "init", "interop"], ["mod", "tidy"], ["build", "-o", program, "."]):
        subprocess.run(["go", *command], env=environment, cwd=folder, check=True)
    return program


class Judge:
    """Lets the other implementation judge files, right ones and spoilt ones."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self._folder = program, folder
        self.verified = self.refused = 0

    def believes(self, vkey: str, sort: str, *texts: str) -> bool:
        files = []
        for number, text in enumerate(texts):
            files.append(self._folder / str(number))
            files[-1].write_text(text)
        done = subprocess.run([self._program, vkey, sort, *files], capture_output=True, check=False)
        return done.returncode == 0

    def must_believe(self, vkey: str, sort: str, *texts: str) -> None:
        if not self.believes(vkey, sort, *texts):
            sys.exit(f"refused by Go: {sort}\n" + "\n".join(texts))
        self.verified += 1
        *before, last = texts
        for spoilt in spoilings(last):
            if self.believes(vkey, sort, *before, spoilt):
                sys.exit(f"believed by Go though spoilt: {sort}\n{spoilt}")
            self.refused += 1


def spoilings(text: str) -> Iterator[str]:
    """The text with one letter of each line that matters changed."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        at = len(line) // 2
        if len(line) > 1:
            other = (
                "B" if line[at] == "A" else "A" if not line[at].isdigit() else str((int(line[at]) + 1) % 10)
            )
            yield "".join([*lines[:number], f"{line[:at]}{other}{line[at + 1 :]}", *lines[number + 1 :]])


def judged(registry: OpenRegistry, judge: Judge) -> int:
    """The size of a registry whose entries, growth and keys the other implementation has verified."""
    vkey, keys = str(own_keys(registry)[0]), own_keys(registry)
    notes = [Handed(str(number), str(checkpoint(registry).note).encode()) for number in range(5)]
    for note in notes:
        judge.must_believe(vkey, "note", note.data.decode())
    ids = [told.entry.id for told in audit_log(registry)][:-1]
    for entry in ids:
        judge.must_believe(vkey, "inclusion", prove_entry(registry, entry, notes[-1], keys).text)
    for place, older in enumerate(notes):
        for newer in notes[place:]:
            proof = prove_growth(registry, older, newer, keys).text
            judge.must_believe(vkey, "consistency", older.data.decode(), proof)
    state = create(registry)
    judge.must_believe(str(state.keys[0]), "note", str(checkpoint(registry).note))
    return len(ids)


@contextmanager
def places(folder: Path) -> Iterator[dict[str, str]]:
    server = Server()
    try:
        yield {"sqlite": f"{folder}/registry.db", "postgresql": server.url(server.create())}
    finally:
        server.close()


def main() -> int:
    if not shutil.which("go"):
        sys.exit("go isn't installed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = built(folder)
        with places(folder) as urls:
            for engine, url in urls.items():
                (folder / engine).mkdir()
                settings = Settings(url, actor="tester", seen="none", key_file=f"{folder}/{engine}/key")
                init(settings, root=ROOT)
                fill(settings, folder / engine)
                judge = Judge(program, folder / engine)
                with opened(settings) as registry:
                    entries = judged(registry, judge)
                print(
                    f"{engine}: {entries} entries; {judge.verified} verified, {judge.refused} spoilt refused"
                )
    print(subprocess.run(["go", "version"], capture_output=True, text=True, check=True).stdout.strip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
