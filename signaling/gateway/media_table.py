"""What a lesson has open at its media worker."""

from dataclasses import dataclass, field

from msgspec import Struct

from classroom.ids import ConnectionId, LessonId, ParticipantId, ShareId
from classroom.lesson.events import Source
from media.control import Inventory
from media.parameters import Kind, RtpCapabilities, RtpParameters

KIND_OF: dict[Source, Kind] = {
    Source.SCREEN: "video",
    Source.CAMERA: "video",
    Source.SCREEN_AUDIO: "audio",
    Source.MICROPHONE: "audio",
}

_SOURCES = {source.value: source for source in Source}


class OpenTransport(Struct, frozen=True):
    """``page``: by its name, which asked for it; None when that is not known."""

    participant: ParticipantId
    send: bool
    page: str | None = None


class OpenProducer(Struct, frozen=True):
    """``paused``: as the worker was last told."""

    participant: ParticipantId
    transport: str
    source: Source
    paused: bool


class OpenConsumer(Struct, frozen=True):
    participant: ParticipantId
    transport: str
    share: ShareId
    kind: Kind
    rtp_parameters: RtpParameters


class Joined(Struct, frozen=True):
    """What a participant's present browser can receive, as it said over ``connection``."""

    connection: ConnectionId
    rtp_capabilities: RtpCapabilities


@dataclass
class MediaTable:
    """What is open at the worker, by id. ``pending``: producers made whose share is not yet committed.

    ``doomed``: transports that must close whatever the lesson says: the page they were made for is no more.
    """

    transports: dict[str, OpenTransport] = field(default_factory=dict)
    producers: dict[ShareId, OpenProducer] = field(default_factory=dict)
    consumers: dict[str, OpenConsumer] = field(default_factory=dict)
    joined: dict[ParticipantId, Joined] = field(default_factory=dict)
    unsupported: set[tuple[ParticipantId, ShareId]] = field(default_factory=set)
    pending: set[ShareId] = field(default_factory=set)
    doomed: set[str] = field(default_factory=set)
    taps: dict[ShareId, int] = field(default_factory=dict)
    """Taps found open when the lesson was found again; what a recording goes on with."""

    def transport_of(self, participant: ParticipantId, *, send: bool) -> str | None:
        for transport, entry in self.transports.items():
            if entry.participant == participant and entry.send is send and transport not in self.doomed:
                return transport
        return None

    def forget(self, participant: ParticipantId) -> None:
        """What was known of its browser."""
        self.joined.pop(participant, None)
        self.unsupported = {pair for pair in self.unsupported if pair[0] != participant}

    def drop_transport(self, transport: str) -> tuple["Gone", ...]:
        """Forget a transport and its children; the consumers (of anybody) that went with it."""
        self.transports.pop(transport, None)
        self.doomed.discard(transport)
        shares = [share for share, entry in self.producers.items() if entry.transport == transport]
        gone = self._drop_consumers(
            [c for c, entry in self.consumers.items() if entry.transport == transport]
        )
        for share in shares:
            gone += self.drop_producer(share)
        return gone

    def drop_producer(self, share: ShareId) -> tuple["Gone", ...]:
        self.producers.pop(share, None)
        self.unsupported = {pair for pair in self.unsupported if pair[1] != share}
        return self._drop_consumers([c for c, entry in self.consumers.items() if entry.share == share])

    def _drop_consumers(self, consumers: list[str]) -> tuple["Gone", ...]:
        return tuple((self.consumers.pop(consumer).participant, consumer) for consumer in consumers)


Gone = tuple[ParticipantId, str]
"""A consumer that is no more, and whose it was."""


def adopt(lesson: LessonId, inventory: Inventory) -> MediaTable:
    """A lesson's table from what a worker says it has: what a restarted gateway goes on with."""
    table = MediaTable()
    prefix = f"{lesson}/"
    for transport in inventory.transports:
        if transport.router == lesson and transport.peer.startswith(prefix) and transport.state != "closed":
            participant = ParticipantId(transport.peer.removeprefix(prefix))
            table.transports[transport.transport] = OpenTransport(participant, transport.direction == "send")
    for producer in inventory.producers:
        owner = table.transports.get(producer.transport)
        if owner is not None and producer.tag in _SOURCES:
            table.producers[ShareId(producer.producer)] = OpenProducer(
                owner.participant, producer.transport, _SOURCES[producer.tag], producer.paused
            )
    for consumer in inventory.consumers:
        receiver = table.transports.get(consumer.transport)
        if receiver is not None:
            table.consumers[consumer.consumer] = OpenConsumer(
                receiver.participant,
                consumer.transport,
                ShareId(consumer.producer),
                consumer.kind,
                consumer.rtp_parameters,
            )
    for tap, producer_id in inventory.tapped.items():
        if producer_id in table.producers:
            table.taps[ShareId(producer_id)] = tap
    return table
