"""What the tests stand on: a registry of its own for each, built by the migrations."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from registry.cli import main
from registry.records import Kind
from registry.services.initializing import init
from registry.services.issuing import derive, issue
from registry.services.opening import OpenRegistry, opened
from registry.services.registering import register
from registry.services.requests import DeriveRequest, IssueRequest
from registry.services.withdrawing import withdraw
from registry.settings import Settings
from tests.objects import ROOT, ct_slices, save_all, tiny

hypothesis_settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile("default")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of the machine reaches a test, and no test writes into the user's folders."""
    for name in ("DATABASE", "ACTOR", "FORMAT", "KEY_FILE", "FILE_LIMIT", "MEMORY_LIMIT", "TIME_LIMIT"):
        monkeypatch.delenv(f"UID_REGISTRY_{name}", raising=False)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh registry under the example production root, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    init(Settings(f"{folder}/registry.db", actor="founder"), root=ROOT, organization="Example Hospital")
    return folder


@pytest.fixture
def new_settings(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Settings]:
    """Makes registries: each call gives the settings of another one, with the same key."""

    def make() -> Settings:
        folder = tmp_path_factory.mktemp("registry") / "copy"
        shutil.copytree(template, folder)
        return Settings(f"{folder}/registry.db", actor="tester")

    return make


@pytest.fixture
def settings(new_settings: Callable[[], Settings]) -> Settings:
    """The settings of a fresh registry under the example production root."""
    return new_settings()


@pytest.fixture
def registry(settings: Settings) -> Iterator[OpenRegistry]:
    """A fresh registry, opened."""
    with opened(settings) as registry:
        yield registry


@pytest.fixture
def filled(settings: Settings, tmp_path: Path) -> Settings:
    """A registry in which every history table has rows."""
    with opened(settings) as registry:
        asked = IssueRequest(Kind.STUDY, purpose="trial", request_id="r1")
        study = issue(registry, asked).uids[0]
        series = issue(registry, IssueRequest(Kind.SERIES, study_instance_uid=study, modality="CT")).uids[0]
        instances = issue(registry, IssueRequest(Kind.INSTANCE, series_instance_uid=series, count=3)).uids
        issue(registry, IssueRequest(Kind.TRACKING, study_instance_uid=study))
        withdraw(registry, instances[:1], "wrong contours")
        slices = ct_slices(2)
        objects = [
            *slices,
            tiny("1.2.3.4.1", sources=(slices[0],), OtherPatientIDs="P9"),
            tiny("1.2.3.4.1", study="1.2.9"),
            tiny("1.2.3.4.1", pixels=b"\t\t\t\t"),
            tiny(instances[1], series, study),
        ]
        register(registry, [str(path) for path in save_all(objects, tmp_path / "files")])
        derive(registry, DeriveRequest((slices[0].SOPInstanceUID,), "SEG"))
    return settings


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def ndjson(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Cli = Callable[..., Result]


@pytest.fixture
def cli(settings: Settings, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs `uid-registry` with some arguments on the test's registry, in this process."""
    monkeypatch.setenv("UID_REGISTRY_DATABASE", settings.database)
    monkeypatch.setenv("UID_REGISTRY_ACTOR", "tester")

    def run(*arguments: object, stdin: str | bytes = "") -> Result:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "argv", ["uid-registry", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        out, err = capfd.readouterr()
        return Result(code, out, err)

    return run
