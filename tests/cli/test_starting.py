"""Starting: what a short command imports, commands that are loaded when they are asked for, and
options that are taken without typer's help, just as typer would have taken them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from registry.cli.app import app
from registry.version import __version__
from tests.cli.conftest import Program, words
from tests.conftest import Cli

pytestmark = pytest.mark.engine("sqlite")

_IMPORTED = """
import json, os, sys
sys.argv[0] = "uid-registry"
from registry.cli import main
status = 0
try:
    main()
except SystemExit as end:
    status = end.code or 0
os.write(3, json.dumps([status, sorted(sys.modules)]).encode())
"""


def imported(program: Program, *arguments: str) -> tuple[int, set[str]]:
    """The exit status of a command, and all modules that it imported."""
    command = ["sh", "-c", '"$@" 3>&1 >/dev/null', "sh", sys.executable, "-c", _IMPORTED, *arguments]
    done = subprocess.run(command, env=program.environment, capture_output=True, check=True)
    status, modules = json.loads(done.stdout)
    return status, set(modules)


def test_the_version_is_told_without_a_parser_of_options(program: Program) -> None:
    assert program("--version").out == f"uid-registry {__version__}\n"
    status, modules = imported(program, "--version")
    assert status == 0
    assert not modules & {"typer", "sqlalchemy", "pydicom", "dataclasses", "inspect"}


def test_the_version_is_told_beside_other_options(program: Program) -> None:
    assert program("--version", "list").out == f"uid-registry {__version__}\n"
    assert program("--actor", "ann", "--version").out == f"uid-registry {__version__}\n"


def test_help_needs_neither_a_database_nor_a_reader(program: Program) -> None:
    status, modules = imported(program, "check", "--help")
    assert status == 0
    assert not modules & {"sqlalchemy", "pydicom"}


def test_a_short_command_imports_what_it_needs_alone(program: Program, cli: Cli) -> None:
    study = cli("issue", "study").out.strip()
    for arguments in (["issue", "series", "--study", study, "--modality", "SEG"], ["show", study]):
        status, modules = imported(program, *arguments)
        assert status == 0
        assert "sqlalchemy" in modules
        assert not modules & {
            "pydantic",  # with which typer takes options
            "pydicom",
            "alembic",
            "cryptography",
            "sqlalchemy.dialects.postgresql",
            "registry.services.workers",
            "registry.cli.audit",
        }


def commands() -> Iterator[tuple[str, Any]]:
    """Every command there is, by what is typed for it."""

    def below(typed: str, command: Any) -> Iterator[tuple[str, Any]]:
        yield typed, command
        for name, one in getattr(command, "commands", {}).items():
            yield from below(f"{typed} {name}".strip(), one)

    return below("", typer.main.get_command(app))


def test_every_command_is_where_the_table_says() -> None:
    found = dict(commands())
    assert {"issue", "check", "list", "audit verify", "db upgrade", "patient merge"} <= set(found)
    for typed, command in found.items():
        assert command.name == (typed.split(" ")[-1] or command.name)
        assert command.help


def test_all_commands_are_on_the_first_page_of_help(cli: Cli) -> None:
    told = words(cli("--help").out)
    assert "issue Mint UIDs and record them." in told
    assert "audit The audit trail: who did what and when" in told


def test_a_misspelt_command_is_told_what_it_may_have_meant(cli: Cli) -> None:
    result = cli("isue", "study")
    assert result.code == 2
    assert "Did you mean 'issue'" in words(result.err)


VALUES = (
    None, "", "x", "007", "-3", "x\udce4", "yes", 3, 0, True, False, ["a", "b"], ("a",), (), [], [1, "a"]
)  # fmt: skip


def test_options_are_taken_as_typer_takes_them() -> None:
    sorts: dict[object, Any] = {}
    for _, command in commands():
        for parameter in command.get_params(typer.Context(command)):
            if parameter.name not in ("help", "_wants_version"):  # these end the program
                kind = str(parameter.type_descriptor.annotation)
                sorts[kind, parameter.multiple, parameter.nargs, parameter.required] = parameter
    assert {kind for kind, *_ in sorts} >= {"<class 'str'>", "<class 'int'>", "<class 'bool'>", "list[str]"}
    for parameter in sorts.values():
        ours = [taken(parameter, value) for value in VALUES]
        del parameter.process_value  # what is left is the method of typer's class
        assert ours == [taken(parameter, value) for value in VALUES]


def taken(parameter: Any, value: object) -> tuple[str, str]:
    """What is made of a value: another one, or an error."""
    try:
        made = parameter.process_value(typer.Context(typer.main.get_command(app)), value)
    except Exception as error:  # noqa: BLE001 (whatever it is, it must be the same)
        return type(error).__name__, str(error)
    return type(made).__name__, repr(made)
