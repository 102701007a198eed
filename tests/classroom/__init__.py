"""The domain's tests: stories, tables and properties."""
