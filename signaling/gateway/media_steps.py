"""Carries a lesson's media plan out at the worker."""

import asyncio

import structlog
from msgspec.structs import replace

from classroom.ids import ParticipantId
from classroom.lesson.commands import LoseShare
from media import control
from signaling.gateway.clock import MakeId
from signaling.gateway.host import LessonHost
from signaling.gateway.media_news import MediaNews
from signaling.gateway.media_placement import MediaRefused, Placement
from signaling.gateway.media_plan import MediaPlan
from signaling.gateway.media_table import OpenConsumer

_log = structlog.get_logger("media_director")
_AT_ONCE = 32
"""Requests of one lesson to its worker under way at the same time."""


class MediaSteps:
    """All raise MediaRefused when the worker does not answer; the next plan tries again."""

    def __init__(self, host: LessonHost, placement: Placement, news: MediaNews, make_id: MakeId) -> None:
        self._host = host
        self._placement = placement
        self._news = news
        self._make_id = make_id

    async def carry_out(self, todo: MediaPlan) -> None:
        for transport in todo.close_transports:
            entry = self._placement.table.transports.get(transport)
            if entry is None:
                continue  # it closed by itself since the plan was made
            if transport not in self._placement.table.doomed:
                self._placement.table.forget(entry.participant)
            await self.close_transport(transport)
        for producer in todo.close_producers:
            closed = self._placement.table.producers.get(producer)
            await self._placement.tell(control.CloseProducer(producer))
            self._news.consumers_gone(self._placement.table.drop_producer(producer))
            if closed is not None:
                self._news.producer_closed(closed.participant, producer)
        for consumer in todo.close_consumers:
            await self.close_consumer(consumer)
        for producer in todo.pause:
            await self._placement.tell(control.PauseProducer(producer))
            self._mark(producer, paused=True)
        for producer in todo.resume:
            await self._placement.tell(control.ResumeProducer(producer))
            self._mark(producer, paused=False)
        for begin in range(0, len(todo.consume), _AT_ONCE):
            batch = todo.consume[begin : begin + _AT_ONCE]
            done = await asyncio.gather(
                *(self._consume(participant, producer) for participant, producer in batch),
                return_exceptions=True,
            )
            for failure in done:
                if failure is not None:
                    raise failure
        for share in todo.lose:
            await self._host.execute(LoseShare(share))

    async def close_transport(self, transport: str) -> None:
        """Forgotten only when the worker has closed it: what fails is tried again by the next plan."""
        self._placement.table.doomed.add(transport)
        await self._placement.tell(control.CloseTransport(transport))
        self._news.consumers_gone(self._placement.table.drop_transport(transport))

    async def _consume(self, participant: ParticipantId, producer: str) -> None:
        joined = self._placement.table.joined.get(participant)
        transport = self._placement.table.transport_of(participant, send=False)
        if joined is None or transport is None:
            return
        consumer = self._make_id()
        try:
            reply = await self._placement.ask(
                control.Consume(transport, consumer, producer, joined.rtp_capabilities), control.Consuming
            )
        except MediaRefused as refused:
            if refused.code == "no_such_transport":
                self._news.consumers_gone(self._placement.table.drop_transport(transport))
            elif refused.code == "no_such_producer":
                self._news.consumers_gone(self._placement.table.drop_producer(producer))
            elif refused.code in ("unsupported", "invalid"):
                self._placement.table.unsupported.add((participant, producer))
                _log.info(
                    "cannot_receive", lesson=self._host.lesson, participant=participant, producer=producer
                )
            else:
                raise
            return
        entry = self._placement.table.producers.get(producer)
        if transport not in self._placement.table.transports or entry is None:
            await self._placement.tell(control.CloseConsumer(consumer))
            return
        self._placement.table.consumers[consumer] = OpenConsumer(
            participant, transport, producer, entry.share, reply.kind, reply.rtp_parameters
        )
        self._news.consumer_opened(participant, consumer)

    def _mark(self, producer: str, *, paused: bool) -> None:
        entry = self._placement.table.producers.get(producer)
        if entry is not None:
            self._placement.table.producers[producer] = replace(entry, paused=paused)

    async def close_consumer(self, consumer: str) -> None:
        await self._placement.tell(control.CloseConsumer(consumer))
        entry = self._placement.table.consumers.pop(consumer, None)
        if entry is not None:
            self._news.consumers_gone(((entry.participant, consumer),))
