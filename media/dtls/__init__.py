"""DTLS: authenticates a remote by its fingerprint and agrees with it on SRTP keys.

``records`` (what a datagram is, before OpenSSL sees it), ``association`` (one handshake and what follows),
``allowance`` and ``suspicion`` (what strangers may cost, and when hellos have to bring a cookie) are sans-I/O
with time as an argument. ``transport`` joins them to the event loop; ``turns`` sees that many handshakes at
once leave it to the packets. ``certificate`` is the only module that touches private names of aiortc: the
certificate, the OpenSSL context, the SRTP profiles and the digests are aiortc's, the pump is ours
(docs/decisions/0016). ``tests/media/test_dtls_contract.py`` fails when the names move.

Invariant: nothing that nobody has authenticated ends an association, and what it may cost is bounded.
"""

from media.dtls.association import DtlsFailed
from media.dtls.certificate import SUPPORTED_DIGESTS, Certificate
from media.dtls.records import is_record
from media.dtls.transport import DtlsTransport

__all__ = ["SUPPORTED_DIGESTS", "Certificate", "DtlsFailed", "DtlsTransport", "is_record"]
