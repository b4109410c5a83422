"""Alembic's folder: ``versions`` holds one file for each change of the tables, never edited once released."""
