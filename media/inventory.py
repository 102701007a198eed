"""What a worker has open, told to whoever asks, and its figures."""

import asyncio
import time

from media import control
from media.registry import Registry
from media.stats import Counters


def inventory(registry: Registry) -> control.Inventory:
    return control.Inventory(
        {router.id: router.instance for router in registry.routers.values()},
        tuple(
            control.TransportEntry(t.id, t.router.id, t.peer, t.direction, t.state)
            for t in registry.transports.values()
        ),
        tuple(
            control.ProducerEntry(p.id, p.transport.id, p.accepted.kind, p.tag, p.paused)
            for p in registry.producers.values()
        ),
        tuple(
            control.ConsumerEntry(
                c.id, c.transport.id, c.producer.id, c.producer.accepted.kind, c.parameters, c.paused
            )
            for c in registry.consumers.values()
        ),
        registry.taps.addresses,
    )


def statistics(registry: Registry, counters: Counters) -> control.Stats:
    taps = registry.taps
    values = counters.values() | registry.network.counters()
    values["media_routers"] = float(len(registry.routers))
    values["media_transports"] = float(len(registry.transports))
    values["media_transports_connected"] = float(
        sum(transport.is_connected for transport in registry.transports.values())
    )
    values["media_producers"] = float(len(registry.producers))
    values["media_consumers"] = float(len(registry.consumers))
    values["media_taps"] = float(len(taps.addresses))
    values["media_tap_frames_total"] = float(taps.frames)
    values["media_tap_dropped_total"] = float(taps.dropped)
    values["media_tap_held_bytes"] = float(taps.held_bytes)
    values["media_tap_held_dropped_total"] = float(taps.held_dropped)
    values["media_tasks"] = float(len(asyncio.all_tasks()))
    values["media_cpu_seconds_total"] = time.process_time()
    return control.Stats(values)
