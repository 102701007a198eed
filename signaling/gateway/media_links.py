"""How the lines of a lesson's participants are: the newest that the worker told, and who is told what of it."""

import time
from collections.abc import Callable

from classroom.ids import LessonId, ParticipantId
from media import control
from signaling.gateway.media_placement import Placement
from signaling.gateway.media_plan import peer_of
from signaling.gateway.sockets import Sockets
from signaling.gateway.stills_pace import CAUTIOUS, share_of_line
from signaling.wire import server

UNTOLD_SECONDS = 5.0


class MediaLinks:
    """Keeps one line for each participant who has a transport, and no other."""

    def __init__(
        self,
        lesson: LessonId,
        placement: Placement,
        sockets: Sockets,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lesson = lesson
        self._placement = placement
        self._sockets = sockets
        self._links: dict[ParticipantId, control.Link] = {}
        self._held: dict[ParticipantId, control.ConsumersHeld] = {}
        self._clock = clock
        self._untold: dict[ParticipantId, float] = {}
        """Who asked for stills first when, and has no line that we know of."""

    # --- what the worker says ---

    def links_changed(self, notice: control.LinksChanged) -> None:
        """All see bars and reasons; the figures behind them only whose they are."""
        here = self._present()
        signals: list[server.Signal] = []
        for link in notice.links:
            participant = self._participant(link.peer)
            if participant not in here:
                continue
            before = self._links.get(participant)
            self._links[participant] = link
            signal = _signal(participant, link)
            if before is None or _signal(participant, before) != signal:
                signals.append(signal)
            own = _own(link)
            if before is None or _own(before) != own:
                self._sockets.tell(self._lesson, participant, server.OwnLinkChanged(own))
        if signals:
            self._sockets.tell_admitted(self._lesson, server.Links(tuple(signals)))

    def consumers_held(self, notice: control.ConsumersHeld) -> None:
        participant = self._participant(notice.peer)
        if participant not in self._present():
            return
        if notice.consumers:
            self._held[participant] = notice
        else:
            self._held.pop(participant, None)
        self._sockets.tell(self._lesson, participant, server.Held(*self.held(participant)))

    def adopt(self, inventory: control.Inventory) -> None:
        """What a worker says that was there before this gateway, or before it saw the worker again."""
        self._links.clear()
        self._held.clear()
        here = self._present()
        for changed in inventory.links:
            if changed.router == self._lesson:
                known = ((self._participant(link.peer), link) for link in changed.links)
                self._links |= {participant: link for participant, link in known if participant in here}
        for held in inventory.held:
            participant = self._participant(held.peer)
            if held.router == self._lesson and participant in here:
                self._held[participant] = held
        if self._links:
            self._sockets.tell_admitted(self._lesson, server.Links(self.signals()))
        for participant, link in self._links.items():
            self._sockets.tell(self._lesson, participant, server.OwnLinkChanged(_own(link)))
        for participant in self._held:
            self._sockets.tell(self._lesson, participant, server.Held(*self.held(participant)))

    def forget_gone(self) -> None:
        """Transports closed: who has none left has no line."""
        here = self._present()
        gone = self._links.keys() - here
        for participant in gone:
            del self._links[participant]
        for participant in self._held.keys() - here:
            del self._held[participant]
        if gone:
            self._sockets.tell_admitted(self._lesson, server.Links((), tuple(sorted(gone))))

    # --- what is so now ---

    def signals(self) -> tuple[server.Signal, ...]:
        return tuple(_signal(participant, link) for participant, link in self._links.items())

    def own(self, participant: ParticipantId) -> server.OwnLink | None:
        link = self._links.get(participant)
        return None if link is None else _own(link)

    def held(self, participant: ParticipantId) -> tuple[tuple[str, ...], bool]:
        """The participant's consumers that are not sent, and whether no picture is."""
        entry = self._held.get(participant)
        if entry is None:
            return (), False
        open_now = self._placement.table.consumers
        consumers = tuple(consumer for consumer in entry.consumers if consumer in open_now)
        return consumers, entry.voice_only and bool(consumers)

    def allowance(self, participant: ParticipantId, first: bool) -> float | None:
        """Octets per second for stills; None: no limit was met.

        Little until it is known what the line takes. Somebody of whom nothing is told may receive nothing but stills:
        after ``UNTOLD_SECONDS`` there is nobody whose voice they could disturb.
        """
        link = self._links.get(participant)
        if link is None:
            since = self._untold.setdefault(participant, self._clock())
            return CAUTIOUS if self._clock() - since < UNTOLD_SECONDS else None
        self._untold.pop(participant, None)
        return share_of_line(link.down, link.spare, first) if link.known else CAUTIOUS

    def _participant(self, peer: str) -> ParticipantId:
        return ParticipantId(peer.removeprefix(peer_of(self._lesson, ParticipantId(""))))

    def _present(self) -> set[ParticipantId]:
        return {transport.participant for transport in self._placement.table.transports.values()}


def _signal(participant: ParticipantId, link: control.Link) -> server.Signal:
    return server.Signal(participant, link.bars, link.reason)


def _own(link: control.Link) -> server.OwnLink:
    return server.OwnLink(link.bars, link.reason, link.rtt_ms, round(link.loss * 100))
