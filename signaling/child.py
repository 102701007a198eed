"""One role's process as its parent sees it: started again as its policy says, until stopped."""

import asyncio
import contextlib
import signal

import structlog

from signaling import restart

log = structlog.get_logger(__name__)


class StartFailed(Exception):
    """A role cannot be brought up."""


class Child:
    """``keep_alive`` owns the process: it is gone when that returns, raises or is cancelled."""

    def __init__(self, name: str, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        self.name = name
        self.ready = False
        self._arguments = arguments
        self._environment = environment
        self._policy = restart.RestartPolicy()
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def keep_alive(self) -> None:
        """Returns when it was stopped. Raises StartFailed when the policy gives up."""
        clock = asyncio.get_running_loop().time
        while not self._stopping.is_set():
            # A group of its own: Ctrl-C on a terminal reaches the supervisor alone, which stops in order.
            process = await asyncio.create_subprocess_exec(
                *self._arguments, env=self._environment, stdin=asyncio.subprocess.PIPE, process_group=0
            )
            self._process = process
            self._policy.started(clock())
            try:
                if self._stopping.is_set():
                    self.signal(signal.SIGTERM)
                status = await process.wait()
            finally:
                self.ready = False
                if process.returncode is None:
                    process.kill()
                    await process.wait()
                if process.stdin is not None:
                    process.stdin.close()
                self._process = None
            if self._stopping.is_set():
                return
            decision = self._policy.died(clock(), status)
            log.warning("role_died", child=self.name, status=status)
            if isinstance(decision, restart.GiveUp):
                raise StartFailed(f"{self.name}: {decision.reason}")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(decision.after):
                    await self._stopping.wait()

    def became_ready(self) -> None:
        self.ready = True
        self._policy.became_ready()

    def stop(self) -> None:
        self._stopping.set()
        self.signal(signal.SIGTERM)

    def signal(self, number: int) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
