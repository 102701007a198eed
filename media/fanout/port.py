"""What a fanout is: everything that happens to a packet, behind one narrow interface.

A fanout drains the worker's UDP socket, opens SRTP, knows each incoming stream, and for every
subscriber numbers, protects, paces and sends. What it cannot decide alone it tells those who
hear it; those are called in the event loop's thread only. Two implementations hold to this page and
to one contract suite: ``python`` (the twin) and ``native`` (C, in a thread of its own).

Handles, all made by the ``Fanout``:

- ``Inlet``: one transport's way in: SRTP, SSRC → source, arrival times for transport-cc.
- ``Source``: one incoming stream: doubles, gaps, key frames, history, and the legs that take it.
- ``Outlet``: one transport's way out: SRTP, address, transport-wide numbers, pacer, what the remote acknowledged.
- ``Leg``: one outgoing stream (a consumer's) on an outlet.

Requests to a handle take effect in the order they are made; in the native fanout shortly after the call
returns. A closed handle takes and tells nothing more; ``close`` is idempotent. Times are seconds of
the worker's clock (``time.monotonic``) unless a name says otherwise. Nothing blocks: what the network or a
full queue does not take is dropped and counted.

Numbers (RFC 3550, RFC 3711): a leg gives out each number once, in order of the first packet that gets it.
A packet that is late gets the number that was left for it, or is dropped. No two packets ever share one
(SSRC, number): GCM nonces depend on that.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

from media.congestion.digest import Digest
from media.rtcp.reports import SenderInfo
from media.rtp.packet import Packet
from media.srtp import SrtpKeys

ALL_LAYERS = 7
"""A temporal limit that limits nothing."""
HISTORY = 1024
"""Packets of a video source kept for retransmission; a power of two."""
MAX_BEHIND = 900
"""Incoming packets further behind the newest are dropped."""
STASH = 64
"""Packets of SSRCs without a route that an inlet keeps until it is told whose they are."""
PROBATOR_SSRC, PROBATOR_PAYLOAD_TYPE = 1234, 127
"""What mediasoup-client keeps free for padding."""

COUNTERS = (
    "udp_received",
    "udp_received_bytes",
    "rtp_received",
    "rtcp_received",
    "feedback_received",
    "checks_answered",
    "dropped_unvalidated",
    "dropped_unknown",
    "dropped_early",
    "dropped_replayed",
    "dropped_unauthentic",
    "dropped_malformed",
    "dropped_unrouted",
    "dropped_doubles",
    "rtx_repaired",
    "rtx_useless",
    "sent_packets",
    "sent_bytes",
    "sent_retransmitted",
    "sent_probes",
    "sent_dropped_full",
    "sent_dropped_too_large",
    "sent_dropped_refused",
    "sent_dropped_nowhere",
    "sent_flushed",
    "events_dropped",
)
"""Names in ``Fanout.counters``; each becomes ``media_…_total``. ``feedback_received``: receiver reports and
transport-cc read by the fanout itself. ``sent_dropped_full``: the network did not take it. ``sent_flushed``: out of pacers.
``events_dropped``: what could not be told."""

CodecName = Literal["opus", "vp8", "vp9", "h264", "av1"]


class CodecRule(NamedTuple):
    """``payload_type``: the publisher's; ``target``: the router's."""

    payload_type: int
    target: int
    codec: CodecName


class SourceSettings(NamedTuple):
    """``repairs``: publisher's RTX payload type → the payload type it repairs. ``kept``: publisher's extension
    id → router's, of what subscribers get. ``level_id``, ``descriptor_id``: the publisher's ids of RFC 6464 and
    of the dependency descriptor, 0: none. ``nacks``: whether gaps are told."""

    is_video: bool
    clock_rate: int
    codecs: tuple[CodecRule, ...]
    repairs: tuple[tuple[int, int], ...]
    kept: tuple[tuple[int, int], ...]
    level_id: int
    descriptor_id: int
    nacks: bool


class SourceState(NamedTuple):
    """``base``, ``highest``: first and highest unwrapped number, -1 before the first packet. ``jitter`` in
    clock ticks (RFC 3550 §A.8). ``loudest``: least audio level (-dBov) since the last ``state()``, 127: none.
    ``packets`` counts what was not there before, ``octets`` (of whole templates) the same by temporal layer, 0 to 3."""

    base: int
    highest: int
    packets: int
    octets: tuple[int, int, int, int]
    jitter: int
    timestamp: int
    last_packet_at: float
    loudest: int


class LegSettings(NamedTuple):
    """``mid``: exactly 4 characters. ``*_id``: extension ids, 1–14, written always: receivers ignore ids they did not negotiate.

    ``start``: first sequence number, 1 ≤ start < 2^15; ``rtx_start`` alike. ``rtx_payload_type`` -1: no RTX.
    ``cname``: of the sender reports. ``is_voice``: never waits in the pacer.
    """

    ssrc: int
    mid: str
    mid_id: int
    transport_cc_id: int
    start: int
    rtx_ssrc: int = 0
    rtx_payload_type: int = -1
    rtx_start: int = 1
    cname: str = ""
    is_voice: bool = False


class LegState(NamedTuple):
    """``packets``, ``octets`` (payload): sent since the leg was made, without RTX. ``rtx_*``: on the RTX stream.
    ``fraction_lost`` (1/256), ``jitter``, ``reported_lost``: of the remote's last receiver report.
    ``flushed``: packets thrown out of the pacer."""

    packets: int
    octets: int
    rtx_packets: int
    rtx_octets: int
    fraction_lost: int
    reported_lost: int
    jitter: int
    flushed: int


class HearsFanout(Protocol):
    """The network. ``key``: the raw socket address (``sockaddr_in`` or ``sockaddr_in6``) it came from."""

    def heard_stun(self, data: bytes, key: bytes) -> None: ...


class HearsInlet(Protocol):
    """The transport. ``now``: when the datagram arrived.

    ``heard_rtcp``: a plain compound packet with more in it than receiver reports and transport-cc feedback,
    which the fanout has read itself. ``heard_unknown``: the first plain RTP packet of an SSRC without
    a route: answer with ``route`` (what was stashed meanwhile follows in order) or ``ignore``.
    """

    def heard_dtls(self, data: bytes) -> None: ...
    def heard_rtcp(self, packet: bytes, now: float) -> None: ...
    def heard_unknown(self, packet: bytes) -> None: ...


class HearsSource(Protocol):
    """The stream. Numbers are unwrapped. ``heard_gap``: both ends included. ``heard_late``: a packet behind the
    newest, that had been missing, is here now (by itself or repaired). ``heard_key_frame``: one begins.
    ``heard_packet``: only while tapped; in order of arrival; ``wall_ns``: arrival in ns since the epoch."""

    def heard_gap(self, first: int, last: int, now: float) -> None: ...
    def heard_late(self, seq: int, now: float) -> None: ...
    def heard_key_frame(self, now: float) -> None: ...
    def heard_packet(self, packet: Packet, wall_ns: int) -> None: ...


class HearsLeg(Protocol):
    """The consumer. ``heard_began``: the leg takes ``source`` from now on. ``heard_starved``: its pacer queue was
    flushed, and it waits for a key frame of the source it takes."""

    def heard_began(self, source: "Source") -> None: ...
    def heard_starved(self, now: float) -> None: ...


class Inlet(Protocol):
    """``set_keys``: once. ``transport_cc``: the publisher's extension id of transport-wide numbers, 0: none; what was
    ignored before is asked about again.

    ``answer_checks``: from now on the fanout may answer connectivity checks that come from ``key`` by itself, if
    they are right by ``ufrag`` and ``password`` (RFC 8445 §7.3); all others are told. Another call replaces the last;
    ``key`` None ends it. ``checked_at``: when it last did so, 0.0: never.

    ``take_arrivals``: transport-wide number and arrival in microseconds of what came since the last call, in
    order of arrival. ``receive``: a frame that came over TCP (not STUN).
    """

    def set_keys(self, keys: SrtpKeys) -> None: ...
    def transport_cc(self, extension_id: int) -> None: ...
    def route(self, ssrc: int, source: "Source", *, repairs: bool) -> None: ...
    def unroute(self, ssrc: int) -> None: ...
    def ignore(self, ssrc: int) -> None: ...
    def answer_checks(self, key: bytes | None, ufrag: str, password: str) -> None: ...
    @property
    def checked_at(self) -> float: ...
    def take_arrivals(self) -> list[tuple[int, int]]: ...
    def receive(self, data: bytes) -> None: ...
    def close(self) -> None: ...


class Source(Protocol):
    """``pause``: packets are received, acknowledged and dropped. ``tap``: whether packets are told.

    ``sender_report``: the publisher's; every leg that takes the source gets it in its own numbers, with its CNAME
    (RFC 3550 §6.4.1), and so does a leg that begins later. ``drop_before``: let go of kept packets older than
    this number. Closing ends the legs that take it.
    """

    def pause(self, paused: bool) -> None: ...
    def tap(self, tapped: bool) -> None: ...
    def sender_report(self, info: SenderInfo) -> None: ...
    def drop_before(self, seq: int) -> None: ...
    def state(self) -> SourceState: ...
    def close(self) -> None: ...


class Outlet(Protocol):
    """``set_keys``: once. ``send_rtcp`` takes a plain compound packet.

    ``pace``: bytes per second for everything but voice, which goes first and at once; 0: no pacing, the default.
    RTX before video. When the video that waits is older than ``flush_seconds``, the leg's packets up to the next
    key frame that waits (or all) are thrown out and the leg starves. Queues are bounded besides.
    ``spend``: so many octets go to the remote by another way: what is paced waits as if it had sent them, for 2 s at most.
    ``probe``: padding (SSRC ``PROBATOR_SSRC``, with transport-wide numbers) at this rate on top of what is sent, for so
    long. ``is_ready``: keys and a way to send.
    """

    def set_keys(self, keys: SrtpKeys) -> None: ...
    def to_address(self, key: bytes) -> None: ...
    def to_stream(self, send: Callable[[bytes], None]) -> None: ...
    def to_nowhere(self) -> None: ...
    def send_rtcp(self, packet: bytes) -> None: ...
    def pace(self, octets_per_second: int, flush_seconds: float) -> None: ...
    def spend(self, octets: int) -> None: ...
    def probe(self, octets_per_second: int, seconds: float) -> None: ...
    @property
    def is_ready(self) -> bool: ...
    def close(self) -> None: ...


class Leg(Protocol):
    """``follow``: take this source from its next key frame on (audio: its next packet), and until then what it takes
    now; the same source again begins anew; None: take nothing, at once. Over a change of source the numbers, the
    timestamps (by sender reports where both have one, see ``layers``), PictureID and TL0PICIDX go on.

    ``limit``: the highest temporal layer to take (``ALL_LAYERS``: all). Down at once with the next picture, up at a
    picture that allows it (VP8 Y, VP9 U, AV1 the next base picture, any key frame). Dropped pictures leave no hole in
    the numbers, nor in VP8's PictureID.

    ``resend``: answer for these 16-bit outgoing numbers on the RTX stream, as long as no more than ``octets`` are spent.
    """

    def follow(self, source: Source | None) -> None: ...
    def limit(self, temporal: int) -> None: ...
    def resend(self, seqs: Sequence[int], octets: int) -> None: ...
    def state(self) -> LegState: ...
    def close(self) -> None: ...


class Fanout(Protocol):
    """Owns the loop over the socket, which stays the caller's. ``start``: begin to receive, in a running event loop.

    ``inlet``: reports and feedback that come in by it are about ``outlet``.

    ``trust``: what comes from this address is the inlet's; None: nobody's, and but STUN it is dropped and counted.
    ``tick``: to be called every 20 ms: pacers (twin),
    events that wait. ``digests``: of every outlet from which feedback came until ``ask_digests`` was called, which is to be
    a tick before: a thread that has them answers by then.
    ``counters``: every name of ``COUNTERS``, since the start.
    """

    def start(self, hears: HearsFanout) -> None: ...
    def trust(self, key: bytes, inlet: Inlet | None) -> None: ...
    def inlet(self, hears: HearsInlet, outlet: Outlet) -> Inlet: ...
    def source(self, settings: SourceSettings, hears: HearsSource) -> Source: ...
    def outlet(self) -> Outlet: ...
    def leg(self, outlet: Outlet, settings: LegSettings, hears: HearsLeg) -> Leg: ...
    def ask_digests(self) -> None: ...
    def digests(self) -> list[tuple[Outlet, Digest]]: ...
    def tick(self, now: float) -> None: ...
    def flush(self) -> None: ...
    def counters(self) -> dict[str, int]: ...
    def close(self) -> None: ...
