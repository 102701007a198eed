"""Roll-over counters that have come far (RFC 3711 §3.3.1): every stream goes on over each wrap of its 2^16 numbers,
over the 2^32 of the packet index, and near the last roll-over there is.

No lesson is long enough to get there by sending, so libsrtp is told where its streams stand. pylibsrtp carries
``srtp_set_stream_roc`` but does not declare it; here it is called by its symbol.
"""

import ctypes
import random

import pytest

from media import srtp
from media.fanout.choose import IMPLEMENTATIONS
from media.rtp import header
from tests.media.switchboard import frame, picture_of, switchboard, vp8

each = pytest.mark.parametrize("make", IMPLEMENTATIONS.values(), ids=list(IMPLEMENTATIONS))
far = pytest.mark.parametrize(
    "roc", [0xFFFE, 0x7FFFFFFE, 0xFFFFFFF0], ids=["2^32 packets", "sign bit", "the last"]
)
profiles = pytest.mark.parametrize("profile", [srtp.AEAD_AES_128_GCM, srtp.AES128_CM_SHA1_80])
INCOMING, OUTGOING = 1111, 500

_set_roc = ctypes.CDLL(srtp._binding.__file__).srtp_set_stream_roc
_set_roc.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32]


def begin_at(session: srtp.Session, profile: int, key: bytes, ssrc: int, roc: int) -> None:
    """The stream of this SSRC, before its first packet."""
    policy = srtp.ffi.new("srtp_policy_t *")
    assert not srtp.lib.srtp_crypto_policy_set_from_profile_for_rtp(srtp.ffi.addressof(policy.rtp), profile)
    assert not srtp.lib.srtp_crypto_policy_set_from_profile_for_rtcp(srtp.ffi.addressof(policy.rtcp), profile)
    master = srtp.ffi.new("unsigned char[]", key)
    policy.key = master
    policy.ssrc.type = srtp.lib.ssrc_specific
    policy.ssrc.value = ssrc
    policy.window_size = 1024
    assert not srtp.lib.srtp_add_stream(session.handle, policy)
    handle = int(srtp.ffi.cast("uintptr_t", session.handle))
    assert not _set_roc(handle, ssrc, roc)


@pytest.fixture
def all_begin_at(monkeypatch):
    """From now on every session is made with its streams so far on."""

    def set_up(roc: int) -> None:
        make = srtp.Session.__init__

        def made(self, profile, key, inbound):
            make(self, profile, key, inbound)
            for ssrc in (INCOMING, OUTGOING):
                begin_at(self, profile, key, ssrc, roc)

        monkeypatch.setattr(srtp.Session, "__init__", made)

    return set_up


@each
@profiles
@far
async def test_a_stream_goes_on_over_its_far_wraps(make, profile, roc, all_begin_at):
    """Twelve times round the circle on both sides of the fanout, with a loss at each step and late ones."""
    all_begin_at(roc)
    rng = random.Random(roc)
    async with switchboard(make) as board:
        publisher, source, _ = board.publish(profile=profile)
        end = board.end(profile)
        leg, _ = board.leg(end, ssrc=OUTGOING, start=0x7FFF)
        leg.follow(source)
        await board.settle()
        sent: list[int] = []
        for step in range(40):
            block = [20_011 * step + near for near in range(4)]
            if step:
                rng.shuffle(block)
            for number in block:
                publisher.send(frame(5 + number, 0, vp8(len(sent), key=not sent), number.to_bytes(4)))
                sent.append(number)
            await end.come(len(sent))
        assert sent[-1] > 12 * 0x10000 - 0x8000
        came = [
            (number & 0xFFFF, header.parse(packet).seq) for number, packet in zip(sent, end.rtp, strict=True)
        ]
        assert all((0x7FFF + number) & 0xFFFF == seq for number, seq in came)
        assert [picture_of(packet)[1] for packet in end.rtp] == list(range(len(sent)))
        assert board.count("dropped_unauthentic") == 0


def test_the_packet_index_wraps_where_it_is_said_to():
    """The tests above would hold for a libsrtp that forgot what it was told: two sessions that are told
    different roll-overs do not understand each other, and what came over the wrap is not taken twice."""
    profile, key = srtp.AEAD_AES_128_GCM, bytes(28)
    out, same, other = (srtp.Session(profile, key, inbound) for inbound in (False, True, True))
    for session, roc in ((out, 0xFFFF), (same, 0xFFFF), (other, 0xFFFE)):
        begin_at(session, profile, key, INCOMING, roc)
    for number in (0xFFFE, 0xFFFF, 0x10000, 0x10001):
        packet = frame(number, 0, vp8(number & 0x7FFF))
        sealed = opened(out.protect, packet)
        assert opened(same.unprotect, sealed) == packet
        assert opened(same.unprotect, sealed) in {-status for status in srtp.REPLAYED}
        assert opened(other.unprotect, sealed) == -srtp.AUTH_FAILED
    for session in (out, same, other):
        session.close()


def opened(step, packet: bytes) -> bytes | int:
    """What protecting or opening makes of it; a negative status when it fails."""
    buffer = srtp.ffi.new("char[]", packet + bytes(srtp.TRAILER))
    size = step(buffer, len(packet), False)
    return size if size < 0 else bytes(srtp.ffi.buffer(buffer, size))
