"""The documents are true: every command and every snippet in them is executed, every command is in them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import FileDataset

from registry.rules import RULES
from registry.services.granting import PREFIX
from registry.store.roles import named
from tests.conftest import Cli, Result
from tests.objects import ct_slices, save, save_all, segmentation
from tests.postgres import OWNER, Server

HOME = Path(__file__).parent.parent
PAGES = [HOME / "README.md", *sorted((HOME / "docs").glob("*.md"))]
NEEDS = {"organisation.md": "organisation", "move-to-postgresql.md": "served"}
"""The fixtures of pages that speak of more than the folder."""

SHELL = re.compile(r"[|&;<>$`*?~{}\n]")
"""What a shell makes something of."""

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the pages speak of: a CT series, an export with a right and a wrong segmentation."""
    slices = ct_slices(2)
    study = slices[0].StudyInstanceUID
    save_all(slices, tmp_path / "ct")
    save(segmentation(slices, f"{study}.20", f"{study}.20.1"), tmp_path / "export" / "right.dcm")
    save(
        segmentation(slices, slices[0].SeriesInstanceUID, f"{study}.20.2"), tmp_path / "export" / "wrong.dcm"
    )
    edited = ct_slices(1)[0]
    edited.PixelData = bytes(len(edited.PixelData))
    save(edited, tmp_path / "edited.dcm")
    write_indexes(tmp_path, slices)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UID_REGISTRY_ACTOR", "reader")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    return tmp_path


def write_indexes(folder: Path, slices: list[FileDataset]) -> None:
    """What an archive would say of a CT series, in two ways: with the standard's names and a row
    that was torn, and with its own."""
    keywords = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "Modality")
    rows = [",".join(str(each.get(name)) for name in (*keywords, "PatientID")) for each in slices]
    torn = rows[-1].replace(",CT,", ",CT, head, ")
    (folder / "pacs.csv").write_text("\n".join([",".join((*keywords, "PatientID")), *rows, torn, ""]))
    series = {"study_uid": slices[0].StudyInstanceUID, "series_uid": slices[0].SeriesInstanceUID}
    (folder / "series.ndjson").write_text(json.dumps({**series, "modality": "CT", "images": 2}) + "\n")


@pytest.fixture
def served(place: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server with its tools, for whoever administers it."""
    monkeypatch.setenv("PATH", f"{server.binaries}:{os.environ['PATH']}")
    monkeypatch.setenv("PGHOST", str(server.folder))
    monkeypatch.setenv("PGUSER", OWNER)
    yield
    monkeypatch.undo()
    for name in ("uid_registry", "restored"):
        server.drop(name)
    with server.connect() as connection:
        for role in ("registry_admin", "workstation", "auditor"):
            connection.execute(f"DROP ROLE IF EXISTS {role}")
        for role in named(PREFIX):
            connection.execute(f"DROP ROLE IF EXISTS {role}")


@pytest.fixture
def organisation(place: Path, served: None, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/organisation.md speaks of: an administrator's machine that can be reached,
    services and a project as the page has them."""
    page = HOME / "docs" / "organisation.md"
    (services,), (project,) = blocks(page, "ini"), blocks(page, "toml")
    services = re.sub(r"host=.*", f"host={server.folder}", services).replace("sslmode=verify-full\n", "")
    (place / "services").write_text(services)
    (place / "uid-registry.toml").write_text(re.sub(r"origin = .*\n", "", project))  # init makes one up
    (place / "bin").mkdir()
    (place / "bin" / "ssh").write_text('#!/bin/sh\nshift\nexec "$@"\n')
    (place / "bin" / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{place / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("PGSERVICEFILE", str(place / "services"))


def blocks(page: Path, language: str) -> list[str]:
    return [body for found, body in FENCE.findall(page.read_text()) if found == language]


def in_a_shell(command: str) -> Result:
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


def run(command: str, in_process: Cli) -> Result:
    """What a command of a page says: in this process where it is one of ours alone, which is quicker."""
    if SHELL.search(command.replace("\\\n", " ")):
        return in_a_shell(command)
    name, *arguments = shlex.split(command.replace("\\\n", " "), comments=True)
    return in_process(*arguments) if name == "uid-registry" else in_a_shell(command)


def matches(expected: list[str], shown: list[str]) -> bool:
    """Whether output is as a page shows it: … stands for anything, alone on a line for any lines."""
    if not expected:
        return not shown
    first, *rest = expected
    if first == "…":
        return any(matches(rest, shown[start:]) for start in range(len(shown) + 1))
    parts = [re.escape(" ".join(part.split())).replace(r"\ ", r"\s+") for part in first.split("…")]
    # Columns are as wide as what is in them: any white space is as good as another.
    pattern = r"\s*" + r"\s*.*?\s*".join(parts) + r"\s*"
    return bool(shown) and re.fullmatch(pattern, shown[0]) is not None and matches(rest, shown[1:])


def with_blocks(language: str) -> Any:
    pages = [page for page in PAGES if blocks(page, language)]
    return pytest.mark.parametrize("page", pages, ids=lambda page: page.name)


@with_blocks("console")
def test_the_commands_of_a_page_do_what_it_shows(
    page: Path, place: Path, in_process: Cli, request: pytest.FixtureRequest
) -> None:
    if page.name in NEEDS:
        request.getfixturevalue(NEEDS[page.name])
    elif page.name == "policy.md":
        (place / "uid-registry.toml").write_text(blocks(page, "toml")[0])
    for block in blocks(page, "console"):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            done = run(command, in_process)
            wanted, shown = expected.rstrip().splitlines(), done.out.rstrip().splitlines()
            told = f"$ {command}\n{done.out}{done.err}\n--- the page shows:\n{expected}"
            assert matches(wanted, shown), told


@with_blocks("python")
def test_the_python_of_a_page_runs(page: Path, place: Path) -> None:
    subprocess.run(["uid-registry", "init", "--root", "1.3.6.1.4.1.32473.1"], check=True, capture_output=True)
    # Each as a program of its own would be, by one interpreter: most of their time they import.
    each = "import sys\nfor body in sys.argv[1:]: exec(compile(body, body, 'exec'), {'__name__': '__main__'})"
    subprocess.run([sys.executable, "-c", each, *blocks(page, "python")], check=True, cwd=place)


def test_the_scripts_that_the_readme_names_are_there() -> None:
    named = {word for block in blocks(HOME / "README.md", "sh") for word in re.findall(r"scripts/\w+", block)}
    assert named == {"scripts/demo", "scripts/test"}
    assert all(os.access(HOME / name, os.X_OK) for name in named)


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_rule_is_in_the_readme_and_in_the_reference() -> None:
    reference = (HOME / "docs" / "reference" / "rules.md").read_text()
    readme = (HOME / "README.md").read_text()
    for rule in RULES:
        assert f"## {rule.code} {rule.name}" in reference
        assert f"| {rule.code} | {rule.name} |" in readme


@pytest.mark.parametrize("page", ["settings.md", "organisation.md"])
def test_settings_in_the_documents_are_accepted(tmp_path: Path, page: str) -> None:
    from registry.settings import load_settings

    (block,) = blocks(HOME / "docs" / page, "toml")
    (tmp_path / "uid-registry.toml").write_text(block)
    settings = load_settings({}, {}, tmp_path)
    assert settings.origin == "dicom-uid-registry/0123456789ab"


def test_every_setting_is_in_its_page() -> None:
    from registry.settings import VARIABLES, Settings

    page = (HOME / "docs" / "settings.md").read_text()
    derived = {"limits", "check", "sources"}  # of several, told otherwise, no setting
    for name in {*VARIABLES, *(field.name for field in fields(Settings))} - derived:
        assert f"| `{name}` |" in page
    for variable in VARIABLES.values():
        assert f"`{variable}`" in page


def test_no_page_names_a_folder_of_somebodys_machine() -> None:
    assert shutil.which("git")
    for page in PAGES:
        assert not re.search(r"/home/\w+|/Users/\w+|C:\\", page.read_text())


def test_every_command_is_in_the_reference() -> None:
    commands = (HOME / "docs" / "reference" / "commands.md").read_text()
    for words in ("findings acknowledge", "resolve", "reinstate", "patient merge", "audit redact"):
        assert f"## uid-registry {words}\n" in commands
