"""Who reads the trail, or verifies it, is in it; and what can't be written can be read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from registry.settings import Settings
from tests.cli.conftest import Program
from tests.conftest import Cli
from tests.databases import keep_out, raw, run


def test_who_read_the_trail_and_which_part_of_it_is_in_it(cli: Cli) -> None:
    uid = cli("issue", "study").out.strip()
    shown = cli(
        "audit", "log", "--uid", uid, "--by", "tester", "--since", "2020-01-01", "--format", "json"
    ).json
    assert [entry["event"] for entry in shown] == ["uid:issue"]
    cli("audit", "log", "--by", "Mrs Example")
    cli("audit", "log", shown[0]["entry"])
    one, other, third = cli("audit", "log", "--event", "audit:log", "--format", "json").json
    since = "2020-01-01T00:00:00.000000Z"
    assert one["detail"] == {"by": "tester", "uid": uid, "since": since, "newest": 50}
    assert other["detail"] == {"by": "(nobody of this registry)", "newest": 50}
    assert third["detail"] == {"entry": shown[0]["entry"]}


def test_what_verifying_came_to_is_in_the_trail(cli: Cli, settings: Settings, engine: str) -> None:
    verified = cli("audit", "verify", "--format", "json")
    assert (verified.code, verified.err) == (0, "")
    with raw(settings) as connection:
        off = "DROP TRIGGER tr_entries_update" + (" ON entries" if engine == "postgresql" else "")
        run(connection, off)
        run(connection, "UPDATE entries SET actor = 'nobody' WHERE seq = 0")
    assert cli("audit", "verify").code == 5
    good, bad = cli("audit", "log", "--event", "audit:verify", "--format", "json").json
    said = {"size": verified.json["size"], "root_hash": verified.json["root_hash"]}
    assert (good["outcome"], good["detail"]) == ("done", said)
    assert (bad["outcome"], bad["detail"]["first_bad"]) == ("failed", 1)


def test_verifying_tells_where_it_cant_be_recorded(cli: Cli, settings: Settings) -> None:
    with raw(settings) as connection:
        keep_out(connection)
    verified = cli("audit", "verify")
    assert (verified.code, verified.out.startswith("the trail verifies")) == (0, True)
    assert "isn't recorded" in verified.err
    read = cli("audit", "log")
    assert (read.code, read.out) == (4, "")


@pytest.mark.engine("sqlite")
def test_a_copy_that_cant_be_written_is_read_without(
    cli: Cli, settings: Settings, program: Program, tmp_path: Path
) -> None:
    copy, database = tmp_path / "copy", ("--database", tmp_path / "copy" / "registry.db")
    shutil.copytree(Path(settings.database).parent, copy)
    for path in (*copy.iterdir(), copy):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        read = program.bound_by_modes("audit", "log", *database)
        assert (read.code, read.out) == (3, "")
        assert "--unrecorded" in read.err
        without = program.bound_by_modes("audit", "log", "--unrecorded", *database)
        assert without.code == 0, without.err
        assert "registry:init" in without.out
        verified = program.bound_by_modes("audit", "verify", *database)
        assert (verified.code, "isn't recorded" in verified.err) == (0, True)
    finally:
        for path in (copy, *copy.iterdir()):
            path.chmod(0o755)
    refused = cli("audit", "log", "--unrecorded")
    assert (refused.code, refused.out) == (2, "")
    assert "can be written" in refused.err


def test_an_unknown_event_is_a_mistake(cli: Cli) -> None:
    result = cli("audit", "log", "--event", "uid:isue")
    assert (result.code, result.out) == (2, "")
    assert "uid:issue" in result.err
    assert cli("audit", "log", "--event", "Uid:").code == 2
    assert cli("audit", "log", "--event", "uid:").code == 0
