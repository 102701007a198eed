"""Processes of a bench, and the way to ask them."""

import asyncio
import multiprocessing
import multiprocessing.connection
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any


class Child:
    """A process and the way to ask it."""

    def __init__(self, pipe: multiprocessing.connection.Connection, pid: int) -> None:
        self.pipe = pipe
        self.pid = pid

    async def ask(self, request: Any) -> Any:
        self.pipe.send(request)
        return await self.told()

    async def told(self) -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, self.pipe.recv)


@asynccontextmanager
async def child(main: Callable[..., None], *arguments: Any) -> AsyncIterator[Child]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=main, args=(*arguments, theirs), daemon=True
    )
    process.start()
    theirs.close()
    assert process.pid is not None
    try:
        yield Child(ours, process.pid)
        ours.send(None)
        await asyncio.get_running_loop().run_in_executor(None, process.join, 5)
    finally:
        process.kill()
        process.join()
        ours.close()
