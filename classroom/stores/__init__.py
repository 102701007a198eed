"""Where the school and the logs are kept: SQLite by default, PostgreSQL by configuration.

Invariant: an event is told to nobody before ``LessonLog.append`` has returned. ``port`` says what
other rooms may use; ``open_stores(url)`` (in ``stores.database``) is the only place that knows which
database serves. May be imported by ``signaling`` only.
"""
