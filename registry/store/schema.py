"""The tables. Two sorts: *history* is only ever added to, *work* may be deleted.

History rows carry the audit entry that made them and are covered by its digest;
triggers refuse their update and deletion, and refuse rows for an entry that is
already written. Each constraint has a name, which store/constraints.py turns
into a typed error. The migrations build all this; a test holds the two equal.

A UID that points at something else is kept packed (store/packing.py). Integer
surrogate keys (``series_id``) never leave store/.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from registry.store.columns import ID, TEXT, code, entry, history, key, later, metadata, uid, word

REVISION = "0003"
"""The migration that this program expects; a test holds it equal to the newest."""

# --- the audit trail -------------------------------------------------------------

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
    Column("at", String(27), nullable=False),  # UTC, 2026-11-22T09:30:00.000000Z
    Column("event", String(40), nullable=False),  # noun:verb
    Column("outcome", String(20), nullable=False),  # done, refused
    Column("actor", String(200), nullable=False),
    Column("host", String(255), nullable=False),
    Column("application", String(60), nullable=False),
    Column("request_id", String(64)),
    Column("note_hash", LargeBinary),  # of the free text in notes, which may be redacted
    Column("detail", Text, nullable=False),  # canonical JSON: counts, and what was refused
    Column("rows", Text, nullable=False),  # canonical JSON: table -> [count, digest]
    Column("leaf", LargeBinary, nullable=False),
    UniqueConstraint("seq"),
    UniqueConstraint("leaf"),
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

# --- the registry itself, its roots and interned words ----------------------------

registry = history(
    "registry",
    key("id", SmallInteger),
    Column("origin", String(80), nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("key_check", LargeBinary, nullable=False),
    entry(),
    CheckConstraint("id = 1", "single"),
)

# What was last said of a root counts: policy, and whether it is retired.
roots = history(
    "roots",
    Column("prefix", TEXT, primary_key=True),
    key("entry", ID, later("entries.id")),
    Column("policy", String(12), nullable=False),
    Column("organization", Text),
    Column("minter", Text),
    Column("enforced_from", String(27)),
    Column("retired", SmallInteger, nullable=False),
    CheckConstraint("policy IN ('production', 'delegated', 'research')", "policy"),
    CheckConstraint("retired IN (0, 1)", "retired"),
)

# SOP Classes, transfer syntaxes and modalities, each written once.
words = history(
    "words",
    key("id", Integer),
    Column("value", TEXT, nullable=False),
    entry(),
    UniqueConstraint("value"),
)

# --- the ledger --------------------------------------------------------------------

_KINDS = "kind BETWEEN 1 AND 13"  # records.Kind
_ISSUED, _OBSERVED = 1, 2  # records.Origin
_STUDY, _SERIES, _INSTANCE = 1, 2, 3

ledger = Table(
    "ledger",
    metadata,
    entry(),
    # An instance's series. An observed one may lack it ("unplaced"): its claim was refused.
    Column("series_id", ID, later("series.id", use_alter=True)),
    Column("kind", SmallInteger, nullable=False),
    Column("origin", SmallInteger, nullable=False),
    word("sop_class_id"),
    # The first content seen, where it was seen with the UID; later ones are in content_claims.
    word("transfer_syntax_id"),
    uid(primary_key=True),
    Column("content", LargeBinary),
    Column("data_set", LargeBinary),
    CheckConstraint(_KINDS, "kind"),
    CheckConstraint("origin BETWEEN 1 AND 3", "origin"),
    CheckConstraint("length(uid) BETWEEN 2 AND 32", "uid"),
    CheckConstraint("typeof(uid) = 'blob'", "uid_type").ddl_if(dialect="sqlite"),
    CheckConstraint(f"series_id IS NULL OR kind = {_INSTANCE}", "parent_kind"),
    CheckConstraint(f"series_id IS NOT NULL OR kind <> {_INSTANCE} OR origin = {_OBSERVED}", "parent"),
    CheckConstraint(f"(content IS NULL AND sop_class_id IS NULL) OR kind = {_INSTANCE}", "content_kind"),
    CheckConstraint("content IS NULL OR length(content) = 16", "content"),
    CheckConstraint("data_set IS NULL OR (content IS NOT NULL AND length(data_set) = 16)", "data_set"),
    Index("ix_ledger_series_id", "series_id", sqlite_where=text("series_id IS NOT NULL")),
    Index("ix_ledger_entry", "entry", postgresql_using="brin", postgresql_with={"autosummarize": True}),
    info={"history": True},
)

studies = Table(
    "studies",
    metadata,
    key("id", ID),
    uid("uid", nullable=False),
    entry(),
    UniqueConstraint("uid"),
    ForeignKeyConstraint(["uid"], ["ledger.uid"]),
    Index("ix_studies_entry", "entry"),
    info={"history": True},
)

series = Table(
    "series",
    metadata,
    key("id", ID),
    uid("uid", nullable=False),
    Column("study_id", ID, ForeignKey("studies.id")),  # an observed one may lack it
    Column("origin", SmallInteger, nullable=False),  # that of its ledger row
    word("modality_id"),  # as issued or first seen
    entry(),
    UniqueConstraint("uid"),
    ForeignKeyConstraint(["uid"], ["ledger.uid"]),
    CheckConstraint(f"study_id IS NOT NULL OR origin = {_OBSERVED}", "parent"),
    Index("ix_series_study_id", "study_id"),
    Index("ix_series_entry", "entry"),
    info={"history": True},
)

USED, MISUSED, WITHDRAWN = 1, 2, 3

# What became of a UID after it came into the ledger: seen in an object, withdrawn.
uses = history(
    "uses",
    uid(primary_key=True),
    key("state", SmallInteger),
    word("sop_class_id"),
    entry(),
    CheckConstraint("state BETWEEN 1 AND 3", "state"),
    ForeignKeyConstraint(["uid"], ["ledger.uid"]),
)

# The study that an issued shared UID belongs to.
owners = history(
    "owners",
    uid(primary_key=True),
    uid("study_uid", nullable=False),
    entry(),
    ForeignKeyConstraint(["uid"], ["ledger.uid"]),
)

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
    CheckConstraint(_KINDS, "kind"),
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
    uid("frame_of_reference_uid", primary_key=True),  # empty: none
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

# What objects say of how they came to be; what most of them say isn't written.
traits = history(
    "traits",
    uid(primary_key=True),
    Column("trait", code(20), primary_key=True),  # records.Trait
    Column("content", LargeBinary, primary_key=True),  # of which content; empty: of the object
    entry(),
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
)

# --- what people decided; the latest row counts ---------------------------------------------

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
    CheckConstraint(_KINDS, "kind"),
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

# Free texts that were taken out; their hash stays in the entry.
redactions = history(
    "redactions",
    key("note", ID, ForeignKey("notes.entry")),
    entry(),
)

# --- what refers to what ------------------------------------------------------------------

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

# --- work: may be deleted, is not in the trail ----------------------------------------------

pending_references = Table(
    "pending_references",
    metadata,
    uid("target_uid", primary_key=True),  # an instance or series that nobody has seen yet
    key("set_id", ID, ForeignKey("reference_sets.id")),
    sqlite_with_rowid=False,
)

findings = Table(
    "findings",
    metadata,
    Column("code", code(8), primary_key=True),
    Column("uid", TEXT, primary_key=True),
    Column("counterpart", TEXT, primary_key=True),  # empty: none
    Column("severity", SmallInteger, nullable=False),
    Column("kind", SmallInteger),
    Column("message", Text, nullable=False),
    Column("related", Text, nullable=False),  # JSON: UIDs
    Column("first_entry", ID, nullable=False),
    Column("last_entry", ID, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("cleared_entry", ID),  # when what became known later explained it
    Column("facts", LargeBinary),  # digest of what was found: an acknowledgement lasts as long as it
    Column("series_uid", TEXT),  # of an instance: the series it was found in
    Column("context", String(32)),  # None: clinical
    CheckConstraint("severity BETWEEN 1 AND 3", "severity"),
    Index("ix_findings_uid", "uid"),
    Index("ix_findings_series_uid", "series_uid"),
)

# What some rules remember of objects, only while they are on: numbers, descriptions,
# image types, each as a keyed hash that compares within its scope alone.
labels = Table(
    "labels",
    metadata,
    uid("scope_uid", primary_key=True),  # a study or a series
    Column("label", LargeBinary, primary_key=True),
    uid("uid", primary_key=True),  # who carries it
    sqlite_with_rowid=False,
)

resume_marks = Table(
    "resume_marks",
    metadata,
    Column("run", LargeBinary, primary_key=True),  # keyed hash of what was asked for
    Column("mark", LargeBinary, primary_key=True),  # keyed hash of a file's path, size and time
    sqlite_with_rowid=False,
)

HISTORY: tuple[Table, ...] = tuple(table for table in metadata.tables.values() if table.info.get("history"))
"""The append-only tables."""

SEALED: tuple[Table, ...] = tuple(
    sorted((t for t in HISTORY if t is not entries), key=lambda table: table.name)
)
"""The history tables whose rows an entry covers, in the order of its digest."""
