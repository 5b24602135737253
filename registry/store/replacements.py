"""Which UID replaces which within a scope, and what that is the map to.

Nobody asks first and inserts then: who inserts an original that another was quicker
with inserts nothing, and reads what holds. What stands in files of others needs be no UID:
then a hash of it is kept, for it may be a name.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select

from registry.errors import BadRequest, NotOneToOne, ScopePurged
from registry.records import Kind, Origin
from registry.store.act import Act
from registry.store.keyed import Keyed
from registry.store.lookups import REPLACEMENTS
from registry.store.packing import pack, unpack
from registry.store.schema import entries, originals, purges, replacements, scopes

_PACKABLE = re.compile(r"[0-9.]+\Z")
_OTHERWISE = b"\xff"
"""Before the text of what isn't made of digits and dots: no packed key begins like that."""

_SALT = 16


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope as it stands."""

    id: int  # the entry that made it
    name: str
    purged: int | None  # the entry that purged it


def original_key(text: str) -> bytes:
    """What an original is kept as: itself; of what can't be a UID, and so may be anything, a hash."""
    if _PACKABLE.match(text):
        return pack(text)
    return _OTHERWISE + hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def original_text(key: bytes) -> str:
    """The original that is kept so, as far as it can be told."""
    return f"sha256:{key[1:].hex()}" if key.startswith(_OTHERWISE) else unpack(key)


def commitment_to(salt: bytes, original: bytes) -> bytes:
    """What the trail holds of an original: without the salt nothing can be tried out against it."""
    return hashlib.sha256(salt + original).digest()


# --- scopes ----------------------------------------------------------------------------------

_SCOPES = select(scopes.c.entry, scopes.c.name, purges.c.entry.label("purged")).join_from(
    scopes, purges, purges.c.scope_id == scopes.c.entry, isouter=True
)


def scope_named(connection: Connection, name: str) -> Scope | None:
    """The scope of that name, if there is one."""
    row = connection.execute(_SCOPES.where(scopes.c.name == name)).one_or_none()
    return None if row is None else Scope(row.entry, row.name, row.purged)


def all_scopes(connection: Connection) -> list[Scope]:
    """Every scope, by name."""
    rows = connection.execute(_SCOPES.order_by(scopes.c.name))
    return [Scope(row.entry, row.name, row.purged) for row in rows]


def open_scope(act: Act, name: str) -> tuple[Scope, bool]:
    """The scope of that name, made if there is none; and whether it was made.

    Raises ``ScopePurged``, ``BadRequest`` for a name that differs from another in case alone.
    """
    found, made = scope_named(act.connection, name), False
    if found is None:
        for other in all_scopes(act.connection):
            if other.name.lower() == name.lower():
                raise BadRequest(
                    f"there is a scope {other.name}; another may not differ from it in case alone",
                    advice=f"--scope {other.name}, or a name that nobody takes for it.",
                )
        made = act.insert(scopes, [{"name": name}], known_is_fine=True) == 1
        found = scope_named(act.connection, name)
        if found is None:
            raise AssertionError("a scope that was there before can't be gone")
    require_open(found)
    return found, made


def require_open(scope: Scope) -> None:
    """Raise ``ScopePurged`` where nothing can be replaced in a scope any more."""
    if scope.purged is not None:
        raise ScopePurged(f"the map of scope {scope.name} was purged, entry {scope.purged}")


def sizes(connection: Connection) -> dict[int, int]:
    """How many replacements each scope has, purged or not."""
    query = select(replacements.c.scope_id, func.count().label("uids")).group_by(replacements.c.scope_id)
    return {row.scope_id: row.uids for row in connection.execute(query)}


# --- the map ---------------------------------------------------------------------------------


def known(connection: Connection, scope: Scope, texts: Iterable[str]) -> dict[str, str]:
    """The replacements that some originals have within a scope."""
    asked = {original_key(text): text for text in texts}
    rows = _ORIGINALS.rows(connection, asked, scope_id=scope.id)
    return {asked[bytes(row.original)]: row.uid for row in rows}


_ORIGINALS = Keyed(
    select(originals.c.original, originals.c.uid).where(originals.c.scope_id == bindparam("scope_id")),
    originals.c.original,
)


def within(connection: Connection, scope: Scope, uids: Iterable[str]) -> set[str]:
    """Those of some UIDs that are replacements within a scope themselves."""
    return {row.uid for row in among(connection, uids) if row.scope_id == scope.id}


def among(connection: Connection, uids: Iterable[str]) -> Iterator[Any]:
    """The rows of those of some UIDs that replace others, in whatever scope."""
    return REPLACEMENTS.rows(connection, uids)


def replace(
    act: Act, scope: Scope, wanted: Mapping[str, str], kinds: Mapping[str, Kind | None], origin: Origin
) -> dict[str, str]:
    """Give some originals their replacements, where they have none yet; what holds then.

    Raises ``UidCollision`` where a replacement is something else already, ``NotOneToOne``
    where it replaces another original.
    """
    rows = {original_key(text): (uid, secrets.token_bytes(_SALT)) for text, uid in wanted.items()}
    act.remember(originals, [(scope.id, key, pack(uid), salt) for key, (uid, salt) in rows.items()])
    holds = known(act.connection, scope, wanted)
    if len(holds) < len(wanted):
        lost = next(uid for text, uid in wanted.items() if text not in holds)
        raise NotOneToOne(f"{lost} replaces something else already")
    ours = {text: uid for text, uid in wanted.items() if holds[text] == uid}
    act.insert(replacements, [_row(scope, text, uid, rows, kinds, origin) for text, uid in ours.items()])
    return holds


def _row(
    scope: Scope,
    text: str,
    uid: str,
    rows: Mapping[bytes, tuple[str, bytes]],
    kinds: Mapping[str, Kind | None],
    origin: Origin,
) -> dict[str, object]:
    key, kind = original_key(text), kinds.get(text)
    return {
        "uid": uid,
        "scope_id": scope.id,
        "kind": None if kind is None else int(kind),
        "origin": int(origin),
        "commitment": commitment_to(rows[key][1], key),
    }


def revealed(connection: Connection, uids: Iterable[str]) -> dict[str, str]:
    """What some replacements stand for, as far as it wasn't purged."""
    return {row.uid: original_text(bytes(row.original)) for row in _BACK.rows(connection, uids)}


_BACK = Keyed(select(originals.c.uid, originals.c.original), originals.c.uid)


def whole_map(connection: Connection, scope: Scope) -> Iterator[tuple[str, str]]:
    """Each original of a scope with its replacement, in the order of the keys."""
    query = (
        select(originals.c.original, originals.c.uid)
        .where(originals.c.scope_id == scope.id)
        .order_by(originals.c.original)
    )
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield original_text(bytes(row.original)), row.uid


def purge(act: Act, scope: Scope) -> int:
    """Take away what the replacements of a scope stand for; how many that were."""
    act.insert(purges, [{"scope_id": scope.id}])
    connection = act.connection
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    return connection.execute(delete(originals).where(originals.c.scope_id == scope.id)).rowcount


def made_at(connection: Connection, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """When some entries were written, and by whom."""
    rows = connection.execute(
        select(entries.c.id, entries.c.at, entries.c.actor).where(entries.c.id.in_(set(ids)))
    )
    return {row.id: (row.at, row.actor) for row in rows}
