"""Sending the trail on to another system, entry by entry, and knowing how far it got.

A round is one connection: it sends what is due, ends in an orderly way, and only
then is its last entry written down as arrived. What breaks a round off leads to the
whole of it being sent again: an entry may arrive twice, but none is left out.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from registry.errors import BadRequest, DatabaseUnusable, ReceiverUnusable, TrailBroken
from registry.services.accounting import account
from registry.services.opening import OpenRegistry
from registry.settings import APPLICATION
from registry.store.feed import Wanted, Whole, feed, leaf_at
from registry.syslogtls import Address, Sender

ROUND = 2000
"""Entries that are sent over one connection: as many may arrive twice."""

_PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
"""Seconds before the next try, as tries fail one after the other."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """The last entry that surely arrived; -1: none yet."""

    seq: int = -1
    leaf: str | None = None


class Mark:
    """How far a registry's trail got at one receiver, in a small file; one process has it at a time."""

    def __init__(self, file: Path, origin: str, address: Address) -> None:
        self.file = file
        self._of = {"origin": origin, "receiver": str(address)}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raises ``BadRequest`` where another process holds it, or it can't be written."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self.file.with_name(f"{self.file.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise BadRequest(
                f"{self.file} can't be written: {error.strerror}", advice="Name another with --state FILE."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise BadRequest(
                f"another process is forwarding with {self.file}", advice="One is enough; end one of them."
            ) from error
        try:
            yield
        finally:
            os.close(lock)

    def read(self) -> Arrived:
        """Raises ``BadRequest`` where the file says something else."""
        try:
            said = json.loads(self.file.read_text(encoding="utf-8"))
            arrived = Arrived(int(said.pop("seq")), said.pop("leaf"))
        except FileNotFoundError:
            return Arrived()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadRequest(
                f"{self.file} doesn't say how far the trail got",
                advice="Move it away to send the trail from its beginning, or name another by --state.",
            ) from error
        if said != self._of:
            raise BadRequest(
                f"{self.file} is about another registry or receiver", advice="Name another with --state FILE."
            )
        return arrived

    def write(self, arrived: Arrived) -> None:
        """On the disk, whole, or as it was."""
        new = self.file.with_name(f".{self.file.name}.{secrets.token_hex(4)}")
        said = json.dumps({**self._of, "seq": arrived.seq, "leaf": arrived.leaf})
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(f"{said}\n")
                file.flush()
                os.fsync(file.fileno())
            new.rename(self.file)
        finally:
            new.unlink(missing_ok=True)


def mark_file(origin: str, address: Address) -> Path:
    """Where the mark is unless somewhere else: in the user's folder for states."""
    name = f"{origin}-{address}".replace("/", "-").replace(":", "-").replace("[", "").replace("]", "")
    return Path(platformdirs.user_state_dir(APPLICATION)) / "forward" / f"{name}.json"


@dataclass(frozen=True, slots=True)
class Course:
    """How a run goes: whether it stays (``follow``, looking every so many seconds), who is told of
    trouble, and who waits: ``wait`` is False when the run has to end."""

    follow: float | None
    trouble: Callable[[str], None]
    wait: Callable[[float], bool]


Written = Callable[[Whole], Iterable[bytes]]
"""The syslog messages about an entry."""


def forward(
    registry: OpenRegistry,
    address: Address,
    context: ssl.SSLContext,
    written: Written,
    course: Course,
    *,
    form: str,
    state: Path | None = None,
    unrecorded: bool = False,
) -> int:
    """Send what the receiver hasn't got; how many entries were sent.

    Raises ``ReceiverUnusable`` unless it follows, ``TrailBroken`` where the trail isn't
    the one whose beginning was sent.
    """
    mark = Mark(state or mark_file(registry.identity.origin, address), registry.identity.origin, address)
    with mark.held():
        arrived = mark.read()
        account(registry, "audit:forward", unrecorded=unrecorded, receiver=str(address), format=form)
        sent, failed = 0, 0
        while True:
            try:
                before = arrived
                arrived = _round(registry, arrived, Sending(address, context, written, course))
                failed = 0
            except (ReceiverUnusable, DatabaseUnusable) as error:
                if course.follow is None:
                    raise
                pause = _PAUSES[min(failed, len(_PAUSES) - 1)]
                failed += 1
                course.trouble(f"{error.message}; the next try is in {pause:.0f} s")
                if not course.wait(pause):
                    return sent
                continue
            if arrived.seq > before.seq:
                mark.write(arrived)
                sent += arrived.seq - before.seq
                if course.wait(0):
                    continue
                return sent
            if course.follow is None or not course.wait(course.follow):
                return sent


@dataclass(frozen=True, slots=True)
class Sending:
    """To whom a round sends, and what."""

    address: Address
    context: ssl.SSLContext
    written: Written
    course: Course


def _round(registry: OpenRegistry, arrived: Arrived, sending: Sending) -> Arrived:
    """Send what is due, at most a round of it; the last entry that arrived then."""
    with registry.database.reading() as connection:
        if arrived.leaf is not None:
            leaf = leaf_at(connection, arrived.seq)
            if leaf is None or leaf.hex() != arrived.leaf:
                raise TrailBroken(
                    f"entry {arrived.seq} of the trail isn't the one that was sent to {sending.address}: "
                    "the trail was changed, or an older copy of the database was put back"
                )
        due = feed(connection, Wanted(), after=arrived.seq, most=ROUND)
        first = next(due, None)
        if first is None:
            return arrived
        last = first
        with Sender(sending.address, sending.context) as sender:
            for entry in _with_first(first, due):
                for message in sending.written(entry):
                    sender.send(message)
                last = entry
                if not sending.course.wait(0):
                    break
            sender.finish()
    return Arrived(last.seq, last.leaf.hex())


def _with_first(first: Whole, others: Iterable[Whole]) -> Iterator[Whole]:
    yield first
    yield from others
