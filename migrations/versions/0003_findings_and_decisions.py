"""What people decide about findings, collisions, patients and texts; what more rules remember.

Only new tables, and columns of a work table: the digests of what was recorded
before don't change.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from registry.store import triggers

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

HISTORY = (
    "acknowledgements",
    "context_contents",
    "context_patients",
    "decisions",
    "frames",
    "patient_decisions",
    "redactions",
    "registrations",
    "traits",
    "withdrawals",
)
FINDINGS = (("facts", sa.LargeBinary()), ("series_uid", TEXT), ("context", sa.String(32)))


def code(size: int) -> sa.types.TypeEngine:
    return sa.String(size).with_variant(sa.String(size, collation="C"), "postgresql")


def key(name: str, type_: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, type_, autoincrement=False, nullable=False)


def history(name: str, keys: tuple[str, ...], *parts: sa.schema.SchemaItem) -> None:
    entry = key("entry", ID) if "entry" in keys else sa.Column("entry", ID, nullable=False)
    # The columns of a key first: of others SQLite's integrity check says that they hold NULL.
    before = keys.index("entry") if "entry" in keys else len(parts)
    op.create_table(
        name,
        *parts[:before],
        entry,
        *parts[before:],
        sa.ForeignKeyConstraint(
            ["entry"], ["entries.id"], name=f"fk_{name}_entry", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint(*keys, name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{name}_entry", name, ["entry"])


def refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def upgrade() -> None:
    blob, small, number = sa.LargeBinary, sa.SmallInteger, sa.Integer
    history(
        "traits",
        ("uid", "trait", "content"),
        key("uid", blob()),
        key("trait", code(20)),
        key("content", blob()),
    )
    history(
        "context_contents",
        ("context", "uid", "content", "transfer_syntax_id"),
        key("context", code(32)),
        key("uid", blob()),
        key("content", blob()),
        key("transfer_syntax_id", number()),
        sa.Column("data_set", blob()),
        sa.Column("first", small(), nullable=False),
        refers("context_contents", "transfer_syntax_id", "words.id"),
    )
    history(
        "context_patients",
        ("context", "uid", "patient_id"),
        key("context", code(32)),
        key("uid", blob()),
        key("patient_id", ID),
        refers("context_patients", "patient_id", "patients.id"),
    )
    history("frames", ("uid", "frame_uid"), key("uid", blob()), key("frame_uid", blob()))
    history("registrations", ("frame_uid", "other_uid"), key("frame_uid", blob()), key("other_uid", blob()))
    history(
        "decisions",
        ("uid", "entry"),
        key("uid", blob()),
        sa.Column("chosen", ID, nullable=False),
        sa.Column("kind", small(), nullable=False),
        sa.Column("series_uid", blob()),
        sa.Column("study_uid", blob()),
        sa.Column("sop_class_id", number()),
        sa.Column("modality_id", number()),
        sa.Column("content", blob()),
        refers("decisions", "uid", "ledger.uid"),
        refers("decisions", "sop_class_id", "words.id"),
        refers("decisions", "modality_id", "words.id"),
        check("decisions", "kind", "kind BETWEEN 1 AND 13"),
    )
    history(
        "withdrawals",
        ("uid", "entry"),
        key("uid", blob()),
        sa.Column("withdrawn", small(), nullable=False),
        refers("withdrawals", "uid", "ledger.uid"),
        check("withdrawals", "withdrawn", "withdrawn IN (0, 1)"),
    )
    history(
        "patient_decisions",
        ("patient_id", "other_id", "entry"),
        key("patient_id", ID),
        key("other_id", ID),
        sa.Column("same", small(), nullable=False),
        refers("patient_decisions", "patient_id", "patients.id"),
        refers("patient_decisions", "other_id", "patients.id"),
        check("patient_decisions", "order", "patient_id < other_id"),
        check("patient_decisions", "same", "same IN (0, 1)"),
    )
    op.create_index("ix_patient_decisions_other_id", "patient_decisions", ["other_id"])
    history(
        "acknowledgements",
        ("code", "uid", "counterpart", "entry"),
        key("code", code(8)),
        key("uid", TEXT),
        key("counterpart", TEXT),
        sa.Column("state", small(), nullable=False),
        sa.Column("until", sa.String(27)),
        sa.Column("facts", blob()),
        check("acknowledgements", "state", "state BETWEEN 1 AND 3"),
    )
    op.create_index("ix_acknowledgements_uid", "acknowledgements", ["uid"])
    history("redactions", ("note",), key("note", ID), refers("redactions", "note", "notes.entry"))
    op.create_index("ix_series_claims_frame_of_reference_uid", "series_claims", ["frame_of_reference_uid"])

    for name, type_ in FINDINGS:
        op.add_column("findings", sa.Column(name, type_))
    op.create_index("ix_findings_series_uid", "findings", ["series_uid"])
    op.create_table(
        "labels",
        key("scope_uid", blob()),
        key("label", blob()),
        key("uid", blob()),
        sa.PrimaryKeyConstraint("scope_uid", "label", "uid", name="pk_labels"),
        sqlite_with_rowid=False,
    )

    dialect = op.get_bind().dialect.name
    for table in HISTORY:
        for statement in (*triggers.kept(table, dialect), *triggers.sealed(table, dialect)):
            op.execute(statement)
    for statement in triggers.redactable(dialect):
        op.execute(statement)


def downgrade() -> None:
    """Only for a registry in which none of this was used: what people decided would be lost."""
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute("DROP TRIGGER tr_notes_update ON notes")
        op.execute("DROP FUNCTION tr_notes_update()")
        op.execute(
            "CREATE TRIGGER tr_notes_update BEFORE UPDATE ON notes "
            "FOR EACH STATEMENT EXECUTE FUNCTION history_refuse()"
        )
    else:
        op.execute("DROP TRIGGER tr_notes_update")
        op.execute(next(triggers.kept("notes", dialect)))
        for table in HISTORY:
            op.execute(f"DROP TRIGGER tr_{table}_delete")
    op.drop_index("ix_findings_series_uid", "findings")
    for name, _ in reversed(FINDINGS):
        op.drop_column("findings", name)
    op.drop_index("ix_series_claims_frame_of_reference_uid", "series_claims")
    for table in ("labels", *HISTORY):
        op.drop_table(table)
