"""How it stands with the trail: its head, and when it was last checked and handed out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from registry.store.entries import Entry, log
from registry.store.session import Connection
from registry.store.tree import head_of
from registry.store.verification import Verification


@dataclass(frozen=True, slots=True)
class TrailState:
    """The trail as it is told beside something else."""

    size: int  # entries
    root_hash: str  # of the Merkle tree over them, hex
    newest: Entry | None
    checkpoint: Entry | None  # that says that one was signed, the last
    verified: Entry | None  # that says what came of verifying it, the last
    verification: Verification | None = None  # what came of it now; None: it wasn't


def trail_state(connection: Connection, verification: Verification | None = None) -> TrailState:
    """How it stands. Raises ``TrailBroken`` where the trail has no head."""
    head = head_of(connection)

    def last(event: str | None) -> Entry | None:
        return next(_newest(connection, event), None)

    return TrailState(
        head.size,
        head.root.hex(),
        last(None),
        last("audit:checkpoint"),
        last("audit:verify"),
        verification,
    )


def _newest(connection: Connection, event: str | None) -> Iterator[Entry]:
    return log(connection, event=event, newest=1)
