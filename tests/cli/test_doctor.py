"""`doctor` as a user for whom the modes of files count."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.settings import Settings
from tests.cli.conftest import Program

pytestmark = pytest.mark.engine("sqlite")


def test_a_folder_that_cant_be_written_is_told(program: Program, settings: Settings) -> None:
    folder = Path(settings.database).parent
    folder.chmod(0o555)
    result = program.bound_by_modes("doctor")
    folder.chmod(0o755)
    assert result.code == 0, result.out + result.err
    assert "warning  writable" in result.out


def test_a_file_that_cant_be_read_is_told(program: Program, settings: Settings) -> None:
    file = Path(settings.database)
    file.chmod(0o000)
    result = program.bound_by_modes("doctor")
    file.chmod(0o600)
    assert result.code == 3, result.out + result.err
