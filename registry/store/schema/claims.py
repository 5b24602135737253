"""What objects claim: of UIDs that stand otherwise in the ledger, of whole series and studies,
of how they came to be.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
)

from registry.store.columns import ID, KINDS, code, entry, history, key, partial, uid, word

# --- what was claimed, and doesn't stand in the ledger row ---------------------------

refused_claims = history(
    "refused_claims",
    uid(primary_key=True),
    Column("claim", LargeBinary, primary_key=True),  # digest of what follows: each claim is kept once
    Column("kind", SmallInteger, nullable=False),
    uid("series_uid"),
    uid("study_uid"),
    word("sop_class_id"),
    word("modality_id"),
    entry(),
    CheckConstraint(KINDS, "kind"),
)

content_claims = history(
    "content_claims",
    uid(primary_key=True),
    Column("content", LargeBinary, primary_key=True),
    key("transfer_syntax_id", Integer, ForeignKey("words.id")),
    Column("data_set", LargeBinary),
    Column("first", SmallInteger, nullable=False),  # 1: of those in a comparable encoding
    entry(),
)

# --- what is claimed of a whole series, study or shared UID -----------------------------

series_claims = history(
    "series_claims",
    uid("series_uid", primary_key=True),
    key("sop_class_id", Integer),  # 0: none
    key("modality_id", Integer),  # 0: none
    uid("frame_of_reference_uid", primary_key=True),  # empty: none; 0: nothing is told of any
    entry(),
    Index("ix_series_claims_frame_of_reference_uid", "frame_of_reference_uid"),
)

patients = history(
    "patients",
    key("id", ID),
    Column("token", LargeBinary, nullable=False),
    Column("issuer", LargeBinary, nullable=False),  # empty: none
    entry(),
    UniqueConstraint("token", "issuer"),
)

patient_claims = history(
    "patient_claims",
    uid(primary_key=True),  # a study, frame of reference or tracking identifier
    key("patient_id", ID, ForeignKey("patients.id")),
    entry(),
    Index("ix_patient_claims_patient_id", "patient_id"),
)

patient_aliases = history(
    "patient_aliases",
    key("patient_id", ID, ForeignKey("patients.id")),
    key("other_id", ID, ForeignKey("patients.id")),
    entry(),
    CheckConstraint("patient_id < other_id", "order"),
    Index("ix_patient_aliases_other_id", "other_id"),
)

fingerprints = history(
    "fingerprints",
    Column("subject", LargeBinary, primary_key=True),  # packed UID, or a patient's token
    key("level", SmallInteger),  # records.Level
    Column("variant", LargeBinary, primary_key=True),
    Column("version", SmallInteger, nullable=False),  # of the attribute list
    Column("attributes", LargeBinary, nullable=False),
    entry(),
)

# What objects say of how they came to be; what most of them say isn't written. And which UIDs were
# issued before anybody said for what: they come into the ledger, as what they are, when they are used.
traits = history(
    "traits",
    uid(primary_key=True),
    Column("trait", code(20), primary_key=True),  # records.Trait
    Column("content", LargeBinary, primary_key=True),  # of which content; empty: of the object
    entry(),
    partial("ix_traits_generated", "entry", "uid", where="trait = 'generated'"),
)

# Content and patients as copies in another context than the clinical one have them.
context_contents = history(
    "context_contents",
    Column("context", code(32), primary_key=True),
    uid(primary_key=True),
    Column("content", LargeBinary, primary_key=True),
    key("transfer_syntax_id", Integer, ForeignKey("words.id")),
    Column("data_set", LargeBinary),
    Column("first", SmallInteger, nullable=False),
    entry(),
    Index("ix_context_contents_uid", "uid"),
)

context_patients = history(
    "context_patients",
    Column("context", code(32), primary_key=True),
    uid(primary_key=True),
    key("patient_id", ID, ForeignKey("patients.id")),
    entry(),
)

# The frames of reference of objects that are compared with those of their sources.
frames = history(
    "frames",
    uid(primary_key=True),
    uid("frame_uid", primary_key=True),
    entry(),
)

# Frames of reference between which a registration leads.
registrations = history(
    "registrations",
    uid("frame_uid", primary_key=True),
    uid("other_uid", primary_key=True),
    entry(),
    Index("ix_registrations_other_uid", "other_uid"),
)
