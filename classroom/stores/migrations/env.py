"""Alembic's entry: runs the migrations on the connection it was given, inside its transaction."""

from alembic import context

from classroom.stores.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
