"""One lesson's media: placed on a worker, kept in step with the lesson's state, asked by its participants.

A single task carries plans out; requests of participants go straight to the worker and are written
into the same table, so that the next plan sees them.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import structlog
from msgspec import Struct
from msgspec.structs import replace

from classroom.ids import ConnectionId, LessonId, ParticipantId, ShareId
from classroom.lesson.commands import LoseShare
from classroom.lesson.events import Source
from classroom.lesson.state import Phase
from media import control
from media.parameters import (
    DtlsParameters,
    IceParameters,
    Kind,
    RtpCapabilities,
    RtpParameters,
    TransportParameters,
)
from signaling.bus.port import Bus, BusError
from signaling.gateway.clock import MakeId
from signaling.gateway.host import LessonHost
from signaling.gateway.media_plan import (
    Gone,
    Joined,
    MediaPlan,
    MediaTable,
    OpenConsumer,
    OpenProducer,
    OpenTransport,
    adopt,
    next_deadline,
    peer_of,
    plan,
)
from signaling.gateway.metrics import Metrics
from signaling.gateway.sockets import Sockets
from signaling.wire import server

_log = structlog.get_logger("media_director")

T = TypeVar("T", bound=Struct)

_REQUEST_SECONDS = 3.0
_PLACING_SECONDS = 5.0
_RETRY_SECONDS = 0.5
_AT_ONCE = 32
"""Requests of one lesson to its worker under way at the same time."""


class MediaRefused(Exception):
    """``code``: media_unavailable, or a code of ``media.control.Failed``."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Workers(Protocol):
    """Where a lesson may be placed."""

    def choose(self, lesson: LessonId) -> str | None:
        """The address of the worker that has the lesson already, else of the least loaded."""
        ...

    def instance_of(self, address: str) -> str | None:
        """Which process serves the address now."""
        ...


class LessonMedia:
    def __init__(
        self,
        host: LessonHost,
        *,
        bus: Bus,
        workers: Workers,
        sockets: Sockets,
        make_id: MakeId,
        metrics: Metrics,
        on_change: Callable[["LessonMedia"], None],
    ) -> None:
        self.host = host
        self.lesson: LessonId = host.lesson
        self.address: str | None = None
        self.instance: str | None = None
        self.table = MediaTable()
        self._capabilities: RtpCapabilities | None = None
        self._bus = bus
        self._workers = workers
        self._sockets = sockets
        self._make_id = make_id
        self._metrics = metrics
        self._on_change = on_change
        self._timer: asyncio.TimerHandle | None = None
        self._wake = asyncio.Event()
        self._placed = asyncio.Event()

    @property
    def placed(self) -> bool:
        """A worker has the lesson now."""
        return self._placed.is_set()

    async def wait_placed(self) -> None:
        await self._placed.wait()

    # --- what the director and the host say ---

    def wake(self) -> None:
        self._wake.set()

    def worker_lost(self) -> None:
        """The worker went away; what it had open counts only if it comes back with it."""
        self.address = None
        self._placed.clear()
        self._on_change(self)
        self.wake()

    def transport_changed(self, notice: control.TransportChanged) -> None:
        entry = self.table.transports.get(notice.transport)
        if entry is None:
            return
        if notice.state == "closed":
            self._consumers_gone(self.table.drop_transport(notice.transport))
            self.wake()
        self._sockets.tell(
            self.lesson, entry.participant, server.TransportState(notice.transport, notice.state)
        )

    def page_came(self, participant: ParticipantId, page: str) -> None:
        """Somebody is connected by this page: what an earlier one had open is nobody's now."""
        self._doom(t for t, e in self._transports_of(participant) if e.page not in (None, page))

    def device_gone(self, participant: ParticipantId) -> None:
        """What a participant has open belongs to a device or page that is no more."""
        self._doom(t for t, _ in self._transports_of(participant))

    def _transports_of(self, participant: ParticipantId) -> Iterator[tuple[str, OpenTransport]]:
        return ((t, e) for t, e in self.table.transports.items() if e.participant == participant)

    def _doom(self, transports: Iterable[str]) -> None:
        self.table.doomed.update(transports)
        self.wake()

    def speakers(self, notice: control.SpeakersChanged) -> None:
        heard: list[str] = []
        for producer, _ in notice.speakers:
            entry = self.table.producers.get(ShareId(producer))
            if entry is not None and entry.participant not in heard:
                heard.append(entry.participant)
        self._sockets.tell_admitted(self.lesson, server.Speakers(tuple(heard)))

    # --- what participants ask; all raise MediaRefused ---

    async def capabilities(self) -> RtpCapabilities:
        await self._need_place()
        assert self._capabilities is not None
        return self._capabilities

    async def open_transport(
        self, participant: ParticipantId, connection: ConnectionId, page: str, *, send: bool
    ) -> TransportParameters:
        """One of each direction: an older one is closed, with what it carried."""
        await self._need_place()
        old = self.table.transport_of(participant, send=send)
        if old is not None:
            shares = [share for share, entry in self.table.producers.items() if entry.transport == old]
            await self._close_transport(old)
            for share in shares:
                await self.host.execute(LoseShare(share))
        transport = self._make_id()
        table = self.table
        entry = OpenTransport(participant, send, page)
        try:
            reply = await self._ask(
                control.OpenTransport(
                    self.lesson, transport, peer_of(self.lesson, participant), "send" if send else "recv"
                ),
                control.TransportOpened,
            )
            self._still(participant, connection)
        except BaseException:
            # The worker may have it, or be about to: it is to be closed there.
            table.transports[transport] = entry
            table.doomed.add(transport)
            self.wake()
            raise
        self.table.transports[transport] = entry
        self.wake()
        return reply.parameters

    async def connect_transport(
        self, participant: ParticipantId, transport: str, dtls: DtlsParameters
    ) -> None:
        self._own_transport(participant, transport)
        await self._ask(control.ConnectTransport(transport, dtls), control.Done)

    async def restart_ice(self, participant: ParticipantId, transport: str) -> IceParameters:
        self._own_transport(participant, transport)
        return (await self._ask(control.RestartIce(transport), control.IceRestarted)).ice_parameters

    def new_share(self) -> ShareId:
        return ShareId(self._make_id())

    async def produce(
        self,
        participant: ParticipantId,
        transport: str,
        source: Source,
        kind: Kind,
        parameters: RtpParameters,
    ) -> ShareId:
        """Open a producer whose share the caller then commits; see ``settle``."""
        if not self._own_transport(participant, transport).send:
            raise MediaRefused("no_such_transport", "not a send transport")
        share = self.new_share()
        self.table.pending.add(share)
        try:
            await self._ask(
                control.Produce(transport, share, kind, parameters, tag=source, paused=False), control.Done
            )
            if transport not in self.table.transports or transport in self.table.doomed:
                raise MediaRefused("no_such_transport", "closed meanwhile")
        except BaseException:
            self.table.pending.discard(share)
            raise
        self.table.producers[share] = OpenProducer(participant, transport, source, paused=False)
        return share

    def settle(self, share: ShareId) -> None:
        """The share was committed, or not: from now on the lesson's state says whether it stays."""
        self.table.pending.discard(share)
        self.wake()

    async def join(
        self, participant: ParticipantId, connection: ConnectionId, rtp_capabilities: RtpCapabilities
    ) -> tuple[str, dict[str, OpenConsumer]]:
        """From now on the participant gets consumers. Returns the instance and the consumers it has."""
        await self._need_place()
        self._still(participant, connection)
        assert self.instance is not None
        self.table.unsupported = {pair for pair in self.table.unsupported if pair[0] != participant}
        self.table.joined[participant] = Joined(connection, rtp_capabilities)
        self.wake()
        return self.instance, {c: e for c, e in self.table.consumers.items() if e.participant == participant}

    async def resume_consumer(self, participant: ParticipantId, consumer: str) -> None:
        self._own_consumer(participant, consumer)
        await self._ask(control.ResumeConsumer(consumer), control.Done)

    async def pause_consumer(self, participant: ParticipantId, consumer: str) -> None:
        self._own_consumer(participant, consumer)
        await self._ask(control.PauseConsumer(consumer), control.Done)

    def consumer_message(self, consumer: str) -> server.Consumer | None:
        """What to tell the participant of one of its consumers; None when it is no more."""
        entry = self.table.consumers.get(consumer)
        producer = self.table.producers.get(entry.share) if entry is not None else None
        if entry is None or producer is None:
            return None
        return server.Consumer(
            consumer, entry.share, producer.participant, producer.source, entry.kind, entry.rtp_parameters
        )

    # --- the task ---

    async def run(self) -> None:
        """Until the lesson is over."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            state = self.host.state
            if state is None or state.phase is not Phase.LIVE:
                await self._close()
                return
            try:
                if await self._place():
                    await self._settle_down()
            except (BusError, MediaRefused) as error:
                _log.warning("media_step_failed", lesson=self.lesson, error=str(error))
                self._wake_in(_RETRY_SECONDS)

    async def _settle_down(self) -> None:
        while self.address is not None:
            state = self.host.state
            if state is None or state.phase is not Phase.LIVE:
                self.wake()
                return
            todo = plan(state, self.table, self.host.now())
            if todo == MediaPlan():
                due = next_deadline(state, self.table)
                if due is not None:
                    self._wake_in(max(0.0, (due - self.host.now()) / 1000))
                return
            await self._carry_out(todo)
            self._on_change(self)

    async def _carry_out(self, todo: MediaPlan) -> None:
        for transport in todo.close_transports:
            entry = self.table.transports.get(transport)
            if entry is None:
                continue  # it closed by itself since the plan was made
            if transport not in self.table.doomed:
                self.table.forget(entry.participant)
            await self._close_transport(transport)
        for share in todo.close_producers:
            await self._tell_worker(control.CloseProducer(share))
            self._consumers_gone(self.table.drop_producer(share))
        for consumer in todo.close_consumers:
            await self._tell_worker(control.CloseConsumer(consumer))
            self._close_consumer(consumer)
        for share in todo.pause:
            await self._tell_worker(control.PauseProducer(share))
            self._mark(share, paused=True)
        for share in todo.resume:
            await self._tell_worker(control.ResumeProducer(share))
            self._mark(share, paused=False)
        for begin in range(0, len(todo.consume), _AT_ONCE):
            batch = todo.consume[begin : begin + _AT_ONCE]
            done = await asyncio.gather(
                *(self._consume(participant, share) for participant, share in batch), return_exceptions=True
            )
            for failure in done:
                if failure is not None:
                    raise failure
        for share in todo.lose:
            await self.host.execute(LoseShare(share))

    async def _consume(self, participant: ParticipantId, share: ShareId) -> None:
        joined = self.table.joined.get(participant)
        transport = self.table.transport_of(participant, send=False)
        if joined is None or transport is None:
            return
        consumer = self._make_id()
        try:
            reply = await self._ask(
                control.Consume(transport, consumer, share, joined.rtp_capabilities), control.Consuming
            )
        except MediaRefused as refused:
            if refused.code == "no_such_transport":
                self._consumers_gone(self.table.drop_transport(transport))
            elif refused.code == "no_such_producer":
                self._consumers_gone(self.table.drop_producer(share))
            elif refused.code in ("unsupported", "invalid"):
                self.table.unsupported.add((participant, share))
                _log.info("cannot_receive", lesson=self.lesson, participant=participant, share=share)
            else:
                raise
            return
        if transport not in self.table.transports or share not in self.table.producers:
            await self._tell_worker(control.CloseConsumer(consumer))
            return
        self.table.consumers[consumer] = OpenConsumer(
            participant, transport, share, reply.kind, reply.rtp_parameters
        )
        message = self.consumer_message(consumer)
        if message is not None:
            self._sockets.tell(self.lesson, participant, message)

    async def _place(self) -> bool:
        """See to it that a worker has the lesson. False when there is no worker."""
        if self.address is not None:
            return True
        address = self._workers.choose(self.lesson)
        if address is None:
            return False
        process = self._workers.instance_of(address)
        opened = await self._ask_at(address, control.OpenRouter(self.lesson), control.RouterOpened)
        inventory = await self._ask_at(address, control.TakeInventory(), control.Inventory)
        if self._workers.instance_of(address) != process:
            self.wake()
            return False
        known, joined = self.instance, self.table.joined
        self.table = adopt(self.lesson, inventory)
        if known == opened.instance:
            self.table.joined = joined
        self.address, self.instance = address, opened.instance
        self._capabilities = opened.rtp_capabilities
        self._placed.set()
        if self.host.state is None or self.host.state.recording is None:
            for tap in self.table.taps.values():
                await self._tell_worker(control.StopTap(tap))
            self.table.taps.clear()
        _log.info("lesson_placed", lesson=self.lesson, worker=address, adopted=len(self.table.transports))
        if known != opened.instance:
            self._sockets.tell_admitted(self.lesson, server.MediaReset(opened.instance))
            if known is not None:
                self._sockets.tell_admitted(self.lesson, server.Notice("media_restarted"))
        self._on_change(self)
        return True

    async def _close(self) -> None:
        address, self.address = self.address, None
        if self._timer is not None:
            self._timer.cancel()
        self.table = MediaTable()
        self._placed.clear()
        if address is not None:
            try:
                await self._bus.request(address, control.CloseRouter(self.lesson), timeout=_REQUEST_SECONDS)
            except BusError as error:
                _log.warning("router_not_closed", lesson=self.lesson, worker=address, error=str(error))
        self._on_change(self)

    # --- small things ---

    async def _close_transport(self, transport: str) -> None:
        """Forgotten only when the worker has closed it: what fails is tried again by the next plan."""
        self.table.doomed.add(transport)
        await self._tell_worker(control.CloseTransport(transport))
        self._consumers_gone(self.table.drop_transport(transport))

    def _still(self, participant: ParticipantId, connection: ConnectionId) -> None:
        """Things change while a worker is asked. Raises MediaRefused."""
        state = self.host.state
        entry = None if state is None else state.participants.get(participant)
        if entry is None or not entry.inside or entry.connection != connection:
            raise MediaRefused("not_admitted", "not in the lesson any more, or by another connection")

    def _wake_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.wake)

    async def _need_place(self) -> None:
        self.wake()
        try:
            async with asyncio.timeout(_PLACING_SECONDS):
                await self._placed.wait()
        except TimeoutError:
            raise MediaRefused("media_unavailable", "no media worker has the lesson") from None

    def _own_transport(self, participant: ParticipantId, transport: str) -> OpenTransport:
        entry = self.table.transports.get(transport)
        if entry is None or entry.participant != participant or transport in self.table.doomed:
            raise MediaRefused("no_such_transport", "")
        return entry

    def _own_consumer(self, participant: ParticipantId, consumer: str) -> None:
        entry = self.table.consumers.get(consumer)
        if entry is None or entry.participant != participant:
            raise MediaRefused("no_such_consumer", "")

    def _mark(self, share: ShareId, *, paused: bool) -> None:
        entry = self.table.producers.get(share)
        if entry is not None:
            self.table.producers[share] = replace(entry, paused=paused)

    def _close_consumer(self, consumer: str) -> None:
        entry = self.table.consumers.pop(consumer, None)
        if entry is not None:
            self._sockets.tell(self.lesson, entry.participant, server.ConsumerClosed(consumer))

    def _consumers_gone(self, gone: tuple[Gone, ...]) -> None:
        for participant, consumer in gone:
            self._sockets.tell(self.lesson, participant, server.ConsumerClosed(consumer))

    async def _ask(self, message: Struct, reply: type[T]) -> T:
        if self.address is None:
            raise MediaRefused("media_unavailable", "the media worker is being replaced")
        instance = self.instance
        answer = await self._ask_at(self.address, message, reply)
        if self.instance != instance:
            raise MediaRefused("media_unavailable", "the media worker was replaced meanwhile")
        return answer

    async def _ask_at(self, address: str, message: Struct, reply: type[T]) -> T:
        try:
            answer = await self._bus.request(address, message, timeout=_REQUEST_SECONDS)
        except BusError as error:
            self._metrics.media_failures.labels(type(message).__name__).inc()
            raise MediaRefused("media_unavailable", str(error)) from error
        if isinstance(answer, control.Failed):
            raise MediaRefused(answer.code, answer.detail)
        if not isinstance(answer, reply):
            raise MediaRefused("media_unavailable", f"unexpected {type(answer).__name__}")
        return answer

    async def _tell_worker(self, message: Struct) -> None:
        """A request whose failure means that the thing is gone already, which is what was wanted."""
        try:
            await self._ask(message, control.Done)
        except MediaRefused as refused:
            if refused.code == "media_unavailable":
                raise
