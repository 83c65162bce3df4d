"""Alembic's entry: runs the migrations on the connection that store/database.py hands over."""

from __future__ import annotations

from alembic import context

from mailbot.store.tables import metadata

connection = context.config.attributes["connection"]
# SQLite changes a table by copying it: batch mode does so.
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
