"""How it stands with the trail: its head, and when it was last checked and handed out."""

from __future__ import annotations

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
    """How it stands, and what came of verifying it just now, if somebody did.

    Raises ``TrailBroken`` where the trail has no head, unless it was verified: that tells more.
    """
    if verification is not None:
        size, root_hash = verification.size, verification.root_hash
    else:
        head = head_of(connection)
        size, root_hash = head.size, head.root.hex()

    def last(event: str | None) -> Entry | None:
        return next(log(connection, event=event, newest=1), None)

    newest, checkpoint, verified = map(last, (None, "audit:checkpoint", "audit:verify"))
    return TrailState(size, root_hash, newest, checkpoint, verified, verification)
