"""What people decided; the latest row counts."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    String,
)

from registry.store.columns import ID, KINDS, TEXT, code, history, key, later, uid, word

# Which of several claims about a UID holds: all of what it says.
decisions = history(
    "decisions",
    uid(primary_key=True),
    key("entry", ID, later("entries.id")),
    Column("chosen", ID, nullable=False),  # the entry that made the claim
    Column("kind", SmallInteger, nullable=False),
    uid("series_uid"),
    uid("study_uid"),
    word("sop_class_id"),
    word("modality_id"),
    Column("content", LargeBinary),
    ForeignKeyConstraint(["uid"], ["ledger.uid"]),
    CheckConstraint(KINDS, "kind"),
)

# What became of a UID after it was withdrawn for the first time.
withdrawals = history(
    "withdrawals",
    uid(primary_key=True),
    key("entry", ID, later("entries.id")),
    Column("withdrawn", SmallInteger, nullable=False),
    ForeignKeyConstraint(["uid"], ["ledger.uid"]),
    CheckConstraint("withdrawn IN (0, 1)", "withdrawn"),
)

patient_decisions = history(
    "patient_decisions",
    key("patient_id", ID, ForeignKey("patients.id")),
    key("other_id", ID, ForeignKey("patients.id")),
    key("entry", ID, later("entries.id")),
    Column("same", SmallInteger, nullable=False),  # 1: one person, 0: two
    CheckConstraint("patient_id < other_id", "order"),
    CheckConstraint("same IN (0, 1)", "same"),
    Index("ix_patient_decisions_other_id", "other_id"),
)

acknowledgements = history(
    "acknowledgements",
    Column("code", code(8), primary_key=True),
    Column("uid", TEXT, primary_key=True),
    Column("counterpart", TEXT, primary_key=True),  # empty: none
    key("entry", ID, later("entries.id")),
    Column("state", SmallInteger, nullable=False),  # acknowledgement.Word
    Column("until", String(27)),
    Column("facts", LargeBinary),  # it lasts as long as these: records.Finding.facts
    CheckConstraint("state BETWEEN 1 AND 3", "state"),
    Index("ix_acknowledgements_uid", "uid"),
)
