"""An audit trail that can be proved: nodes of the tree over its entries, who was logged in
as what, the keys that sign checkpoints, what was checked for leaving and where to.

Entries of before keep their format, 1, and their hashes.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from registry.merkle import TreeHead
from registry.store import triggers

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
CODE = sa.String(16).with_variant(sa.String(16, collation="C"), "postgresql")

SEALED = ("exported", "exports", "key_rotations", "policies", "signing_keys")
COLUMNS = (
    ("format", sa.SmallInteger(), sa.text("1")),
    ("role", sa.String(12), None),
    ("account", sa.String(200), None),
)
AT_ONCE = 10_000


def key(name: str, type_: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, type_, autoincrement=False, nullable=False)


def check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def by_entry(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_entry"
    return sa.ForeignKeyConstraint(
        ["entry"], ["entries.id"], name=name, initially="DEFERRED", deferrable=True
    )


def upgrade() -> None:
    for name, type_, default in COLUMNS:
        op.add_column("entries", sa.Column(name, type_, server_default=default, nullable=default is None))
    refused = sa.text("outcome = 'refused'")
    op.create_index("ix_entries_refused", "entries", ["seq"], sqlite_where=refused, postgresql_where=refused)
    op.create_table(
        "tree_nodes",
        key("level", sa.SmallInteger()),
        key("place", ID),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        check("tree_nodes", "place", "level > 0 AND place >= 0"),
        check("tree_nodes", "hash", "length(hash) = 32"),
        sa.PrimaryKeyConstraint("level", "place", name="pk_tree_nodes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "key_rotations",
        key("key_id", CODE),
        sa.Column("key_check", sa.LargeBinary(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        by_entry("key_rotations"),
        sa.PrimaryKeyConstraint("key_id", name="pk_key_rotations"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signing_keys",
        key("public_key", sa.LargeBinary()),
        sa.Column("entry", ID, nullable=False),
        check("signing_keys", "public_key", "length(public_key) = 32"),
        by_entry("signing_keys"),
        sa.PrimaryKeyConstraint("public_key", name="pk_signing_keys"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "policies",
        key("digest", sa.LargeBinary()),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        by_entry("policies"),
        sa.PrimaryKeyConstraint("digest", name="pk_policies"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "exports",
        key("entry", ID),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("approved", sa.SmallInteger(), nullable=False),
        sa.Column("policy", sa.LargeBinary(), nullable=False),
        sa.Column("tree_size", ID, nullable=False),
        sa.Column("root_hash", sa.LargeBinary(), nullable=False),
        check("exports", "approved", "approved IN (0, 1)"),
        check("exports", "root_hash", "length(root_hash) = 32"),
        by_entry("exports"),
        sa.ForeignKeyConstraint(["policy"], ["policies.digest"], name="fk_exports_policy"),
        sa.PrimaryKeyConstraint("entry", name="pk_exports"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_exports_destination", "exports", ["destination"])
    op.create_table(
        "exported",
        key("uid", sa.LargeBinary()),
        key("entry", ID),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        check("exported", "kind", "kind BETWEEN 1 AND 13"),
        by_entry("exported"),
        sa.PrimaryKeyConstraint("uid", "entry", name="pk_exported"),
        sqlite_with_rowid=False,
    )
    for table in SEALED:
        if table != "exports":
            op.create_index(f"ix_{table}_entry", table, ["entry"])
    if not op.get_context().as_sql:
        grow()
    dialect = op.get_bind().dialect.name
    for table in ("tree_nodes", *SEALED):
        for statement in triggers.kept(table, dialect):
            op.execute(statement)
    for table in SEALED:
        for statement in triggers.sealed(table, dialect):
            op.execute(statement)
    if dialect == "postgresql":
        for statement in (*triggers.tree(), *triggers.account()):
            op.execute(statement)


def grow() -> None:
    """The nodes over the entries of before."""
    nodes = sa.table("tree_nodes", *map(sa.column, ("level", "place", "hash")))
    leaves = sa.text("SELECT leaf FROM entries WHERE seq >= :first AND seq < :last ORDER BY seq")
    head = TreeHead()
    while found := op.get_bind().execute(leaves, {"first": head.size, "last": head.size + AT_ONCE}).all():
        grown = [
            {"level": node.level, "place": node.place, "hash": value}
            for (leaf,) in found
            for node, value in head.complete(bytes(leaf))
        ]
        if grown:
            op.get_bind().execute(nodes.insert(), grown)


def downgrade() -> None:
    """Only for a registry in which no entry was written since: the nodes are made again."""
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute("DROP TRIGGER tr_entries_tree ON entries")
        op.execute("DROP FUNCTION tr_entries_tree()")
        op.execute("DROP TRIGGER tr_entries_account ON entries")
        op.execute("DROP FUNCTION tr_entries_account()")
    op.drop_index("ix_entries_refused", "entries")
    for table in ("tree_nodes", "exported", "exports", "policies", "signing_keys", "key_rotations"):
        if dialect == "sqlite":
            op.execute(f"DROP TRIGGER tr_{table}_delete")
        op.drop_table(table)
    for name, _, _ in reversed(COLUMNS):
        op.drop_column("entries", name)
