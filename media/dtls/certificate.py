"""What is aiortc's in our DTLS: certificates, the OpenSSL context, SRTP profiles, digests.

One EC P-256 certificate and one context serve the whole process; making a context costs more than a
handshake.
"""

import contextlib
from typing import Any

from aiortc import rtcdtlstransport as _dtls
from OpenSSL import SSL, crypto

from media import srtp
from media.dtls.records import MTU
from media.dtls.suspicion import Suspicion
from media.dtls.turns import Turns
from media.parameters import DtlsFingerprint
from media.srtp import SrtpKeys

SUPPORTED_DIGESTS = tuple(_dtls.X509_DIGEST_ALGORITHMS)
_DTLS_1_2 = 0xFEFD
_LABEL = b"EXTRACTOR-dtls_srtp"
_OURS = {
    b"SRTP_AEAD_AES_128_GCM": srtp.AEAD_AES_128_GCM,
    b"SRTP_AES128_CM_SHA1_80": srtp.AES128_CM_SHA1_80,
}
_BY_NAME = {profile.openssl_profile: profile for profile in _dtls.SRTP_PROFILES}
_PROFILES = [_BY_NAME[name] for name in _OURS if name in _BY_NAME]
"""In the order we prefer: AES-128-GCM costs least."""


class Certificate:
    """A key, its self-signed certificate, and what all associations made with it share."""

    def __init__(self) -> None:
        self._certificate = _dtls.RTCCertificate.generateCertificate()
        self.fingerprints = tuple(
            DtlsFingerprint(f.algorithm, f.value)  # type: ignore[arg-type]
            for f in self._certificate.getFingerprints()
            if f.algorithm == "sha-256"
        )
        self.context = self._make_context()
        self.any_hello = self._make_hello()
        self.turns = Turns()
        self.suspicion = Suspicion()

    def _make_context(self) -> SSL.Context:
        """No session of it can be resumed: every association verifies its remote's certificate anew."""
        context: SSL.Context = self._certificate._create_ssl_context(_PROFILES)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_min_proto_version(_DTLS_1_2)
        context.set_max_proto_version(_DTLS_1_2)
        context.set_options(SSL.OP_NO_QUERY_MTU | SSL.OP_NO_RENEGOTIATION)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        context.set_cookie_generate_callback(_cookie_of)
        context.set_cookie_verify_callback(lambda connection, cookie: bool(cookie == _cookie_of(connection)))
        return context

    def _make_hello(self) -> bytes:
        client = SSL.Connection(self.context)
        client.set_ciphertext_mtu(MTU)
        client.set_connect_state()
        with contextlib.suppress(SSL.WantReadError):
            client.do_handshake()
        return client.bio_read(1500)


def _cookie_of(connection: SSL.Connection) -> bytes:
    cookie: bytes = connection.get_app_data()
    return cookie


def _digest(certificate: crypto.X509, algorithm: str) -> str:
    """By OpenSSL itself: reading the certificate into other objects first costs more than the digest."""
    return certificate.digest(algorithm.replace("-", "")).decode()


def is_the_announced(connection: SSL.Connection, announced: tuple[DtlsFingerprint, ...]) -> bool:
    """Whether the remote's certificate is the one it announced (RFC 8122 §5): at least one fingerprint is of
    a digest we know, and all of those are right."""
    certificate = connection.get_peer_certificate()
    known = [f for f in announced if f.algorithm.lower() in SUPPORTED_DIGESTS]
    return (
        certificate is not None
        and bool(known)
        and all(_digest(certificate, f.algorithm.lower()) == f.value.upper() for f in known)
    )


def srtp_keys(connection: SSL.Connection, is_server: bool) -> SrtpKeys | None:
    """RFC 5764 §4.2. None when there was no profile in common."""
    profile: Any = _BY_NAME.get(connection.get_selected_srtp_profile())
    if profile not in _PROFILES:
        return None
    material = connection.export_keying_material(_LABEL, 2 * (profile.key_length + profile.salt_length))
    of_client = profile.get_key_and_salt(material, 0)
    of_server = profile.get_key_and_salt(material, 1)
    inbound, outbound = (of_client, of_server) if is_server else (of_server, of_client)
    return SrtpKeys(_OURS[profile.openssl_profile], inbound, outbound)
