"""DTLS on the event loop: which association a datagram is for, timers, and what it all may cost."""

import asyncio
import os
from collections import deque
from collections.abc import Callable

from media.dtls import records
from media.dtls.allowance import Allowance
from media.dtls.association import Association, DtlsFailed
from media.dtls.certificate import Certificate
from media.parameters import DtlsParameters
from media.srtp import SrtpKeys
from media.stats import Counters

HANDSHAKE_SECONDS = 15.0
QUEUE = 16
TRIES = 4
"""Handshakes that may be open at once, by ClientHello: the remote's is among them whoever else sends hellos."""


class DtlsTransport:
    """A DTLS association over datagrams that the owner feeds in; has no task and, once made, no timer.

    ``send`` gets each outgoing datagram. ``run`` makes the association. Garbage in the middle of a handshake
    does not end it: a try that broke makes room for another within the same time limit.
    """

    def __init__(
        self,
        certificate: Certificate,
        role: str,
        send: Callable[[bytes], None],
        closed: Callable[[], None],
        counters: Counters,
    ) -> None:
        """``closed`` is called once when the remote ends an association that was there; ``counters`` are the worker's."""
        self._certificate = certificate
        self._is_server = role == "server"
        self._send = send
        self._closed = closed
        self._counters = counters
        self._queue: deque[tuple[bytes, records.Datagram]] = deque()
        self._is_waiting = False
        self._tries: dict[bytes, Association] = {}
        self._association: Association | None = None
        self._remote: DtlsParameters | None = None
        self._result: asyncio.Future[SrtpKeys] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._over = False
        self._steps: Allowance | None = None
        self._hellos: Allowance | None = None
        self._proofs: Allowance | None = None
        self._cookie = os.urandom(16)

    def feed(self, data: bytes) -> None:
        """A datagram whose first byte is 20–63 (RFC 7983)."""
        read = None if self._over or len(self._queue) >= QUEUE else records.read(data)
        if read is None or not self._is_worth(read):
            self._counters.dtls_dropped += 1
            return
        self._queue.append((data, read))
        if self._remote is not None:
            self._ask_for_a_turn()

    def _is_worth(self, read: records.Datagram) -> bool:
        """Whoever is there listens to ciphertext, and to a handshake only to repeat its last flight."""
        if self._association is None or read.random is None:
            return True
        self._certificate.suspicion.note(asyncio.get_running_loop().time())
        return False

    def _ask_for_a_turn(self) -> None:
        if self._queue and not self._is_waiting:
            self._is_waiting = True
            self._certificate.turns.add(self)

    async def run(self, remote: DtlsParameters) -> SrtpKeys:
        """Raises DtlsFailed. Once; meant to be run as one task of the owner's."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._steps = Allowance(64, 32, now)
        self._hellos = Allowance(8, 4, now)
        self._proofs = Allowance(64, 64, now)
        self._remote = remote
        self._result = loop.create_future()
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                if self._over:
                    raise DtlsFailed("closed")
                if not self._is_server:
                    self._begin_as_client(now)
                self._ask_for_a_turn()
                return await self._result
        except TimeoutError:
            raise DtlsFailed("no DTLS handshake within the time limit") from None
        finally:
            self._tries.clear()
            self._stop_timer()

    def _begin_as_client(self, now: float) -> None:
        association = Association(self._certificate, False)
        self._tries[b""] = association
        self._emit(association.begin(now))
        self._set_timer(now)

    # --- turns -----------------------------------------------------------------------------------

    def step(self) -> bool:
        """One datagram."""
        try:
            if self._queue:
                self._take(*self._queue.popleft())
        finally:
            self._is_waiting = bool(self._queue)
        return self._is_waiting

    def _take(self, data: bytes, read: records.Datagram) -> None:
        now = asyncio.get_running_loop().time()
        if self._over:
            self._counters.dtls_dropped += 1
        elif self._association is None:
            self._try(data, read, now)
        elif self._may_step(now):
            self._listen(self._association, data, read, now)

    def _may_step(self, now: float) -> bool:
        """Whether OpenSSL may be asked; counts it when not."""
        if self._steps is not None and self._steps.take(now):
            return True
        self._counters.dtls_dropped += 1
        return False

    def _listen(self, association: Association, data: bytes, read: records.Datagram, now: float) -> None:
        if read.is_plain_handshake:
            self._emit(association.repeat(now))
            return
        self._emit(association.receive(data, now))
        if association.is_over:
            self._over = True
            self._closed()

    def _try(self, data: bytes, read: records.Datagram, now: float) -> None:
        """A datagram that is no hello does not say which try it is for: the wrong ones break, silently."""
        if self._is_server and read.random is not None:
            association = self._try_of(data, read, read.random, now)
            if association is not None and association.wake_at is not None:
                self._emit(association.repeat(now))
                return
            meant = [association] if association is not None else []
        else:
            meant = list(self._tries.values())
        for association in meant:
            if not self._may_step(now):
                return
            answer = association.receive(data, now)
            if association.is_there:
                self._settle(association, answer)
                return
            self._emit(answer)
        if any(association.is_broken for association in meant):
            self._tries = {key: each for key, each in self._tries.items() if not each.is_broken}
            if not self._is_server and self._hellos is not None and self._hellos.take(now):
                self._begin_as_client(now)
        self._set_timer(now)

    def _try_of(self, data: bytes, read: records.Datagram, random: bytes, now: float) -> Association | None:
        """Of a hello; one that was not there before has to bring the cookie when hellos are suspect."""
        known = self._tries.get(random)
        has_cookie = read.cookie == self._cookie
        if known is not None and known.has_cookie >= has_cookie:
            return known
        suspicion = self._certificate.suspicion
        if self._tries and known is None:
            suspicion.note(now)
        if not has_cookie and suspicion.is_high(now):
            if self._proofs is not None and self._proofs.take(now):
                self._emit([records.hello_verify_request(data, self._cookie)])
            return None
        if self._hellos is None or not self._hellos.take(now):
            self._counters.dtls_dropped += 1
            return None
        self._tries.pop(random, None)
        if len(self._tries) >= TRIES:
            del self._tries[next(iter(self._tries))]
        cookie = self._cookie if has_cookie else b""
        association = self._tries[random] = Association(self._certificate, True, cookie)
        return association

    def _settle(self, association: Association, answer: list[bytes]) -> None:
        """The handshake is done: with the one that was announced, or not at all."""
        assert self._remote is not None
        assert self._result is not None
        self._tries.clear()
        self._stop_timer()
        self._emit(answer)
        try:
            keys = association.verify(self._remote.fingerprints)
        except DtlsFailed as refusal:
            self._emit(association.goodbye())
            self._over = True
            if not self._result.done():
                self._result.set_exception(refusal)
            return
        self._association = association
        if not self._result.done():
            self._result.set_result(keys)

    def _emit(self, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            self._send(datagram)

    # --- time ------------------------------------------------------------------------------------

    def _set_timer(self, now: float) -> None:
        self._stop_timer()
        times = [each.wake_at for each in self._tries.values() if each.wake_at is not None]
        if times:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, min(times) - now), self._wake)

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _wake(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for association in self._tries.values():
            self._emit(association.wake(now))
        self._set_timer(now)

    async def close(self) -> None:
        """Says goodbye to the remote; idempotent."""
        self._over = True
        self._queue.clear()
        self._tries.clear()
        self._stop_timer()
        association, self._association = self._association, None
        if association is not None:
            self._emit(association.goodbye())
        if self._result is not None and not self._result.done():
            self._result.set_exception(DtlsFailed("closed"))
