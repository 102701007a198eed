"""The private names of aiortc and pylibsrtp that media reaches into: fails when they move."""

import asyncio
import inspect
from importlib.metadata import version

import pytest
from aiortc import rtcdtlstransport
from pylibsrtp import _binding

from media import srtp
from media.dtls import Certificate, DtlsFailed, DtlsTransport, is_record
from media.parameters import DtlsFingerprint, DtlsParameters


def test_versions_are_the_pinned_ones():
    assert (version("aiortc"), version("pylibsrtp")) == ("1.16.0", "1.0.0")


@pytest.mark.parametrize(
    "name",
    [
        "_set_role",
        "_set_state",
        "_setup_srtp",
        "_validate_peer_identity",
        "_do_handshake",
        "_write_ssl",
        "_recv_next",
    ],
)
def test_methods_of_the_transport(name):
    assert callable(getattr(rtcdtlstransport.RTCDtlsTransport, name))


def test_one_context_serves_all_associations():
    """It must not resume sessions: a resumed one would not have to show its certificate."""
    certificate = Certificate()._certificate
    profiles = rtcdtlstransport.SRTP_PROFILES
    context = certificate._create_ssl_context(srtp_profiles=profiles)
    assert certificate._create_ssl_context(srtp_profiles=profiles) is context
    assert context.get_session_cache_mode() == rtcdtlstransport.SSL.SESS_CACHE_OFF
    assert context.set_options(0) & rtcdtlstransport.SSL.OP_NO_TICKET


def test_attributes_of_the_transport():
    certificate = rtcdtlstransport.RTCCertificate.generateCertificate()
    assert certificate._cert.public_key().curve.name == "secp256r1"
    transport = rtcdtlstransport.RTCDtlsTransport(object(), [certificate])  # type: ignore[arg-type]
    for name in ("_ssl", "_role", "_state", "_task", "_srtp_profiles"):
        assert hasattr(transport, name)
    assert list(inspect.signature(transport.start).parameters) == ["remoteParameters"]
    assert {state.name for state in rtcdtlstransport.State} >= {"CLOSED", "FAILED"}


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


async def associate(client_says=None, server_says=None, garbage=()):
    """A client and a server wired to each other; what each believes of the other may be wrong."""
    ours, theirs = Certificate(), Certificate()
    ends: dict[str, DtlsTransport] = {}
    over: list[str] = []
    ends["server"] = DtlsTransport(
        ours, "server", lambda d: ends["client"].feed(d), lambda: over.append("server")
    )
    ends["client"] = DtlsTransport(
        theirs, "client", lambda d: ends["server"].feed(d), lambda: over.append("client")
    )
    for data in garbage:
        ends["server"].feed(data)
    results = await asyncio.gather(
        ends["server"].run(client_says or DtlsParameters("client", theirs.fingerprints)),
        ends["client"].run(server_says or DtlsParameters("server", ours.fingerprints)),
        return_exceptions=True,
    )
    return ends, results, over


async def test_handshake_gives_both_the_same_keys_and_gcm():
    ends, (server, client), over = await associate()
    assert server.profile == client.profile == srtp.AEAD_AES_128_GCM
    assert (server.inbound, server.outbound) == (client.outbound, client.inbound)
    assert server.inbound != server.outbound
    await ends["client"].close()
    async with asyncio.timeout(5):
        while not over:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert over == ["server"], "the remote's goodbye is heard"
    await ends["server"].close()
    await ends["server"].close()


async def test_a_wrong_fingerprint_is_refused():
    stranger = DtlsParameters("client", Certificate().fingerprints)
    ends, (server, _), _ = await associate(client_says=stranger)
    assert isinstance(server, DtlsFailed)
    for end in ends.values():
        await end.close()


async def test_an_unknown_digest_is_refused():
    weak = DtlsParameters("client", (DtlsFingerprint("sha-1", "00:11"),))
    ends, (server, _), _ = await associate(client_says=weak)
    assert isinstance(server, DtlsFailed)
    for end in ends.values():
        await end.close()


def hello(body: bytes) -> bytes:
    """A handshake record with a ClientHello whose inside is nonsense."""
    message = bytes((1,)) + len(body).to_bytes(3) + bytes(2) + bytes(3) + len(body).to_bytes(3) + body
    return bytes((22, 0xFE, 0xFD)) + bytes(8) + len(message).to_bytes(2) + message


async def test_garbage_hellos_do_not_kill_a_handshake():
    garbage = [hello(bytes(range(size))) for size in (0, 1, 33, 120)] + [
        b"\x16\xfe\xfd",
        bytes(60),
        b"\x16" * 40,
    ]
    ends, (server, client), _ = await associate(garbage=garbage)
    assert server.inbound == client.outbound
    for end in ends.values():
        await end.close()


def test_records():
    assert is_record(hello(b"x"))
    assert is_record(hello(b"x") + hello(b"y"))
    assert not is_record(b"")
    assert not is_record(hello(b"x")[:-1])
    assert not is_record(hello(b"x") + b"z")
    assert not is_record(bytes((22, 3, 3)) + bytes(10))
