"""The policies that checks were asked with: each is kept once, from its first use on.

A policy is what people have set: which rules are asked, how grave their findings
are. The files that it was read from aren't part of it (a path may name somebody),
nor is what nobody set: that follows from the program's version, in each entry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from itertools import groupby

from registry.checksettings import CheckSettings
from registry.store import schema
from registry.store.act import Act


def body_of(check: CheckSettings, modalities: Iterable[str] = ()) -> str:
    """A policy as canonical JSON: equal ones have equal bodies. Only what somebody set is in it."""
    said = {
        # Of the places only their order counts: the nearest decides.
        "selections": [[sorted(set(each.select)), sorted(set(each.ignore))] for each in check.selections],
        "overrides": [
            sorted(
                [sorted(set(each.rules)), each.severity.label, each.root or "", each.modality or ""]
                for each in group
            )
            for _, group in groupby(check.overrides, key=lambda override: override.place)
        ],
        "external": sorted(set(check.external)),
        "shared_frames": sorted(set(check.shared_frames)),
        "fail_on": check.fail_on,
        "modalities": sorted(set(modalities)),
    }
    return json.dumps(
        {name: value for name, value in said.items() if value}, sort_keys=True, separators=(",", ":")
    )


def digest_of(body: str) -> bytes:
    """What a policy is known by."""
    return hashlib.sha256(body.encode()).digest()


def remember(act: Act, body: str) -> bytes:
    """Keep a policy, unless it is kept; its digest."""
    digest = digest_of(body)
    act.insert(schema.policies, [{"digest": digest, "body": body}], known_is_fine=True)
    return digest
