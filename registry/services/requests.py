"""Requests with an id: asked again, they are answered as the first time."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from sqlalchemy import select

from registry.decision import Standing
from registry.errors import BadRequest, RequestReused
from registry.records import Kind, Origin
from registry.store import schema
from registry.store.act import Act
from registry.store.knowledge import Knowledge
from registry.store.words import Words
from registry.uid import printable

if TYPE_CHECKING:
    from registry.services.issuing import DeriveRequest, IssueRequest

_ID = re.compile(r"[A-Za-z0-9._:/@-]{1,64}\Z")


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


def check_id(request_id: str | None) -> None:
    """Raise ``BadRequest`` for what can't be a request id; it goes into the trail as it is."""
    if request_id is not None and not _ID.match(request_id):
        raise BadRequest(
            f"{printable(request_id)} can't be a request id",
            advice="1 to 64 letters, digits and . _ : / @ -, e.g. the id of a job.",
        )


def row(request: IssueRequest | DeriveRequest) -> dict[str, object] | None:
    """The row that remembers a request, None for one without an id."""
    if request.request_id is None:
        return None
    return {"request_id": request.request_id, "digest": _digest(request)}


def _digest(request: IssueRequest | DeriveRequest) -> bytes:
    # Free text isn't part of what is asked, and may be redacted later.
    asked = {name: value for name, value in asdict(request).items() if name not in ("request_id", "purpose")}
    text = json.dumps([type(request).__name__, asked], sort_keys=True, default=str)
    return blake2b(text.encode(), digest_size=16).digest()


def answered(act: Act, request: IssueRequest | DeriveRequest) -> Answered | None:
    """The answer to an earlier request with the same id, None if there was none.

    Raises ``RequestReused`` if that one asked for something else.
    """
    if request.request_id is None:
        return None
    table = schema.requests
    found = act.connection.execute(
        select(table).where(table.c.request_id == request.request_id)
    ).one_or_none()
    if found is None:
        return None
    if found.digest != _digest(request):
        raise RequestReused(
            f"the request id {request.request_id} was used for another request, entry {found.entry}"
        )
    return _answer(act, found.entry)


def _answer(act: Act, entry: int) -> Answered:
    ledger, entries = schema.ledger, schema.entries
    ours = select(ledger.c.uid).where(ledger.c.entry == entry, ledger.c.origin == int(Origin.ISSUED))
    uids = act.connection.execute(ours).scalars().all()
    knowledge = Knowledge(act.connection, Words(act.connection))
    knowledge.learn(uids)
    detail = act.connection.execute(select(entries.c.detail).where(entries.c.id == entry)).scalar_one()
    return Answered(entry, json.loads(detail)["root"], [knowledge.standing[uid] for uid in sorted(uids)])
