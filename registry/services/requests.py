"""What is asked of issuing, and the ids under which it can be asked again."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from hashlib import blake2b

from registry.errors import BadRequest
from registry.minting import Method
from registry.records import Kind
from registry.services.sources import Source
from registry.store.act import Act
from registry.store.requests import Answered
from registry.store.requests import answered as answered_before
from registry.uid import printable

_ID = re.compile(r"[A-Za-z0-9._:/@-]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class IssueRequest:
    """What someone wants issued."""

    kind: Kind
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    modality: str | None = None  # of a series
    sources: tuple[Source, ...] = ()  # what it is derived from
    count: int = 1
    root: str | None = None
    method: Method = Method.RANDOM
    parts: tuple[str, ...] = ()  # what a keyed UID is made of
    purpose: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class DeriveRequest:
    """What someone wants UIDs for: a derived object in a series of its own."""

    sources: tuple[Source, ...]
    modality: str
    instances: int = 1
    study_instance_uid: str | None = None
    root: str | None = None
    method: Method = Method.RANDOM
    purpose: str | None = None
    request_id: str | None = None


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


def answered(act: Act, request: IssueRequest | DeriveRequest) -> Answered | None:
    """The answer to an earlier request with the same id, None if there was none.

    Raises ``RequestReused`` if that one asked for something else.
    """
    if request.request_id is None:
        return None
    return answered_before(act, request.request_id, _digest(request))


def _digest(request: IssueRequest | DeriveRequest) -> bytes:
    # Free text isn't part of what is asked, and may be redacted later.
    asked = {name: value for name, value in asdict(request).items() if name not in ("request_id", "purpose")}
    text = json.dumps([type(request).__name__, asked], sort_keys=True, default=str)
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).digest()
