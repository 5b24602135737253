"""What Tab offers: asked by real shells, told by the registry, and silent whatever is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from registry.cli import completing, plain
from registry.records import IndexRow
from registry.services import glancing
from registry.services.indexing import register_rows
from registry.services.opening import opened
from registry.settings import Settings
from registry.store.entries import trail_size
from tests.conftest import Cli, Registries
from tests.objects import CT_CLASS, ROOT

Shell = Callable[..., subprocess.CompletedProcess[str]]

PROGRAM = """#!{python}
import sys
sys.argv[0] = "uid-registry"
from registry.cli import main
main()
"""

BASH = """
eval "$(_UID_REGISTRY_COMPLETE=source_bash uid-registry)"
while read -r -a typed; do
    COMP_WORDS=(uid-registry "${typed[@]}"); COMP_CWORD=${#typed[@]}
    _uid_registry_completion uid-registry
    echo "${COMPREPLY[@]}"
done
"""

ZSH = """
_arguments() { print -l -- $1 }
compdef() { }
eval "$(_UID_REGISTRY_COMPLETE=source_zsh uid-registry)"
words=(uid-registry "$@"); CURRENT=$#words
_uid_registry_completion
"""

FISH = """
env _UID_REGISTRY_COMPLETE=source_fish uid-registry | source
complete -C "uid-registry $argv"
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Runs a script of a shell on a registry, with the program on its path."""
    program = tmp_path / "bin" / "uid-registry"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)

    def run(
        settings: Settings, *command: str, typed: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        told = {
            **os.environ,
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "UID_REGISTRY_DATABASE": settings.database,
            **environment,
        }
        return subprocess.run(
            command, input=typed, env=told, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["fin"], {"find", "findings"}),
        (["findings", "ack"], {"acknowledge"}),
        (["findings", "list", "--sev"], {"--severity"}),
        (["list", "--kind", "st"], {"study"}),
        (["list", "--state", "w"], {"withdrawn"}),
        (["findings", "list", "--state", "re"], {"resolved"}),
        (["rule", "UID50"], {f"UID50{number}" for number in range(1, 10)}),
        (["check", "--fail-on", "w"], {"warning"}),
        (["issue", "study", "--root", "1.3"], {ROOT}),
        (["list", "--study", "1.2.826.0.99.1"], {"1.2.826.0.99.1"}),
        (["findings", "show", "UID315", ""], {"1.2.3.4.1"}),
        (["stats", "--per", "mo"], {"month", "modality"}),
        (["list", "--sent-to", ""], {"ARCHIVE"}),
        (["list", "--by", ""], {"tester"}),
        (["issue", "study", "--method", "k"], {"keyed"}),
        (["check", "--format", "s"], {"sarif"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.engine("sqlite")
def test_it_is_offered(
    registries: Registries,
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    expected: set[str],
) -> None:
    monkeypatch.setattr(plain, "equipped", None)
    monkeypatch.setattr(completing, "_silence", lambda: None)
    monkeypatch.setenv("UID_REGISTRY_DATABASE", registries.shared("filled").database)
    monkeypatch.setenv(completing.ASKED, "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(["uid-registry", *(word or "''" for word in words)]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    answer = cli()
    assert set(answer.out.split()) == expected
    assert answer.err == ""


@pytest.mark.engine("sqlite")
def test_bash_asks_for_it(registries: Registries, shell: Shell) -> None:
    typed = "fin\nlist --kind st\nlist --study 1.2.826.0.99.1\ncheck export\n"
    answer = shell(registries.shared("filled"), "bash", "-c", BASH, typed=typed)
    assert answer.stderr == ""
    assert answer.stdout.splitlines() == ["find findings", "study", "1.2.826.0.99.1", ""]


@pytest.mark.parametrize(
    "command",
    [
        ["zsh", "-fc", ZSH, "zsh", "list", "--study", "1.2.826.0.99"],
        ["fish", "-c", FISH, "list", "--study", "1.2.826.0.99"],
    ],
    ids=["zsh", "fish"],
)
@pytest.mark.engine("sqlite")
def test_other_shells_are_too(registries: Registries, shell: Shell, command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} isn't here")
    answer = shell(registries.shared("filled"), *command)
    assert "1.2.826.0.99.1" in answer.stdout
    assert answer.stderr == ""


@pytest.mark.engine("sqlite")
def test_what_is_wrong_is_silent_and_nothing_is_made(
    registries: Registries, shell: Shell, tmp_path: Path
) -> None:
    nowhere = replace(registries.shared("filled"), database=f"{tmp_path}/none/registry.db")
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all")
    for settings in (nowhere, replace(nowhere, database=str(broken))):
        answer = shell(settings, "bash", "-c", BASH, typed="show 1.2\n")
        assert (answer.stdout.strip(), answer.stderr) == ("", "")
    answer = shell(nowhere, "bash", "-c", BASH, typed="show 1.2\n", UID_REGISTRY_FORMAT="unheard-of")
    assert (answer.stdout.strip(), answer.stderr) == ("", "")
    assert glancing.uids(replace(nowhere, database="postgresql://nobody@127.0.0.1:1/none"), "1") == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bin", "broken.db"]


@pytest.fixture
def many(settings: Settings) -> Settings:
    """A registry of more UIDs than are offered, some of which begin others."""
    rows = [
        IndexRow(f"1.2.3.{series}.{number}", CT_CLASS, f"1.2.3.{series}", "1.2.3", "CT")
        for series in (4, 40, 5)
        for number in range(1, 100)
    ]
    with opened(settings) as registry:
        register_rows(registry, [*rows, IndexRow("1.2.30.1.1", CT_CLASS, "1.2.30.1", "1.2.30", "CT")])
    return settings


def test_of_many_uids_it_is_offered_how_they_go_on(many: Settings) -> None:
    recorded = {f"1.2.3.{s}.{n}" for s in (4, 40, 5) for n in range(1, 100)}
    recorded |= {"1.2.3", "1.2.3.4", "1.2.3.40", "1.2.3.5", "1.2.30.1.1", "1.2.30.1", "1.2.30"}
    for prefix in (
        "",
        "1",
        "1.2.3",
        "1.2.3.",
        "1.2.3.4",
        "1.2.3.4.",
        "1.2.3.4.9",
        "1.2.30",
        "1.2.3.5.1",
        "1.9",
    ):
        offered = glancing.uids(many, prefix)
        meant = {uid for uid in recorded if uid.startswith(prefix)}
        assert len(offered) <= glancing.MOST, prefix
        assert all(each.startswith(prefix) for each in offered), prefix
        if len(meant) <= glancing.MOST:
            assert set(offered) == meant, prefix
        else:
            assert all(any(uid.startswith(each) for each in offered) for uid in meant), prefix
            assert len(offered) > 1, prefix  # a shell takes the only one for the whole
    assert set(glancing.uids(many, "1.2", "study")) == {"1.2.3", "1.2.30"}
    assert set(glancing.uids(many, "1.2", "series")) == {"1.2.3.4", "1.2.3.40", "1.2.3.5", "1.2.30.1"}
    for nonsense in ("x", ".1", "1.2'; DROP TABLE ledger; --"):
        assert glancing.uids(many, nonsense) == []


def test_looking_leaves_no_entry(many: Settings) -> None:
    with opened(many, read_only=True) as registry, registry.database.reading() as connection:
        before = trail_size(connection)
    assert glancing.roots(many) == [ROOT]
    assert glancing.actors(many) == ["tester"]
    assert glancing.destinations(many) == []
    assert glancing.found(many, "UID501", "1") == []
    with opened(many, read_only=True) as registry, registry.database.reading() as connection:
        assert trail_size(connection) == before
