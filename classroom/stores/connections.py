"""What the single stores share: a way to read, a way to write."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from classroom.stores.engines import Engines
from classroom.stores.port import Unavailable
from classroom.stores.writer import Change, Item, Together, Writer

T = TypeVar("T")


class Connections:
    """Owns the engines and the writer. A read sees everything committed before it began."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._closed = False
        self.writer = Writer(engines.writer)

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection in autocommit. Raises Unavailable when the database fails."""
        return self._read()

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[AsyncConnection]:
        if self._closed:
            raise Unavailable("the stores are closed")
        try:
            async with self._engines.reader.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise Unavailable(str(error)) from error

    async def write(self, change: Change[T]) -> T:
        """See ``Writer.write``."""
        return await self.writer.write(change)

    async def write_together(self, together: Together[Item, T], item: Item) -> T:
        """See ``Writer.write_together``."""
        return await self.writer.write_together(together, item)

    async def forget_erased(self) -> None:
        """SQLite: fold the write-ahead log into the file, so that erased bytes are on no disk page."""
        if self._engines.sqlite:
            async with self.read() as connection:
                await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    async def close(self) -> None:
        self._closed = True
        await self.writer.close()
        await self._engines.dispose()
