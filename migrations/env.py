"""How alembic runs the migrations: on the connection that the program hands over,
or on the database of the registry's settings."""

from alembic import context

from registry.settings import load_settings
from registry.store import schema
from registry.store.session import open_engine


def run(connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=schema.metadata,
        autogenerate_plugins=["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    engine = open_engine(load_settings({}).database)
    with engine.begin() as connection:
        run(connection)
