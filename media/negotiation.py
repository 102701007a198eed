"""The server half of mediasoup-client's parameters, as pure functions (its words: ortc).

A router has one fixed set of payload types and extension ids. A producer's own ids are mapped to
the router's when it is accepted; every consumer gets the router's.
"""

from collections.abc import Callable
from typing import NamedTuple

from media.codecs import (
    EXTENSION_IDS,
    FORWARDED,
    FROM_SERVER,
    KINDS,
    TRANSPORT_CC,
    Codec,
    find_codec,
    is_same_codec,
)
from media.parameters import (
    Kind,
    RtcpFeedback,
    RtcpParameters,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncoding,
    RtpHeaderExtensionParameters,
    RtpParameters,
    RtxEncoding,
)


class NotAcceptable(Exception):
    """``code``: unsupported | invalid | busy, as in ``control.Failed``."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Accepted(NamedTuple):
    """A producer's parameters, understood.

    ``payload_types``: producer's payload type → the router's codec; ``repairs``: producer's RTX payload
    type → the payload type it repairs. ``extensions``: uri → the producer's id. ``kept``: producer's id →
    router's id of what subscribers get.
    """

    kind: Kind
    mid: str
    cname: str
    codec: Codec
    parameters: RtpCodecParameters
    payload_types: dict[int, Codec]
    repairs: dict[int, int]
    extensions: dict[str, int]
    kept: dict[int, int]
    encodings: tuple[RtpEncoding, ...]


def accept_producer(kind: Kind, parameters: RtpParameters) -> Accepted:
    """Raises NotAcceptable: invalid (contradicts itself) or unsupported (no codec of ours)."""
    payload_types: dict[int, Codec] = {}
    repairs: dict[int, int] = {}
    chosen: tuple[Codec, RtpCodecParameters] | None = None
    seen: set[int] = set()
    for offered in parameters.codecs:
        if offered.payload_type in seen:
            raise NotAcceptable("invalid", f"payload type {offered.payload_type} is there twice")
        seen.add(offered.payload_type)
        if _is_rtx(offered.mime_type):
            apt = offered.parameters.get("apt")
            if not isinstance(apt, int) or isinstance(apt, bool):
                raise NotAcceptable("invalid", "an RTX codec without apt")
            repairs[offered.payload_type] = apt
            continue
        codec = find_codec(kind, offered)
        if codec is not None:
            payload_types[offered.payload_type] = codec
            chosen = chosen or (codec, offered)
    if chosen is None:
        raise NotAcceptable("unsupported", f"no {kind} codec of the router's among those offered")
    extensions: dict[str, int] = {}
    for extension in parameters.header_extensions:
        if extension.encrypt:
            raise NotAcceptable("unsupported", "encrypted header extensions")
        if extension.id in extensions.values():
            raise NotAcceptable("invalid", f"header extension id {extension.id} is there twice")
        extensions.setdefault(extension.uri, extension.id)
    kept = {extensions[uri]: EXTENSION_IDS[uri] for uri in FORWARDED if uri in extensions}
    return Accepted(
        kind,
        parameters.mid,
        parameters.rtcp.cname,
        chosen[0],
        chosen[1],
        payload_types,
        {rtx: apt for rtx, apt in repairs.items() if apt in payload_types},
        extensions,
        kept,
        _check_encodings(parameters),
    )


def _check_encodings(parameters: RtpParameters) -> tuple[RtpEncoding, ...]:
    encodings = parameters.encodings
    if not encodings:
        if not parameters.mid:
            raise NotAcceptable("invalid", "neither encodings nor mid")
        return (RtpEncoding(),)
    ssrcs = [e.ssrc for e in encodings if e.ssrc is not None]
    ssrcs += [e.rtx.ssrc for e in encodings if e.rtx is not None]
    if len(set(ssrcs)) != len(ssrcs):
        raise NotAcceptable("invalid", "an SSRC is there twice")
    rids = [e.rid for e in encodings if e.rid is not None]
    if len(set(rids)) != len(rids):
        raise NotAcceptable("invalid", "a RID is there twice")
    for encoding in encodings:
        if encoding.ssrc is None and encoding.rid is None and (len(encodings) > 1 or not parameters.mid):
            raise NotAcceptable("invalid", "an encoding with neither SSRC nor RID")
        if encoding.rid is not None and encoding.ssrc is None and not parameters.mid:
            raise NotAcceptable("invalid", "a RID without a mid")
    return encodings


def tapped_codecs(accepted: Accepted) -> tuple[RtpCodecParameters, ...]:
    """Codecs of what a tap gets: the router's payload types, the producer's parameters."""
    return (_consumer_codec(accepted.codec, accepted.parameters, _no_feedback),)


def can_consume(accepted: Accepted, capabilities: RtpCapabilities) -> bool:
    return _find_capability(accepted, capabilities) is not None


def consumer_parameters(
    accepted: Accepted,
    capabilities: RtpCapabilities,
    mid: str,
    ssrc: int,
    rtx_ssrc: int,
    cname: str,
) -> RtpParameters:
    """What a receiver is told. Raises NotAcceptable(unsupported) when its capabilities cannot carry it."""
    capability = _find_capability(accepted, capabilities)
    if capability is None:
        raise NotAcceptable("unsupported", f"cannot receive {accepted.codec.capability.mime_type}")
    known = set(capability.rtcp_feedback)
    extensions = _consumer_extensions(accepted, capabilities)
    has_transport_cc = any(extension.uri == TRANSPORT_CC for extension in extensions)

    def carries(feedback: RtcpFeedback) -> bool:
        if feedback.type == "goog-remb":
            return False
        if feedback.type == "transport-cc" and not has_transport_cc:
            return False
        return feedback in known

    codecs = [_consumer_codec(accepted.codec, accepted.parameters, carries)]
    encoding = RtpEncoding(ssrc=ssrc)
    if accepted.codec.rtx is not None and _has_rtx(capabilities, capability):
        codecs.append(
            RtpCodecParameters(
                mime_type="video/rtx",
                payload_type=accepted.codec.rtx,
                clock_rate=90_000,
                parameters={"apt": accepted.codec.payload_type},
            )
        )
        encoding = RtpEncoding(ssrc=ssrc, rtx=RtxEncoding(rtx_ssrc))
    return RtpParameters(
        codecs=tuple(codecs),
        encodings=(encoding,),
        header_extensions=extensions,
        rtcp=RtcpParameters(cname=cname),
        mid=mid,
    )


def _consumer_codec(
    codec: Codec, parameters: RtpCodecParameters, carries: Callable[[RtcpFeedback], bool]
) -> RtpCodecParameters:
    return RtpCodecParameters(
        mime_type=codec.capability.mime_type,
        payload_type=codec.payload_type,
        clock_rate=codec.capability.clock_rate,
        channels=codec.capability.channels,
        parameters=parameters.parameters,
        rtcp_feedback=tuple(f for f in codec.capability.rtcp_feedback if carries(f)),
    )


def _no_feedback(_feedback: RtcpFeedback) -> bool:
    return False


def _consumer_extensions(
    accepted: Accepted, capabilities: RtpCapabilities
) -> tuple[RtpHeaderExtensionParameters, ...]:
    # By id and uri, never by kind: mediasoup-client keeps extensions by id and so loses one kind's.
    able = {(e.uri, e.preferred_id) for e in capabilities.header_extensions}
    found: list[RtpHeaderExtensionParameters] = []
    for uri, identifier in EXTENSION_IDS.items():
        if uri not in FROM_SERVER or accepted.kind not in KINDS.get(uri, ("audio", "video")):
            continue
        if uri in FORWARDED and uri not in accepted.extensions:
            continue
        if (uri, identifier) in able:
            found.append(RtpHeaderExtensionParameters(uri=uri, id=identifier))
    return tuple(found)


def _find_capability(accepted: Accepted, capabilities: RtpCapabilities) -> RtpCodecCapability | None:
    ours = accepted.codec.capability
    for capability in capabilities.codecs:
        if capability.kind == accepted.kind and is_same_codec(
            ours.mime_type, ours.clock_rate, ours.channels, accepted.parameters.parameters, capability
        ):
            return capability
    return None


def _is_rtx(mime_type: str) -> bool:
    return mime_type.lower().endswith("/rtx")


def _has_rtx(capabilities: RtpCapabilities, capability: RtpCodecCapability) -> bool:
    return any(
        _is_rtx(other.mime_type) and other.parameters.get("apt") == capability.preferred_payload_type
        for other in capabilities.codecs
    )
