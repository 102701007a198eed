"""The private names of aiortc and pylibsrtp that media reaches into: fails when they move."""

import inspect
from importlib.metadata import version

import pytest
from aiortc import rtcdtlstransport
from OpenSSL import SSL
from pylibsrtp import _binding

from media import srtp
from media.dtls import SUPPORTED_DIGESTS, Certificate


def test_versions_are_the_pinned_ones():
    assert (version("aiortc"), version("pylibsrtp")) == ("1.16.0", "1.0.0")


def test_one_context_serves_all_associations():
    """It must not resume sessions: a resumed one would not have to show its certificate."""
    context = Certificate().context
    assert context.get_session_cache_mode() == SSL.SESS_CACHE_OFF
    assert SSL.Connection(context).set_options(0) & SSL.OP_NO_TICKET


def test_certificate_is_aiortcs():
    certificate = rtcdtlstransport.RTCCertificate.generateCertificate()
    assert certificate._cert.public_key().curve.name == "secp256r1"
    assert list(inspect.signature(certificate._create_ssl_context).parameters) == ["srtp_profiles"]
    context = certificate._create_ssl_context(rtcdtlstransport.SRTP_PROFILES)
    assert SSL.Connection(context).get_verify_mode() == SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT


def test_digests():
    certificate = rtcdtlstransport.RTCCertificate.generateCertificate()
    assert set(rtcdtlstransport.X509_DIGEST_ALGORITHMS) == set(SUPPORTED_DIGESTS)
    assert set(SUPPORTED_DIGESTS) == {"sha-256", "sha-384", "sha-512"}
    for told in certificate.getFingerprints():
        assert told.value == rtcdtlstransport.certificate_digest(certificate._cert, told.algorithm)


def test_profiles():
    by_name = {profile.openssl_profile: profile for profile in rtcdtlstransport.SRTP_PROFILES}
    for name, libsrtp, sizes in (
        (b"SRTP_AEAD_AES_128_GCM", srtp.AEAD_AES_128_GCM, (16, 12)),
        (b"SRTP_AES128_CM_SHA1_80", srtp.AES128_CM_SHA1_80, (16, 14)),
    ):
        profile = by_name[name]
        assert profile.libsrtp_profile == libsrtp
        assert (profile.key_length, profile.salt_length) == sizes
        assert profile.get_key_and_salt(bytes(range(60)), 0) != profile.get_key_and_salt(bytes(range(60)), 1)


@pytest.mark.parametrize(
    "name",
    [
        "srtp_create",
        "srtp_dealloc",
        "srtp_protect",
        "srtp_protect_rtcp",
        "srtp_unprotect",
        "srtp_unprotect_rtcp",
        "srtp_remove_stream",
        "srtp_crypto_policy_set_from_profile_for_rtp",
        "srtp_crypto_policy_set_from_profile_for_rtcp",
    ],
)
def test_libsrtp_functions(name):
    assert hasattr(_binding.lib, name)


def test_policy_fields():
    fields = dict(_binding.ffi.typeof("srtp_policy_t").fields)
    assert {"ssrc", "rtp", "rtcp", "key", "window_size", "allow_repeat_tx"} <= fields.keys()
