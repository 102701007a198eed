"""What each control request does. Checks first, changes after: a refusal has changed nothing."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from media import codecs, control, inventory, negotiation, subscribing
from media.consumer import Consumer
from media.dtls import SUPPORTED_DIGESTS
from media.ice import new_credentials
from media.incoming import Conflict
from media.parameters import DtlsParameters, IceParameters, TransportParameters
from media.producer import Producer
from media.router import Router
from media.tapping import Tap
from media.transport import Surroundings, Transport

if TYPE_CHECKING:
    from media.worker import Worker

MAX_PRODUCERS = 16
MAX_CONSUMERS = 1024
"""Of one transport at a time."""


class Refused(Exception):
    """Becomes ``control.Failed``."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Operations:
    """One method per request."""

    def __init__(self, worker: "Worker", around: Surroundings) -> None:
        self._worker = worker
        self._around = around
        self._producers: dict[str, Producer] = {}
        self._consumers: dict[str, Consumer] = {}
        self._methods: dict[type, Callable[[Any], Awaitable[control.Reply]]] = {
            control.OpenRouter: self._open_router,
            control.CloseRouter: self._close_router,
            control.OpenTransport: self._open_transport,
            control.ConnectTransport: self._connect_transport,
            control.RestartIce: self._restart_ice,
            control.CloseTransport: self._close_transport,
            control.Produce: self._produce,
            control.CloseProducer: self._close_producer,
            control.PauseProducer: self._pause_producer,
            control.ResumeProducer: self._resume_producer,
            control.Consume: self._consume,
            control.ResumeConsumer: self._resume_consumer,
            control.PauseConsumer: self._pause_consumer,
            control.CloseConsumer: self._close_consumer,
            control.StartTap: self._start_tap,
            control.StopTap: self._stop_tap,
            control.RequestKeyFrame: self._request_key_frame,
            control.TakeInventory: self._take_inventory,
            control.TakeStats: self._take_stats,
        }

    async def carry_out(self, request: control.Request) -> control.Reply:
        """Raises Refused."""
        method = self._methods.get(type(request))
        if method is None:
            raise Refused("invalid", f"no such request: {type(request).__name__}")
        try:
            return await method(request)
        except negotiation.NotAcceptable as error:
            raise Refused(error.code, error.detail) from None

    # --- routers and transports ------------------------------------------------------------------

    async def _open_router(self, request: control.OpenRouter) -> control.Reply:
        router = self._worker.routers.get(request.router)
        if router is None:
            router = self._worker.routers[request.router] = Router(request.router)
        return control.RouterOpened(router.instance, codecs.router_capabilities())

    async def _close_router(self, request: control.CloseRouter) -> control.Reply:
        router = self._worker.routers.pop(request.router, None)
        if router is not None:
            for transport in list(router.transports.values()):
                await self._worker.close_transport(transport)
        return control.Done()

    async def _open_transport(self, request: control.OpenTransport) -> control.Reply:
        router = self._worker.routers.get(request.router)
        if router is None:
            raise Refused("no_such_router", request.router)
        transport = self._worker.transports.get(request.transport)
        if transport is None:
            transport = Transport(request.transport, router, request.peer, request.direction, self._around)
            router.add_transport(transport)
            self._worker.add_transport(transport)
        elif transport.router is not router or transport.direction != request.direction:
            raise Refused("invalid", "a transport of this id is open and different")
        ufrag, password = transport.ice.credentials
        return control.TransportOpened(
            TransportParameters(
                id=transport.id,
                ice_parameters=IceParameters(ufrag, password, True),
                ice_candidates=self._worker.candidates(),
                dtls_parameters=DtlsParameters("server", self._worker.certificate.fingerprints),
            )
        )

    def _transport(self, transport_id: str) -> Transport:
        transport = self._worker.transports.get(transport_id)
        if transport is None:
            raise Refused("no_such_transport", transport_id)
        return transport

    async def _connect_transport(self, request: control.ConnectTransport) -> control.Reply:
        transport = self._transport(request.transport)
        parameters = request.dtls_parameters
        if parameters.role == "server":
            raise Refused("invalid", "the server's side of DTLS is ours")
        if not any(f.algorithm in SUPPORTED_DIGESTS for f in parameters.fingerprints):
            raise Refused("unsupported", "no fingerprint by SHA-256, SHA-384 or SHA-512")
        if transport.remote is None:
            transport.connect(parameters)
        elif transport.remote.fingerprints != parameters.fingerprints:
            raise Refused("invalid", "the transport is connected to another fingerprint")
        return control.Done()

    async def _restart_ice(self, request: control.RestartIce) -> control.Reply:
        transport = self._transport(request.transport)
        credentials = new_credentials()
        gone = transport.ice.restart(credentials)
        self._worker.network.add(credentials.ufrag, transport, gone)
        self._worker.counters.ice_restarts += 1
        return control.IceRestarted(IceParameters(credentials.ufrag, credentials.password, True))

    async def _close_transport(self, request: control.CloseTransport) -> control.Reply:
        transport = self._worker.transports.get(request.transport)
        if transport is not None:
            await self._worker.close_transport(transport)
        return control.Done()

    # --- producers -------------------------------------------------------------------------------

    def _producer(self, producer_id: str) -> Producer:
        producer = self._producers.get(producer_id)
        if producer is None or producer.closed:
            self._producers.pop(producer_id, None)
            raise Refused("no_such_producer", producer_id)
        return producer

    def _sweep(self) -> None:
        """Forget those that their parents closed."""
        for producer_id in [i for i, producer in self._producers.items() if producer.closed]:
            del self._producers[producer_id]
        for consumer_id in [i for i, consumer in self._consumers.items() if consumer.closed]:
            del self._consumers[consumer_id]

    async def _produce(self, request: control.Produce) -> control.Reply:
        transport = self._transport(request.transport)
        self._sweep()
        there = self._producers.get(request.producer)
        if there is not None:
            if there.transport is transport and there.parameters == request.rtp_parameters:
                return control.Done()
            raise Refused("invalid", "a producer of this id is open and different")
        if transport.direction != "send":
            raise Refused("invalid", "this transport carries consumers")
        if len(transport.producers) >= MAX_PRODUCERS:
            raise Refused("busy", "this transport carries too many producers")
        accepted = negotiation.accept_producer(request.kind, request.rtp_parameters)
        ssrcs = [e.ssrc for e in accepted.encodings if e.ssrc is not None]
        ssrcs += [e.rtx.ssrc for e in accepted.encodings if e.rtx is not None]
        try:
            transport.routing.check(accepted.mid, ssrcs)
        except Conflict as conflict:
            raise Refused("invalid", str(conflict)) from None
        producer = Producer(
            request.producer,
            transport,
            accepted,
            request.rtp_parameters,
            request.tag,
            request.paused,
            self._around.fanout,
        )
        self._producers[producer.id] = producer
        transport.add_producer(producer)
        return control.Done()

    async def _close_producer(self, request: control.CloseProducer) -> control.Reply:
        producer = self._producers.pop(request.producer, None)
        if producer is not None:
            producer.close()
            self._worker.taps.sweep()
        return control.Done()

    async def _pause_producer(self, request: control.PauseProducer) -> control.Reply:
        producer = self._producer(request.producer)
        producer.pause()
        self._transport(producer.transport.id).router.speakers.forget(producer.id)
        return control.Done()

    async def _resume_producer(self, request: control.ResumeProducer) -> control.Reply:
        self._producer(request.producer).resume(self._around.clock())
        return control.Done()

    async def _request_key_frame(self, request: control.RequestKeyFrame) -> control.Reply:
        producer = self._producer(request.producer)
        now = self._around.clock()
        producer.request_key_frame(now, producer.target(now))
        return control.Done()

    # --- consumers -------------------------------------------------------------------------------

    def _consumer(self, consumer_id: str) -> Consumer:
        consumer = self._consumers.get(consumer_id)
        if consumer is None or consumer.closed:
            self._consumers.pop(consumer_id, None)
            raise Refused("no_such_consumer", consumer_id)
        return consumer

    async def _consume(self, request: control.Consume) -> control.Reply:
        transport = self._transport(request.transport)
        producer = self._producer(request.producer)
        self._sweep()
        consumer = self._consumers.get(request.consumer)
        if consumer is None:
            if transport.direction != "recv":
                raise Refused("invalid", "this transport carries producers")
            if len(transport.consumers) >= MAX_CONSUMERS:
                raise Refused("busy", "this transport carries too many consumers")
            if transport.router is not self._transport(producer.transport.id).router:
                raise Refused("invalid", "producer and transport are of different routers")
            consumer = subscribing.make_consumer(
                self._around.fanout, request.consumer, transport, producer, request.rtp_capabilities
            )
            self._consumers[consumer.id] = consumer
        elif consumer.transport is not transport or consumer.producer is not producer:
            raise Refused("invalid", "a consumer of this id is open and different")
        return control.Consuming(producer.accepted.kind, consumer.parameters)

    async def _resume_consumer(self, request: control.ResumeConsumer) -> control.Reply:
        self._consumer(request.consumer).resume(self._around.clock())
        return control.Done()

    async def _pause_consumer(self, request: control.PauseConsumer) -> control.Reply:
        self._consumer(request.consumer).pause()
        return control.Done()

    async def _close_consumer(self, request: control.CloseConsumer) -> control.Reply:
        consumer = self._consumers.pop(request.consumer, None)
        if consumer is not None:
            consumer.close()
        return control.Done()

    # --- taps, inventory, statistics -------------------------------------------------------------

    async def _start_tap(self, request: control.StartTap) -> control.Reply:
        producer = self._producer(request.producer)
        taps = self._worker.taps
        there = taps.get(request.tap)
        if there is not None and there.producer is not producer:
            raise Refused("invalid", "a tap of this number is open on another producer")
        if there is not None and there.connection.address != request.address:
            there.close()
            there = None
        if there is None:
            try:
                connection = await taps.connect(request.address)
            except (OSError, TimeoutError, ValueError) as error:
                raise Refused("invalid", f"cannot reach {request.address}: {error}") from None
            if producer.closed:
                taps.sweep()
                raise Refused("no_such_producer", request.producer)
            if request.tap not in connection.taps:
                Tap(request.tap, producer, connection)
            now = self._around.clock()
            producer.request_key_frame(now, producer.target(now))
        return control.Tapping(producer.accepted.kind, negotiation.tapped_codecs(producer.accepted))

    async def _stop_tap(self, request: control.StopTap) -> control.Reply:
        tap = self._worker.taps.get(request.tap)
        if tap is not None:
            tap.close()
            self._worker.taps.sweep()
        return control.Done()

    async def _take_inventory(self, _request: control.TakeInventory) -> control.Reply:
        self._sweep()
        return inventory.inventory(self._worker, self._producers.values(), self._consumers.values())

    async def _take_stats(self, _request: control.TakeStats) -> control.Reply:
        self._sweep()
        return inventory.statistics(self._worker, len(self._producers), len(self._consumers))
