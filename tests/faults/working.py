"""Long-lived clients: processes that issue or register through the Python API until they are
hurt, and tell each answer as it comes, one line each.

They are forked from one process that has imported everything, so that a round costs
no start-up and strikes the database's work, not the interpreter's.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from registry.errors import RegistryError
from registry.records import Kind
from registry.services import registering
from registry.services.issuing import derive, issue
from registry.services.opening import OpenRegistry, opened
from registry.services.requests import DeriveRequest, IssueRequest
from registry.settings import Settings
from registry.store.act import Act
from tests.faults.judging import Parents
from tests.faults.places import until
from tests.faults.program import change

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.faults.working", "psycopg"])

_PATIENCE = 60  # seconds for which a call is repeated

Tell = Callable[..., None]
Work = Callable[..., None]
"""Work for a client: it gets the registry, a way to tell, and its options."""


class Client:
    """A client process at work. Used in a ``with`` block, it is gone at its end."""

    def __init__(
        self, settings: Settings, work: Work, *, constants: Mapping[str, object] | None = None, **options: Any
    ) -> None:
        ours, theirs = _FORKS.Pipe(duplex=False)
        given = (theirs, settings, work, dict(constants or {}), options)
        self.process = _FORKS.Process(target=_run, args=given, daemon=True)
        self.process.start()
        theirs.close()
        self.lines: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, args=(ours,), daemon=True)
        self._reader.start()

    def _read(self, ours: Connection) -> None:
        with open(os.dup(ours.fileno()), encoding="utf-8") as stream:
            ours.close()
            for line in stream:
                if line.endswith("\n"):  # only whole lines were told
                    self.lines.append(json.loads(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()

    def kill(self) -> None:
        """As kill -9 does it."""
        if self.process.is_alive():
            self.process.kill()
        self.end()

    def end(self, seconds: float = 90) -> None:
        """Wait for its end, and for all that it told."""
        self.process.join(seconds)
        if self.process.is_alive():
            self.process.kill()
            raise AssertionError(f"a client hung for {seconds} s")
        self._reader.join()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid or 0, number)

    def wait_for(self, **told: object) -> dict[str, Any]:
        """Wait until it has told something; what it told."""
        found: list[dict[str, Any]] = []

        def heard() -> bool:
            found[:] = [line for line in self.lines if line.items() >= told.items()]
            return bool(found) or not self.process.is_alive()

        until(heard, f"a client never told {told}")
        if not found:
            self._reader.join()
            heard()
        if not found:
            raise AssertionError(f"a client ended without {told}: {self.lines[-3:]}")
        return found[-1]

    @property
    def in_an_act(self) -> bool:
        """Whether the last that it told of its acts is that one begins."""
        marks = [line["act"] for line in self.lines if "act" in line]
        return bool(marks) and marks[-1] == "begins"

    @property
    def told(self) -> dict[str, Parents]:
        """The UIDs that it told."""
        return {uid: Parents(*parents) for line in self.lines for uid, *parents in line.get("uids", ())}

    @property
    def entries(self) -> list[int]:
        return [line["entry"] for line in self.lines if "entry" in line]

    @property
    def failures(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "status" in line]


def _run(
    theirs: Connection, settings: Settings, work: Work, constants: dict[str, Any], options: dict[str, Any]
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    change(constants)

    def tell(**line: object) -> None:
        data = f"{json.dumps(line)}\n".encode()
        while data:
            data = data[os.write(theirs.fileno(), data) :]

    with _watched(tell), _failures_told(tell):
        with opened(settings) as registry:
            tell(ready=True)
            work(registry, tell, **options)
        tell(done=True)


@contextlib.contextmanager
def _watched(tell: Tell) -> Iterator[None]:
    """Tell when an act begins and ends."""
    enter, leave = Act.__enter__, Act.__exit__

    def begins(act: Act) -> Act:
        tell(act="begins")
        return enter(act)

    def ends(act: Act, *exception: Any) -> None:
        leave(act, *exception)
        tell(act="ends")

    Act.__enter__, Act.__exit__ = begins, ends  # type: ignore[method-assign,assignment]
    yield


@contextlib.contextmanager
def _failures_told(tell: Tell) -> Iterator[None]:
    try:
        yield
    except RegistryError as error:
        tell(status=error.exit_status, message=f"error: {error.message}\n  next: {error.advice}")
    except Exception as error:  # noqa: BLE001 (it is what must not happen; the judge says so)
        tell(status=4, message=f"{type(error).__name__}: {error}")


# --- what clients do -----------------------------------------------------------------------


def issuing(
    registry: OpenRegistry, tell: Tell, *, seed: int, acts: int = 1_000_000, keep_on: bool = False
) -> None:
    """Issue and derive, each call under a request id of its own. ``keep_on`` repeats a call
    that failed, under the same request id, until it gives an answer."""
    chosen, parents = random.Random(seed), None
    for number in range(acts):
        call = _Call(registry, tell, f"{seed}-{number}", chosen.randint(1, 50), chosen.random() < 0.3)
        parents = _until_it_works(partial(call, parents), tell) if keep_on else call(parents)


@dataclass(frozen=True)
class _Call:
    """One call to issue something, which may be repeated."""

    registry: OpenRegistry
    tell: Tell
    name: str
    count: int
    derives: bool

    def __call__(self, parents: tuple[str, str] | None) -> tuple[str, str]:
        """The study and the series that the next call issues under; without any, these are issued."""
        if parents is None:
            return self._parents()
        if self.derives:
            self._derive(*parents)
        else:
            self._instances(*parents)
        return parents

    def _parents(self) -> tuple[str, str]:
        study = issue(self.registry, IssueRequest(Kind.STUDY, request_id=f"{self.name}-study"))
        (study_uid,) = study.uids
        self.tell(uids=[[study_uid, "study", None, None]], entry=study.entry)
        asked = IssueRequest(
            Kind.SERIES, study_instance_uid=study_uid, modality="SEG", request_id=f"{self.name}-series"
        )
        series = issue(self.registry, asked)
        self.tell(uids=[[series.uids[0], "series", study_uid, None]], entry=series.entry)
        return study_uid, series.uids[0]

    def _instances(self, study: str, series: str) -> None:
        asked = IssueRequest(
            Kind.INSTANCE, series_instance_uid=series, count=self.count, request_id=self.name
        )
        given = issue(self.registry, asked)
        self.tell(uids=[[uid, "instance", study, series] for uid in given.uids], entry=given.entry)

    def _derive(self, study: str, source: str) -> None:
        asked = DeriveRequest((source,), "SEG", instances=self.count % 5 + 1, request_id=self.name)
        given = derive(self.registry, asked)
        series = given.series_instance_uid
        uids = [[uid, "instance", study, series] for uid in given.sop_instance_uids]
        self.tell(uids=[[series, "series", study, None], *uids], entry=given.entry)


def _until_it_works(call: Callable[[], tuple[str, str]], tell: Tell) -> tuple[str, str]:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return call()
        except RegistryError as error:
            message = f"error: {error.message}\n  next: {error.advice}"
            tell(status=error.exit_status, message=message)
            if error.exit_status != 3 or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def registers(registry: OpenRegistry, tell: Tell, *, folder: Path, batch: int) -> None:
    """Register a folder in small batches, telling how many files are recorded."""
    registering.BATCH = batch
    report = registering.register(registry, [str(folder)], progress=lambda files: tell(files=files))
    tell(files=report.files, registered=True, resumed=report.resumed)


def stops_itself(registry: OpenRegistry, tell: Tell, *, folder: Path) -> None:
    """Register, and stand still in the middle of the act: all rows are written, the entry isn't."""
    commit, stopped = Act.commit, []

    def stop(act: Act, *arguments: Any, **detail: Any) -> int:
        if not stopped:
            stopped.append(True)
            assert act.connection  # what was only noted down is sent
            tell(stopped=True)
            os.kill(os.getpid(), signal.SIGSTOP)
        return commit(act, *arguments, **detail)

    Act.commit = stop  # type: ignore[method-assign]
    registers(registry, tell, folder=folder, batch=1000)
