"""What refers to what."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, UniqueConstraint

from registry.store.columns import ID, entry, history, key, uid

# Sets of references, each kept once: the slices of a series share theirs.
reference_sets = history(
    "reference_sets",
    key("id", ID),
    Column("digest", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),  # store/references.py
    entry(),
    UniqueConstraint("digest"),
)

# Which object, or issued series, refers to which set.
reference_claims = history(
    "reference_claims",
    uid(primary_key=True),
    key("set_id", ID, ForeignKey("reference_sets.id")),
    entry(),
    Index("ix_reference_claims_set_id", "set_id"),
)

# The series that a set leads to, once known: one row for each, not for each image.
derivations = history(
    "derivations",
    key("set_id", ID, ForeignKey("reference_sets.id")),
    uid("source_series_uid", primary_key=True),
    entry(),
    Index("ix_derivations_source_series_uid", "source_series_uid"),
)
