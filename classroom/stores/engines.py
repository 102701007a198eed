"""The connections to a database: everything that is special to SQLite or PostgreSQL, in one place.

SQLite: write-ahead log, ``synchronous=FULL`` (a commit has reached the disk when it returns and
survives a power cut), foreign keys on, deleted bytes overwritten, half a minute of patience with
another process. One connection writes (``BEGIN IMMEDIATE``, so it never has to give up in the
middle), a few read. PostgreSQL: one pool for both.
"""

import asyncio
import fcntl
import os
import sqlite3
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from classroom.stores.port import StoreError, Unavailable

BUSY_MS = 30_000
FILE_NAME = "classroom.db"
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


class BadDatabaseUrl(StoreError):
    """The URL names no database that the stores know. The message never holds the URL's password."""


class Engines(Struct, frozen=True):
    """``reader`` connections are in autocommit; ``writer`` connections begin for writing."""

    reader: AsyncEngine
    writer: AsyncEngine

    @property
    def sqlite(self) -> bool:
        return self.writer.dialect.name == "sqlite"

    async def dispose(self) -> None:
        await self.reader.dispose()
        if self.writer is not self.reader:
            await self.writer.dispose()


def parse(url_or_path: str | Path) -> URL:
    """A URL, a ``.db`` file, or a data directory (its file is ``classroom.db``)."""
    text = str(url_or_path)
    if "://" not in text:
        path = Path(text)
        file = path if path.suffix in {".db", ".sqlite"} else path / FILE_NAME
        return URL.create("sqlite+aiosqlite", database=str(file))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise BadDatabaseUrl("the database URL cannot be read") from None
    if url.drivername not in _DRIVERS:
        raise BadDatabaseUrl(f"no such kind of database: {url.drivername}")
    url = url.set(drivername=_DRIVERS[url.drivername])
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        raise BadDatabaseUrl("SQLite needs a file")
    return url


async def open_engines(url: URL) -> Engines:
    if url.get_backend_name() == "sqlite":
        await asyncio.to_thread(_prepare_file, Path(url.database or ""))
        return Engines(reader=_sqlite(url, readers=4), writer=_sqlite(url, readers=0))
    writer = create_async_engine(url, pool_size=4, max_overflow=4, pool_pre_ping=True, pool_timeout=30)
    return Engines(reader=writer.execution_options(isolation_level="AUTOCOMMIT"), writer=writer)


def _prepare_file(file: Path) -> None:
    """Make the file for its owner's eyes alone and switch it to the write-ahead log.

    The switch ignores SQLite's own busy time-out, hence the lock against a second process.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(f"{file}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            file.chmod(0o600)
            connection = sqlite3.connect(file, timeout=BUSY_MS / 1000)
            try:
                if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    connection.execute("PRAGMA journal_mode = WAL")
            finally:
                connection.close()
        finally:
            os.close(descriptor)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"cannot open the database {file}: {error}") from error


def _sqlite(url: URL, *, readers: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=readers or 1,
        max_overflow=0,
        pool_timeout=30,
        isolation_level="AUTOCOMMIT" if readers else None,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # Transactions begin where we say so; the driver must not begin its own.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {BUSY_MS}",
            "synchronous = FULL",
            "foreign_keys = ON",
            "recursive_triggers = ON",
            "secure_delete = ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    if not readers:

        @event.listens_for(engine.sync_engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
