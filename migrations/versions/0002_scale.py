"""PostgreSQL: nothing depends on the size of the ledger or on a locale.

Each new study and series is checked for its row by itself, when the act commits.
Until now the entry looked for them among all rows of its act, which on a large
ledger means reading all that no summary covers yet, under the lock on the head
of the trail. New summaries are made as the ledger grows. Request ids and codes
compare byte by byte, as UIDs do: a new version of a locale can't break their keys.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

from registry.store import triggers

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COMPARED = (("requests", "request_id", 64), ("findings", "code", 8))


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP TRIGGER tr_entries_nodes ON entries")
    op.execute("DROP FUNCTION tr_entries_nodes()")
    for statement in triggers.nodes_at_commit():
        op.execute(statement)
    op.execute("ALTER INDEX ix_ledger_entry SET (autosummarize = true)")
    for table, column, size in COMPARED:
        op.execute(f'ALTER TABLE {table} ALTER {column} TYPE varchar({size}) COLLATE "C"')


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column, size in COMPARED:
        op.execute(f'ALTER TABLE {table} ALTER {column} TYPE varchar({size}) COLLATE "default"')
    op.execute("ALTER INDEX ix_ledger_entry RESET (autosummarize)")
    op.execute("DROP TRIGGER tr_ledger_nodes ON ledger")
    op.execute("DROP FUNCTION tr_ledger_nodes()")
    *_, function, trigger = triggers.nodes("postgresql")
    op.execute(function)
    op.execute(trigger)
