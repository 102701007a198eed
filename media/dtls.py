"""DTLS by aiortc: the only module that touches private names of aiortc.

``tests/media/test_dtls_contract.py`` fails when these names move. One EC P-256 certificate serves
the whole process. We are the server and put AES-128-GCM first. SRTP itself is not aiortc's here: only
the keys are taken out.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiortc import rtcdtlstransport as _dtls

from media import srtp
from media.parameters import DtlsFingerprint, DtlsParameters
from media.srtp import SrtpKeys

HANDSHAKE_SECONDS = 15.0
MAX_ATTEMPTS = 32
QUEUE = 64
_PROFILES = {
    b"SRTP_AEAD_AES_128_GCM": srtp.AEAD_AES_128_GCM,
    b"SRTP_AES128_CM_SHA1_80": srtp.AES128_CM_SHA1_80,
}
SUPPORTED_DIGESTS = ("sha-256", "sha-384", "sha-512")


class DtlsFailed(Exception):
    """No association: time-out, a wrong fingerprint, or no SRTP profile in common."""


class _Shared(_dtls.RTCCertificate):
    """One OpenSSL context for all associations: making one costs more than half a handshake.

    No session of it can be resumed: every association verifies its remote's certificate anew.
    """

    _context: Any = None

    def _create_ssl_context(self, srtp_profiles: Any) -> Any:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            self._context.set_session_cache_mode(_dtls.SSL.SESS_CACHE_OFF)  # type: ignore[attr-defined]
        return self._context


class Certificate:
    """A key and its self-signed certificate."""

    def __init__(self) -> None:
        self._certificate = _Shared.generateCertificate()
        self.fingerprints = tuple(
            DtlsFingerprint(f.algorithm, f.value)  # type: ignore[arg-type]
            for f in self._certificate.getFingerprints()
            if f.algorithm == "sha-256"
        )


class _Wire:
    """What aiortc takes for an ICE transport: datagrams in from a bounded queue, out through a callable."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE)
        self._out = send

    def put(self, data: bytes | None) -> bool:
        try:
            self._queue.put_nowait(data)
        except asyncio.QueueFull:
            return False
        return True

    async def _recv(self) -> bytes:
        data = await self._queue.get()
        if data is None:
            raise ConnectionError
        return data

    async def _send(self, data: bytes) -> None:
        self._out(data)


class _Association(_dtls.RTCDtlsTransport):
    """One try at a handshake; leaves the keys in ``keys``."""

    def __init__(self, wire: _Wire, certificate: Any, role: str) -> None:
        super().__init__(wire, [certificate])  # type: ignore[arg-type]
        self.keys: SrtpKeys | None = None
        self.refused = ""
        by_name = {profile.openssl_profile: profile for profile in _dtls.SRTP_PROFILES}
        self._srtp_profiles = [by_name[name] for name in _PROFILES if name in by_name]
        self._set_role(role)

    def _validate_peer_identity(self, remoteParameters: Any) -> None:  # noqa: N803
        super()._validate_peer_identity(remoteParameters)
        if self._state == _dtls.State.FAILED:
            self.refused = "the certificate is not the one announced"

    def _setup_srtp(self) -> None:
        assert self._ssl is not None
        name = self._ssl.get_selected_srtp_profile()
        profile = next((p for p in self._srtp_profiles if p.openssl_profile == name), None)
        if profile is None:
            self.refused = "no SRTP profile in common"
            self._set_state(_dtls.State.FAILED)
            return
        material = self._ssl.export_keying_material(
            b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length)
        )
        of_client = profile.get_key_and_salt(material, 0)
        of_server = profile.get_key_and_salt(material, 1)
        inbound, outbound = (of_client, of_server) if self._role == "server" else (of_server, of_client)
        self.keys = SrtpKeys(_PROFILES[profile.openssl_profile], inbound, outbound)


class DtlsTransport:
    """A DTLS association over datagrams that the owner feeds in.

    ``send`` gets each outgoing datagram. ``run`` makes the association; garbage in the middle of a
    handshake makes it begin anew within the same time limit, it does not end it.
    """

    def __init__(
        self,
        certificate: Certificate,
        role: str,
        send: Callable[[bytes], None],
        closed: Callable[[], None],
    ) -> None:
        """``closed`` is called once when the remote ends an association that was there."""
        self._certificate = certificate
        self._role = role
        self._send = send
        self._closed = closed
        self._wire = _Wire(send)
        self._association: _Association | None = None
        self._over = False
        self.dropped = 0

    def feed(self, data: bytes) -> None:
        """A datagram whose first byte is 20–63 (RFC 7983)."""
        if self._over or not is_record(data) or not self._wire.put(data):
            self.dropped += 1

    async def run(self, remote: DtlsParameters) -> SrtpKeys:
        """Raises DtlsFailed. Meant to be run as one task of the owner's."""
        parameters = _dtls.RTCDtlsParameters(
            fingerprints=[_dtls.RTCDtlsFingerprint(f.algorithm, f.value) for f in remote.fingerprints]
        )
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                for _ in range(MAX_ATTEMPTS):
                    association = self._new_association()
                    await association.start(parameters)
                    if association.keys is not None:
                        association.add_listener("statechange", self._changed)
                        return association.keys
                    if association.refused or self._over:
                        raise DtlsFailed(association.refused or "closed")
        except TimeoutError:
            raise DtlsFailed("no DTLS handshake within the time limit") from None
        raise DtlsFailed("too many broken handshakes")

    def _new_association(self) -> _Association:
        self._association = _Association(self._wire, self._certificate._certificate, self._role)
        return self._association

    def _changed(self) -> None:
        association = self._association
        if association is not None and association._state == _dtls.State.CLOSED and not self._over:
            self._over = True
            self._closed()

    async def close(self) -> None:
        """Says goodbye to the remote; idempotent."""
        if self._over and self._association is None:
            return
        self._over = True
        association, self._association = self._association, None
        if association is None:
            return
        association.remove_all_listeners()
        task = association._task
        await association.stop()
        self._wire.put(None)
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)


def is_record(data: bytes) -> bool:
    """Whether a datagram is a row of well-formed DTLS 1.x records (RFC 6347 §4.1)."""
    position, size = 0, len(data)
    while position + 13 <= size:
        if not 20 <= data[position] <= 26 or data[position + 1] != 0xFE:
            return False
        position += 13 + (data[position + 11] << 8 | data[position + 12])
    return 0 < size == position
