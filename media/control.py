"""What a media worker is told and what it tells. Requests are idempotent by the ids the caller gives.

``peer`` and ``tag`` are opaque to media: the caller's way to know its own things again after it
was restarted (see ``Inventory``). A closed parent closes its children: router, transports,
producers and consumers, in this order; the worker reports children that closed by themselves.
"""

from typing import Literal

from msgspec import Struct

from media.parameters import (
    Content,
    DtlsParameters,
    IceParameters,
    Kind,
    RtpCapabilities,
    RtpCodecParameters,
    RtpParameters,
    TransportParameters,
)

# --- requests and their replies -------------------------------------------------------------------


class Done(Struct, frozen=True, tag="media.done"):
    pass


class Failed(Struct, frozen=True, tag="media.failed"):
    """``code``: no_such_router | no_such_transport | no_such_producer | no_such_consumer |
    unsupported | invalid | busy. Nothing was changed."""

    code: str
    detail: str


class OpenRouter(Struct, frozen=True, tag="media.open_router"):
    """Reply: RouterOpened. A router that is there already answers with its own ``instance``."""

    router: str


class RouterOpened(Struct, frozen=True, tag="media.router_opened"):
    """``instance`` is new each time a router is really made: clients whose instance differs start anew."""

    instance: str
    rtp_capabilities: RtpCapabilities


class CloseRouter(Struct, frozen=True, tag="media.close_router"):
    router: str


class OpenTransport(Struct, frozen=True, tag="media.open_transport"):
    """Reply: TransportOpened. ``direction`` as the browser sees it: send carries its producers."""

    router: str
    transport: str
    peer: str
    direction: Literal["send", "recv"]


class TransportOpened(Struct, frozen=True, tag="media.transport_opened"):
    parameters: TransportParameters


class ConnectTransport(Struct, frozen=True, tag="media.connect_transport"):
    """Gives the remote fingerprint; answered at once, before ICE and DTLS begin. Reply: Done."""

    transport: str
    dtls_parameters: DtlsParameters


class RestartIce(Struct, frozen=True, tag="media.restart_ice"):
    transport: str


class IceRestarted(Struct, frozen=True, tag="media.ice_restarted"):
    ice_parameters: IceParameters


class CloseTransport(Struct, frozen=True, tag="media.close_transport"):
    transport: str


class Produce(Struct, frozen=True, tag="media.produce"):
    """Reply: Done, or Failed (unsupported, invalid)."""

    transport: str
    producer: str
    kind: Kind
    rtp_parameters: RtpParameters
    tag: str = ""
    paused: bool = False
    content: Content = ""


class CloseProducer(Struct, frozen=True, tag="media.close_producer"):
    producer: str


class PauseProducer(Struct, frozen=True, tag="media.pause_producer"):
    """Paused: its packets are received, acknowledged (transport-cc) and dropped."""

    producer: str


class ResumeProducer(Struct, frozen=True, tag="media.resume_producer"):
    producer: str


class Consume(Struct, frozen=True, tag="media.consume"):
    """Reply: Consuming, or Failed(unsupported) when the capabilities cannot carry it.

    A consumer starts paused: ResumeConsumer once the client has it (then video asks a key frame).
    """

    transport: str
    consumer: str
    producer: str
    rtp_capabilities: RtpCapabilities


class Consuming(Struct, frozen=True, tag="media.consuming"):
    kind: Kind
    rtp_parameters: RtpParameters


class ResumeConsumer(Struct, frozen=True, tag="media.resume_consumer"):
    consumer: str


class PauseConsumer(Struct, frozen=True, tag="media.pause_consumer"):
    consumer: str


class PreferConsumer(Struct, frozen=True, tag="media.prefer_consumer"):
    """How large the picture is shown, in device pixels: no larger layer need be sent. Reply: Done."""

    consumer: str
    width: int
    height: int


class GiveWay(Struct, frozen=True, tag="media.give_way"):
    """So many octets of something else go to this subscriber now, over the same line: its pictures wait until a line
    known to be thin has carried them. Reply: Done."""

    transport: str
    octets: int


class CloseConsumer(Struct, frozen=True, tag="media.close_consumer"):
    consumer: str


class StartTap(Struct, frozen=True, tag="media.start_tap"):
    """Send the producer's plain RTP and its sender reports to ``address`` (media.tap), as ``tap``.

    ``address``: ``unix:/path`` or ``tcp:host:port``. Reply: Tapping.
    """

    producer: str
    tap: int
    address: str


class Tapping(Struct, frozen=True, tag="media.tapping"):
    """Codecs of the packets that follow; extension ids are the router's."""

    kind: Kind
    codecs: tuple[RtpCodecParameters, ...]


class StopTap(Struct, frozen=True, tag="media.stop_tap"):
    tap: int


class RequestKeyFrame(Struct, frozen=True, tag="media.request_key_frame"):
    producer: str


class TakeInventory(Struct, frozen=True, tag="media.take_inventory"):
    """Reply: Inventory."""


class TransportEntry(Struct, frozen=True):
    transport: str
    router: str
    peer: str
    direction: Literal["send", "recv"]
    state: str


class ProducerEntry(Struct, frozen=True):
    producer: str
    transport: str
    kind: Kind
    tag: str
    paused: bool


class ConsumerEntry(Struct, frozen=True):
    consumer: str
    transport: str
    producer: str
    kind: Kind
    rtp_parameters: RtpParameters
    paused: bool


class Inventory(Struct, frozen=True, tag="media.inventory"):
    """Everything that is open: how a restarted gateway finds its own again.

    ``taps``: where each sends to; ``tapped``: which producer it sends. ``links``, ``held``: as last told.
    """

    routers: dict[str, str]
    transports: tuple[TransportEntry, ...]
    producers: tuple[ProducerEntry, ...]
    consumers: tuple[ConsumerEntry, ...]
    taps: dict[int, str]
    tapped: dict[int, str] = {}
    links: "tuple[LinksChanged, ...]" = ()
    held: "tuple[ConsumersHeld, ...]" = ()


class TakeStats(Struct, frozen=True, tag="media.take_stats"):
    """Reply: Stats."""


class Stats(Struct, frozen=True, tag="media.stats"):
    """Counters since the worker's start and gauges now, by Prometheus-like name. ``routers``: the same of each router."""

    values: dict[str, float]
    routers: dict[str, dict[str, float]] = {}


Request = (
    OpenRouter
    | CloseRouter
    | OpenTransport
    | ConnectTransport
    | RestartIce
    | CloseTransport
    | Produce
    | CloseProducer
    | PauseProducer
    | ResumeProducer
    | Consume
    | ResumeConsumer
    | PauseConsumer
    | PreferConsumer
    | GiveWay
    | CloseConsumer
    | StartTap
    | StopTap
    | RequestKeyFrame
    | TakeInventory
    | TakeStats
)
Reply = (
    Done | Failed | RouterOpened | TransportOpened | IceRestarted | Consuming | Tapping | Inventory | Stats
)

# --- events ---------------------------------------------------------------------------------------


class TransportChanged(Struct, frozen=True, tag="media.transport_changed"):
    """``state``: connected | disconnected (consent lost, may return by ICE restart) | closed."""

    router: str
    transport: str
    peer: str
    state: Literal["connected", "disconnected", "closed"]


class SpeakersChanged(Struct, frozen=True, tag="media.speakers_changed"):
    """Producers now heard, loudest first, with their level in -dBov (0 is loudest). Empty: silence."""

    router: str
    speakers: tuple[tuple[str, int], ...]


class TapLost(Struct, frozen=True, tag="media.tap_lost"):
    """The taps' reader went away; start them anew when it is back."""

    taps: tuple[int, ...]


class LayersWanted(Struct, frozen=True, tag="media.layers_wanted"):
    """Which encodings of a producer somebody takes (a tap takes too), in the order of their rids.

    All false: nobody takes any; the publisher may rest until the next of these.
    """

    router: str
    producer: str
    layers: tuple[bool, ...]


class Link(Struct, frozen=True):
    """One peer's line, as the worker sees it.

    ``bars``: 0 (nothing passes) to 4. ``reason`` for less than 4: ``link_down`` (what it receives), ``link_up`` (what it
    sends), ``publisher`` (who it watches), ``server`` (this machine), else empty. ``down``: octets per second
    that its line is thought to take, 0: no limit was met. ``spare``: of these, what pictures and voices leave.
    ``known`` False: what the line takes is being found out at this moment.
    """

    peer: str
    bars: int
    reason: str = ""
    down: int = 0
    spare: int = 0
    loss: float = 0.0
    rtt_ms: int = 0
    known: bool = True


class LinksChanged(Struct, frozen=True, tag="media.links_changed"):
    """Lines that have changed since last told, at most once a second each, and once more when it is known what it takes."""

    router: str
    links: tuple[Link, ...]


class ConsumersHeld(Struct, frozen=True, tag="media.consumers_held"):
    """Every consumer of the peer that is not sent now because its line does not carry it; none: all are sent.

    ``voice_only``: no picture at all is. Told when it changes.
    """

    router: str
    peer: str
    consumers: tuple[str, ...]
    voice_only: bool


Notice = TransportChanged | SpeakersChanged | TapLost | LayersWanted | LinksChanged | ConsumersHeld
