"""From a refused insert to a typed error: the one place where it happens.

PostgreSQL names the constraint. SQLite names CHECKs and triggers, for a UNIQUE
its table and columns, for a foreign key nothing (and that is always our bug).
"""

from __future__ import annotations

import re
from functools import cache

from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from registry.errors import (
    HistoryProtected,
    RegistryError,
    RightMissing,
    ScopePurged,
    TrailBroken,
    UidCollision,
    UidWithdrawn,
)
from registry.store import fence
from registry.store.columns import metadata
from registry.store.retrying import LostRace

_ERRORS: dict[str, type[RegistryError | LostRace]] = {
    "pk_ledger": UidCollision,
    "uq_studies_uid": UidCollision,
    "uq_series_uid": UidCollision,
    "tr_studies_kind": UidCollision,
    "tr_series_kind": UidCollision,
    "pk_uses": UidWithdrawn,
    "tr_entries_account": RightMissing,
    "pk_replacements": UidCollision,
    "tr_replacements_taken": UidCollision,
    "tr_originals_purged": ScopePurged,
    "pk_purges": LostRace,
    # Somebody was first with the same request, or has said something meanwhile.
    "pk_requests": LostRace,
    "pk_redactions": LostRace,
    "uq_reference_sets_digest": LostRace,
    "ck_entries_gapless": LostRace,
    # A node of the tree that must be there is gone, or one is there before its time.
    "tr_entries_tree": TrailBroken,
    "pk_tree_nodes": TrailBroken,
}

_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (.+)")
_SQLITE_NAMED = re.compile(r"(?:CHECK constraint failed: |index ')?\b((?:ck|tr|uq|pk)_\w+)")
_HISTORY_TRIGGER = re.compile(r"tr_\w+_(?:update|delete|truncate|sealed)\Z")


def constraint_of(error: IntegrityError) -> str | None:
    """The name of the constraint or trigger that refused; None where the engine doesn't say."""
    diagnostics = getattr(error.orig, "diag", None)
    if diagnostics is not None:
        return str(diagnostics.constraint_name) if diagnostics.constraint_name else None
    message = str(error.orig)
    if unique := _SQLITE_UNIQUE.search(message):
        return _uniques().get(frozenset(unique[1].split(", ")), None)
    named = _SQLITE_NAMED.search(message)
    return named[1] if named else None


def typed(error: IntegrityError, message: str | None = None) -> RegistryError | LostRace:
    """The typed error for a refused insert; one that we don't foresee is a bug of ours."""
    name = constraint_of(error)
    if name is not None and _HISTORY_TRIGGER.fullmatch(name):
        return HistoryProtected(f"the database keeps its history: {name}")
    if name is not None and name.startswith(fence.PREFIX):
        return fence.told_by(name, _said(error))
    kind = _ERRORS.get(name or "")
    if kind is not None:
        return kind(message)
    return RegistryError(f"the database refused a row: {name or 'a foreign key'}")


def _said(error: IntegrityError) -> str:
    diagnostics = getattr(error.orig, "diag", None)
    return str(getattr(diagnostics, "message_primary", None) or error.orig)


@cache
def _uniques() -> dict[frozenset[str], str]:
    """For each key of the schema: its columns as SQLite names them -> its name."""
    names: dict[frozenset[str], str] = {}
    for table in metadata.tables.values():
        for constraint in table.constraints:
            if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint):
                names[frozenset(f"{table.name}.{c.name}" for c in constraint.columns)] = str(constraint.name)
        for index in table.indexes:
            if index.unique:
                columns = frozenset(f"{table.name}.{c.name}" for c in index.columns)
                names.setdefault(columns, str(index.name))
    return names
