"""Bringing a database to the schema of this program. The only importer of alembic."""

from __future__ import annotations

import io
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import cast

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_ONE_AT_A_TIME = Lock()
"""Alembic keeps what it is at work on in one place for all threads of a program."""


def wait_for_others(connection: Connection) -> None:
    """Wait until nobody else migrates; what is then read of the schema holds until the end
    of the transaction. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('uid-registry schema'))")


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations that are due, inside the caller's transaction."""
    with _ONE_AT_A_TIME:
        command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Undo migrations. For tests: what they took away is gone."""
    with _ONE_AT_A_TIME:
        command.downgrade(_config(connection), revision)


def statements(dialect: str) -> str:
    """The SQL of all migrations, run nowhere. They may look at the dialect, not at data."""
    written = io.StringIO()
    options = {"as_sql": True, "output_buffer": written}
    context = MigrationContext.configure(dialect_name=dialect, opts=options)
    context.impl.connection = cast("Connection", SimpleNamespace(dialect=context.dialect))
    scripts = ScriptDirectory.from_config(Config(home() / "alembic.ini"))
    with _ONE_AT_A_TIME, Operations.context(context):
        for script in reversed(list(scripts.walk_revisions())):
            script.module.upgrade()
    return written.getvalue().replace("%%", "%")


def _config(connection: Connection) -> Config:
    config = Config(home() / "alembic.ini")
    config.attributes["connection"] = connection
    return config


def home() -> Path:
    """The folder of alembic.ini and migrations/: in the package where it was
    installed from a wheel, beside it in a checkout."""
    package = Path(__file__).parents[1]
    return package if (package / "alembic.ini").is_file() else package.parent
