"""Withdraw: a UID is never to be used again. Its rows stay; the reason is kept with the entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.errors import BadRequest, UnknownUid
from registry.services.opening import OpenRegistry
from registry.store import schema
from registry.store.act import Act
from registry.store.knowledge import Knowledge
from registry.store.queries import children
from registry.store.words import Words
from registry.uid import parse


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was withdrawn now, and what had been before."""

    uids: tuple[str, ...]
    before: tuple[str, ...]
    entry: int | None


def covered(registry: OpenRegistry, uids: Sequence[str]) -> dict[str, int]:
    """For each study or series among some UIDs how many series and instances it holds."""
    with registry.database.reading() as connection:
        return {uid: count for uid in uids if (count := children(connection, parse(uid)))}


def withdraw(registry: OpenRegistry, uids: Sequence[str], reason: str) -> Withdrawn:
    """Withdraw UIDs, all of them or none. One that was withdrawn before stays so.

    Raises ``MalformedUid`` or ``UnknownUid`` naming the first that can't be.
    """
    actor = registry.settings.named_actor()
    if not reason.strip():
        raise BadRequest("a withdrawal needs its reason", advice="Give it with --reason TEXT.")
    wanted = sorted({parse(uid) for uid in uids})
    if not wanted:
        raise BadRequest("there is no UID to withdraw")

    def work(act: Act) -> Withdrawn:
        knowledge = Knowledge(act.connection, Words(act.connection))
        knowledge.learn_places(wanted)
        for uid in wanted:
            if uid not in knowledge.standing:
                raise UnknownUid(f"the registry has never heard of {uid}; nothing was withdrawn")
        before = tuple(uid for uid in wanted if knowledge.standing[uid].withdrawn)
        new = tuple(uid for uid in wanted if uid not in before)
        if not new:
            return Withdrawn((), before, None)
        act.insert(schema.uses, [{"uid": uid, "state": schema.WITHDRAWN} for uid in new], known_is_fine=True)
        act.note(reason)
        act.commit(count=len(new))
        return Withdrawn(new, before, act.entry)

    return registry.perform("uid:withdraw", work, actor=actor)
