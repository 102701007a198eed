"""Sessions that ended elsewhere (a new password, a disabled account, the command line): their sockets end too."""

import asyncio

import structlog

from classroom.stores.port import Sessions, StoreError
from signaling.gateway.clock import Clock
from signaling.gateway.sockets import Sockets
from signaling.gateway.tasks import Tasks

_log = structlog.get_logger("session")
_EVERY_SECONDS = 2.0


class SessionWatch:
    """Asks for all open sockets at once: one query, however many there are."""

    def __init__(self, sessions: Sessions, sockets: Sockets, clock: Clock) -> None:
        self._sessions = sessions
        self._sockets = sockets
        self._clock = clock
        self._tasks = Tasks()

    def start(self) -> None:
        self._tasks.start(self._run(), "session watch")

    async def close(self) -> None:
        await self._tasks.close()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                await self.look()
            except StoreError as error:
                _log.warning("sessions_not_looked_at", error=str(error))

    async def look(self) -> None:
        """Once. Raises StoreError."""
        used = {socket.session for socket in self._sockets.all()}
        if not used:
            return
        over = used - await self._sessions.open_among(used, self._clock())
        for session in over:
            self._sockets.sign_out(session)
