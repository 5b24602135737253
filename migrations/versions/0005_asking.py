"""Every filter of a listing has its index, and none of these is over the instances that were merely
observed, which are most of a ledger.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_ledger_kind", "ledger", ["kind", "entry", "origin"], "kind <> 3 OR origin <> 2"),
    ("ix_ledger_unplaced", "ledger", ["entry"], "kind = 3 AND series_id IS NULL"),
    ("ix_series_modality_id", "series", ["modality_id"], None),
    ("ix_uses_withdrawn", "uses", ["uid"], "state = 3"),
    ("ix_owners_study_uid", "owners", ["study_uid"], None),
    ("ix_context_contents_uid", "context_contents", ["uid"], None),
    ("ix_registrations_other_uid", "registrations", ["other_uid"], None),
    ("ix_entries_at", "entries", ["at"], None),
    ("ix_entries_actor", "entries", ["actor", "id"], None),
    ("ix_findings_counterpart", "findings", ["counterpart"], "counterpart <> ''"),
)


COLUMNS = (("at", 27), ("actor", 200))
"""Texts with an index: they compare byte by byte, for a locale's order may change under it."""


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for name, size in COLUMNS:
            op.alter_column("entries", name, type_=sa.String(size, collation="C"))
    for name, table, columns, condition in INDEXES:
        some = None if condition is None else sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=some, postgresql_where=some)


def downgrade() -> None:
    for name, table, _, _ in INDEXES:
        op.drop_index(name, table)
    if op.get_context().dialect.name == "postgresql":
        for name, size in COLUMNS:
            op.alter_column("entries", name, type_=sa.String(size))
