"""The one writer of a database: many waiting changes share one transaction, hence one fsync.

While one transaction is being committed, the changes that come in wait; the next transaction takes
them all (*group commit*). Each runs under its own savepoint: one that fails is rolled back alone and
told alone. Nobody is told of success before the commit has returned.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from classroom.stores.port import Conflict, StoreError, TooBusy, Unavailable

T = TypeVar("T")
Change = Callable[[AsyncConnection], Awaitable[T]]

QUEUE_BOUND = 10_000
"""Changes that may wait; one more is refused with ``TooBusy`` and counted."""
BATCH_BOUND = 500
"""Changes in one transaction."""


class _Waiting:
    __slots__ = ("change", "done", "error", "result")

    def __init__(self, change: Change[Any], done: asyncio.Future[Any]) -> None:
        self.change = change
        self.done = done
        self.result: Any = None
        self.error: BaseException | None = None

    def tell(self) -> None:
        if self.done.done():
            return
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(self.result)


class _Spoilt(Exception):
    """A change failed so badly that the transaction it shared cannot be committed."""


class Writer:
    """Owns its task and the queue; the engine is the database's. ``commits`` counts transactions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(QUEUE_BOUND)
        self._task = asyncio.create_task(self._run(), name="stores.writer")
        self._closed = False
        self.commits = 0
        self.refused = 0

    async def write(self, change: Change[T]) -> T:
        """Run ``change`` inside a transaction and return its result once that is committed.

        A caller that is cancelled while the change waits takes it back; later the change may be
        committed all the same. Raises what ``change`` raised, TooBusy, or Unavailable when the
        database failed: then nothing is known to be written (read again before the next try).
        """
        if self._closed:
            raise Unavailable("the stores are closed")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait(_Waiting(change, done))
        except asyncio.QueueFull:
            self.refused += 1
            raise TooBusy("too many changes wait for the database") from None
        return await done

    async def close(self) -> None:
        """Finish what waits, then stop."""
        if not self._closed:
            self._closed = True
            await self._queue.join()
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            batch = [await self._queue.get()]
            # One turn of the loop, so that everybody who is ready to write comes along.
            await asyncio.sleep(0)
            while len(batch) < BATCH_BOUND and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            wanted = [waiting for waiting in batch if not waiting.done.done()]
            try:
                if wanted:
                    await self._commit_or_part(wanted)
            finally:
                for waiting in batch:
                    waiting.tell()
                    self._queue.task_done()

    async def _commit_or_part(self, batch: list[_Waiting]) -> None:
        try:
            await self._commit(batch)
        except _Spoilt:
            # One change broke the transaction before its commit: run each alone, so that it fails alone.
            for waiting in batch:
                waiting.error = None
                await self._commit([waiting])
        except Exception as error:
            for waiting in batch:
                waiting.error = _typed(error)

    async def _commit(self, batch: list[_Waiting]) -> None:
        if len(batch) == 1:
            try:
                async with self._engine.begin() as connection:
                    batch[0].result = await batch[0].change(connection)
                self.commits += 1
            except Exception as error:
                batch[0].error = _typed(error)
            return
        async with self._engine.begin() as connection:
            for waiting in batch:
                try:
                    async with connection.begin_nested():
                        waiting.result = await waiting.change(connection)
                except Exception as error:
                    if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError):
                        # Nobody knows what is left of the transaction; undo it wholly.
                        raise _Spoilt from error
                    waiting.error = _typed(error)
        self.commits += 1


def _typed(error: Exception) -> Exception:
    """What the database says, in the port's words. Programming errors pass as they are."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, IntegrityError):
        conflict = Conflict(str(error.orig))
        conflict.__cause__ = error
        return conflict
    if isinstance(error, SQLAlchemyError | OSError):
        unavailable = Unavailable(str(error))
        unavailable.__cause__ = error
        return unavailable
    return error
