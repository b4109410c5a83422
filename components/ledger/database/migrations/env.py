"""Run by Alembic: migrates over the connection, and in the transaction, that the ledger hands in."""

from alembic import context

from components.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
