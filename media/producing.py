"""What requests do with producers and their taps."""

from collections.abc import Mapping

from media import control, negotiation
from media.incoming import Conflict
from media.producer import Producer
from media.registry import Registry
from media.requests import Method, Refused
from media.transport import Surroundings

MAX_PRODUCERS = 16
"""Of one transport at a time."""


class Producing:
    """One method per request."""

    def __init__(self, registry: Registry, around: Surroundings) -> None:
        self._registry = registry
        self._around = around
        self.methods: Mapping[type, Method] = {
            control.Produce: self._produce,
            control.CloseProducer: self._close,
            control.PauseProducer: self._pause,
            control.ResumeProducer: self._resume,
            control.RequestKeyFrame: self._request_key_frame,
            control.StartTap: self._start_tap,
            control.StopTap: self._stop_tap,
        }

    async def _produce(self, request: control.Produce) -> control.Reply:
        transport = self._registry.transport(request.transport)
        self._registry.sweep()
        there = self._registry.producers.get(request.producer)
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
            request.content,
        )
        self._registry.producers[producer.id] = producer
        transport.add_producer(producer)
        return control.Done()

    async def _close(self, request: control.CloseProducer) -> control.Reply:
        producer = self._registry.producers.pop(request.producer, None)
        if producer is not None:
            producer.close()
            self._registry.taps.sweep()
        return control.Done()

    async def _pause(self, request: control.PauseProducer) -> control.Reply:
        producer = self._registry.producer(request.producer)
        router = self._registry.router_of(producer)
        producer.pause()
        router.speakers.forget(producer.id)
        return control.Done()

    async def _resume(self, request: control.ResumeProducer) -> control.Reply:
        self._registry.producer(request.producer).resume(self._around.clock())
        return control.Done()

    async def _request_key_frame(self, request: control.RequestKeyFrame) -> control.Reply:
        producer = self._registry.producer(request.producer)
        now = self._around.clock()
        producer.request_key_frame(now, producer.target(now))
        return control.Done()

    async def _start_tap(self, request: control.StartTap) -> control.Reply:
        producer = self._registry.producer(request.producer)
        taps = self._registry.taps
        there = taps.get(request.tap)
        if there is not None and there.producer is not producer:
            raise Refused("invalid", "a tap of this number is open on another producer")
        if there is not None and taps.addresses.get(request.tap) != request.address:
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
                taps.start(request.tap, producer, connection)
            now = self._around.clock()
            producer.request_key_frame(now, producer.target(now))
        return control.Tapping(producer.accepted.kind, negotiation.tapped_codecs(producer.accepted))

    async def _stop_tap(self, request: control.StopTap) -> control.Reply:
        self._registry.taps.stop(request.tap)
        return control.Done()
