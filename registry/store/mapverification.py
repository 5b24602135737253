"""Is what replacements stand for what it was when they were made?

The map of a scope isn't in the trail, so that it can be taken away; the trail holds a
salted hash of each original. So nothing of it can be changed, left out or put back unnoticed.
An account that may not read the map can't look: then only the replacements are verified.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack

from sqlalchemy import Connection

from registry.store.packing import unpack
from registry.store.streams import UNREADABLE, Broken, Raw, stream

_EACH = (
    "SELECT r.entry, r.uid, r.scope_id, r.commitment, p.entry, o.scope_id, o.original, o.salt "
    "FROM replacements r LEFT JOIN originals o ON o.uid = r.uid "
    "LEFT JOIN purges p ON p.scope_id = r.scope_id"
)
_OTHERS = "SELECT o.uid FROM originals o WHERE o.uid NOT IN (SELECT r.uid FROM replacements r) LIMIT 1"


def is_readable(connection: Connection) -> bool:
    """Whether this account may read the map."""
    if connection.dialect.name == "sqlite":
        return True
    asked = "SELECT has_table_privilege('originals', 'SELECT')"
    return bool(connection.exec_driver_sql(asked).scalar_one())


def check_map(connection: Connection, opened: ExitStack) -> None:
    """Raise ``Broken`` for the first entry of whose replacements one stands for something else now."""
    broken: Broken | None = None
    for row in stream(connection, _EACH, opened):
        reason = _wrong(row)
        if reason is not None and (broken is None or row[0] < (broken.entry or 0)):
            broken = Broken(row[0], reason)
    if broken is not None:
        raise broken
    for (uid,) in stream(connection, _OTHERS, opened):
        raise Broken(None, f"originals has a row for {_shown(uid)}, which replaces nothing")


def _wrong(row: Raw) -> str | None:
    _, uid, scope, commitment, purged, its_scope, original, salt = row
    told = f"what the replacement {_shown(uid)} stands for"
    if original is None:
        return None if purged is not None else f"{told} is gone, and its scope was never purged"
    if purged is not None:
        return f"{told} is there, and its scope was purged in entry {purged}"
    try:
        fits = hashlib.sha256(bytes(salt) + bytes(original)).digest() == bytes(commitment)
    except UNREADABLE:  # on SQLite, a value of another type than the program writes
        fits = False
    return None if fits and its_scope == scope else f"{told} was changed"


def _shown(uid: object) -> str:
    return unpack(bytes(uid)) if isinstance(uid, bytes | memoryview) else repr(uid)
