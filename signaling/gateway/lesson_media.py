"""One lesson's media: placed on a worker, kept in step with the lesson's state by a single task."""

import asyncio
from collections.abc import Callable, Iterable, Iterator

import structlog

from classroom.ids import LessonId, ParticipantId
from classroom.lesson.state import Phase
from media import control
from signaling.bus.port import Bus, BusError
from signaling.gateway.clock import MakeId
from signaling.gateway.host import LessonHost
from signaling.gateway.lesson_codecs import LessonCodecs
from signaling.gateway.media_access import MediaAccess
from signaling.gateway.media_links import MediaLinks
from signaling.gateway.media_news import MediaNews
from signaling.gateway.media_placement import REQUEST_SECONDS, MediaRefused, Placement, Workers
from signaling.gateway.media_plan import MediaPlan, next_deadline, plan
from signaling.gateway.media_steps import MediaSteps
from signaling.gateway.media_table import MediaTable, OpenTransport, adopt
from signaling.gateway.metrics import Metrics
from signaling.gateway.sockets import Sockets

_log = structlog.get_logger("media_director")

_RETRY_SECONDS = 0.5


class LessonMedia:
    """``access``: what participants ask. ``news``: what they are told. ``codecs``: in what they publish."""

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
        self._bus = bus
        self._workers = workers
        self._placement = Placement(host.lesson, bus=bus, metrics=metrics)
        self.news = MediaNews(host.lesson, self._placement, sockets)
        self.links = MediaLinks(host.lesson, self._placement, sockets)
        self._steps = MediaSteps(host, self._placement, self.news, make_id)
        self.codecs = LessonCodecs(host, self._placement, self.news)
        self.access = MediaAccess(
            host, self._placement, self._steps, codecs=self.codecs, make_id=make_id, wake=self.wake
        )
        self._on_change = on_change
        self._timer: asyncio.TimerHandle | None = None
        self._wake = asyncio.Event()
        self._seen: object = None

    @property
    def table(self) -> MediaTable:
        return self._placement.table

    @property
    def address(self) -> str | None:
        """Of the worker that has the lesson; None while none has."""
        return self._placement.address

    @property
    def instance(self) -> str | None:
        return self._placement.instance

    @property
    def placed(self) -> bool:
        """A worker has the lesson now."""
        return self._placement.placed

    async def wait_placed(self) -> None:
        await self._placement.wait()

    # --- what the director and the host say ---

    def wake(self) -> None:
        self._wake.set()

    def worker_lost(self) -> None:
        """The worker went away; what it had open counts only if it comes back with it."""
        self._placement.lost()
        self._on_change(self)
        self.wake()

    def transport_changed(self, notice: control.TransportChanged) -> None:
        entry = self.table.transports.get(notice.transport)
        if entry is None:
            return
        if notice.state == "closed":
            self.news.consumers_gone(self.table.drop_transport(notice.transport))
            self.links.forget_gone()
            self.wake()
        self.news.transport_state(entry.participant, notice)

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
            self.codecs.refresh()
            self._tell_if_changed()
            todo = plan(state, self.table, self.host.now())
            if todo == MediaPlan():
                due = min(
                    (t for t in (next_deadline(state, self.table), self.codecs.due()) if t), default=None
                )
                if due is not None:
                    self._wake_in(max(0.0, (due - self.host.now()) / 1000))
                return
            await self._steps.carry_out(todo)
            self.links.forget_gone()
            self._on_change(self)

    def _tell_if_changed(self) -> None:
        """A share may go on by another producer without any change of the lesson's state."""
        seen = (self.table.current(), self.codecs.changing)
        if seen != self._seen:
            self._seen = seen
            self._on_change(self)

    async def _place(self) -> bool:
        """See to it that a worker has the lesson. False when there is no worker."""
        if self.address is not None:
            return True
        address = self._workers.choose(self.lesson)
        if address is None:
            return False
        process = self._workers.instance_of(address)
        opened = await self._placement.ask_at(address, control.OpenRouter(self.lesson), control.RouterOpened)
        inventory = await self._placement.ask_at(address, control.TakeInventory(), control.Inventory)
        if self._workers.instance_of(address) != process:
            self.wake()
            return False
        known, joined = self.instance, self.table.joined
        table = adopt(self.lesson, inventory)
        if known == opened.instance:
            table.joined = joined
        self._placement.put(address, opened.instance, opened.rtp_capabilities, table)
        self.links.adopt(inventory)
        if self.host.state is None or self.host.state.recording is None:
            for tap in self.table.taps.values():
                await self._placement.tell(control.StopTap(tap))
            self.table.taps.clear()
        if known != opened.instance:
            self.codecs.forget()
        _log.info("lesson_placed", lesson=self.lesson, worker=address, adopted=len(self.table.transports))
        if known != opened.instance:
            self.news.reset(opened.instance, known=known is not None)
        self._on_change(self)
        return True

    async def _close(self) -> None:
        address = self.address
        self._placement.lost()
        if self._timer is not None:
            self._timer.cancel()
        self._placement.table = MediaTable()
        if address is not None:
            try:
                await self._bus.request(address, control.CloseRouter(self.lesson), timeout=REQUEST_SECONDS)
            except BusError as error:
                _log.warning("router_not_closed", lesson=self.lesson, worker=address, error=str(error))
        self._on_change(self)

    def _wake_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.wake)
