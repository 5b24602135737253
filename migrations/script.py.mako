"""${message}

Rules for every migration:
- What has been released never changes; write a new one.
- SQLite can't alter constraints in place, and rebuilding a table by
  ``batch_alter_table`` drops its triggers: create them again (store/triggers.py).
- Each history table gets ``kept`` and ``sealed`` triggers.
- Run it on a filled registry of the version before (tests/test_migrations.py).

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
"""

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
