"""Alembic's migrations. Run by ``stores.migrate`` when a database is opened; never by hand."""
