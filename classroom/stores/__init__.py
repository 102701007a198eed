"""Where the school and the logs are kept: SQLite by default, PostgreSQL by configuration.

Invariant: an event is told to nobody before ``LessonLog.append`` has returned. ``port`` says what
other rooms may use; ``open_stores(url)`` (in ``stores.database``) is the only place that knows which
database serves. May be imported by ``signaling`` only.

``engines`` knows what is special to each database, ``schema`` and ``migrations`` its tables, ``writer``
shares one commit among all changes that wait; then one small file for each store. Beside the stores:
``passwords``, ``throttle`` (and ``throttle_redis``), and what fills a school: ``admin``, ``importing``,
``demo``.
"""
