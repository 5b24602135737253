"""The registry's key on a machine: told, put in place, and never replaced by a finding."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from registry.keys import create_key, load_key
from registry.services.opening import key_path, opened
from registry.settings import Settings
from registry.store.columns import metadata
from tests import databases
from tests.conftest import Cli
from tests.databases import run
from tests.objects import ct_slices, save_all


@pytest.fixture
def place(settings: Settings) -> Path:
    """Where this machine's key is."""
    with opened(settings) as registry:
        return key_path(settings, registry.database, registry.identity.origin)


@pytest.fixture
def kept(place: Path, tmp_path: Path) -> Path:
    """A copy of the registry's key elsewhere."""
    copy = tmp_path / "kept"
    copy.write_bytes(place.read_bytes())
    return copy


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The key of another registry."""
    create_key(tmp_path / "other")
    return tmp_path / "other"


def secret(file: Path) -> str:
    return load_key(file).secret.hex()


def test_the_key_is_told_by_its_id_and_never_shown(cli: Cli, place: Path) -> None:
    for form in ("table", "json", "ndjson", "csv"):
        result = cli("db", "key", "--format", form)
        assert result.code == 0
        assert load_key(place).id in result.out
        assert secret(place) not in result.out + result.err
    told = cli("db", "key", "--format", "json").json
    (key,) = told.pop("keys")
    assert (key["id"], key["current"], key["here"]) == (load_key(place).id, True, True)
    assert told == {
        "file": str(place),
        "registry_key": load_key(place).id,
        "found_key": load_key(place).id,
        "usable": True,
        "problem": None,
        "open_to_others": False,
        "installed": False,
        "rotated": None,
    }


def lose(place: Path, how: str, other: Path) -> None:
    place.unlink()
    if how == "wrong":
        place.write_bytes(other.read_bytes())
    elif how == "broken":
        place.write_text("dicom-uid-registry key 1\n")
    elif how == "a folder":
        place.mkdir()


HOW = pytest.mark.parametrize("how", ["missing", "wrong", "broken", "a folder"])


@HOW
def test_without_the_right_key_nothing_is_decided_and_nothing_written(
    cli: Cli, settings: Settings, place: Path, other: Path, tmp_path: Path, how: str
) -> None:
    save_all(ct_slices(2), tmp_path / "ct")
    assert cli("register", tmp_path / "ct").code == 0
    lose(place, how, other)
    before = logical(settings)
    for command in (
        ("register", tmp_path / "ct"),
        ("check", tmp_path / "ct"),
        ("issue", "study", "--method", "keyed", "--part", "a"),
        ("derive", tmp_path / "ct", "--modality", "SEG"),
        ("db", "key"),
    ):
        result = cli(*command)
        assert result.code == 3, (command, result.out, result.err)
        assert "UID3" not in result.out + result.err, "no finding"
        assert str(place) in result.out + result.err
    assert logical(settings) == before
    assert cli("audit", "verify").code == 0
    # What needs no key works.
    for command in (("show", "1.2.826.0.99.1"), ("issue", "study"), ("audit", "log")):
        assert cli(*command).code == 0


def logical(settings: Settings) -> dict[str, list[str]]:
    """All that the database holds."""
    with databases.raw(settings) as connection:
        return {
            table: sorted(str(tuple(row)) for row in run(connection, f"SELECT * FROM {table}"))
            for table in metadata.tables
        }


@HOW
def test_doctor_tells_a_key_that_isnt_right(cli: Cli, place: Path, other: Path, how: str) -> None:
    lose(place, how, other)
    result = cli("doctor", "--format", "json")
    (check,) = (check for check in result.json["checks"] if check["name"] == "key")
    assert (result.code, check["state"]) == (3, "failure")
    assert "db key --install" in check["advice"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_doctor_warns_of_a_key_that_others_can_read(cli: Cli, place: Path, mode: int) -> None:
    place.chmod(mode)
    result = cli("doctor", "--format", "json")
    (check,) = (check for check in result.json["checks"] if check["name"] == "key")
    assert (result.code, check["state"]) == (0, "warning")
    assert "chmod 600" in cli("db", "key").out


@pytest.mark.parametrize("from_stdin", [True, False])
def test_the_registrys_key_is_put_in_place(cli: Cli, place: Path, kept: Path, from_stdin: bool) -> None:
    place.unlink()
    arguments = ("-",) if from_stdin else (kept,)
    result = cli("db", "key", "--install", *arguments, "--format", "json", stdin=kept.read_bytes())
    assert (result.code, result.json["installed"], result.json["usable"]) == (0, True, True)
    assert place.read_bytes() == kept.read_bytes()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    again = cli("db", "key", "--install", kept, "--format", "json")
    assert (again.code, again.json["installed"]) == (0, False)
    assert [file.name for file in place.parent.iterdir() if file.name.startswith(".")] == []


def test_folders_on_the_way_are_made(
    cli: Cli, place: Path, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UID_REGISTRY_KEY_FILE", str(tmp_path / "new" / "folder" / "key"))
    assert cli("db", "key").code == 3
    assert cli("db", "key", "--install", kept).code == 0
    assert cli("db", "key").code == 0


def test_another_registrys_key_is_never_put_in_place(cli: Cli, place: Path, other: Path) -> None:
    place.unlink()
    for stdin, argument in ((b"", other), (other.read_bytes(), "-")):
        result = cli("db", "key", "--install", argument, stdin=stdin)
        assert (result.code, result.out) == (3, "")
        assert load_key(other).id in result.err
        assert secret(other) not in result.err
    assert not place.exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"dicom-uid-registry key 1\nabc\n", b"x" * 100_000])
def test_what_is_no_key_is_never_put_in_place(cli: Cli, place: Path, content: bytes) -> None:
    place.unlink()
    result = cli("db", "key", "--install", "-", stdin=content)
    assert (result.code, result.out) == (3, "")
    assert not place.exists()


@pytest.mark.parametrize("how", ["wrong", "broken", "a folder"])
def test_what_is_there_is_never_written_over(
    cli: Cli, place: Path, kept: Path, other: Path, how: str
) -> None:
    lose(place, how, other)
    before = None if how == "a folder" else place.read_bytes()
    result = cli("db", "key", "--install", kept)
    assert (result.code, result.out) == (3, "")
    assert "left as it is" in result.err or "left as it was" in result.err
    assert before is None or place.read_bytes() == before


def test_a_place_where_nothing_can_be_written_is_told(
    cli: Cli, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UID_REGISTRY_KEY_FILE", str(tmp_path / "file" / "key"))
    result = cli("db", "key", "--install", kept)
    assert (result.code, result.out) == (3, "")
    assert "UID_REGISTRY_KEY_FILE" in result.err


def test_a_file_that_isnt_there_cant_be_installed(cli: Cli, tmp_path: Path) -> None:
    assert cli("db", "key", "--install", tmp_path / "none").code == 2


def test_ten_machines_have_one_key(
    cli: Cli,
    place: Path,
    kept: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    save_all(ct_slices(2), tmp_path / "ct")
    assert cli("register", tmp_path / "ct").code == 0
    for machine in range(3):
        monkeypatch.setenv("UID_REGISTRY_KEY_FILE", str(tmp_path / f"machine{machine}.key"))
        assert cli("db", "key", "--install", "-", stdin=kept.read_bytes()).code == 0
        found = cli("register", tmp_path / "ct", "--format", "json")
        assert (found.code, found.json["repeats"], found.json["findings"]) == (0, 2, [])


def test_init_on_another_machine_says_that_the_key_isnt_there(cli: Cli, place: Path, kept: Path) -> None:
    place.unlink()
    again = cli("init", "--format", "json")
    assert (again.code, again.json["created"], again.json["key_usable"]) == (0, False, False)
    assert "db key --install" in cli("init").out
    assert not place.exists(), "no second key is made"
    assert cli("db", "key", "--install", kept).code == 0
    assert cli("init", "--format", "json").json["key_usable"] is True
