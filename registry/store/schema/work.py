"""Work: may be deleted, is not in the trail."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
)

from registry.store.columns import ID, TEXT, code, key, metadata, partial, uid

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
    partial("ix_findings_counterpart", "counterpart", where="counterpart <> ''"),
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
