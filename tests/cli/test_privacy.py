"""What docs/privacy.md says that the registry doesn't hold and its trail doesn't tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.settings import Settings
from tests.conftest import Cli
from tests.databases import everything
from tests.objects import save, tiny

NAME, NUMBER = "Semmelweis^Ignaz", "HOSPITAL-4711"
PERSONAL = {
    "PatientName": NAME,
    "PatientBirthDate": "18180701",
    "AccessionNumber": "ACC-0815",
    "StudyDescription": "childbed fever",
    "OtherPatientIDs": "WARD-42",
}


@pytest.fixture
def recorded(cli: Cli, tmp_path: Path) -> Path:
    """A folder with a patient's name in its own, registered twice: before a rotation and after."""
    folder = tmp_path / NAME.replace("^", "_")
    folder.mkdir()
    save(tiny(patient=NUMBER, **PERSONAL), folder / f"{NUMBER}.dcm")
    save(tiny(patient=NUMBER, pixels=b"\5\6\7\x08", **PERSONAL), folder / "edited.dcm")
    (folder / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 20)
    for _ in range(2):
        assert cli("register", folder).code == 1, "a collision, so that there is something to tell"
        assert cli("db", "key", "--rotate", "--reason", "yearly").code == 0
    return folder


@pytest.mark.engine("sqlite")
def test_the_trail_tells_no_path_and_nothing_of_a_patient(cli: Cli, recorded: Path) -> None:
    for command in (("audit", "log"), ("history", "1.2.3.4.1"), ("findings", "list"), ("show", "1.2.3.4.1")):
        for form in ("table", "json", "csv"):
            told = cli(*command, "--format", form)
            assert told.out
            for text in (recorded.name, str(recorded), "edited", *PERSONAL.values(), NUMBER):
                assert text not in told.out + told.err, (command, text)


def test_the_database_holds_no_path_and_nothing_of_a_patient(settings: Settings, recorded: Path) -> None:
    held = everything(settings)
    for text in (recorded.name, "edited.dcm", *PERSONAL.values(), NUMBER):
        assert text.encode() not in held, text
