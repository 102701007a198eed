"""Opens the stores: the only place that knows which database serves."""

from pathlib import Path

from sqlalchemy import text

from classroom.stores.accounts import AccountStore
from classroom.stores.classes import ClassStore
from classroom.stores.connections import Connections
from classroom.stores.engines import open_engines, parse
from classroom.stores.lesson_log import LessonLogStore
from classroom.stores.lessons import LessonStore
from classroom.stores.migrate import migrate
from classroom.stores.port import StoreError
from classroom.stores.recordings import RecordingStore
from classroom.stores.sessions import SessionStore


class Database:
    """``port.Stores`` on one database. ``connections`` is for this package and its tests."""

    def __init__(self, connections: Connections, school: str) -> None:
        self.connections = connections
        self.school = school
        self.accounts = AccountStore(connections)
        self.classes = ClassStore(connections)
        self.sessions = SessionStore(connections)
        self.log = LessonLogStore(connections)
        self.lessons = LessonStore(connections)
        self.recordings = RecordingStore(connections)

    async def ready(self) -> bool:
        try:
            async with self.connections.read() as connection:
                await connection.execute(text("SELECT 1"))
        except StoreError:
            return False
        return True

    async def close(self) -> None:
        """Finish the changes that wait, then close every connection. A second call does nothing."""
        await self.connections.close()


async def open_stores(url_or_path: str | Path, *, school: str) -> Database:
    """Open (and create or upgrade) the school's database.

    ``url_or_path``: ``postgresql://…``, ``sqlite:///…``, a ``.db`` file, or the data directory, whose
    database is ``classroom.db``; so callers pass ``settings.database_url or settings.data``.
    Raises BadDatabaseUrl, NewerDatabase or Unavailable.
    """
    engines = await open_engines(parse(url_or_path))
    try:
        await migrate(engines)
    except BaseException:
        await engines.dispose()
        raise
    return Database(Connections(engines), school)
