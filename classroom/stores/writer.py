"""The one writer of a database: many waiting changes share one transaction, hence one fsync.

While one transaction is being committed, the changes that come in wait; the next transaction takes
them all (*group commit*). Each runs under its own savepoint: one that fails is undone alone and told
alone. Nobody is told of success before the commit has returned.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from classroom.stores.port import Conflict, StoreError, TooBusy, Unavailable

T = TypeVar("T")
Item = TypeVar("Item")
Change = Callable[[AsyncConnection], Awaitable[T]]
"""Must be fit to run again: its first run may be undone."""
Together = Callable[[AsyncConnection, Sequence[Item]], Awaitable[Sequence[T | StoreError]]]
"""Makes many like changes with few statements: an answer, or why not, for each item in turn."""

QUEUE_BOUND = 10_000
"""Changes that may wait; one more is refused with ``TooBusy`` and counted."""
BATCH_BOUND = 500
"""Changes in one transaction."""


class _Waiting:
    """A change, or an item of a change made together; its outcome; who waits for it."""

    __slots__ = ("change", "done", "error", "item", "result", "together")

    def __init__(
        self,
        done: asyncio.Future[Any],
        change: Change[Any] | None = None,
        together: Together[Any, Any] | None = None,
        item: Any = None,
    ) -> None:
        self.change = change
        self.together = together
        self.item = item
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
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        return await self._enqueue(_Waiting(done, change=change), done)

    async def write_together(self, together: Together[Item, T], item: Item) -> T:
        """Like ``write``; items that wait for the same function are handed to it in one call, in order."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        return await self._enqueue(_Waiting(done, together=together, item=item), done)

    async def _enqueue(self, waiting: _Waiting, done: asyncio.Future[T]) -> T:
        if self._closed:
            raise Unavailable("the stores are closed")
        try:
            self._queue.put_nowait(waiting)
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
        try:
            while True:
                await self._take()
        finally:
            # Also when somebody else ends the task: who waits must hear of it.
            self._closed = True
            while not self._queue.empty():
                self._tell([self._queue.get_nowait()], Unavailable("the stores are closed"))

    async def _take(self) -> None:
        """Commit everything that waits now."""
        batch = [await self._queue.get()]
        # One turn of the loop, so that everybody who is ready to write comes along.
        unknown: Exception | None = Unavailable("the stores were closed during the commit")
        try:
            await asyncio.sleep(0)
            while len(batch) < BATCH_BOUND and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            if wanted := [waiting for waiting in batch if not waiting.done.done()]:
                await self._commit_or_part(wanted)
            unknown = None
        finally:
            self._tell(batch, unknown)

    def _tell(self, batch: list[_Waiting], instead: Exception | None) -> None:
        for waiting in batch:
            if instead is not None:
                waiting.error = instead
            waiting.tell()
            self._queue.task_done()

    async def _commit_or_part(self, batch: list[_Waiting]) -> None:
        try:
            await self._commit(batch)
        except _Spoilt:
            # A change broke the transaction before its commit: each alone, so that one fails alone.
            for waiting in batch:
                waiting.error = None
                await self._commit([waiting])

    async def _commit(self, batch: list[_Waiting]) -> None:
        alone = len(batch) == 1
        try:
            async with self._engine.begin() as connection:
                for part in _parts(batch):
                    try:
                        if alone:
                            await _run(connection, part)
                        else:
                            async with connection.begin_nested():
                                await _run(connection, part)
                    except Exception as error:
                        if alone:
                            raise
                        if len(part) > 1 or (
                            isinstance(error, DBAPIError) and not isinstance(error, IntegrityError)
                        ):
                            # Who is to blame, and what is left of the transaction, nobody knows: undo it.
                            raise _Spoilt from error
                        part[0].error = _typed(error)
            self.commits += 1
        except _Spoilt:
            raise
        except Exception as error:
            for waiting in batch:
                waiting.error = _typed(error)


def _parts(batch: list[_Waiting]) -> list[list[_Waiting]]:
    """Each change by itself; items of one function together, at the place of the first."""
    parts: list[list[_Waiting]] = []
    together: dict[Together[Any, Any], list[_Waiting]] = {}
    for waiting in batch:
        if waiting.together is None:
            parts.append([waiting])
        elif waiting.together in together:
            together[waiting.together].append(waiting)
        else:
            together[waiting.together] = part = [waiting]
            parts.append(part)
    return parts


async def _run(connection: AsyncConnection, part: list[_Waiting]) -> None:
    if (together := part[0].together) is not None:
        answers = await together(connection, [waiting.item for waiting in part])
        for waiting, answer in zip(part, answers, strict=True):
            if isinstance(answer, StoreError):
                waiting.error = answer
            else:
                waiting.result = answer
    elif (change := part[0].change) is not None:
        part[0].result = await change(connection)


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
