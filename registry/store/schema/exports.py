"""What was checked for leaving, and where to."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, SmallInteger

from registry.store.columns import ID, KINDS, TEXT, history, key, later, uid

# A check before export: whether it was approved, and against which state of the trail.
exports = history(
    "exports",
    key("entry", ID, later("entries.id")),
    Column("destination", TEXT, nullable=False),
    Column("approved", SmallInteger, nullable=False),
    Column("policy", LargeBinary, ForeignKey("policies.digest"), nullable=False),
    Column("tree_size", ID, nullable=False),
    Column("root_hash", LargeBinary, nullable=False),
    CheckConstraint("approved IN (0, 1)", "approved"),
    CheckConstraint("length(root_hash) = 32", "root_hash"),
    Index("ix_exports_destination", "destination"),
    by_entry=False,
)

# The UIDs that were checked: studies, series and instances. They needn't be in the ledger.
exported = history(
    "exported",
    uid(primary_key=True),
    key("entry", ID, later("entries.id")),
    Column("kind", SmallInteger, nullable=False),
    CheckConstraint(KINDS, "kind"),
)
