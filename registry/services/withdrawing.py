"""Withdraw: a UID is never to be used again. Its rows stay; the reason is kept with the entry.

Never is until somebody says otherwise: a withdrawal that was a mistake is ended by
``reinstate``, and both stay in the UID's history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.errors import BadRequest, UnknownUid
from registry.records import Kind
from registry.services.opening import OpenRegistry
from registry.services.refusing import recorded
from registry.store import findings, schema
from registry.store.act import Act
from registry.store.branches import children
from registry.store.concurrent import Ground, confirm
from registry.store.decided import once_withdrawn
from registry.store.knowledge import Knowledge
from registry.store.ledger import Issue, enter_issued
from registry.store.life import generated_among
from registry.store.reserved import given_among
from registry.store.words import Words
from registry.uid import parse

_USE_OF_WITHDRAWN = "UID312"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was withdrawn now, and what had been before."""

    uids: tuple[str, ...]
    before: tuple[str, ...]
    entry: int | None


@dataclass(frozen=True, slots=True)
class Reinstated:
    """What may be used again now, and what wasn't withdrawn."""

    uids: tuple[str, ...]
    in_use: tuple[str, ...]
    entry: int | None


def covered(registry: OpenRegistry, uids: Sequence[str]) -> dict[str, int]:
    """For each study or series among some UIDs how many series and instances it holds."""
    with registry.database.reading() as connection:
        return {uid: count for uid in uids if (count := children(connection, parse(uid)))}


def withdraw(registry: OpenRegistry, uids: Sequence[str], reason: str) -> Withdrawn:
    """Withdraw UIDs, all of them or none. One that is withdrawn stays so.

    Raises ``MalformedUid`` or ``UnknownUid`` naming the first that can't be.
    """
    actor = registry.settings.named_actor()
    wanted = _wanted(uids, reason, "a withdrawal", "withdraw")

    def work(act: Act) -> Withdrawn:
        new, before = _by_state(act, wanted, "withdrawn")
        if not new:
            return Withdrawn((), before, None)
        again = once_withdrawn(act.connection, new)
        first = [{"uid": uid, "state": schema.WITHDRAWN} for uid in new if uid not in again]
        act.insert(schema.uses, first, known_is_fine=True)
        act.insert(schema.withdrawals, [{"uid": uid, "withdrawn": 1} for uid in new if uid in again])
        return Withdrawn(new, before, _said(act, wanted, new, reason))

    return recorded(registry, "uid:withdraw", work, actor=actor, about=wanted)


def reinstate(registry: OpenRegistry, uids: Sequence[str], reason: str) -> Reinstated:
    """End the withdrawal of UIDs, of all or of none. One that isn't withdrawn stays as it is.

    That they were used meanwhile is no finding any more. Raises like ``withdraw``.
    """
    actor = registry.settings.named_actor()
    wanted = _wanted(uids, reason, "a reinstatement", "reinstate")

    def work(act: Act) -> Reinstated:
        in_use, new = _by_state(act, wanted, "reinstated")
        _require_use(act, new)
        if not new:
            return Reinstated((), in_use, None)
        act.insert(schema.withdrawals, [{"uid": uid, "withdrawn": 0} for uid in new])
        findings.save(act, (), {_USE_OF_WITHDRAWN: set(new)})
        return Reinstated(new, in_use, _said(act, wanted, new, reason))

    return recorded(registry, "uid:reinstate", work, actor=actor, about=wanted)


def _require_use(act: Act, uids: Sequence[str]) -> None:
    """Raise ``BadRequest`` for one that was withdrawn before it was anything: as which it could be
    used, no object has ever said, and now none can (``_by_state``)."""
    knowledge = Knowledge(act.connection, Words(act.connection))
    knowledge.learn_places(uids)
    for uid in sorted(generated_among(act.connection, uids)):
        if knowledge.standing[uid].kind is Kind.OTHER:
            raise BadRequest(
                f"{uid} was issued for any use, and withdrawn before there was one: it stays withdrawn",
                advice="Issue another in its place.",
            )


def _wanted(uids: Sequence[str], reason: str, noun: str, verb: str) -> list[str]:
    if not reason.strip():
        raise BadRequest(f"{noun} needs its reason", advice="Give it with --reason TEXT.")
    wanted = sorted({parse(uid) for uid in uids})
    if not wanted:
        raise BadRequest(f"there is no UID to {verb}")
    return wanted


def _by_state(act: Act, wanted: list[str], done: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those in use, and those that are withdrawn. Raises ``UnknownUid`` for one that isn't there,
    ``BadRequest`` for one of which nobody knows yet what it is."""
    words = Words(act.connection)
    knowledge = Knowledge(act.connection, words)
    knowledge.learn_places(wanted)
    knowledge.learn_generated(wanted)
    if knowledge.generated:
        # Nobody is to use it as anything: so it becomes a thing of no further kind.
        enter_issued(act, words, Issue(Kind.OTHER, tuple(sorted(knowledge.generated))), {})
        knowledge = Knowledge(act.connection, words)
        knowledge.learn_places(wanted)
    for uid in wanted:
        if uid not in knowledge.standing:
            if given_among(act.connection, [uid]):
                raise BadRequest(
                    f"{uid} replaces another within a scope, and no object was registered with it yet",
                    advice="Register one first, or `uid-registry scope purge` ends the whole scope.",
                )
            raise UnknownUid(f"the registry has never heard of {uid}; nothing was {done}")
    return (
        tuple(uid for uid in wanted if not knowledge.standing[uid].withdrawn),
        tuple(uid for uid in wanted if knowledge.standing[uid].withdrawn),
    )


def _said(act: Act, wanted: list[str], new: Sequence[str], reason: str) -> int:
    act.note(reason)
    confirm(act, Ground(frozenset(wanted)))
    act.commit(count=len(new))
    return act.entry
