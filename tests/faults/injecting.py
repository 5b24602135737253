"""The Nth write or sync fails (strace injects the error), N swept over all that a run makes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from registry.records import Kind
from registry.services.issuing import issue
from registry.services.opening import opened
from registry.services.registering import register
from registry.services.requests import IssueRequest
from tests.faults.judging import Parents, judge
from tests.faults.outcomes import Outcome
from tests.faults.places import Place, Stage, ended, until

ERRORS = ("EIO", "ENOSPC")
_IMAGES = 3
_SQLITE_CALLS = (("pwrite64",), ("fdatasync", "fsync"))


def missing() -> str:
    """Why nothing can be injected here; empty where it can."""
    if shutil.which("strace") is None:
        return "strace isn't installed"
    tried = subprocess.run(
        ["strace", "-qq", "-o", os.devnull, "-e", "trace=fsync", "true"], capture_output=True, check=False
    )
    return "" if tried.returncode == 0 else "strace may not trace here"


def _traced(calls: Sequence[str], log: Path, *more: str) -> list[str]:
    return ["strace", "-f", "--seccomp-bpf", "-qq", "-o", str(log), "-e", f"trace={','.join(calls)}", *more]


def _injected(calls: Sequence[str], error: str, nth: int) -> tuple[str, str]:
    return "-e", f"inject={','.join(calls)}:error={error}:when={nth}"


def sqlite_issuing(stage: Stage, rounds: int, seed: int) -> Outcome:
    return _sqlite(stage, rounds, "issue")


def sqlite_registering(stage: Stage, rounds: int, seed: int) -> Outcome:
    return _sqlite(stage, rounds, "register")


def _sqlite(stage: Stage, rounds: int, verb: str) -> Outcome:
    """The program under strace on its file; ``rounds`` at most, spread over all calls."""
    outcome = Outcome(f"Nth write or sync fails, {verb}", stage.engine, skipped=missing())
    if outcome.skipped:
        return outcome
    log = stage.folder / "strace"
    prepared = stage.place()
    study, series = prepared.series()
    command: tuple[object, ...] = ("issue", "instance", "--series", series, "--count", "20")
    if verb == "register":
        command = ("register", stage.images(_IMAGES))
    known = prepared.folder.with_name("known")
    shutil.rmtree(known, ignore_errors=True)
    shutil.copytree(prepared.folder, known)
    sweep = []
    for calls in _SQLITE_CALLS:
        _as_before(prepared, known)
        prepared.run(*command, under=_traced(calls, log))
        made = len(re.findall(rf"^\d+ +(?:{'|'.join(calls)})\(", log.read_text(), re.MULTILINE))
        outcome.require(made > 1, f"no {calls} was seen")
        sweep += [(calls, error, nth) for error in ERRORS for nth in range(1, made + 1)]
    for calls, error, nth in _spread(sweep, rounds):
        _as_before(prepared, known)
        result = prepared.run(*command, under=_traced(calls, log, *_injected(calls, error, nth)))
        outcome.rounds += 1
        outcome.hit += "INJECTED" in log.read_text()
        outcome.ended(result)
        _judged(outcome, prepared, result.out if verb == "issue" else "", (study, series), result.code)
        with opened(prepared.settings) as registry:  # afterwards the same works
            if verb == "issue":
                issue(registry, IssueRequest(Kind.INSTANCE, series_instance_uid=series, count=20))
            else:
                register(registry, [str(stage.images(_IMAGES))])
        found = judge(prepared.settings, {})
        outcome.judged(found)
        if verb == "register":
            images = sum(parents.kind == "instance" for parents in found.uids.values())
            outcome.require(images == _IMAGES, f"{images} of {_IMAGES} images are there in the end")
    return outcome


def _judged(outcome: Outcome, place: Place, printed: str, parents: tuple[str, str], code: int) -> None:
    found = judge(place.settings, {uid: Parents("instance", *parents) for uid in printed.split()})
    outcome.judged(found)
    outcome.untold += code != 0 and len(found.acts) > 2


def _as_before(place: Place, known: Path) -> None:
    """The registry as it was before any fault."""
    shutil.rmtree(place.folder)
    shutil.copytree(known, place.folder)


def _spread(sweep: list[tuple[Sequence[str], str, int]], rounds: int) -> list[tuple[Sequence[str], str, int]]:
    """All of them, or so many, evenly spread."""
    if rounds >= len(sweep):
        return sweep
    return [sweep[index * len(sweep) // rounds] for index in range(rounds)]


# --- PostgreSQL: the server's own writes ---------------------------------------------------


@contextmanager
def _server_hurt(
    pids: Sequence[int], calls: Sequence[str], error: str, nth: int, log: Path
) -> Iterator[None]:
    """A server's processes, and those that they start, with one call failing."""
    log.write_text("")
    attached = [word for pid in pids for word in ("-p", str(pid))]
    # Without -qq: it says when it is attached.
    command = [
        "strace",
        "-f",
        "-o",
        str(log),
        *_injected(calls, error, nth),
        "-e",
        f"trace={','.join(calls)}",
    ]
    with subprocess.Popen([*command, *attached], stderr=subprocess.PIPE, text=True) as tracer:
        for _ in pids:
            assert "attached" in tracer.stderr.readline()  # type: ignore[union-attr]
        try:
            yield
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait()


def _struck_or_over(log: Path, process: subprocess.Popen[str]) -> bool:
    return "INJECTED" in log.read_text() or process.poll() is not None


def postgresql(stage: Stage, rounds: int, seed: int) -> Outcome:
    """The program while the server's writes fail: of its WAL it may not survive a failed sync,
    and starts again from what is on the disk."""
    outcome = Outcome("Nth write or sync of the server fails", stage.engine, skipped=missing())
    if outcome.skipped or stage.server is None:
        return outcome
    log = stage.folder / "strace"
    place = stage.place()
    study, series = place.series()
    told: dict[str, Parents] = {}
    sweep = [
        (calls, error, nth)
        for calls, most in ((("pwrite64", "pwritev"), 8), (("fdatasync", "fsync"), 3))
        for error in ERRORS
        for nth in range(1, most + 1)
    ]
    for calls, error, nth in _spread(sweep, rounds):
        with _server_hurt([stage.server.pid], calls, error, nth, log):
            process = place.start("issue", "instance", "--series", series, "--count", "800")
            until(partial(_struck_or_over, log, process), "it hangs")
        result = ended(process, 90)
        outcome.rounds += 1
        outcome.hit += "INJECTED" in log.read_text()
        outcome.ended(result)
        told |= {uid: Parents("instance", study, series) for uid in result.out.split()}
        stage.server.ready()
        place.quiet()
        outcome.judged(judge(place.settings, told))
        outcome.require(place.issued("study"), "nothing is issued any more")
    return outcome
