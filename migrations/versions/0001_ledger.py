"""The ledger: history and work tables, and the triggers that keep history as it is.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

from registry.store import triggers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

SEALED = (
    "content_claims",
    "derivations",
    "fingerprints",
    "ledger",
    "notes",
    "owners",
    "patient_aliases",
    "patient_claims",
    "patients",
    "reference_claims",
    "reference_sets",
    "refused_claims",
    "registry",
    "requests",
    "roots",
    "series",
    "series_claims",
    "studies",
    "uses",
    "words",
)
# Children before parents, for dropping.
TABLES = (
    "series",
    "uses",
    "studies",
    "owners",
    "refused_claims",
    "reference_claims",
    "patient_claims",
    "patient_aliases",
    "ledger",
    "derivations",
    "content_claims",
    "words",
    "series_claims",
    "roots",
    "requests",
    "registry",
    "reference_sets",
    "patients",
    "notes",
    "fingerprints",
    "entries",
)
WORK = ("pending_references", "findings", "resume_marks")
NUMBERED = ("entries", "words", "studies", "series", "patients", "reference_sets")

# Who reads the tables with SQL of their own sees UIDs as text.
HEX = {"sqlite": "hex(uid)", "postgresql": "upper(encode(uid, 'hex'))"}
VIEW = "CREATE VIEW uids AS SELECT replace(rtrim({}, 'F'), 'A', '.') AS uid, kind, origin, entry FROM ledger"


def upgrade() -> None:  # noqa: PLR0915 (one statement a table)
    dialect = op.get_bind().dialect.name
    # Ledger and series point to each other; SQLite has no way to add the second key later.
    to_series = {"name": op.f("fk_ledger_series_id"), "initially": "DEFERRED", "deferrable": True}
    only_sqlite = (
        (
            sa.CheckConstraint("typeof(uid) = 'blob'", name=op.f("ck_ledger_uid_type")),
            sa.ForeignKeyConstraint(["series_id"], ["series.id"], **to_series),
        )
        if dialect == "sqlite"
        else ()
    )

    op.create_table(
        "entries",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("seq", ID, nullable=False),
        sa.Column("prev", ID, nullable=True),
        sa.Column("ledger_size", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("application", sa.String(length=60), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("note_hash", sa.LargeBinary(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "(seq = 0 AND prev IS NULL) OR (seq > 0 AND prev IS NOT NULL AND prev = seq - 1)",
            name=op.f("ck_entries_gapless"),
        ),
        sa.CheckConstraint("length(leaf) = 32", name=op.f("ck_entries_leaf")),
        sa.ForeignKeyConstraint(["prev"], ["entries.seq"], name=op.f("fk_entries_prev")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("leaf", name=op.f("uq_entries_leaf")),
        sa.UniqueConstraint("seq", name=op.f("uq_entries_seq")),
    )
    op.create_table(
        "findings",
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("uid", TEXT, nullable=False),
        sa.Column("counterpart", TEXT, nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("related", sa.Text(), nullable=False),
        sa.Column("first_entry", ID, nullable=False),
        sa.Column("last_entry", ID, nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("cleared_entry", ID, nullable=True),
        sa.CheckConstraint("severity BETWEEN 1 AND 3", name=op.f("ck_findings_severity")),
        sa.PrimaryKeyConstraint("code", "uid", "counterpart", name=op.f("pk_findings")),
    )
    op.create_index("ix_findings_uid", "findings", ["uid"], unique=False)
    op.create_table(
        "resume_marks",
        sa.Column("run", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run", "mark", name=op.f("pk_resume_marks")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fingerprints",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("variant", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("attributes", sa.LargeBinary(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["entries.id"],
            name=op.f("fk_fingerprints_entry"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("subject", "level", "variant", name=op.f("pk_fingerprints")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_fingerprints_entry", "fingerprints", ["entry"], unique=False)
    op.create_table(
        "notes",
        sa.Column("entry", ID, autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"], ["entries.id"], name=op.f("fk_notes_entry"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_notes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "patients",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("issuer", sa.LargeBinary(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"], ["entries.id"], name=op.f("fk_patients_entry"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
        sa.UniqueConstraint("token", "issuer", name=op.f("uq_patients_token_issuer")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_patients_entry", "patients", ["entry"], unique=False)
    op.create_table(
        "reference_sets",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["entries.id"],
            name=op.f("fk_reference_sets_entry"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_sets")),
        sa.UniqueConstraint("digest", name=op.f("uq_reference_sets_digest")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reference_sets_entry", "reference_sets", ["entry"], unique=False)
    op.create_table(
        "registry",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("key_check", sa.LargeBinary(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_registry_single")),
        sa.ForeignKeyConstraint(
            ["entry"], ["entries.id"], name=op.f("fk_registry_entry"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_registry_entry", "registry", ["entry"], unique=False)
    op.create_table(
        "requests",
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"], ["entries.id"], name=op.f("fk_requests_entry"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_requests")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_requests_entry", "requests", ["entry"], unique=False)
    op.create_table(
        "roots",
        sa.Column("prefix", TEXT, nullable=False),
        sa.Column("entry", ID, autoincrement=False, nullable=False),
        sa.Column("policy", sa.String(length=12), nullable=False),
        sa.Column("organization", sa.Text(), nullable=True),
        sa.Column("minter", sa.Text(), nullable=True),
        sa.Column("enforced_from", sa.String(length=27), nullable=True),
        sa.Column("retired", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("policy IN ('production', 'delegated', 'research')", name=op.f("ck_roots_policy")),
        sa.CheckConstraint("retired IN (0, 1)", name=op.f("ck_roots_retired")),
        sa.ForeignKeyConstraint(
            ["entry"], ["entries.id"], name=op.f("fk_roots_entry"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("prefix", "entry", name=op.f("pk_roots")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_roots_entry", "roots", ["entry"], unique=False)
    op.create_table(
        "series_claims",
        sa.Column("series_uid", sa.LargeBinary(), nullable=False),
        sa.Column("sop_class_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("modality_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("frame_of_reference_uid", sa.LargeBinary(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["entries.id"],
            name=op.f("fk_series_claims_entry"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint(
            "series_uid",
            "sop_class_id",
            "modality_id",
            "frame_of_reference_uid",
            name=op.f("pk_series_claims"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_series_claims_entry", "series_claims", ["entry"], unique=False)
    op.create_table(
        "words",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"], ["entries.id"], name=op.f("fk_words_entry"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_words")),
        sa.UniqueConstraint("value", name=op.f("uq_words_value")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_words_entry", "words", ["entry"], unique=False)
    op.create_table(
        "content_claims",
        sa.Column("uid", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("transfer_syntax_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data_set", sa.LargeBinary(), nullable=True),
        sa.Column("first", sa.SmallInteger(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["entries.id"],
            name=op.f("fk_content_claims_entry"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["transfer_syntax_id"], ["words.id"], name=op.f("fk_content_claims_transfer_syntax_id")
        ),
        sa.PrimaryKeyConstraint("uid", "content", "transfer_syntax_id", name=op.f("pk_content_claims")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_content_claims_entry", "content_claims", ["entry"], unique=False)
    op.create_table(
        "derivations",
        sa.Column("set_id", ID, autoincrement=False, nullable=False),
        sa.Column("source_series_uid", sa.LargeBinary(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["entries.id"],
            name=op.f("fk_derivations_entry"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["set_id"], ["reference_sets.id"], name=op.f("fk_derivations_set_id")),
        sa.PrimaryKeyConstraint("set_id", "source_series_uid", name=op.f("pk_derivations")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_derivations_entry", "derivations", ["entry"], unique=False)
    op.create_index("ix_derivations_source_series_uid", "derivations", ["source_series_uid"], unique=False)
    op.create_table(
        "ledger",
        sa.Column("entry", ID, nullable=False),
        sa.Column("series_id", ID, nullable=True),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("origin", sa.SmallInteger(), nullable=False),
        sa.Column("sop_class_id", sa.Integer(), nullable=True),
        sa.Column("transfer_syntax_id", sa.Integer(), nullable=True),
        sa.Column("uid", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("data_set", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(content IS NULL AND sop_class_id IS NULL) OR kind = 3", name=op.f("ck_ledger_content_kind")
        ),
        sa.CheckConstraint("content IS NULL OR length(content) = 16", name=op.f("ck_ledger_content")),
        sa.CheckConstraint(
            "data_set IS NULL OR (content IS NOT NULL AND length(data_set) = 16)",
            name=op.f("ck_ledger_data_set"),
        ),
        sa.CheckConstraint("kind BETWEEN 1 AND 13", name=op.f("ck_ledger_kind")),
        sa.CheckConstraint("length(uid) BETWEEN 2 AND 32", name=op.f("ck_ledger_uid")),
        sa.CheckConstraint("origin BETWEEN 1 AND 3", name=op.f("ck_ledger_origin")),
        sa.CheckConstraint("series_id IS NOT NULL OR kind <> 3 OR origin = 2", name=op.f("ck_ledger_parent")),
        sa.CheckConstraint("series_id IS NULL OR kind = 3", name=op.f("ck_ledger_parent_kind")),
        sa.ForeignKeyConstraint(
            ["entry"], ["entries.id"], name=op.f("fk_ledger_entry"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(["sop_class_id"], ["words.id"], name=op.f("fk_ledger_sop_class_id")),
        sa.ForeignKeyConstraint(
            ["transfer_syntax_id"], ["words.id"], name=op.f("fk_ledger_transfer_syntax_id")
        ),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_ledger")),
        *only_sqlite,
    )
    op.create_index("ix_ledger_entry", "ledger", ["entry"], unique=False, postgresql_using="brin")
    op.create_index(
        "ix_ledger_series_id",
        "ledger",
        ["series_id"],
        unique=False,
        sqlite_where=sa.text("series_id IS NOT NULL"),
    )
    op.create_table(
        "patient_aliases",
        sa.Column("patient_id", ID, autoincrement=False, nullable=False),
        sa.Column("other_id", ID, autoincrement=False, nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.CheckConstraint("patient_id < other_id", name=op.f("ck_patient_aliases_order")),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["entries.id"],
            name=op.f("fk_patient_aliases_entry"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["other_id"], ["patients.id"], name=op.f("fk_patient_aliases_other_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_patient_aliases_patient_id")),
        sa.PrimaryKeyConstraint("patient_id", "other_id", name=op.f("pk_patient_aliases")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_patient_aliases_entry", "patient_aliases", ["entry"], unique=False)
    op.create_index("ix_patient_aliases_other_id", "patient_aliases", ["other_id"], unique=False)
    op.create_table(
        "patient_claims",
        sa.Column("uid", sa.LargeBinary(), nullable=False),
        sa.Column("patient_id", ID, autoincrement=False, nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["entries.id"],
            name=op.f("fk_patient_claims_entry"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_patient_claims_patient_id")),
        sa.PrimaryKeyConstraint("uid", "patient_id", name=op.f("pk_patient_claims")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_patient_claims_entry", "patient_claims", ["entry"], unique=False)
    op.create_index("ix_patient_claims_patient_id", "patient_claims", ["patient_id"], unique=False)
    op.create_table(
        "pending_references",
        sa.Column("target_uid", sa.LargeBinary(), nullable=False),
        sa.Column("set_id", ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["set_id"], ["reference_sets.id"], name=op.f("fk_pending_references_set_id")),
        sa.PrimaryKeyConstraint("target_uid", "set_id", name=op.f("pk_pending_references")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reference_claims",
        sa.Column("uid", sa.LargeBinary(), nullable=False),
        sa.Column("set_id", ID, autoincrement=False, nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["entries.id"],
            name=op.f("fk_reference_claims_entry"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["set_id"], ["reference_sets.id"], name=op.f("fk_reference_claims_set_id")),
        sa.PrimaryKeyConstraint("uid", "set_id", name=op.f("pk_reference_claims")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reference_claims_entry", "reference_claims", ["entry"], unique=False)
    op.create_index("ix_reference_claims_set_id", "reference_claims", ["set_id"], unique=False)
    op.create_table(
        "refused_claims",
        sa.Column("uid", sa.LargeBinary(), nullable=False),
        sa.Column("claim", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("series_uid", sa.LargeBinary(), nullable=True),
        sa.Column("study_uid", sa.LargeBinary(), nullable=True),
        sa.Column("sop_class_id", sa.Integer(), nullable=True),
        sa.Column("modality_id", sa.Integer(), nullable=True),
        sa.Column("entry", ID, nullable=False),
        sa.CheckConstraint("kind BETWEEN 1 AND 13", name=op.f("ck_refused_claims_kind")),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["entries.id"],
            name=op.f("fk_refused_claims_entry"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["modality_id"], ["words.id"], name=op.f("fk_refused_claims_modality_id")),
        sa.ForeignKeyConstraint(["sop_class_id"], ["words.id"], name=op.f("fk_refused_claims_sop_class_id")),
        sa.PrimaryKeyConstraint("uid", "claim", name=op.f("pk_refused_claims")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_refused_claims_entry", "refused_claims", ["entry"], unique=False)
    op.create_table(
        "owners",
        sa.Column("uid", sa.LargeBinary(), nullable=False),
        sa.Column("study_uid", sa.LargeBinary(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"], ["entries.id"], name=op.f("fk_owners_entry"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(["uid"], ["ledger.uid"], name=op.f("fk_owners_uid")),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_owners")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_owners_entry", "owners", ["entry"], unique=False)
    op.create_table(
        "studies",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("uid", sa.LargeBinary(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"], ["entries.id"], name=op.f("fk_studies_entry"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(["uid"], ["ledger.uid"], name=op.f("fk_studies_uid")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_studies")),
        sa.UniqueConstraint("uid", name=op.f("uq_studies_uid")),
    )
    op.create_index("ix_studies_entry", "studies", ["entry"], unique=False)
    op.create_table(
        "uses",
        sa.Column("uid", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("sop_class_id", sa.Integer(), nullable=True),
        sa.Column("entry", ID, nullable=False),
        sa.CheckConstraint("state BETWEEN 1 AND 3", name=op.f("ck_uses_state")),
        sa.ForeignKeyConstraint(
            ["entry"], ["entries.id"], name=op.f("fk_uses_entry"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(["sop_class_id"], ["words.id"], name=op.f("fk_uses_sop_class_id")),
        sa.ForeignKeyConstraint(["uid"], ["ledger.uid"], name=op.f("fk_uses_uid")),
        sa.PrimaryKeyConstraint("uid", "state", name=op.f("pk_uses")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_uses_entry", "uses", ["entry"], unique=False)
    op.create_table(
        "series",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("uid", sa.LargeBinary(), nullable=False),
        sa.Column("study_id", ID, nullable=True),
        sa.Column("origin", sa.SmallInteger(), nullable=False),
        sa.Column("modality_id", sa.Integer(), nullable=True),
        sa.Column("entry", ID, nullable=False),
        sa.CheckConstraint("study_id IS NOT NULL OR origin = 2", name=op.f("ck_series_parent")),
        sa.ForeignKeyConstraint(
            ["entry"], ["entries.id"], name=op.f("fk_series_entry"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(["modality_id"], ["words.id"], name=op.f("fk_series_modality_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_series_study_id")),
        sa.ForeignKeyConstraint(["uid"], ["ledger.uid"], name=op.f("fk_series_uid")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("uid", name=op.f("uq_series_uid")),
    )
    op.create_index("ix_series_entry", "series", ["entry"], unique=False)
    op.create_index("ix_series_study_id", "series", ["study_id"], unique=False)

    if dialect == "postgresql":
        op.create_foreign_key(
            source_table="ledger",
            referent_table="series",
            local_cols=["series_id"],
            remote_cols=["id"],
            constraint_name=to_series["name"],
            initially="DEFERRED",
            deferrable=True,
        )
        op.execute("CREATE SEQUENCE entry_tickets")
        for table in NUMBERED[1:]:
            op.execute(f"CREATE SEQUENCE {table}_ids")
    for statement in triggers.functions(dialect):
        op.execute(statement)
    for table in ("entries", *SEALED):
        for statement in triggers.kept(table, dialect):
            op.execute(statement)
    for table in SEALED:
        for statement in triggers.sealed(table, dialect):
            op.execute(statement)
    for statement in triggers.nodes(dialect):
        op.execute(statement)
    op.execute(VIEW.format(HEX[dialect]))


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.execute("DROP VIEW uids")
    if dialect == "sqlite":
        # Dropping a table deletes its rows first, which its trigger would refuse.
        op.execute("PRAGMA defer_foreign_keys = ON")
        for table in ("entries", *SEALED):
            for action in ("update", "delete"):
                op.execute(f"DROP TRIGGER tr_{table}_{action}")
    else:
        op.drop_constraint("fk_ledger_series_id", "ledger")
    for table in (*WORK, *TABLES):
        op.drop_table(table)
    for statement in triggers.drop_functions(dialect):
        op.execute(statement)
    if dialect == "postgresql":
        op.execute("DROP SEQUENCE entry_tickets")
        for table in NUMBERED[1:]:
            op.execute(f"DROP SEQUENCE {table}_ids")
