"""What the tests stand on: a registry of its own for each, built by the migrations."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pydicom.dataset import Dataset

from registry.cli import main
from registry.note import VerifierKey
from registry.records import Kind
from registry.services.acknowledging import acknowledge
from registry.services.checking import check
from registry.services.initializing import init
from registry.services.issuing import derive, issue
from registry.services.keeping import rotate_key
from registry.services.opening import OpenRegistry, opened
from registry.services.patients import say
from registry.services.redacting import redact
from registry.services.registering import register
from registry.services.remapping import remap
from registry.services.requests import DeriveRequest, IssueRequest
from registry.services.resolving import resolve
from registry.services.scoping import purge
from registry.services.withdrawing import reinstate, withdraw
from registry.settings import Settings
from registry.store.findings import Which
from tests.objects import ROOT, SEG_CLASS, ct_slices, registration, save_all, tiny
from tests.postgres import Server, database_of

ENGINES = ("sqlite", "postgresql")

hypothesis_settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile("default")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of the machine reaches a test, and no test writes into the user's folders."""
    for name in (
        "DATABASE",
        "ACTOR",
        "FORMAT",
        "PATHS",
        "CONTEXT",
        "KEY_FILE",
        "SIGNING_KEY_FILE",
        "SEEN",
        "FILE_LIMIT",
        "MEMORY_LIMIT",
        "TIME_LIMIT",
        "JOBS",
    ):
        monkeypatch.delenv(f"UID_REGISTRY_{name}", raising=False)
    for name in [name for name in os.environ if name.startswith("PG")]:  # libpq's
        monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever has to do with a database runs on both engines, unless it is about one of them."""
    if "engine" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("engine")
        metafunc.parametrize("engine", marker.args if marker else ENGINES)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A real PostgreSQL."""
    server = Server()
    yield server
    server.close()


def fill(settings: Settings, folder: Path, *, decided: bool = True) -> None:
    """Leave rows in every history table; unless ``decided``, in those alone that
    were there before people could decide anything."""
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
        paths = [str(path) for path in save_all(objects, folder)]
        register(registry, paths)
        derive(registry, DeriveRequest((slices[0].SOPInstanceUID,), "SEG"))
        if decided:
            check(registry, paths[:2], for_export="ARCHIVE")
            rotate_key(registry, "the administrator has left")
    if decided:
        with opened(settings) as registry:
            remember(registry, slices[0], folder / "more")
            decide(registry, instances[0], paths)


def remember(registry: OpenRegistry, source: Dataset, folder: Path) -> None:
    """What some rules remember of objects."""
    objects = [
        tiny("1.2.3.5.1", "1.2.3.5", sop_class=SEG_CLASS, frame="1.2.3.9", sources=(source,)),
        tiny("1.2.3.4.2", ConcatenationUID="1.2.3.8"),
        registration("1.2.3.6.1", "1.2.3.6", "1.2.3.9", source.FrameOfReferenceUID),
    ]
    register(registry, [str(path) for path in save_all(objects, folder)])


def decide(registry: OpenRegistry, withdrawn: str, paths: list[str]) -> None:
    """What people decide, and what another context holds."""
    resolve(registry, "1.2.3.4.1", "first", "the others were bad copies")
    reinstate(registry, [withdrawn], "withdrawn by mistake")
    say(registry, [("P1", ""), ("P9", "X")], same=True)
    register(registry, paths[:1], context="research")
    redact(registry, issue(registry, IssueRequest(Kind.STUDY, purpose="for Smith")).entry, "a name")
    acknowledge(registry, Which(code="UID315"), "corrected names")
    remap(registry, {"1.2.3.4": Kind.SERIES, "1.2.3.4.1": None}, "TRIAL-7")
    remap(registry, ["1.2.3.4"], "TRIAL-6")
    purge(registry, "TRIAL-6", "the trial is over")


class Registries:
    """Makes registries on one engine, copies of a few that are made once."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        self._folder, self._server = folder, server
        self._templates: dict[str, Settings] = {}
        self._made: list[str] = []
        self._shared: dict[str, Settings] = {}

    def make(self, kind: str = "fresh") -> Settings:
        """The settings of a copy of the ``fresh`` registry, under the example production
        root, of the ``filled`` one, in which no history table is empty, or of the
        ``undecided`` one, which an older program could have filled, in its format."""
        if kind not in self._templates:
            self._templates[kind] = self._template(kind)
        template = self._templates[kind]
        if self._server is not None:
            name = self._server.create(database_of(template.database))
            self._made.append(name)
            keys = Path(tempfile.mkdtemp(dir=self._folder)) / "keys"
            shutil.copytree(Path(template.key_file or "").parent, keys)  # a test may rotate them
            return replace(template, database=self._server.url(name), key_file=f"{keys}/key")
        copy = Path(tempfile.mkdtemp(dir=self._folder)) / "copy"
        shutil.copytree(Path(template.database).parent, copy)
        return replace(template, database=f"{copy}/registry.db")

    def shared(self, kind: str) -> Settings:
        """The settings of one copy, for all tests that leave it as it is."""
        if kind not in self._shared:
            self._shared[kind] = self.kept(kind)
        return self._shared[kind]

    def kept(self, kind: str) -> Settings:
        """The settings of a copy that stays when the test is over."""
        settings = self.make(kind)
        self._made.clear()
        return settings

    def empty(self) -> Settings:
        """The settings of a place where there is no registry yet."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        if self._server is None:
            return Settings(f"{folder}/registry.db", actor="tester")
        name = self._server.create()
        self._made.append(name)
        return Settings(self._server.url(name), actor="tester", key_file=f"{folder}/key")

    def _template(self, kind: str) -> Settings:
        if kind in ("filled", "undecided"):
            with pytest.MonkeyPatch.context() as patch:
                if kind == "undecided":
                    patch.setattr("registry.store.act.FORMAT", 1)
                settings = self.make("fresh" if kind == "filled" else "old")
                fill(settings, self._folder / kind, decided=kind == "filled")
        else:
            settings = self.empty()
            with pytest.MonkeyPatch.context() as patch:
                if kind == "old":
                    patch.setattr("registry.store.act.FORMAT", 1)
                    unsigned = VerifierKey("nobody", bytes(32))
                    patch.setattr("registry.services.initializing.enter", lambda *_: unsigned)
                init(settings, root=ROOT, organization="Example Hospital")
        self._made.clear()  # it stays
        return settings

    def drop(self) -> None:
        """Those that one test used; the files go with the folder of the run."""
        while self._made and self._server is not None:
            self._server.drop(self._made.pop())


@pytest.fixture(scope="session")
def _registries(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[[str], Registries]:
    @cache
    def of(engine: str) -> Registries:
        server = request.getfixturevalue("server") if engine == "postgresql" else None
        return Registries(tmp_path_factory.mktemp("template"), server)

    return of


@pytest.fixture
def registries(_registries: Callable[[str], Registries], engine: str) -> Iterator[Registries]:
    """Makes registries on the test's engine."""
    registries = _registries(engine)
    yield registries
    registries.drop()


@pytest.fixture
def new_settings(registries: Registries) -> Callable[[], Settings]:
    """Makes registries: each call gives the settings of another one, with the same key."""
    return registries.make


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
def filled(registries: Registries) -> Settings:
    """A registry in which every history table has rows."""
    return registries.make("filled")


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
def in_process(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs `uid-registry` with some arguments, in this process."""

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


@pytest.fixture
def cli(settings: Settings, in_process: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs `uid-registry` with some arguments on the test's registry, in this process."""
    monkeypatch.setenv("UID_REGISTRY_DATABASE", settings.database)
    monkeypatch.setenv("UID_REGISTRY_ACTOR", "tester")
    if settings.key_file:
        monkeypatch.setenv("UID_REGISTRY_KEY_FILE", settings.key_file)
    return in_process
