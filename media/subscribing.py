"""Making a consumer: its parameters, its numbers, its leg."""

import secrets

from media.codecs import EXTENSION_IDS, MID, TRANSPORT_CC
from media.consumer import Consumer
from media.fanout.port import Fanout, LegSettings
from media.negotiation import NotAcceptable, consumer_parameters
from media.parameters import RtpCapabilities
from media.producer import Producer
from media.transport import Transport

MAX_MIDS = 0x10000


def make_consumer(
    fanout: Fanout,
    consumer_id: str,
    transport: Transport,
    producer: Producer,
    capabilities: RtpCapabilities,
) -> Consumer:
    """Adds it to both parents. Raises NotAcceptable: unsupported, or busy."""
    if transport.next_mid >= MAX_MIDS:
        raise NotAcceptable("busy", "this transport has carried too many consumers")
    accepted = producer.accepted
    mid = f"{transport.next_mid:04x}"
    ssrc, rtx_ssrc = _fresh_ssrc(transport), _fresh_ssrc(transport)
    cname = accepted.cname or producer.transport.id
    parameters = consumer_parameters(accepted, capabilities, mid, ssrc, rtx_ssrc, cname)
    transport.next_mid += 1
    has_rtx = accepted.codec.rtx is not None and parameters.encodings[0].rtx is not None
    consumer = Consumer(consumer_id, transport, producer, parameters)
    consumer.leg = fanout.leg(
        transport.outlet,
        LegSettings(
            ssrc=ssrc,
            mid=mid,
            mid_id=EXTENSION_IDS[MID],
            transport_cc_id=EXTENSION_IDS[TRANSPORT_CC],
            start=1 + secrets.randbelow(0x7000),
            rtx_ssrc=rtx_ssrc,
            rtx_payload_type=accepted.codec.rtx if has_rtx and accepted.codec.rtx is not None else -1,
            rtx_start=1 + secrets.randbelow(0x7000),
            cname=cname,
            is_voice=not producer.is_video,
        ),
        consumer,
    )
    producer.consumers[consumer.id] = consumer
    transport.add_consumer(consumer)
    return consumer


def _fresh_ssrc(transport: Transport) -> int:
    """Never used before on this transport: a number used again would be a GCM nonce used again."""
    while True:
        ssrc = secrets.randbits(32)
        if ssrc not in transport.used_ssrcs:
            transport.used_ssrcs.add(ssrc)
            return ssrc
