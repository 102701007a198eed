"""The parameters mediasoup-client speaks, as strict, size-limited structs (camelCase on the wire).

Names and shapes are mediasoup's. Unknown fields are refused except in codec ``parameters``.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Token = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=256)]
PayloadType = Annotated[int, Meta(ge=0, le=127)]
Ssrc = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]
ExtensionId = Annotated[int, Meta(ge=1, le=255)]
Kind = Literal["audio", "video"]
Content = Literal["", "detail", "motion"]
"""A picture's content hint (W3C mst-content-hint): ``detail`` is text, whose resolution must not fall."""
FmtpValue = Annotated[str, Meta(max_length=256)] | int | float | bool | None
Fmtp = Annotated[dict[Token, FmtpValue], Meta(max_length=32)]


class RtcpFeedback(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    type: Token
    parameter: Token = ""


class RtpCodecCapability(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    kind: Kind
    mime_type: Token
    clock_rate: Annotated[int, Meta(ge=1, le=1_000_000)]
    preferred_payload_type: PayloadType | None = None
    channels: Annotated[int, Meta(ge=1, le=8)] | None = None
    parameters: Fmtp = {}
    rtcp_feedback: Annotated[tuple[RtcpFeedback, ...], Meta(max_length=32)] = ()


class RtpHeaderExtension(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    uri: Text
    preferred_id: ExtensionId
    kind: Kind | None = None
    preferred_encrypt: bool = False
    direction: Literal["sendrecv", "sendonly", "recvonly", "inactive"] = "sendrecv"


class RtpCapabilities(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    codecs: Annotated[tuple[RtpCodecCapability, ...], Meta(max_length=64)] = ()
    header_extensions: Annotated[tuple[RtpHeaderExtension, ...], Meta(max_length=64)] = ()


class RtpCodecParameters(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    mime_type: Token
    payload_type: PayloadType
    clock_rate: Annotated[int, Meta(ge=1, le=1_000_000)]
    channels: Annotated[int, Meta(ge=1, le=8)] | None = None
    parameters: Fmtp = {}
    rtcp_feedback: Annotated[tuple[RtcpFeedback, ...], Meta(max_length=32)] = ()


class RtpHeaderExtensionParameters(
    Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True
):
    uri: Text
    id: ExtensionId
    encrypt: bool = False
    parameters: Fmtp = {}


class RtxEncoding(Struct, frozen=True, forbid_unknown_fields=True):
    ssrc: Ssrc


class RtpEncoding(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """The limits a browser adds (``maxBitrate``, ``scaleResolutionDownBy`` …) are kept, not obeyed."""

    ssrc: Ssrc | None = None
    rid: Token | None = None
    rtx: RtxEncoding | None = None
    codec_payload_type: PayloadType | None = None
    dtx: bool | None = None
    active: bool | None = None
    scalability_mode: Token | None = None
    scale_resolution_down_by: float | None = None
    max_bitrate: int | None = None
    max_framerate: float | None = None
    adaptive_ptime: bool | None = None
    priority: Token | None = None
    network_priority: Token | None = None


class RtcpParameters(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    cname: Text = ""
    reduced_size: bool = True
    mux: bool = True


class RtpParameters(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    codecs: Annotated[tuple[RtpCodecParameters, ...], Meta(min_length=1, max_length=32)]
    encodings: Annotated[tuple[RtpEncoding, ...], Meta(max_length=8)] = ()
    header_extensions: Annotated[tuple[RtpHeaderExtensionParameters, ...], Meta(max_length=32)] = ()
    rtcp: RtcpParameters = RtcpParameters()
    mid: Token = ""
    msid: Text = ""


class IceParameters(Struct, frozen=True, rename="camel"):
    username_fragment: str
    password: str
    ice_lite: bool = True


class IceCandidate(Struct, frozen=True, rename="camel", omit_defaults=True):
    foundation: str
    priority: int
    ip: str
    address: str
    port: int
    protocol: Literal["udp", "tcp"]
    type: Literal["host"]
    tcp_type: Literal["passive"] | None = None


class DtlsFingerprint(Struct, frozen=True, forbid_unknown_fields=True):
    algorithm: Literal["sha-1", "sha-224", "sha-256", "sha-384", "sha-512"]
    value: Annotated[str, Meta(max_length=256)]


class DtlsParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """``role``: of the side that speaks."""

    role: Literal["auto", "client", "server"]
    fingerprints: Annotated[tuple[DtlsFingerprint, ...], Meta(min_length=1, max_length=8)]


class TransportParameters(Struct, frozen=True, rename="camel"):
    """What ``device.createSendTransport`` / ``createRecvTransport`` takes."""

    id: str
    ice_parameters: IceParameters
    ice_candidates: tuple[IceCandidate, ...]
    dtls_parameters: DtlsParameters
