"""Reading the trail is an event of the trail itself: first the entry, then what was asked for."""

from __future__ import annotations

from registry.errors import BadRequest
from registry.services.opening import OpenRegistry


def account(registry: OpenRegistry, event: str, *, unrecorded: bool = False, **detail: object) -> int | None:
    """Write the entry of somebody who reads the trail; its number. Call it before reading.

    ``unrecorded`` writes none, and is refused with ``BadRequest`` unless nothing can be
    written here at all: a replica, a copy on a medium that is read only. Raises
    ``DatabaseUnusable`` where the entry can't be written; then nothing may be read.
    """
    if unrecorded:
        if registry.database.can_write():
            raise BadRequest(
                f"{registry.database.name} can be written, so reading its trail is recorded",
                advice="Leave --unrecorded out; it is for replicas and read-only copies.",
            )
        return None
    with registry.act(event) as act:
        act.commit(**detail)
        return act.entry
