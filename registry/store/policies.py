"""The policies that checks were asked with: each is kept once, from its first use on.

A policy is what people have set: which rules are asked, how grave their findings
are. The files that it was read from aren't part of it (a path may name somebody),
nor is what nobody set: that follows from the program's version, in each entry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, select

from registry.checksettings import CheckSettings, Override
from registry.store.act import Act
from registry.store.schema import entries, policies


def body_of(check: CheckSettings, modalities: Iterable[str] = ()) -> str:
    """A policy as canonical JSON: equal ones have equal bodies. Only what somebody set is in it."""
    said = {
        # Of the places only their order counts: the nearest decides.
        "selections": [
            _said(select=sorted(set(each.select)), ignore=sorted(set(each.ignore)))
            for each in check.selections
        ],
        "overrides": [
            sorted(map(_override, group), key=_canonical)
            for _, group in groupby(check.overrides, key=lambda override: override.place)
        ],
        "external": sorted(set(check.external)),
        "shared_frames": sorted(set(check.shared_frames)),
        "fail_on": check.fail_on,
        "modalities": sorted(set(modalities)),
    }
    return _canonical(_said(**said))


def _override(one: Override) -> dict[str, object]:
    return _said(
        rules=sorted(set(one.rules)), severity=one.severity.label, root=one.root, modality=one.modality
    )


def _said(**settings: object) -> dict[str, object]:
    return {name: value for name, value in settings.items() if value}


def _canonical(said: object) -> str:
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


DEFAULT = body_of(CheckSettings())
"""Nobody has set anything: that isn't adopted, every program comes with it."""

SHOWN = 16
"""Hex digits of a digest that entries and people name a policy by."""


def digest_of(body: str) -> bytes:
    """What a policy is known by."""
    return hashlib.sha256(body.encode()).digest()


def remember(act: Act, body: str) -> bytes:
    """Keep a policy, unless it is kept; its digest."""
    digest = digest_of(body)
    act.insert(policies, [{"digest": digest, "body": body}], known_is_fine=True)
    return digest


def is_known(connection: Connection, digest: bytes) -> bool:
    """Whether a policy is kept."""
    found = connection.execute(select(policies.c.entry).where(policies.c.digest == digest))
    return found.first() is not None


@dataclass(frozen=True, slots=True)
class Adopted:
    """A policy, and the act that was first to use it."""

    name: str  # the beginning of its digest
    body: str
    entry: int
    at: str
    actor: str


def listed(connection: Connection) -> list[Adopted]:
    """The policies that are kept, by first use."""
    query = select(policies, entries.c.at, entries.c.actor).join_from(
        policies, entries, policies.c.entry == entries.c.id
    )
    return [
        Adopted(name_of(row.digest), row.body, row.entry, row.at, row.actor)
        for row in connection.execute(query.order_by(entries.c.seq, policies.c.digest))
    ]


def name_of(digest: bytes) -> str:
    """What entries and people call a policy."""
    return digest.hex()[:SHOWN]
