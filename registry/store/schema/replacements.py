"""Which UIDs replace which within a scope, and the map itself, which can be taken away.

That a UID is a replacement is history, like all that was issued. What it replaces is
the key to who is behind a de-identified copy: it stands in a table apart, outside the
trail, which a purge empties. The trail holds a salted hash of it, so that a change of
the map is found as long as it is there; the salt goes with it.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    UniqueConstraint,
)

from registry.store.columns import ID, KINDS, code, entry, history, key, later, metadata, uid
from registry.store.packing import PackedUid

# Within a scope replacement is one to one; the entry that made it is what rows name it by.
scopes = history(
    "scopes",
    key("entry", ID, later("entries.id")),
    Column("name", code(64), nullable=False),
    UniqueConstraint("name"),
    by_entry=False,
)

replacements = history(
    "replacements",
    uid(primary_key=True),
    Column("scope_id", ID, ForeignKey("scopes.entry"), nullable=False),
    Column("kind", SmallInteger),  # None: nobody said
    Column("origin", SmallInteger, nullable=False),  # records.Origin: minted here, or another's map says so
    Column("commitment", LargeBinary, nullable=False),  # to the original: a hash with the salt beside it
    entry(),
    Index("ix_replacements_scope_id", "scope_id"),
    CheckConstraint(f"kind IS NULL OR {KINDS}", "kind"),
    CheckConstraint("origin IN (1, 2)", "origin"),
    CheckConstraint("length(commitment) = 32", "commitment"),
)

# Scopes whose originals were taken away, for ever.
purges = history(
    "purges",
    key("scope_id", ID, ForeignKey("scopes.entry")),
    entry(),
)

originals = Table(
    "originals",
    metadata,
    key("scope_id", ID, ForeignKey("scopes.entry")),
    Column("original", LargeBinary, primary_key=True),  # store/replacements.py
    Column("uid", PackedUid, later("replacements.uid"), nullable=False),
    Column("salt", LargeBinary, nullable=False),
    UniqueConstraint("uid"),
    CheckConstraint("length(salt) = 16", "salt"),
    sqlite_with_rowid=False,
)
