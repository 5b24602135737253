"""The ledger: what each UID is, and what became of it."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    UniqueConstraint,
    and_,
    literal_column,
    or_,
    text,
)

from registry.store.columns import (
    ID,
    KINDS,
    entry,
    history,
    key,
    later,
    metadata,
    on_postgresql,
    partial,
    uid,
    word,
)

_ISSUED, _OBSERVED = 1, 2  # records.Origin
_STUDY, _SERIES, _INSTANCE = 1, 2, 3

_APART = f"kind <> {_INSTANCE} OR origin <> {_OBSERVED}"
_UNPLACED = f"kind = {_INSTANCE} AND series_id IS NULL"

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
    CheckConstraint(KINDS, "kind"),
    CheckConstraint("origin BETWEEN 1 AND 3", "origin"),
    CheckConstraint("length(uid) BETWEEN 2 AND 32", "uid"),
    CheckConstraint("typeof(uid) = 'blob'", "uid_type").ddl_if(dialect="sqlite"),
    CheckConstraint(f"series_id IS NULL OR kind = {_INSTANCE}", "parent_kind"),
    CheckConstraint(f"series_id IS NOT NULL OR kind <> {_INSTANCE} OR origin = {_OBSERVED}", "parent"),
    CheckConstraint(f"(content IS NULL AND sop_class_id IS NULL) OR kind = {_INSTANCE}", "content_kind"),
    CheckConstraint("content IS NULL OR length(content) = 16", "content"),
    CheckConstraint("data_set IS NULL OR (content IS NOT NULL AND length(data_set) = 16)", "data_set"),
    Index("ix_ledger_series_id", "series_id", sqlite_where=text("series_id IS NOT NULL")),
    # What isn't just an observed instance, by kind and along the trail; with it, all can be counted.
    partial("ix_ledger_kind", "kind", "entry", "origin", where=_APART),
    partial("ix_ledger_unplaced", "entry", where=_UNPLACED),
    Index("ix_ledger_entry", "entry", info=on_postgresql(using="brin", **{"with": {"autosummarize": True}})),
    info={"history": True},
)

# The conditions of those indexes, as SQLite wants to see them in a question.
APART = or_(
    ledger.c.kind != literal_column(f"{_INSTANCE}"), ledger.c.origin != literal_column(f"{_OBSERVED}")
)
UNPLACED = and_(ledger.c.kind == literal_column(f"{_INSTANCE}"), ledger.c.series_id.is_(None))

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
    Index("ix_series_modality_id", "modality_id"),
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
    partial("ix_uses_withdrawn", "uid", where=f"state = {WITHDRAWN}"),
)

# The study that an issued shared UID belongs to.
owners = history(
    "owners",
    uid(primary_key=True),
    uid("study_uid", nullable=False),
    entry(),
    Index("ix_owners_study_uid", "study_uid"),
    ForeignKeyConstraint(["uid"], ["ledger.uid"]),
)
