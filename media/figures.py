"""What a worker says of each of its routers for monitoring: how much flows, and how the lines are. No names."""

from collections.abc import Mapping
from statistics import median

from media import control
from media.router import Router

WEAK_BARS = 1


def of_router(
    router: Router, links: tuple[control.Link, ...], held: Mapping[str, control.ConsumersHeld]
) -> dict[str, float]:
    """Gauges; what is counted is of the producers and consumers that are open now. Bars and rates are left out
    where none is known. ``held``: by peer."""
    transports = tuple(router.transports.values())
    producers = [producer for transport in transports for producer in transport.producers.values()]
    legs = [consumer.leg.state() for transport in transports for consumer in transport.consumers.values()]
    limited = [link.down for link in links if link.down]
    values: dict[str, float] = {
        "transports_connected": sum(transport.is_connected for transport in transports),
        "producers": len(producers),
        "consumers": len(legs),
        "consumers_held": sum(len(entry.consumers) for entry in held.values()),
        "peers_voice_only": sum(entry.voice_only for entry in held.values()),
        "lines_weak": sum(link.bars <= WEAK_BARS for link in links),
        "lines_limited": len(limited),
        "packets_sent": sum(leg.packets for leg in legs),
        "octets_sent": sum(leg.octets for leg in legs),
        "packets_retransmitted": sum(leg.rtx_packets for leg in legs),
        "octets_retransmitted": sum(leg.rtx_octets for leg in legs),
        "packets_reported_lost": sum(max(0, leg.reported_lost) for leg in legs),
        "packets_flushed": sum(leg.flushed for leg in legs),
        "key_frames_asked": sum(producer.key_frames_asked for producer in producers),
    }
    if links:
        values["bars_min"] = min(link.bars for link in links)
    if limited:
        values["down_octets_per_second_min"] = min(limited)
        values["down_octets_per_second_median"] = median(limited)
    return {name: float(value) for name, value in values.items()}
