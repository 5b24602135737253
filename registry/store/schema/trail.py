"""The audit trail: its entries, their free texts, the tree over them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from registry.store.columns import ID, code, entry, history, key, later, metadata, partial

entries = Table(
    "entries",
    metadata,
    # The ticket, taken first; rows point to it. Gaps are allowed.
    key("id", ID),
    # The place in the trail, taken last; gapless, because each names the one before.
    Column("seq", ID, nullable=False),
    Column("prev", ID, ForeignKey("entries.seq")),
    # UIDs in the ledger when the entry was written: the size that `check` names.
    Column("ledger_size", BigInteger, nullable=False),
    Column("at", code(27), nullable=False),  # UTC, 2026-11-22T09:30:00.000000Z
    Column("event", String(40), nullable=False),  # noun:verb
    Column("outcome", String(20), nullable=False),  # done, refused, blocked, failed
    Column("actor", code(200), nullable=False),
    Column("host", String(255), nullable=False),
    Column("application", String(60), nullable=False),
    Column("request_id", String(64)),
    Column("note_hash", LargeBinary),  # of the free text in notes, which may be redacted
    Column("detail", Text, nullable=False),  # canonical JSON: counts, and what was refused
    Column("rows", Text, nullable=False),  # canonical JSON: table -> [count, digest]
    Column("leaf", LargeBinary, nullable=False),
    Column("format", SmallInteger, nullable=False, server_default=text("1")),  # of the canonical bytes
    Column("role", String(12)),  # what the account may do: owner, writer, auditor; None: format 1
    Column("account", String(200)),  # as the database or the operating system knows it
    UniqueConstraint("seq"),
    UniqueConstraint("leaf"),
    # What was refused leaves no rows by which it could be found.
    partial("ix_entries_refused", "seq", where="outcome = 'refused'"),
    Index("ix_entries_at", "at"),
    Index("ix_entries_actor", "actor", "id"),
    CheckConstraint(
        "(seq = 0 AND prev IS NULL) OR (seq > 0 AND prev IS NOT NULL AND prev = seq - 1)", "gapless"
    ),
    CheckConstraint("length(leaf) = 32", "leaf"),
    info={"history": True},
)

notes = history(
    "notes",
    key("entry", ID, later("entries.id")),
    Column("salt", LargeBinary, nullable=False),  # so that a redacted text can't be guessed from its hash
    Column("text", Text, nullable=False),
    by_entry=False,
)

requests = history(
    "requests",
    Column("request_id", code(64), primary_key=True),
    Column("digest", LargeBinary, nullable=False),  # of what was asked: a retry must ask the same
    entry(),
)

# Free texts that were taken out; their hash stays in the entry.
redactions = history(
    "redactions",
    key("note", ID, ForeignKey("notes.entry")),
    entry(),
)

# The complete subtrees over the leaves (RFC 9162 section 2.1): the node at ``place`` of a
# level stands for the 2^level leaves from ``place`` * 2^level on. The leaves are level 0.
tree_nodes = Table(
    "tree_nodes",
    metadata,
    key("level", SmallInteger),
    key("place", ID),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("level > 0 AND place >= 0", "place"),
    CheckConstraint("length(hash) = 32", "hash"),
    info={"history": True},
    sqlite_with_rowid=False,
)
