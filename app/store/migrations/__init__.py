"""Alembic scripts; imported only when the database is not at HEAD."""
