"""One handshake with one remote, and the association it becomes: OpenSSL over memory, sans-I/O.

Datagrams go in, datagrams come out, times are seconds of any one clock. A flight that is not answered is
sent again (RFC 6347 §4.2.4) byte for byte: the remote's replay window drops what it had already. OpenSSL's
own timer is not used: it begins at 1 s, and only the real clock moves it.
"""

from OpenSSL import SSL

from media.dtls.certificate import Certificate, is_the_announced, srtp_keys
from media.dtls.records import MTU, pack
from media.parameters import DtlsFingerprint
from media.srtp import SrtpKeys

FIRST_WAIT = 0.3
LONGEST_WAIT = 1.2
MAX_REPEATS = 16
SHORTEST_REPEAT = 0.03
_ROOM = 1 << 14


class DtlsFailed(Exception):
    """No association: time-out, a wrong fingerprint, or no SRTP profile in common."""


class Association:
    """``is_there``: the handshake is done; nothing of the remote is believed before ``verify``.

    ``is_broken``: it can come to nothing any more. ``is_over``: the remote said goodbye.
    """

    def __init__(self, certificate: Certificate, is_server: bool, cookie: bytes = b"") -> None:
        """``cookie``: what the hello has to carry that this server was asked with already."""
        self.is_there = self.is_broken = self.is_over = False
        self.wake_at: float | None = None
        self._is_server = is_server
        self._flight: list[bytes] = []
        self._sent_at = 0.0
        self._wait = FIRST_WAIT
        self._repeats = 0
        self._ssl = SSL.Connection(certificate.context)
        self._ssl.set_ciphertext_mtu(MTU)
        self.has_cookie = bool(cookie)
        if is_server:
            self._ssl.set_accept_state()
            if cookie:
                self._go_on_from(cookie, certificate.any_hello)
        else:
            self._ssl.set_connect_state()

    def _go_on_from(self, cookie: bytes, any_hello: bytes) -> None:
        """To where a server is that has asked for the cookie. Whoever asked did so without an association;
        which hello was asked does not matter, for the handshake begins with the one that brings the cookie
        (RFC 6347 §4.2.1). OpenSSL's own way, ``DTLSv1_listen``, takes no hello that is in fragments."""
        self._ssl.set_options(SSL.OP_COOKIE_EXCHANGE)  # type: ignore[arg-type]
        self._ssl.set_app_data(cookie)
        self._ssl.bio_write(any_hello)
        self._advance()
        self._ssl.bio_read(_ROOM)

    def begin(self, now: float) -> list[bytes]:
        """The client's first flight."""
        self._advance()
        return self._take(now)

    def receive(self, data: bytes, now: float) -> list[bytes]:
        """What it answers. A broken one answers nothing: its alert would end the remote's good handshake."""
        if self.is_broken or self.is_over:
            return []
        try:
            self._ssl.bio_write(data)
            if not self.is_there:
                self._advance()
            if self.is_there:
                self._read()
        except SSL.Error:
            self.is_broken = not self.is_there
        if self.is_broken:
            self.wake_at = None
            return []
        return self._take(now)

    def _advance(self) -> None:
        try:
            self._ssl.do_handshake()
        except SSL.WantReadError:
            return
        self.is_there = True

    def _read(self) -> None:
        """Nothing is expected but the remote's goodbye and its last flight again, which OpenSSL answers."""
        try:
            while self._ssl.recv(_ROOM):
                pass
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.is_over = True

    def _take(self, now: float) -> list[bytes]:
        try:
            flight = pack(self._ssl.bio_read(_ROOM))
        except SSL.WantReadError:
            flight = []
        if flight:
            self._flight = flight
            self._sent_at = now
            self._wait = FIRST_WAIT
        # Whoever is there has nothing to wait for: a remote that misses our last flight repeats its own.
        self.wake_at = None if self.is_there or not self._flight else self._sent_at + self._wait
        return flight

    def repeat(self, now: float) -> list[bytes]:
        """The flight again, because the remote repeats the one before; not more often than makes sense."""
        if now - self._sent_at < SHORTEST_REPEAT or self._repeats >= MAX_REPEATS:
            return []
        self._repeats += 1
        self._sent_at = now
        if self.wake_at is not None:
            self.wake_at = now + self._wait
        return self._flight

    def wake(self, now: float) -> list[bytes]:
        """To be called at ``wake_at``; the wait doubles."""
        if self.wake_at is None or now < self.wake_at:
            return []
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        self._sent_at = now
        self.wake_at = now + self._wait
        return self._flight

    def verify(self, announced: tuple[DtlsFingerprint, ...]) -> SrtpKeys:
        """Raises DtlsFailed."""
        if not is_the_announced(self._ssl, announced):
            raise DtlsFailed("the certificate is not the one announced")
        keys = srtp_keys(self._ssl, self._is_server)
        if keys is None:
            raise DtlsFailed("no SRTP profile in common")
        return keys

    def goodbye(self) -> list[bytes]:
        """The alert that ends it; none before the handshake is done."""
        if not self.is_there or self.is_over:
            return []
        self.is_over = True
        try:
            self._ssl.shutdown()
        except SSL.Error:
            return []
        return self._take(0.0)
