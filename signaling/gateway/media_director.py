"""All media workers and all live lessons: who is up, who has which lesson, who hears of what."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import structlog
from msgspec import Struct

from classroom.ids import LessonId, ParticipantId
from classroom.lesson.events import DeviceReplaced
from classroom.lesson.state import Phase
from media import control
from signaling.bus.port import Bus, BusError
from signaling.gateway.clock import MakeId
from signaling.gateway.host import Change
from signaling.gateway.hosts import LessonHosts
from signaling.gateway.lesson_media import LessonMedia
from signaling.gateway.media_placement import MediaRefused
from signaling.gateway.metrics import Metrics
from signaling.gateway.sockets import Sockets
from signaling.gateway.tasks import Tasks

_log = structlog.get_logger("media_director")
_PREFIX = "media."
_FINDING_SECONDS = 1.5
_OF_A_LESSON = (
    control.TransportChanged
    | control.LayersWanted
    | control.LinksChanged
    | control.ConsumersHeld
    | control.SpeakersChanged
)


@dataclass
class _Worker:
    """``routers``: lessons it had open when it came up."""

    address: str
    instance: str
    routers: set[str] = field(default_factory=set)


class MediaDirector:
    """``listeners`` hear when what is open of a lesson's media has changed; ``tap_listeners`` of lost taps."""

    def __init__(
        self, *, bus: Bus, hosts: LessonHosts, sockets: Sockets, make_id: MakeId, metrics: Metrics
    ) -> None:
        self.listeners: list[Callable[[LessonMedia], None]] = []
        self.tap_listeners: list[Callable[[tuple[int, ...]], None]] = []
        self._bus = bus
        self._hosts = hosts
        self._sockets = sockets
        self._make_id = make_id
        self._metrics = metrics
        self._tasks = Tasks()
        self._stack = AsyncExitStack()
        self._subscriptions: dict[str, AsyncExitStack] = {}
        self._workers: dict[str, _Worker] = {}
        self._lessons: dict[LessonId, LessonMedia] = {}

    async def start(self) -> None:
        """After the hosts recovered: what workers hold of other lessons is closed."""
        for host in self._hosts.live():
            if host.lesson not in self._lessons:
                self._open(host.lesson)
        await self._stack.enter_async_context(self._bus.watch(_PREFIX, self._presence))
        if self._lessons:
            await self._find_again()

    async def _find_again(self) -> None:
        """Give the lessons that go on a moment to be found at their workers before anybody connects:
        who then comes back learns at once that its media is still good."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FINDING_SECONDS):
                await asyncio.gather(*(media.wait_placed() for media in self._lessons.values()))

    async def close(self) -> None:
        await self._stack.aclose()
        await self._tasks.close()
        for stack in self._subscriptions.values():
            await stack.aclose()
        self._subscriptions.clear()

    @property
    def workers(self) -> tuple[str, ...]:
        return tuple(self._workers)

    def of(self, lesson: LessonId) -> LessonMedia | None:
        """None while the lesson is not live."""
        return self._lessons.get(lesson)

    def changed(self, change: Change) -> None:
        """A lesson changed: its media follows."""
        media = self._lessons.get(change.lesson)
        if media is None and change.new.phase is Phase.LIVE:
            media = self._open(change.lesson)
        if media is not None:
            for recorded in change.events:
                if isinstance(recorded.event, DeviceReplaced):
                    media.device_gone(recorded.event.participant)
            media.wake()

    def choose(self, lesson: LessonId) -> str | None:
        for worker in self._workers.values():
            if lesson in worker.routers:
                return worker.address
        load = dict.fromkeys(self._workers, 0)
        for media in self._lessons.values():
            if media.address in load:
                load[media.address] += 1 + len(media.table.transports)
        return min(load, key=lambda address: (load[address], address), default=None)

    def instance_of(self, address: str) -> str | None:
        worker = self._workers.get(address)
        return None if worker is None else worker.instance

    def _open(self, lesson: LessonId) -> LessonMedia | None:
        host = self._hosts.loaded(lesson)
        if host is None:
            return None
        media = LessonMedia(
            host,
            bus=self._bus,
            workers=self,
            sockets=self._sockets,
            make_id=self._make_id,
            metrics=self._metrics,
            on_change=self._media_changed,
        )
        self._lessons[lesson] = media
        self._tasks.start(self._run(media), f"media of {lesson}")
        media.wake()
        return media

    async def _run(self, media: LessonMedia) -> None:
        try:
            await media.run()
        finally:
            self._lessons.pop(media.lesson, None)
            for worker in self._workers.values():
                worker.routers.discard(media.lesson)

    def _media_changed(self, media: LessonMedia) -> None:
        if media.address is not None:
            for worker in self._workers.values():
                worker.routers.discard(media.lesson)
        for listener in self.listeners:
            listener(media)

    async def _presence(self, address: str, instance: str | None) -> None:
        known = self._workers.get(address)
        if known is not None and known.instance == instance:
            return
        if known is not None:
            self._down(address)
        if instance is not None:
            await self._up(address, instance)

    def _down(self, address: str) -> None:
        _log.warning("worker_down", worker=address)
        del self._workers[address]
        self._metrics.set_role(address, None)
        self._metrics.set_lessons(address, {})
        for media in tuple(self._lessons.values()):
            if media.address == address:
                media.worker_lost()

    async def _up(self, address: str, instance: str) -> None:
        if address not in self._subscriptions:
            stack = self._subscriptions[address] = AsyncExitStack()
            await stack.enter_async_context(self._bus.subscribe(address, self._notice))
        worker = _Worker(address, instance)
        try:
            inventory = await self._bus.request(address, control.TakeInventory())
        except BusError as error:
            _log.warning("inventory_failed", worker=address, error=str(error))
            inventory = None
        if isinstance(inventory, control.Inventory):
            worker.routers = set(inventory.routers)
        self._workers[address] = worker
        _log.info("worker_up", worker=address, instance=instance, routers=len(worker.routers))
        for router in tuple(worker.routers):
            media = self._lessons.get(LessonId(router))
            if media is None and await self._hosts.is_live(LessonId(router)):
                continue  # it is somebody else's, or nobody has asked for it yet
            # A lesson may have been placed here while the others were looked at: that is no stray.
            if media is None or media.address not in (None, address):
                worker.routers.discard(router)
                await self._close_stray(address, router)
        for media in self._lessons.values():
            media.wake()

    async def _close_stray(self, address: str, router: str) -> None:
        try:
            await self._bus.request(address, control.CloseRouter(router))
        except BusError as error:
            _log.warning("stray_router_not_closed", worker=address, error=str(error))

    async def _notice(self, notice: Struct) -> None:
        if isinstance(notice, control.TapLost):
            for listener in self.tap_listeners:
                listener(notice.taps)
            return
        if not isinstance(notice, _OF_A_LESSON):
            return
        media = self._lessons.get(LessonId(notice.router))
        if media is None:
            return
        match notice:
            case control.TransportChanged():
                media.transport_changed(notice)
            case control.LayersWanted():
                media.news.layers_wanted(notice)
            case control.LinksChanged():
                media.links.links_changed(notice)
            case control.ConsumersHeld():
                media.links.consumers_held(notice)
            case control.SpeakersChanged():
                media.news.speakers(notice)

    def allowance(self, lesson: LessonId, participant: ParticipantId, first: bool) -> float | None:
        """What a participant's line has left for other than pictures and voices; None: no limit is known."""
        media = self._lessons.get(lesson)
        return None if media is None else media.links.allowance(participant, first)

    async def give_way(self, lesson: LessonId, participant: ParticipantId, octets: int) -> None:
        """A participant's pictures wait while so many octets of something else are sent to it."""
        media = self._lessons.get(lesson)
        if media is not None:
            with contextlib.suppress(MediaRefused):
                await media.access.give_way(participant, octets)

    async def take_stats(self) -> None:
        """Ask every worker for its figures, for /metrics."""
        await asyncio.gather(*(self._take_stats(address) for address in self.workers))

    async def _take_stats(self, address: str) -> None:
        try:
            reply = await self._bus.request(address, control.TakeStats(), timeout=1.0)
        except BusError:
            self._metrics.set_lessons(address, {})
            return
        if isinstance(reply, control.Stats):
            self._metrics.set_role(address, reply.values)
            live = {router: values for router, values in reply.routers.items() if router in self._lessons}
            self._metrics.set_lessons(address, live)
