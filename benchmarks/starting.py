"""How long a short command takes from its start to its end, beside what nothing could do without.

`uid-registry --version` beside a bare ``python -c "import typer"``. `uid-registry issue series`
beside ``python -c "import sqlalchemy"`` and one durable commit into an SQLite file of the same
kind; `show` and `check` of one file beside ``import sqlalchemy`` alone, and that and ``import
pydicom``. Each is a process of its own, all in turns; the rate is that of starts.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks import measure
from benchmarks.objects import objects
from benchmarks.stage import ACTOR, COMMAND, Registry, stage, start

MOST = 1.5
"""Times as long as the floor, at most."""

Command = Sequence[str]

_COMMIT = (
    "import sqlalchemy, sqlite3, sys; connection = sqlite3.connect(sys.argv[1]); "
    "connection.execute('PRAGMA journal_mode = WAL'); connection.execute('PRAGMA synchronous = FULL'); "
    "connection.execute('CREATE TABLE IF NOT EXISTS made (uid BLOB PRIMARY KEY)'); "
    "connection.execute('INSERT INTO made VALUES (randomblob(32))'); connection.commit(); connection.close()"
)


def main() -> None:
    given = measure.options(__doc__, "starts of each", usual=25, quick=3)
    with stage(given.folder) as place:
        registry = place.registry()
        pairs = commands(registry, objects(given.folder, 1))
        contestants = {
            f"{side} {what}": partial(_seconds, registry, command)
            for what, pair in pairs.items()
            for side, command in zip(("ours", "floor"), pair, strict=True)
        }
        timings = measure.in_turns(contestants, given.count)
    for what, (_, floor) in pairs.items():
        named = f"`uid-registry {what}`; floor: {_named(floor)}"
        ours, bare = timings[f"ours {what}"], timings[f"floor {what}"]
        print(measure.row(named, ours, bare, 1, goal=1 / MOST))


def commands(registry: Registry, folder: Path) -> dict[str, tuple[Command, Command]]:
    """For each short command, ours and what is put beside it."""
    (study,) = registry.run("issue", "study")[1]["uids"]
    (file,) = (path for path in folder.rglob("*") if path.is_file())

    def ours(*arguments: str) -> Command:
        return (str(COMMAND), *arguments, "--database", registry.database, "--actor", ACTOR)

    def python(code: str, *arguments: str) -> Command:
        return (sys.executable, "-c", code, *arguments)

    return {
        "--version": ((str(COMMAND), "--version"), python("import typer")),
        "issue series": (
            ours("issue", "series", "--study", study),
            python(_COMMIT, f"{registry.database}-floor"),
        ),
        "show": (ours("show", study), python("import sqlalchemy")),
        "check FILE": (ours("check", str(file)), python("import sqlalchemy, pydicom")),
    }


def _seconds(registry: Registry, command: Command) -> float:
    return start(*command, folder=registry.folder)[0]


def _named(floor: Command) -> str:
    imports, *rest = floor[2].split(";")
    return f"`{imports}`{' and a commit' if rest else ''}"


if __name__ == "__main__":
    main()
