"""Runs the revisions on the connection, and in the transaction, that `migrate` has opened."""

from alembic import context

from dashboard.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
