"""The public halves of the keys that sign checkpoints."""

from __future__ import annotations

from sqlalchemy import Connection, select

from registry.note import VerifierKey
from registry.store.act import Act
from registry.store.schema import entries, registry, signing_keys


def verifier_keys(connection: Connection) -> list[VerifierKey]:
    """All that ever signed for this registry, the one that signs now first."""
    query = (
        select(registry.c.origin, signing_keys.c.public_key)
        .join_from(signing_keys, entries, signing_keys.c.entry == entries.c.id)
        .join(registry, registry.c.id == 1)
        .order_by(entries.c.seq.desc())
    )
    return [VerifierKey(origin, bytes(key)) for origin, key in connection.execute(query)]


def add_verifier_key(act: Act, key: VerifierKey) -> None:
    """From this act on the key signs."""
    act.insert(signing_keys, [{"public_key": key.public_key}])
