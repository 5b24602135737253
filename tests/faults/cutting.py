"""The connection is cut around a commit: before it arrives, or between it and its answer.

Between the client and the server stands a relay, which knows a commit when it passes.
"""

from __future__ import annotations

import selectors
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from tests.faults.judging import judge, untold
from tests.faults.outcomes import Outcome
from tests.faults.places import Place, Stage
from tests.faults.program import HURRIED
from tests.faults.working import Client, issuing

_COMMIT = b"\0COMMIT\0"
"""How a commit looks in a message of the protocol: a statement without a name."""

_COMMITTED = b"COMMIT\0"
"""What the server says of it."""

_SOCKET = ".s.PGSQL.5432"
_AT_ONCE = 1 << 16


class Relay:
    """Passes bytes between clients and a server, until it is armed for one commit."""

    def __init__(self, folder: Path, server: Path) -> None:
        self.folder, self._server = folder, server
        self.cut_before = self.cut_after = self.then_deaf = self.deaf = False
        self.cuts = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / _SOCKET))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, selectors.DefaultSelector() as ready:
            if self.deaf:
                return
            with suppress(OSError):
                server.connect(str(self._server / _SOCKET))
                ready.register(client, selectors.EVENT_READ, server)
                ready.register(server, selectors.EVENT_READ, client)
                swallowed: list[bytes] = []
                while self._pass_on(client, ready, swallowed):
                    pass

    def _pass_on(self, client: socket.socket, ready: selectors.BaseSelector, swallowed: list[bytes]) -> bool:
        """Pass on what has come; False once the connection is over. ``swallowed`` has
        something in it when nothing of what the server says is passed on any more."""
        for key, _ in ready.select():
            source, target = key.fileobj, key.data
            data = source.recv(_AT_ONCE)  # type: ignore[union-attr]
            if not data:
                return False
            if source is client and _COMMIT in data:
                if self.cut_before:
                    self.cut_before, self.cuts = False, self.cuts + 1
                    # All before it arrives: the entry is written, and holds the head's lock.
                    target.sendall(data[: data.index(_COMMIT) - 5])
                    return False
                if self.cut_after:
                    self.cut_after = False
                    swallowed.append(b"")
            if swallowed and source is not client:
                swallowed.append(data)
                if _COMMITTED in b"".join(swallowed):  # it is done, and nobody hears it
                    self.deaf, self.cuts = self.then_deaf, self.cuts + 1
                    return False
                continue
            target.sendall(data)
        return True

    def close(self) -> None:
        self._listener.close()


@contextmanager
def _relayed(place: Place) -> Iterator[tuple[Place, Relay]]:
    """The same registry, reached through a relay."""
    assert place.server is not None
    folder = Path(tempfile.mkdtemp(prefix="uidrelay-"))
    relay = Relay(folder, place.server.folder)
    url = place.settings.database.replace(str(place.server.folder), str(folder))
    try:
        yield replace(place, settings=replace(place.settings, database=url)), relay
    finally:
        relay.close()
        shutil.rmtree(folder, ignore_errors=True)


def before_commit(stage: Stage, rounds: int, seed: int) -> Outcome:
    return _cut(stage, rounds, seed, "cut_before", "connection cut before the commit arrives")


def after_commit(stage: Stage, rounds: int, seed: int) -> Outcome:
    return _cut(stage, rounds, seed, "cut_after", "connection cut between commit and answer")


def _cut(stage: Stage, rounds: int, seed: int, where: str, name: str) -> Outcome:
    """Each of some calls loses its connection there. It must give its answer all the same, once."""
    outcome = Outcome(name, stage.engine)
    place = stage.place()
    told, entries = {}, []
    with _relayed(place) as (relayed, relay):
        for number in range(rounds):
            cuts = relay.cuts
            setattr(relay, where, True)
            with Client(relayed.settings, issuing, seed=seed * 1000 + number, acts=2) as client:
                client.end()
            setattr(relay, where, False)
            told |= client.told
            entries += client.entries
            outcome.rounds, outcome.hit = number + 1, outcome.hit + (relay.cuts > cuts)
            outcome.require(not client.failures, f"it failed: {client.failures}")
            outcome.require(len(client.entries) == 3, f"{len(client.entries)} answers")
    found = judge(place.settings, told)
    outcome.judged(found)
    outcome.untold = len(untold(found, entries))
    outcome.require(outcome.untold == 0, "something was recorded twice")
    return outcome


def then_silence(stage: Stage, rounds: int, seed: int) -> Outcome:
    """After the commit nobody can be asked: the message must say what isn't known, and how to find out."""
    outcome = Outcome("connection cut after the commit, server out of reach", stage.engine)
    constants = {**HURRIED, "registry.store.settling.SETTLE_SECONDS": 1}
    for number in range(rounds):
        place = stage.place()
        _, series = place.series()
        with _relayed(place) as (relayed, relay):
            relay.cut_after = relay.then_deaf = True
            command = ("issue", "instance", "--series", series, "--request-id", f"job-{number}")
            result = relayed.run(*command, constants=constants)
            outcome.rounds, outcome.hit = number + 1, outcome.hit + relay.cuts
            outcome.ended(result, may_succeed=False)
            relay.deaf = False
            again = relayed.run(*command)
        outcome.require(again.code == 0, f"repeated: {again.err}")
        found = judge(place.settings, {})
        outcome.judged(found)
        outcome.require(found.requests[f"job-{number}"] == 1, "recorded twice")
        outcome.require(set(again.out.split()) <= found.uids.keys(), "the repeated call gave other UIDs")
    return outcome
