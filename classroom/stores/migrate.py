"""Brings a database to the newest schema when it is opened; two processes at once take turns."""

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from classroom.stores import schema
from classroom.stores.engines import Engines
from classroom.stores.port import StoreError, Unavailable

_LOCK = 0x636C617373726F6F
"""PostgreSQL's advisory lock of the upgrade; the number is only this program's."""


class NewerDatabase(StoreError):
    """The database was written by a newer version of this program; it is left untouched."""


async def migrate(engines: Engines) -> None:
    """Upgrade to ``schema.REVISION`` in one transaction. Raises NewerDatabase or Unavailable."""
    try:
        if await _revision(engines) == schema.REVISION:
            return
        # Here and not above: loading Alembic costs a good part of a start, and is needed once. And not
        # below: nobody should wait for it behind the lock.
        import alembic.command
        import alembic.config  # noqa: F401

        async with engines.writer.begin() as connection:
            # SQLite's transaction began with the write lock; PostgreSQL needs a lock of its own.
            if not engines.sqlite:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(_upgrade)
    except (SQLAlchemyError, OSError) as error:
        raise Unavailable(f"cannot bring the database up to date: {error}") from error


async def _revision(engines: Engines) -> str | None:
    async with engines.reader.connect() as connection:
        try:
            found = await connection.execute(text("SELECT version_num FROM alembic_version"))
        except DBAPIError:
            return None  # a new database
        return found.scalar_one_or_none()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise NewerDatabase(f"the database is of another version of this program: {error}") from error
