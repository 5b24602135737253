"""`audit export` and `audit forward` as they are typed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from registry.settings import Settings
from tests.collector import Authority, Collector
from tests.conftest import Cli
from tests.foreign import valid_event, valid_message
from tests.render.test_auditrows import recomputed
from tests.test_syslogtls import RFC5424

pytestmark = pytest.mark.engine("sqlite")


@pytest.fixture
def issued(cli: Cli) -> str:
    """The study that was issued, with a free text."""
    return cli("issue", "study", "--purpose", "for Smith").out.strip()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_each_format_says_the_same_of_each_entry(cli: Cli, issued: str) -> None:
    lines = cli("audit", "export").out.splitlines()
    assert [json.loads(line)["entry"]["event"] for line in lines] == [
        *("registry:init", "root:add", "uid:issue", "audit:export"),
    ]
    assert [recomputed(line) for line in lines] == [json.loads(line)["leaf"] for line in lines]
    rows = cli("audit", "export", "--format", "csv", "--uid", issued).out.splitlines()
    assert len(rows) == 2
    assert issued in rows[1]
    (message,) = cli("audit", "export", "--format", "dicom", "--uid", issued).out.splitlines()
    study = valid_message(message).find("ParticipantObjectIdentification")
    assert study.get("ParticipantObjectID") == issued
    (event,) = cli(
        "audit", "export", "--format", "fhir", "--event", "uid:", "--by", "tester"
    ).out.splitlines()
    assert valid_event(event)["entity"][0]["what"]["identifier"]["value"] == f"urn:oid:{issued}"


@pytest.mark.parametrize("form", ["ndjson", "csv", "dicom", "fhir"])
def test_without_notes_there_are_none(cli: Cli, issued: str, form: str) -> None:
    whole = cli("audit", "export", "--format", form)
    less = cli("audit", "export", "--format", form, "--without-notes")
    assert whole.code == less.code == 0
    told = "Zm9yIFNtaXRo" if form == "dicom" else "for Smith"  # in base64
    assert told in whole.out
    assert told not in less.out


def test_a_file_is_written_whole_or_not_at_all(
    cli: Cli, issued: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "trail.ndjson"
    done = cli("audit", "export", "--to", target)
    assert (done.code, done.out) == (0, "")
    assert len(target.read_text().splitlines()) == 4
    assert target.stat().st_mode & 0o077 == 0
    again = cli("audit", "export", "--to", target)
    assert again.code == 2
    assert f"{target} exists" in again.err
    monkeypatch.setattr("registry.render.auditrows.json_line", lambda _line: 1 / 0)
    assert cli("audit", "export", "--to", tmp_path / "other").code == 4
    assert os.listdir(tmp_path) == ["trail.ndjson"]
    assert cli("audit", "export", "--to", tmp_path / "no" / "folder").code == 2


def test_a_format_for_all_commands_says_nothing_about_an_export(
    cli: Cli, issued: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UID_REGISTRY_FORMAT", "json")
    assert cli("audit", "export").ndjson
    asked = cli("audit", "export", "--format", "table")
    assert asked.code == 2
    assert "One of ndjson, csv, dicom, fhir." in asked.err
    monkeypatch.setenv("UID_REGISTRY_FORMAT", "fhir")
    valid_event(cli("audit", "export").out.splitlines()[0])
    elsewhere = cli("stats")
    assert elsewhere.code == 2
    assert "`uid-registry audit export` speaks fhir too" in elsewhere.err


@pytest.mark.parametrize("event", ["Smith", "uid:issue x", "UID:issue", ":"])
def test_what_is_no_event_does_not_get_into_the_trail(cli: Cli, event: str) -> None:
    assert cli("audit", "export", "--event", event).code == 2
    assert "audit:export" not in cli("audit", "log").out


def test_unrecorded_is_for_copies_that_cannot_be_written(
    cli: Cli, settings: Settings, issued: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("audit", "export", "--unrecorded").code == 2
    monkeypatch.setattr("registry.store.session.Database.can_write", lambda _self: False)  # root may all
    events = [line["entry"]["event"] for line in cli("audit", "export", "--unrecorded").ndjson]
    assert events == ["registry:init", "root:add", "uid:issue"]


@pytest.mark.parametrize(("form", "kind"), [("dicom", b"DICOM+RFC3881"), ("ndjson", b"UIDREG+JSON")])
def test_a_collector_gets_syslog_without_free_texts(
    cli: Cli, issued: str, authority: Authority, form: str, kind: bytes
) -> None:
    with Collector(authority.signed("localhost")) as collector:
        done = cli("audit", "forward", collector.address, "--ca", authority.file, "--format", form)
        assert (done.code, done.out) == (0, "")
        assert f"sent 4 entries to {collector.address}" in done.err
    found = [RFC5424.fullmatch(message) for message in collector.messages]
    assert len(found) == 4
    for message in found:
        assert message
        assert (message["pri"], message["kind"]) == (b"85", kind)  # PS3.15 A.6: most are
        assert b"for Smith" not in message["text"]
        text = message["text"].decode()
        valid_message(text) if form == "dicom" else json.loads(text)
    assert b"Zm9yIFNtaXRo" not in b"".join(collector.messages)


def test_what_was_refused_is_a_warning(cli: Cli, issued: str, authority: Authority) -> None:
    cli("withdraw", issued, "--reason", "x")
    assert cli("issue", "series", "--study", issued).code == 1
    with Collector(authority.signed("localhost")) as collector:
        cli("audit", "forward", collector.address, "--ca", authority.file)
    assert [message[:4] for message in collector.messages] == [b"<85>"] * 4 + [b"<84>", b"<85>"]


def test_nobody_listens(cli: Cli, authority: Authority) -> None:
    with Collector(authority.signed("localhost")) as collector:
        pass
    gone = cli("audit", "forward", collector.address, "--ca", authority.file)
    assert gone.code == 3
    assert "can't be reached" in gone.err
    assert "goes on from the last entry that surely arrived" in gone.err


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_who_follows_sends_what_is_made_and_ends_when_told(
    cli: Cli, issued: str, settings: Settings, authority: Authority, ending: signal.Signals
) -> None:
    def until(count: int) -> None:
        end = time.monotonic() + 20
        while len(collector.messages) < count:
            assert time.monotonic() < end
            time.sleep(0.02)

    with Collector(authority.signed("localhost")) as collector:
        follower = subprocess.Popen(
            [
                *(sys.executable, "-m", "registry", "audit", "forward", collector.address),
                *("--database", settings.database, "--ca", authority.file, "--follow", "--every", "0.1"),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            until(4)
            cli("issue", "study")
            until(5)
        finally:
            follower.send_signal(ending)
            _, told = follower.communicate(timeout=20)
    assert follower.returncode == 0
    assert "sent 5 entries" in told
