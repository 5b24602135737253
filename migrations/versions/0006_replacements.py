"""Replacements of UIDs within scopes, one to one, and the map from them to the originals.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

from registry.store import triggers

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
SEALED = ("purges", "replacements", "scopes")


def key(name: str, type_: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, type_, autoincrement=False, nullable=False)


def check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def by_entry(table: str) -> sa.ForeignKeyConstraint:
    return later(table, "entry", "entries.id")


def later(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [target], name=f"fk_{table}_{column}", initially="DEFERRED", deferrable=True
    )


def of_scope(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["scope_id"], ["scopes.entry"], name=f"fk_{table}_scope_id")


def upgrade() -> None:
    op.create_table(
        "scopes",
        key("entry", ID),
        sa.Column("name", NAME, nullable=False),
        by_entry("scopes"),
        sa.PrimaryKeyConstraint("entry", name="pk_scopes"),
        sa.UniqueConstraint("name", name="uq_scopes_name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "replacements",
        key("uid", sa.LargeBinary()),
        sa.Column("scope_id", ID, nullable=False),
        sa.Column("kind", sa.SmallInteger()),
        sa.Column("origin", sa.SmallInteger(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        check("replacements", "kind", "kind IS NULL OR kind BETWEEN 1 AND 13"),
        check("replacements", "origin", "origin IN (1, 2)"),
        check("replacements", "commitment", "length(commitment) = 32"),
        of_scope("replacements"),
        by_entry("replacements"),
        sa.PrimaryKeyConstraint("uid", name="pk_replacements"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_replacements_entry", "replacements", ["entry"])
    op.create_index("ix_replacements_scope_id", "replacements", ["scope_id"])
    op.create_table(
        "purges",
        key("scope_id", ID),
        sa.Column("entry", ID, nullable=False),
        of_scope("purges"),
        by_entry("purges"),
        sa.PrimaryKeyConstraint("scope_id", name="pk_purges"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_purges_entry", "purges", ["entry"])
    op.create_table(
        "originals",
        key("scope_id", ID),
        key("original", sa.LargeBinary()),
        sa.Column("uid", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        check("originals", "salt", "length(salt) = 16"),
        of_scope("originals"),
        later("originals", "uid", "replacements.uid"),
        sa.PrimaryKeyConstraint("scope_id", "original", name="pk_originals"),
        sa.UniqueConstraint("uid", name="uq_originals_uid"),
        sqlite_with_rowid=False,
    )
    generated = sa.text("trait = 'generated'")
    op.create_index(
        "ix_traits_generated", "traits", ["entry", "uid"], sqlite_where=generated, postgresql_where=generated
    )
    dialect = op.get_bind().dialect.name
    for table in SEALED:
        for statement in (*triggers.kept(table, dialect), *triggers.sealed(table, dialect)):
            op.execute(statement)
    for statement in triggers.replaced(dialect):
        op.execute(statement)


def downgrade() -> None:
    """Only for a registry in which nothing was replaced: entries would be left without their rows."""
    op.drop_index("ix_traits_generated", "traits")
    dialect = op.get_bind().dialect.name
    for table in ("originals", "purges", "replacements", "scopes"):
        if dialect == "sqlite":
            op.execute(f"DROP TRIGGER tr_{table}_delete")
        op.drop_table(table)
    if dialect == "postgresql":
        for name in ("tr_originals_delete", "tr_originals_purged", "tr_replacements_taken"):
            op.execute(f"DROP FUNCTION {name}()")
