"""What every router speaks: its codecs, payload types and header extension ids, and which codecs are the same."""

from typing import NamedTuple

from media.parameters import (
    Fmtp,
    Kind,
    RtcpFeedback,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpHeaderExtension,
)

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
DEPENDENCY_DESCRIPTOR = (
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

# Not urn:3gpp:video-orientation: without it the browser turns a phone's picture before it encodes it, so that
# what is recorded, exported and seen by those who do not know the extension stands upright as well.
EXTENSION_IDS = {
    MID: 1,
    RID: 2,
    REPAIRED_RID: 3,
    ABS_SEND_TIME: 4,
    TRANSPORT_CC: 5,
    DEPENDENCY_DESCRIPTOR: 8,
    AUDIO_LEVEL: 10,
    PLAYOUT_DELAY: 14,
}
FORWARDED = frozenset({DEPENDENCY_DESCRIPTOR, AUDIO_LEVEL, PLAYOUT_DELAY})
"""Extensions that reach subscribers as the publisher wrote them."""
KINDS: dict[str, tuple[Kind, ...]] = {
    RID: ("video",),
    REPAIRED_RID: ("video",),
    DEPENDENCY_DESCRIPTOR: ("video",),
    AUDIO_LEVEL: ("audio",),
    PLAYOUT_DELAY: ("video",),
}
_TO_SERVER_ONLY = frozenset({RID, REPAIRED_RID})
FROM_SERVER = frozenset({MID, TRANSPORT_CC}) | FORWARDED

_AUDIO_FEEDBACK = (RtcpFeedback("transport-cc"),)
_VIDEO_FEEDBACK = (
    RtcpFeedback("nack"),
    RtcpFeedback("nack", "pli"),
    RtcpFeedback("ccm", "fir"),
    RtcpFeedback("goog-remb"),
    RtcpFeedback("transport-cc"),
)


class Codec(NamedTuple):
    """One of the router's codecs. ``rtx``: payload type of its retransmissions, None for audio."""

    capability: RtpCodecCapability
    payload_type: int
    rtx: int | None


def _video(mime_type: str, payload_type: int, parameters: Fmtp) -> Codec:
    return Codec(
        RtpCodecCapability(
            kind="video",
            mime_type=mime_type,
            preferred_payload_type=payload_type,
            clock_rate=90_000,
            parameters=parameters,
            rtcp_feedback=_VIDEO_FEEDBACK,
        ),
        payload_type,
        payload_type + 1,
    )


CODECS: tuple[Codec, ...] = (
    Codec(
        RtpCodecCapability(
            kind="audio",
            mime_type="audio/opus",
            preferred_payload_type=100,
            clock_rate=48_000,
            channels=2,
            parameters={"minptime": 10, "useinbandfec": 1},
            rtcp_feedback=_AUDIO_FEEDBACK,
        ),
        100,
        None,
    ),
    _video("video/VP8", 101, {}),
    _video("video/VP9", 103, {"profile-id": 0}),
    _video(
        "video/H264",
        105,
        {"level-asymmetry-allowed": 1, "packetization-mode": 1, "profile-level-id": "42e01f"},
    ),
    _video("video/AV1", 107, {}),
)


def router_capabilities() -> RtpCapabilities:
    codecs: list[RtpCodecCapability] = []
    for codec in CODECS:
        codecs.append(codec.capability)
        if codec.rtx is not None:
            codecs.append(
                RtpCodecCapability(
                    kind="video",
                    mime_type="video/rtx",
                    preferred_payload_type=codec.rtx,
                    clock_rate=90_000,
                    parameters={"apt": codec.payload_type},
                )
            )
    extensions = tuple(
        RtpHeaderExtension(
            kind=kind,
            uri=uri,
            preferred_id=identifier,
            direction="recvonly" if uri in _TO_SERVER_ONLY else "sendrecv",
        )
        for uri, identifier in EXTENSION_IDS.items()
        for kind in KINDS.get(uri, ("audio", "video"))
    )
    return RtpCapabilities(tuple(codecs), extensions)


def find_codec(kind: Kind, offered: RtpCodecParameters) -> Codec | None:
    """The router's codec that ``offered`` is."""
    for codec in CODECS:
        ours = codec.capability
        if ours.kind == kind and is_same_codec(
            ours.mime_type, ours.clock_rate, ours.channels, ours.parameters, offered
        ):
            return codec
    return None


def is_same_codec(
    mime_type: str,
    clock_rate: int,
    channels: int | None,
    fmtp: Fmtp,
    other: RtpCodecParameters | RtpCodecCapability,
) -> bool:
    """Name, clock, channels, and the parameters that make a different codec of the same name."""
    if mime_type.lower() != other.mime_type.lower() or clock_rate != other.clock_rate:
        return False
    if (channels or 1) != (other.channels or 1):
        return False
    match mime_type.lower():
        case "video/vp9":
            return _number(fmtp, "profile-id") == _number(other.parameters, "profile-id")
        case "video/av1":
            return _number(fmtp, "profile") == _number(other.parameters, "profile")
        case "video/h264":
            if _number(fmtp, "packetization-mode") != _number(other.parameters, "packetization-mode"):
                return False
            profile = h264_profile(fmtp.get("profile-level-id"))
            return profile is not None and profile == h264_profile(other.parameters.get("profile-level-id"))
    return True


def _number(fmtp: Fmtp, name: str) -> int:
    try:
        return int(fmtp.get(name) or 0)
    except (ValueError, OverflowError):
        return -1


def h264_profile(profile_level_id: object) -> str | None:
    """The profile by RFC 6184 §8.1; its absence means 420010 (baseline). None: not one of the common ones."""
    text = "420010" if profile_level_id is None else str(profile_level_id)
    try:
        value = int(text, 16)
    except ValueError:
        return None
    if len(text) != 6:
        return None
    idc, constraints = value >> 16, value >> 8 & 0xFF
    if idc == 0x42:
        return "constrained-baseline" if constraints & 0x40 else "baseline"
    if idc == 0x4D:
        return "constrained-baseline" if constraints & 0x80 else "main"
    if idc == 0x58:
        return "constrained-baseline" if constraints & 0xC0 == 0xC0 else None
    if idc == 0x64:
        return "constrained-high" if constraints == 0x0C else "high"
    return None
