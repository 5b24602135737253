"""Generate: UIDs for code that mints them without saying what for, recorded before it gets them.

What such a UID is, nobody knows before it is used. So it is no row of the ledger yet,
in which each is one thing for ever, but remembered as generated (``Trait.GENERATED``).
It comes into the ledger by the first object that carries it, as what it is there, and
from then on it is that one thing like any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from registry.errors import BadPrefix, BadRoot
from registry.minting import mint_many, mint_uuid
from registry.records import Trait
from registry.roots import Roots
from registry.services.desk import keyed_under
from registry.services.opening import OpenRegistry
from registry.store import schema
from registry.store.act import Act
from registry.store.lookups import GENERATED
from registry.store.roots import load_roots
from registry.store.session import Connection
from registry.uid import UUID_ROOT, printable

_PREFIX = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*\.\Z")
_LONGEST = 54
_LABEL = "generated"
"""Before the parts of a keyed UID. No kind is called so: what was issued for a kind is never one of these."""


def generate(
    registry: OpenRegistry, prefix: str | None, parts: Sequence[str] | None = None, count: int = 1
) -> list[str]:
    """So many UIDs that begin with a prefix, which ends with a dot; without one they are made
    of UUIDs. With ``parts`` it is the one that they always give, which is recorded once.

    A prefix that everybody who runs a toolkit shares stands for the registry's own root.
    Raises ``BadPrefix`` where nothing can be issued under it.
    """
    actor = registry.settings.named_actor()
    arc = _arc(prefix, parts)
    if arc is None:
        parts = None  # as pydicom has it: a UUID is random, whatever else is given
    if arc is not None and parts is not None:
        with registry.database.reading() as connection:
            under = _ours(load_roots(connection), arc)
            uid, known = _keyed(registry, connection, under, parts)
        if known:
            return [uid]

    def work(act: Act) -> list[str]:
        under = UUID_ROOT if arc is None else _ours(load_roots(act.connection, act.roots_said), arc)
        if arc is None:
            uids = [mint_uuid() for _ in range(count)]
        elif parts is None:
            uids = mint_many(under, count)
        else:
            uids = [_keyed(registry, act.connection, under, parts)[0]]
        rows = [{"uid": uid, "trait": str(Trait.GENERATED), "content": b""} for uid in uids]
        if act.insert(schema.traits, rows, known_is_fine=parts is not None):
            act.commit(kind="any", count=len(uids), root=under)
        return uids

    return registry.perform("uid:issue", work, actor=actor)


def check_prefix(registry: OpenRegistry, prefix: str) -> None:
    """Raise ``BadPrefix`` where nothing can be issued under a prefix."""
    arc = _arc(prefix, None)
    if arc is not None:
        with registry.database.reading() as connection:
            _ours(load_roots(connection), arc)


def _keyed(
    registry: OpenRegistry, connection: Connection, root: str, parts: Sequence[str]
) -> tuple[str, bool]:
    """The UID that some parts give, and whether it was recorded before; one that came of them
    under a former key is still theirs."""
    (uids,) = keyed_under(registry, connection, root, [(_LABEL, *parts)])
    known = {row.uid for row in GENERATED.rows(connection, uids)}
    return next((uid for uid in uids if uid in known), uids[-1]), bool(known)


def _arc(prefix: str | None, parts: Sequence[str] | None) -> str | None:
    """The arc that a prefix stands for, None for that of UUIDs; it must be one that pydicom takes, too."""
    if prefix is None or (prefix == f"{UUID_ROOT}." and parts is None):
        return None
    if len(prefix) > _LONGEST:
        raise BadPrefix(f"The 'prefix' should be no more than {_LONGEST} characters long")
    if not _PREFIX.match(prefix):
        raise BadPrefix(
            f"The 'prefix' {printable(prefix)} is not valid for use with a UID (PS3.5 section 9.1)",
            advice="It is digits and single dots, and ends with a dot, e.g. '1.2.840.113619.'.",
        )
    return prefix.removesuffix(".")


def _ours(roots: Roots, arc: str) -> str:
    try:
        return roots.arc_for(arc)
    except BadRoot as error:
        raise BadPrefix(error.message) from error
