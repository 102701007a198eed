"""What a worker has open, by the ids its requests use."""

from media.consumer import Consumer
from media.network import Network
from media.producer import Producer
from media.requests import Refused
from media.router import Router
from media.taps import Taps
from media.transport import Parent, Transport


class Registry:
    """Owns the routers and all below them. ``network`` and ``taps`` are the worker's, which closes them.

    ``producers`` and ``consumers`` may hold some that their parents have closed: ``sweep`` first.
    """

    def __init__(self, network: Network, taps: Taps) -> None:
        self.network = network
        self.taps = taps
        self.routers: dict[str, Router] = {}
        self.transports: dict[str, Transport] = {}
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, Consumer] = {}

    # --- what is asked for must be open: each raises Refused -------------------------------------

    def router(self, router_id: str) -> Router:
        router = self.routers.get(router_id)
        if router is None:
            raise Refused("no_such_router", router_id)
        return router

    def transport(self, transport_id: str) -> Transport:
        transport = self.transports.get(transport_id)
        if transport is None:
            raise Refused("no_such_transport", transport_id)
        return transport

    def producer(self, producer_id: str) -> Producer:
        producer = self.producers.get(producer_id)
        if producer is None or producer.closed:
            self.producers.pop(producer_id, None)
            raise Refused("no_such_producer", producer_id)
        return producer

    def consumer(self, consumer_id: str) -> Consumer:
        consumer = self.consumers.get(consumer_id)
        if consumer is None or consumer.closed:
            self.consumers.pop(consumer_id, None)
            raise Refused("no_such_consumer", consumer_id)
        return consumer

    def router_of(self, producer: Producer) -> Parent:
        return self.transport(producer.transport.id).router

    # --- opening and closing ---------------------------------------------------------------------

    def add_transport(self, transport: Transport, router: Router) -> None:
        """``router``: its parent."""
        self.transports[transport.id] = transport
        router.add_transport(transport)
        self.network.add(transport.ice.credentials.ufrag, transport)

    async def close_router(self, router_id: str) -> None:
        router = self.routers.pop(router_id, None)
        if router is not None:
            for transport in list(router.transports.values()):
                await self.close_transport(transport)

    async def close_transport(self, transport: Transport) -> None:
        """Idempotent; of a transport whose id is another's by now nothing is touched."""
        if self.transports.get(transport.id) is not transport:
            return
        del self.transports[transport.id]
        self.network.forget(transport)
        await transport.close()
        self.network.drop_paths(transport)
        self.taps.sweep()

    def sweep(self) -> None:
        """Forget producers and consumers that their parents closed."""
        for producer_id in [i for i, producer in self.producers.items() if producer.closed]:
            del self.producers[producer_id]
        for consumer_id in [i for i, consumer in self.consumers.items() if consumer.closed]:
            del self.consumers[consumer_id]

    async def close(self) -> None:
        for transport in list(self.transports.values()):
            await self.close_transport(transport)
        self.routers.clear()
