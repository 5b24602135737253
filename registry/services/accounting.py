"""Reading the trail is an event of the trail itself: first the entry, then what was asked for."""

from __future__ import annotations

from registry.errors import BadRequest, DatabaseUnusable, RegistryElsewhere, RegistryError
from registry.events import DONE, FAILED
from registry.services.opening import OpenRegistry, opened
from registry.store.verification import Verification

ADVICE = (
    "What reads the trail is recorded in it first. Where nothing can be written, a replica or a copy "
    "for reading, --unrecorded reads it without."
)


def account(
    registry: OpenRegistry, event: str, /, *, unrecorded: bool = False, **detail: object
) -> int | None:
    """Write the entry of somebody who reads the trail; its number. Call it before reading.

    ``unrecorded`` writes none, and is refused with ``BadRequest`` unless nothing can be
    written here at all: a replica, a copy on a medium that is read only. Raises
    ``DatabaseUnusable`` where the entry can't be written; then nothing may be read.
    """
    if unrecorded:
        require_nothing_written(registry)
        return None
    try:
        with registry.act(event) as act:
            act.commit(**detail)
            return act.entry
    except (DatabaseUnusable, RegistryElsewhere) as error:
        if registry.database.can_write():
            raise
        raise type(error)(error.message, advice=ADVICE) from error


def require_nothing_written(registry: OpenRegistry) -> None:
    """Raise ``BadRequest`` where an entry could be written: then it is, whoever asks for something else."""
    if registry.database.can_write():
        raise BadRequest(
            f"{registry.database.name} can be written, so this is recorded",
            advice="Leave --unrecorded out; it is for replicas and read-only copies.",
        )


def account_verified(registry: OpenRegistry, result: Verification) -> str | None:
    """Write the entry of somebody who verified the trail; why it couldn't be written, if it couldn't.

    A copy on a read-only medium must verify too, and so must a trail to which nothing can be
    added any more: the verdict is told in any case.
    """
    if not registry.database.can_write():
        return "nothing can be written here"
    said = {"size": result.size, "root_hash": result.root_hash}
    if not result.ok:
        said["first_bad"] = result.first_bad
    try:
        with opened(registry.settings) as writable, writable.act("audit:verify") as act:
            act.commit(DONE if result.ok else FAILED, **said)
    except RegistryError as error:
        return error.message
    except Exception as error:  # noqa: BLE001 (whatever a trail that is broken may bring)
        return f"a {type(error).__name__} kept it out"
    return None
