"""What requests do with consumers."""

from collections.abc import Mapping

from media import control, subscribing
from media.registry import Registry
from media.requests import Method, Refused
from media.transport import Surroundings

MAX_CONSUMERS = 1024
"""Of one transport at a time."""


class Consuming:
    """One method per request."""

    def __init__(self, registry: Registry, around: Surroundings) -> None:
        self._registry = registry
        self._around = around
        self.methods: Mapping[type, Method] = {
            control.Consume: self._consume,
            control.ResumeConsumer: self._resume,
            control.PauseConsumer: self._pause,
            control.PreferConsumer: self._prefer,
            control.CloseConsumer: self._close,
        }

    async def _consume(self, request: control.Consume) -> control.Reply:
        transport = self._registry.transport(request.transport)
        producer = self._registry.producer(request.producer)
        self._registry.sweep()
        consumer = self._registry.consumers.get(request.consumer)
        if consumer is None:
            if transport.direction != "recv":
                raise Refused("invalid", "this transport carries producers")
            if len(transport.consumers) >= MAX_CONSUMERS:
                raise Refused("busy", "this transport carries too many consumers")
            if transport.router is not self._registry.router_of(producer):
                raise Refused("invalid", "producer and transport are of different routers")
            consumer = subscribing.make_consumer(
                self._around.fanout, request.consumer, transport, producer, request.rtp_capabilities
            )
            self._registry.consumers[consumer.id] = consumer
        elif consumer.transport is not transport or consumer.producer is not producer:
            raise Refused("invalid", "a consumer of this id is open and different")
        return control.Consuming(producer.accepted.kind, consumer.parameters)

    async def _resume(self, request: control.ResumeConsumer) -> control.Reply:
        self._registry.consumer(request.consumer).resume(self._around.clock())
        return control.Done()

    async def _pause(self, request: control.PauseConsumer) -> control.Reply:
        self._registry.consumer(request.consumer).pause()
        return control.Done()

    async def _prefer(self, request: control.PreferConsumer) -> control.Reply:
        consumer = self._registry.consumer(request.consumer)
        if not 0 < request.width <= 16_384 or not 0 < request.height <= 16_384:
            raise Refused("invalid", "a picture has a size")
        consumer.prefer(request.width, request.height, self._around.clock())
        return control.Done()

    async def _close(self, request: control.CloseConsumer) -> control.Reply:
        consumer = self._registry.consumers.pop(request.consumer, None)
        if consumer is not None:
            consumer.close()
        return control.Done()
