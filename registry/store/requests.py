"""Requests with an id: what each was answered, found again."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import select

from registry.decision import Standing
from registry.errors import RequestReused
from registry.records import Kind, Origin
from registry.store import schema
from registry.store.act import Act
from registry.store.knowledge import Knowledge
from registry.store.words import Words


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request with this id was answered."""

    entry: int
    root: str
    issued: list[Standing]

    def of_kind(self, kind: Kind) -> tuple[str, ...]:
        return tuple(standing.uid for standing in self.issued if standing.kind is kind)

    def study_of(self, uid: str) -> str | None:
        return next(standing.study_instance_uid for standing in self.issued if standing.uid == uid)


def answered(act: Act, request_id: str, digest: bytes) -> Answered | None:
    """The answer to an earlier request with the same id, None if there was none.

    Raises ``RequestReused`` if that one asked for something else.
    """
    table = schema.requests
    found = act.connection.execute(select(table).where(table.c.request_id == request_id)).one_or_none()
    if found is None:
        return None
    if found.digest != digest:
        raise RequestReused(f"the request id {request_id} was used for another request, entry {found.entry}")
    ledger, entries = schema.ledger, schema.entries
    ours = select(ledger.c.uid).where(ledger.c.entry == found.entry, ledger.c.origin == int(Origin.ISSUED))
    uids = act.connection.execute(ours).scalars().all()
    knowledge = Knowledge(act.connection, Words(act.connection))
    knowledge.learn_places(uids)
    detail = act.connection.execute(select(entries.c.detail).where(entries.c.id == found.entry)).scalar_one()
    return Answered(
        found.entry, json.loads(detail)["root"], [knowledge.standing[uid] for uid in sorted(uids)]
    )
