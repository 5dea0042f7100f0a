"""Run by Alembic: migrates the connection that `sync.server.database` hands over."""

from __future__ import annotations

from alembic import context

from sync.server.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction holds it all
)
context.run_migrations()
