"""What the ledger refuses is recorded too, in an entry of its own."""

from __future__ import annotations

from collections.abc import Callable

from registry.errors import Refused
from registry.services.opening import OpenRegistry
from registry.store.act import Act
from registry.store.keyed import Question
from registry.store.retrying import Answer


def recorded(
    registry: OpenRegistry,
    event: str,
    work: Callable[[Act], Answer],
    *,
    actor: str,
    request_id: str | None = None,
    question: Question | None = None,
) -> Answer:
    """Do an act; where it is refused, an entry says so and the refusal is raised again."""
    try:
        return registry.perform(event, work, request_id=request_id, actor=actor, question=question)
    except Refused as refusal:
        told = {"reason": refusal.code, "message": refusal.message}
        registry.perform(event, lambda act: act.commit("refused", **told), request_id=request_id, actor=actor)
        raise
