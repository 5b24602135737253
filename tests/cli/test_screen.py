"""What the commands print on a terminal of 80 and of 200 columns."""

from __future__ import annotations

import sys

import pytest

from registry.cli import main
from registry.render.screen import SCREEN, Screen, length
from tests.conftest import Registries

COMMANDS = (
    "list",
    "list --kind series --modality CT",
    "find 1.2",
    "findings list",
    "stats",
    "stats --per month,root,actor,kind,modality",
    "history 1.2.3.4.1",
    "tree 1.2.3",
    "show 1.2.3.4.1",
    "rule",
    "rule UID501",
    "root list",
    "audit log",
    "audit log 5",
    "audit verify",
    "config show",
    "doctor",
)


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("width", [80, 200])
def test_no_line_is_too_long_unless_a_single_word_is(
    registries: Registries, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = registries.make("filled")
    monkeypatch.setattr("registry.cli.running.look_at_screen", lambda: None)
    monkeypatch.setattr(SCREEN, "width", width)
    monkeypatch.setenv("UID_REGISTRY_DATABASE", settings.database)
    monkeypatch.setenv("UID_REGISTRY_ACTOR", "tester")
    for command in COMMANDS:
        monkeypatch.setattr(sys, "argv", ["uid-registry", *command.split()])
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code  # type: ignore[assignment]
        lines = capsys.readouterr().out.splitlines()
        assert not status, command
        assert lines, command
        assert [line for line in lines if length(line) > width and len(line.split()) > 1] == [], command


@pytest.mark.engine("sqlite")
def test_deep_in_a_tree_words_stay_together() -> None:
    screen = Screen(width=80)
    for depth in (5, 45, 400):
        line = " " * depth + "└── MR series 1.2.826.0.77.2.87 (registered, 1 instance)"
        assert len(list(screen.fitted(line))) == 1
    shallow = " " * 38 + "└── MR series 1.2.826.0.77.2.87 (registered, 1 instance)"
    assert len(list(screen.fitted(shallow))) == 2
