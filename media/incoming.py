"""What a transport does with what its inlet cannot decide: unknown SSRCs, sender reports, feedback for consumers."""

from collections.abc import Mapping

from media.codecs import MID, REPAIRED_RID, RID, TRANSPORT_CC
from media.consumer import Consumer
from media.fanout.port import Inlet
from media.keyframes import RequestBudget
from media.producer import Producer
from media.rtcp import compound, feedback, reports
from media.rtp import header as rtp
from media.rtp.header import Header
from media.stats import Counters
from media.stream import Stream

MAX_SSRCS = 64


class Conflict(Exception):
    """Two producers of a transport claim one SSRC or one MID."""


class Routing:
    """Which stream a packet belongs to: known SSRC, else MID + RID; RTX by announced SSRC or repaired RID.

    What is known the inlet is told; it asks about each SSRC it does not know.
    """

    def __init__(self, inlet: Inlet) -> None:
        self._inlet = inlet
        self._routes: dict[int, tuple[Producer, Stream, bool]] = {}
        self._by_mid: dict[str, Producer] = {}
        self._mid_id = self._rid_id = self._repaired_id = self._transport_cc_id = 0

    @property
    def any_ssrc(self) -> int | None:
        """A real SSRC of this publisher."""
        return next(iter(self._routes), None)

    def check(self, mid: str, ssrcs: list[int]) -> None:
        """Raises Conflict."""
        if mid and mid in self._by_mid:
            raise Conflict(f"mid {mid} has a producer")
        for ssrc in ssrcs:
            if ssrc in self._routes:
                raise Conflict(f"SSRC {ssrc} has a producer")

    def add(self, producer: Producer) -> None:
        ids = producer.accepted.extensions
        self._mid_id = ids.get(MID, self._mid_id)
        self._rid_id = ids.get(RID, self._rid_id)
        self._repaired_id = ids.get(REPAIRED_RID, self._repaired_id)
        self._transport_cc_id = ids.get(TRANSPORT_CC, self._transport_cc_id)
        self._inlet.transport_cc(self._transport_cc_id)
        if producer.accepted.mid:
            self._by_mid[producer.accepted.mid] = producer
        for stream in producer.streams:
            if stream.ssrc is not None:
                self._route(stream.ssrc, producer, stream, repairs=False)
            if stream.rtx_ssrc is not None:
                self._route(stream.rtx_ssrc, producer, stream, repairs=True)

    def _route(self, ssrc: int, producer: Producer, stream: Stream, *, repairs: bool) -> None:
        self._routes[ssrc] = (producer, stream, repairs)
        self._inlet.route(ssrc, stream.source, repairs=repairs)

    def remove(self, producer: Producer) -> None:
        if self._by_mid.get(producer.accepted.mid) is producer:
            del self._by_mid[producer.accepted.mid]
        for ssrc in [ssrc for ssrc, route in self._routes.items() if route[0] is producer]:
            del self._routes[ssrc]
            self._inlet.unroute(ssrc)

    def discover(self, packet: bytes) -> None:
        """An SSRC not seen before: say whose it is by MID and RID."""
        header = rtp.parse(packet)
        if header is None:
            return
        if header.ssrc not in self._routes and not self._find(packet, header):
            self._inlet.ignore(header.ssrc)

    def _find(self, packet: bytes, header: Header) -> bool:
        mid = _text(packet, header, self._mid_id)
        producer = self._by_mid.get(mid) if mid is not None else None
        if producer is None or len(self._routes) >= MAX_SSRCS:
            return False
        repaired = _text(packet, header, self._repaired_id)
        accepted = producer.accepted
        if repaired is not None or header.payload_type in accepted.repairs:
            rid = repaired if repaired is not None else _text(packet, header, self._rid_id)
            stream = producer.stream_for(rid)
            if stream is None or stream.rtx_ssrc is not None:
                return False
            stream.rtx_ssrc = header.ssrc
            self._route(header.ssrc, producer, stream, repairs=True)
            return True
        if header.payload_type not in accepted.payload_types:
            return False
        stream = producer.stream_for(_text(packet, header, self._rid_id))
        if stream is None or stream.ssrc is not None:
            return False
        stream.ssrc = header.ssrc
        self._route(header.ssrc, producer, stream, repairs=False)
        return True

    def stream_of(self, ssrc: int) -> tuple[Producer, Stream, bool] | None:
        return self._routes.get(ssrc)


def _text(packet: bytes, header: Header, identifier: int) -> str | None:
    where = header.extensions.get(identifier) if identifier else None
    return None if where is None else packet[where[0] : where[1]].decode("ascii", "replace")


class IncomingRtcp:
    """Reports of publishers, feedback of subscribers. ``consumers``: by SSRC, also of their RTX; the caller's."""

    def __init__(self, counters: Counters, routing: Routing, consumers: Mapping[int, Consumer]) -> None:
        self._counters = counters
        self._routing = routing
        self._consumers = consumers
        self._requests = RequestBudget()

    def receive(self, packet: bytes, now: float) -> None:
        for part in compound.split(packet):
            if part.type == compound.SR:
                self._sender_report(part, now)
            elif part.type == compound.RTPFB and part.subtype == feedback.NACK:
                self._nack(part, now)
            elif part.type == compound.PSFB and part.subtype == feedback.PLI:
                ssrc = feedback.media_ssrc(part)
                if ssrc is not None:
                    self._key_frame(ssrc, now)
            elif part.type == compound.PSFB and part.subtype == feedback.FIR:
                for ssrc in feedback.parse_fir(part):
                    self._key_frame(ssrc, now)

    def _sender_report(self, part: compound.Part, now: float) -> None:
        info = reports.parse_sender(part)
        route = self._routing.stream_of(info.ssrc) if info is not None else None
        if info is not None and route is not None and not route[2]:
            producer, stream, _ = route
            producer.sender_report(stream, info, part.raw, now)

    def _nack(self, part: compound.Part, now: float) -> None:
        ssrc = feedback.media_ssrc(part)
        consumer = self._consumers.get(ssrc) if ssrc is not None else None
        if consumer is None or consumer.ssrc != ssrc:
            return
        if not self._requests.allows(now):
            self._counters.nacks_ignored += 1
            return
        wanted = feedback.parse_nack(part)
        self._requests.spend(len(wanted))
        self._counters.nacks_received += len(wanted)
        self._counters.rtx_asked += consumer.nacked(wanted, now)

    def _key_frame(self, ssrc: int, now: float) -> None:
        consumer = self._consumers.get(ssrc)
        if consumer is not None and not consumer.paused:
            self._counters.plis_received += 1
            consumer.asked_for_key_frame(now)
