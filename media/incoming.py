"""What a transport does with packets it has opened: RTP to streams, RTCP to streams and consumers."""

from collections.abc import Mapping

from media.codecs import MID, REPAIRED_RID, RID, TRANSPORT_CC
from media.consumer import Consumer
from media.keyframes import RequestBudget
from media.producer import Producer
from media.rtcp import compound, feedback, reports
from media.rtcp.transport_cc import Arrivals
from media.rtp.header import Header
from media.speakers import Speakers
from media.stats import Counters
from media.stream import Stream

MAX_SSRCS = 64


class Conflict(Exception):
    """Two producers of a transport claim one SSRC or one MID."""


class Routing:
    """Which stream a packet belongs to: known SSRC, else MID + RID; RTX by announced SSRC or repaired RID."""

    def __init__(self, counters: Counters, arrivals: Arrivals, speakers: Speakers) -> None:
        self._counters = counters
        self._arrivals = arrivals
        self._speakers = speakers
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
        if producer.accepted.mid:
            self._by_mid[producer.accepted.mid] = producer
        for stream in producer.streams:
            if stream.ssrc is not None:
                self._routes[stream.ssrc] = (producer, stream, False)
            if stream.rtx_ssrc is not None:
                self._routes[stream.rtx_ssrc] = (producer, stream, True)

    def has(self, ssrc: int) -> bool:
        return ssrc in self._routes

    def remove(self, producer: Producer) -> None:
        if self._by_mid.get(producer.accepted.mid) is producer:
            del self._by_mid[producer.accepted.mid]
        for ssrc in [ssrc for ssrc, route in self._routes.items() if route[0] is producer]:
            del self._routes[ssrc]

    def receive(self, packet: bytes, header: Header, now: float) -> bool:
        """False when the packet belongs to nobody."""
        wide = header.extensions.get(self._transport_cc_id) if self._transport_cc_id else None
        if wide is not None and wide[1] - wide[0] == 2:
            at = wide[0]
            self._arrivals.note(packet[at] << 8 | packet[at + 1], int(now * 1_000_000))
        route = self._routes.get(header.ssrc) or self._discover(packet, header)
        if route is None:
            return False
        producer, stream, is_rtx = route
        counters = self._counters
        counters.rtp_received += 1
        if is_rtx:
            taken = stream.receive_rtx(packet, header, now)
            if taken is None:
                counters.rtx_useless += 1
            else:
                counters.rtx_repaired += 1
        else:
            taken = stream.receive(packet, header, now)
            if taken is None:
                counters.dropped_doubles += 1
        if taken is not None:
            producer.deliver(stream, taken, now)
            if stream.level_id and not producer.paused:
                level = header.extensions.get(stream.level_id)
                if level is not None and level[1] > level[0]:
                    self._speakers.note(producer.id, packet[level[0]] & 0x7F, now)
        return True

    def _discover(self, packet: bytes, header: Header) -> tuple[Producer, Stream, bool] | None:
        """An SSRC not seen before: say whose it is by MID and RID."""
        mid = _text(packet, header, self._mid_id)
        producer = self._by_mid.get(mid) if mid is not None else None
        if producer is None or len(self._routes) >= MAX_SSRCS:
            return None
        repaired = _text(packet, header, self._repaired_id)
        accepted = producer.accepted
        if repaired is not None or header.payload_type in accepted.repairs:
            rid = repaired if repaired is not None else _text(packet, header, self._rid_id)
            stream = producer.stream_for(rid)
            if stream is None or stream.rtx_ssrc is not None:
                return None
            stream.rtx_ssrc = header.ssrc
            route = (producer, stream, True)
        elif header.payload_type in accepted.payload_types:
            stream = producer.stream_for(_text(packet, header, self._rid_id))
            if stream is None or stream.ssrc is not None:
                return None
            stream.ssrc = header.ssrc
            route = (producer, stream, False)
        else:
            return None
        self._routes[header.ssrc] = route
        return route

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
        self._counters.rtx_sent += consumer.nacked(wanted, now)

    def _key_frame(self, ssrc: int, now: float) -> None:
        consumer = self._consumers.get(ssrc)
        if consumer is not None and not consumer.paused:
            self._counters.plis_received += 1
            consumer.ask_key_frame(now)
