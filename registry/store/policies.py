"""The policies that objects were judged by: each kept once, whole, when it was first in use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256

from sqlalchemy import select

from registry.store.act import Act
from registry.store.schema import policies


def canonical(body: Mapping[str, object]) -> str:
    """A policy as it is kept: JSON that is the same whatever order things were said in."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest_of(body: Mapping[str, object]) -> bytes:
    """By what a policy is named: the hash of its text."""
    return sha256(canonical(body).encode("ascii")).digest()


def remember(act: Act, body: Mapping[str, object]) -> bytes:
    """Keep a policy, unless it is kept already; its digest."""
    digest = digest_of(body)
    known = act.connection.execute(select(policies.c.entry).where(policies.c.digest == digest)).first()
    if known is None:
        # Another writer may be first with it.
        act.insert(policies, [{"digest": digest, "body": canonical(body)}], known_is_fine=True)
    return digest
