"""What the ledger refuses is recorded too, in an entry of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from registry.errors import Refused, UnknownFinding
from registry.services.opening import OpenRegistry
from registry.store.act import Act
from registry.store.keyed import Question
from registry.store.retrying import Answer
from registry.uid import is_key

NAMED = 20
"""UIDs that the entry of a refused act names; its message names the one that it was refused for."""


def recorded(
    registry: OpenRegistry,
    event: str,
    work: Callable[[Act], Answer],
    *,
    actor: str,
    about: Iterable[str | None] = (),
    request_id: str | None = None,
    question: Question | None = None,
) -> Answer:
    """Do an act; where it is refused, an entry says so and the refusal is raised again.

    The entry names the UIDs that the act was ``about``, some of many.
    """
    try:
        return registry.perform(event, work, request_id=request_id, actor=actor, question=question)
    except Refused as refusal:
        uids = sorted({uid for uid in about if uid and is_key(uid)})
        told: dict[str, object] = {"reason": refusal.code, "uids": uids[:NAMED]}
        # A message quotes UIDs, codes and the registry's own words; but a finding may be about
        # a UID that is none, and so about any text that stood in a file.
        if not isinstance(refusal, UnknownFinding):
            told["message"] = refusal.message
        if len(uids) > NAMED:
            told["count"] = len(uids)
        registry.perform(event, lambda act: act.commit("refused", **told), request_id=request_id, actor=actor)
        raise
