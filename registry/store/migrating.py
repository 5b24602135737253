"""Bringing a database to the schema of this program. The only importer of alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def wait_for_others(connection: Connection) -> None:
    """Wait until nobody else migrates; what is then read of the schema holds until the end
    of the transaction. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('uid-registry schema'))")


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations that are due, inside the caller's transaction."""
    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Undo migrations. For tests: what they took away is gone."""
    command.downgrade(_config(connection), revision)


def _config(connection: Connection) -> Config:
    config = Config(home() / "alembic.ini")
    config.attributes["connection"] = connection
    return config


def home() -> Path:
    """The folder of alembic.ini and migrations/: in the package where it was
    installed from a wheel, beside it in a checkout."""
    package = Path(__file__).parents[1]
    return package if (package / "alembic.ini").is_file() else package.parent
