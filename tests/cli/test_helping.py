"""`--help`: a sentence, then examples that can be typed as they stand, then the rest."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from registry.cli.app import app
from registry.cli.helping import PROGRAM, examples, examples_first

COMMANDS = typer.main.get_command(app)
MANUAL = Path(__file__).parents[2] / "docs" / "reference" / "uid-registry.1"
OPERATORS = {"|", "<", ">", "&&", ";"}


def walk(command: Any, *above: str) -> Iterator[tuple[str, Any]]:
    yield " ".join(above), command
    for name, below in getattr(command, "commands", {}).items():
        yield from walk(below, *above, name)


ALL = dict(walk(COMMANDS))


def arguments(line: str) -> list[str]:
    """What the program is given by a command line of a shell."""
    if line.startswith("eval"):  # eval "$(uid-registry ...)"
        return arguments(shlex.split(line)[1].removeprefix("$(").removesuffix(")"))
    words = shlex.split(line, comments=True)
    start = words.index(PROGRAM) + 1
    ends = [place for place, word in enumerate(words) if place > start and word in OPERATORS]
    return words[start : min(ends, default=len(words))]


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_examples_behind_its_first_sentence(name: str) -> None:
    parts = ALL[name].help.split("\n\n")
    assert parts[1].startswith(("\b\nExamples:", "\b\nExample:"))
    assert not any("Example" in part for part in (parts[0], *parts[2:]))
    assert all(len(line) <= 80 for line in parts[1].splitlines())


@pytest.mark.parametrize("name", ALL)
def test_every_example_is_understood(name: str) -> None:
    command = ALL[name]
    shown = examples(command.help)
    assert shown
    for line in shown:
        words = arguments(line)
        with COMMANDS.make_context(PROGRAM, [*words]) as context:
            rest = [*context._protected_args, *context.args]
            called: Any = COMMANDS
            path = []
            while hasattr(called, "commands"):
                path.append(rest[0])
                called, rest = called.commands[rest[0]], rest[1:]
            with called.make_context(path[-1], rest, parent=context):
                assert " ".join(path).startswith(name), line


def test_what_has_no_examples_stays_as_it_is() -> None:
    class Command:
        params = ()
        help = "Does this.\n\nAnd that."

    assert examples_first(Command()).help == "Does this.\n\nAnd that."


def test_a_long_example_goes_on_where_a_shell_takes_it() -> None:
    class Command:
        params = ()
        help = f"Does.\n\nExample:\n\n  {PROGRAM} check {'a' * 50} --fail-on error --format json\n\nAnd that."

    text = examples_first(Command()).help
    assert f"  {PROGRAM} check {'a' * 50} \\\n      --fail-on error --format json\n\nAnd that." in text
    assert examples(text) == [f"{PROGRAM} check {'a' * 50}       --fail-on error --format json"]


@pytest.mark.parametrize("name", [name for name, command in ALL.items() if not hasattr(command, "commands")])
def test_the_manual_page_has_every_command_and_its_examples(name: str) -> None:
    page = MANUAL.read_text().replace("\\-", "-").replace("\\e", "\\")
    assert f"\n.SS uid-registry {name}" in page
    shown = next(part for part in ALL[name].help.split("\n\n") if part.startswith("\b\n"))
    assert shown.split("\n", 2)[2].replace("`", "\\(ga") in page


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc isn't here")
def test_the_manual_page_is_one() -> None:
    told = subprocess.run(
        ["mandoc", "-Tlint", "-Wwarning", MANUAL], capture_output=True, text=True, check=False
    )
    assert [line for line in told.stdout.splitlines() if "missing date" not in line] == []
