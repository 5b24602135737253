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
