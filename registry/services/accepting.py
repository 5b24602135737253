"""Accept: a person says why the trail isn't the one that was last seen here, and goes on with it."""

from __future__ import annotations

from dataclasses import dataclass

from registry.errors import BadRequest
from registry.services.opening import OpenRegistry
from registry.services.seen import OFF, Seen, SeenHead
from registry.store.act import Act
from registry.store.tree import Head, head_of


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was seen last, what is there now, and the entry that says so."""

    seen: Seen
    head: Head
    entry: int
    kept: bool  # False: the new head couldn't be written where the old one is


def accept(registry: OpenRegistry, reason: str) -> Accepted:
    """Take the trail as it is for the one to go on from. Who said that, and why, is in it.

    Raises ``BadRequest`` where the trail is the one that was seen.
    """
    actor = registry.settings.named_actor()
    if not reason.strip():
        raise BadRequest("this needs its reason", advice="Give it with --reason TEXT.")
    place = SeenHead(registry.settings, registry.database, registry.identity.origin)
    seen = place.read()
    if seen is None or not place.differs():
        told = f"setting `seen` is {OFF}" if place.file is None else "the trail is the one that was last seen"
        raise BadRequest(f"there is nothing to accept here: {told}", advice="Leave it as it is.")

    def work(act: Act) -> int:
        with registry.database.reading() as connection:
            now = head_of(connection)
        act.note(reason)
        act.commit(
            seen_size=seen.head.size,
            seen_root=seen.head.root.hex(),
            found_size=now.size,
            found_root=now.root.hex(),
        )
        return act.entry

    entry = registry.perform("audit:accept", work, actor=actor)
    kept = place.keep(whatever_was=True)
    with registry.database.reading() as connection:
        return Accepted(seen, head_of(connection), entry, kept)
