"""What a worker has open, and its figures."""

import asyncio
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from media import control
from media.consumer import Consumer
from media.producer import Producer

if TYPE_CHECKING:
    from media.worker import Worker


def inventory(
    worker: "Worker", producers: Iterable[Producer], consumers: Iterable[Consumer]
) -> control.Inventory:
    return control.Inventory(
        {router.id: router.instance for router in worker.routers.values()},
        tuple(
            control.TransportEntry(t.id, t.router.id, t.peer, t.direction, t.state)
            for t in worker.transports.values()
        ),
        tuple(
            control.ProducerEntry(p.id, p.transport.id, p.accepted.kind, p.tag, p.paused) for p in producers
        ),
        tuple(
            control.ConsumerEntry(
                c.id, c.transport.id, c.producer.id, c.producer.accepted.kind, c.parameters, c.paused
            )
            for c in consumers
        ),
        worker.taps.addresses,
    )


def statistics(worker: "Worker", producers: int, consumers: int) -> control.Stats:
    values = worker.counters.values() | worker.network.counters()
    values["media_routers"] = float(len(worker.routers))
    values["media_transports"] = float(len(worker.transports))
    values["media_transports_connected"] = float(
        sum(transport.is_connected for transport in worker.transports.values())
    )
    values["media_producers"] = float(producers)
    values["media_consumers"] = float(consumers)
    values["media_taps"] = float(len(worker.taps.addresses))
    values["media_tap_frames_total"] = float(worker.taps.frames)
    values["media_tap_dropped_total"] = float(worker.taps.dropped)
    values["media_tasks"] = float(len(asyncio.all_tasks()))
    values["media_cpu_seconds_total"] = time.process_time()
    return control.Stats(values)
