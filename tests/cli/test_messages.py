"""What a message quotes may be anybody's: on a terminal it does nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Cli


@pytest.mark.engine("sqlite")
def test_a_message_holds_no_control_characters(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    missing = cli("check", "no\x1b[31msuch\nfile")
    assert (missing.code, missing.out) == (2, "")
    assert r"there is no file or folder no\x1b[31msuch" in missing.err
    (tmp_path / "uid-registry.toml").write_text('"\\u001b[31mpaths" = "full"')
    unknown = cli("check", tmp_path)
    assert unknown.code == 2
    assert r"sets `\x1b[31mpaths`" in unknown.err
    assert "\x1b" not in missing.err + unknown.err
    destination = cli("check", "--for-export", "\x1b[31mA", tmp_path)
    assert destination.code == 2
    assert "\x1b" not in destination.err


@pytest.mark.parametrize("number", ["-1", "99999999999999999999"])
@pytest.mark.parametrize(
    "words", ["list --limit", "find 1.2 --limit", "findings list --limit", "audit log --limit"]
)
def test_a_number_that_no_database_counts_to(cli: Cli, words: str, number: str) -> None:
    result = cli(*words.split(), number)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {number} is out of range\n")


@pytest.mark.parametrize("words", ["audit log", "audit prove", "tree 1.2 --instances --limit"])
def test_an_entry_that_no_database_counts_to(cli: Cli, words: str) -> None:
    assert cli(*words.split(), "99999999999999999999").code == 2
