"""Negotiation as tables: what a browser offers, what the router answers."""

import msgspec
import pytest

from media import codecs
from media import negotiation as n
from media.parameters import (
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncoding,
    RtpHeaderExtensionParameters,
    RtpParameters,
    RtxEncoding,
)
from tests.media.house import audio_parameters, video_parameters

ROUTER = codecs.router_capabilities()


def producing(
    mime_type="video/VP8", *, pt=96, fmtp=None, rate=90_000, channels=None, more=(), encodings=None
):
    return RtpParameters(
        codecs=(
            RtpCodecParameters(
                mime_type=mime_type,
                payload_type=pt,
                clock_rate=rate,
                channels=channels,
                parameters=fmtp or {},
            ),
            *more,
        ),
        encodings=encodings if encodings is not None else (RtpEncoding(ssrc=1),),
        mid="0",
    )


def test_router_offers_each_codec_with_its_rtx():
    rtx_of = {
        c.parameters["apt"]: c.preferred_payload_type for c in ROUTER.codecs if c.mime_type == "video/rtx"
    }
    offered = [
        (c.mime_type, c.preferred_payload_type, c.parameters)
        for c in ROUTER.codecs
        if "rtx" not in c.mime_type
    ]
    assert offered == [
        ("audio/opus", 100, {"minptime": 10, "useinbandfec": 1}),
        ("video/VP8", 101, {}),
        ("video/VP9", 103, {"profile-id": 0}),
        (
            "video/H264",
            105,
            {"level-asymmetry-allowed": 1, "packetization-mode": 1, "profile-level-id": "42e01f"},
        ),
        ("video/AV1", 107, {}),
    ]
    assert rtx_of == {101: 102, 103: 104, 105: 106, 107: 108}
    assert 127 not in {c.preferred_payload_type for c in ROUTER.codecs}, "127 is the client's probator"


def test_router_extension_ids():
    ids = {(e.uri, e.kind): (e.preferred_id, e.direction) for e in ROUTER.header_extensions}
    assert len(ids) == len(ROUTER.header_extensions)
    assert ids[codecs.MID, "audio"] == ids[codecs.MID, "video"] == (1, "sendrecv")
    assert ids[codecs.RID, "video"] == (2, "recvonly")
    assert ids[codecs.REPAIRED_RID, "video"] == (3, "recvonly")
    assert ids[codecs.ABS_SEND_TIME, "video"][0] == 4
    assert ids[codecs.TRANSPORT_CC, "audio"] == ids[codecs.TRANSPORT_CC, "video"] == (5, "sendrecv")
    assert ids[codecs.DEPENDENCY_DESCRIPTOR, "video"][0] == 8
    assert ids[codecs.AUDIO_LEVEL, "audio"][0] == 10
    assert not any("video-orientation" in uri for uri, _ in ids), "browsers turn pictures before encoding"
    assert ids[codecs.PLAYOUT_DELAY, "video"][0] == 14


@pytest.mark.parametrize(
    ("kind", "parameters", "payload_type"),
    [
        ("video", producing(), 101),
        ("video", producing("video/vp8"), 101),
        ("video", producing("video/VP9", fmtp={"profile-id": 0}), 103),
        ("video", producing("video/VP9", fmtp={"profile-id": "0"}), 103),
        ("video", producing("video/VP9"), 103),
        (
            "video",
            producing("video/H264", fmtp={"packetization-mode": 1, "profile-level-id": "42e01f"}),
            105,
        ),
        (
            "video",
            producing("video/H264", fmtp={"packetization-mode": 1, "profile-level-id": "42c01e"}),
            105,
        ),
        ("video", producing("video/AV1", fmtp={"level-idx": 5, "profile": 0, "tier": 0}), 107),
        ("audio", audio_parameters(), 100),
    ],
)
def test_accepts(kind, parameters, payload_type):
    accepted = n.accept_producer(kind, parameters)
    assert accepted.codec.payload_type == payload_type
    assert n.can_consume(accepted, ROUTER)


def rtx(apt):
    return RtpCodecParameters(
        mime_type="video/rtx", payload_type=97, clock_rate=90_000, parameters={"apt": apt}
    )


@pytest.mark.parametrize(
    ("kind", "parameters", "code"),
    [
        ("video", producing("video/VP9", fmtp={"profile-id": 2}), "unsupported"),
        ("video", producing("video/H264", fmtp={"packetization-mode": 0}), "unsupported"),
        (
            "video",
            producing("video/H264", fmtp={"packetization-mode": 1, "profile-level-id": "640028"}),
            "unsupported",
        ),
        (
            "video",
            producing("video/H264", fmtp={"packetization-mode": 1, "profile-level-id": "nonsense"}),
            "unsupported",
        ),
        ("video", producing("video/VP9", fmtp={"profile-id": "x"}), "unsupported"),
        ("video", producing("video/AV1", fmtp={"profile": 1}), "unsupported"),
        ("video", producing("video/H265"), "unsupported"),
        ("audio", producing(), "unsupported"),
        ("audio", producing("audio/opus", rate=48_000, channels=1), "unsupported"),
        ("audio", producing("audio/PCMU", rate=8_000), "unsupported"),
        ("video", producing(more=(rtx(None),)), "invalid"),
        ("video", producing(more=(rtx(True),)), "invalid"),
        ("video", producing(more=(producing().codecs[0],)), "invalid"),
        ("video", producing(encodings=(RtpEncoding(ssrc=1), RtpEncoding(ssrc=1))), "invalid"),
        ("video", producing(encodings=(RtpEncoding(ssrc=1, rtx=RtxEncoding(1)),)), "invalid"),
        ("video", producing(encodings=(RtpEncoding(rid="a"), RtpEncoding(rid="a"))), "invalid"),
        ("video", producing(encodings=(RtpEncoding(rid="a"), RtpEncoding())), "invalid"),
        (
            "video",
            RtpParameters(codecs=producing().codecs, encodings=(RtpEncoding(rid="a"),)),
            "invalid",
        ),
        ("video", RtpParameters(codecs=producing().codecs), "invalid"),
    ],
)
def test_refuses(kind, parameters, code):
    with pytest.raises(n.NotAcceptable) as refusal:
        n.accept_producer(kind, parameters)
    assert refusal.value.code == code


def test_refuses_encrypted_and_doubled_extensions():
    for extensions in (
        (RtpHeaderExtensionParameters(uri=codecs.MID, id=1, encrypt=True),),
        (
            RtpHeaderExtensionParameters(uri=codecs.MID, id=1),
            RtpHeaderExtensionParameters(uri=codecs.RID, id=1),
        ),
    ):
        parameters = msgspec.structs.replace(producing(), header_extensions=extensions)
        with pytest.raises(n.NotAcceptable):
            n.accept_producer("video", parameters)


def test_maps_payload_types_and_extensions():
    accepted = n.accept_producer("audio", audio_parameters())
    assert accepted.kept == {1: 10}, "the audio level; MID and transport-cc are ours to write"
    video = n.accept_producer("video", video_parameters())
    assert video.repairs == {97: 96}
    assert video.payload_types[96].payload_type == 101


def test_consumer_gets_the_routers_numbers():
    accepted = n.accept_producer("video", video_parameters())
    parameters = n.consumer_parameters(accepted, ROUTER, "0007", 11, 12, "somebody")
    assert [(c.mime_type, c.payload_type) for c in parameters.codecs] == [
        ("video/VP8", 101),
        ("video/rtx", 102),
    ]
    assert parameters.codecs[1].parameters == {"apt": 101}
    assert {(f.type, f.parameter) for f in parameters.codecs[0].rtcp_feedback} == {
        ("nack", ""),
        ("nack", "pli"),
        ("ccm", "fir"),
        ("transport-cc", ""),
    }
    assert parameters.encodings == (RtpEncoding(ssrc=11, rtx=RtxEncoding(12)),)
    assert parameters.mid == "0007"
    assert parameters.rtcp.cname == "somebody"
    assert {(e.uri, e.id) for e in parameters.header_extensions} == {
        (codecs.MID, 1),
        (codecs.TRANSPORT_CC, 5),
    }


def test_consumer_without_rtx_and_with_extensions_of_one_kind_only():
    """The client loses one kind of each extension, and a receiver may know no RTX."""
    capabilities = RtpCapabilities(
        tuple(c for c in ROUTER.codecs if c.mime_type != "video/rtx"),
        tuple(e for e in ROUTER.header_extensions if e.kind == "video"),
    )
    video = n.consumer_parameters(
        n.accept_producer("video", video_parameters()), capabilities, "0000", 11, 12, "c"
    )
    assert video.encodings == (RtpEncoding(ssrc=11),)
    assert [c.mime_type for c in video.codecs] == ["video/VP8"]
    audio = n.consumer_parameters(
        n.accept_producer("audio", audio_parameters()), capabilities, "0001", 11, 12, "c"
    )
    assert {e.uri for e in audio.header_extensions} == {codecs.MID, codecs.TRANSPORT_CC}
    assert [f.type for f in audio.codecs[0].rtcp_feedback] == ["transport-cc"]
    assert audio.codecs[0].parameters == {"useinbandfec": 1}


def test_cannot_consume_an_unknown_codec():
    accepted = n.accept_producer("video", producing("video/AV1"))
    only_vp8 = RtpCapabilities(
        (
            RtpCodecCapability(
                kind="video", mime_type="video/VP8", clock_rate=90_000, preferred_payload_type=101
            ),
        )
    )
    assert not n.can_consume(accepted, only_vp8)
    with pytest.raises(n.NotAcceptable):
        n.consumer_parameters(accepted, only_vp8, "0000", 1, 2, "c")


def test_parameters_of_a_browser_decode_strictly():
    raw = (
        b'{"mid":"1","codecs":[{"mimeType":"video/VP8","payloadType":96,"clockRate":90000,"parameters":{},'
        b'"rtcpFeedback":[{"type":"nack","parameter":""}]}],"headerExtensions":[{"uri":"u","id":4,"encrypt":false,'
        b'"parameters":{}}],"encodings":[{"rid":"r0","active":true,"scaleResolutionDownBy":4,"maxBitrate":150000,'
        b'"scalabilityMode":"L1T3","dtx":false}],"rtcp":{"cname":"c","reducedSize":true},"msid":"a b"}'
    )
    parameters = msgspec.json.decode(raw, type=RtpParameters)
    assert n.accept_producer("video", parameters).encodings[0].rid == "r0"
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw.replace(b'"msid"', b'"surprise"'), type=RtpParameters)
