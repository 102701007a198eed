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
    """What a share is sent by: one producer, and while its codec changes an older one beside it.

    ``paused``: as the worker was last told. ``codec``: MIME type. ``replaced_at``: when a newer one took
    its place, in ms since the epoch.
    """

    participant: ParticipantId
    transport: str
    share: ShareId
    source: Source
    paused: bool
    codec: str = ""
    replaced_at: int | None = None

    @property
    def tag(self) -> str:
        """How a restarted gateway knows it again."""
        return "|".join((self.source, self.share, self.codec))


class OpenConsumer(Struct, frozen=True):
    participant: ParticipantId
    transport: str
    producer: str
    share: ShareId
    kind: Kind
    rtp_parameters: RtpParameters


class Joined(Struct, frozen=True):
    """What a participant's present browser can do, as it said over ``connection``."""

    connection: ConnectionId
    rtp_capabilities: RtpCapabilities
    encodes: tuple[str, ...] = ()


@dataclass
class MediaTable:
    """What is open at the worker, by id; of a share's producers the newest comes last. ``pending``: shares
    whose producer is made and which are not yet committed. ``unsupported``: who cannot receive which producer.

    ``doomed``: transports that must close whatever the lesson says: the page they were made for is no more.
    """

    transports: dict[str, OpenTransport] = field(default_factory=dict)
    producers: dict[str, OpenProducer] = field(default_factory=dict)
    consumers: dict[str, OpenConsumer] = field(default_factory=dict)
    joined: dict[ParticipantId, Joined] = field(default_factory=dict)
    unsupported: set[tuple[ParticipantId, str]] = field(default_factory=set)
    pending: set[ShareId] = field(default_factory=set)
    doomed: set[str] = field(default_factory=set)
    taps: dict[str, int] = field(default_factory=dict)
    """Taps, by producer, found open when the lesson was found again; what a recording goes on with."""

    def transport_of(self, participant: ParticipantId, *, send: bool) -> str | None:
        for transport, entry in self.transports.items():
            if entry.participant == participant and entry.send is send and transport not in self.doomed:
                return transport
        return None

    def current(self) -> dict[ShareId, str]:
        """The newest producer of each share."""
        return {entry.share: producer for producer, entry in self.producers.items()}

    def replaced(self) -> dict[str, OpenProducer]:
        """Producers beside which there is a newer one of the same share."""
        current = self.current()
        return {p: entry for p, entry in self.producers.items() if current[entry.share] != p}

    def forget(self, participant: ParticipantId) -> None:
        """What was known of its browser."""
        self.joined.pop(participant, None)
        self.unsupported = {pair for pair in self.unsupported if pair[0] != participant}

    def drop_transport(self, transport: str) -> tuple["Gone", ...]:
        """Forget a transport and its children; the consumers (of anybody) that went with it."""
        self.transports.pop(transport, None)
        self.doomed.discard(transport)
        producers = [p for p, entry in self.producers.items() if entry.transport == transport]
        gone = self._drop_consumers(
            [c for c, entry in self.consumers.items() if entry.transport == transport]
        )
        for producer in producers:
            gone += self.drop_producer(producer)
        return gone

    def drop_producer(self, producer: str) -> tuple["Gone", ...]:
        self.producers.pop(producer, None)
        self.unsupported = {pair for pair in self.unsupported if pair[1] != producer}
        return self._drop_consumers([c for c, entry in self.consumers.items() if entry.producer == producer])

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
        source, _, rest = producer.tag.partition("|")
        share, _, codec = rest.partition("|")
        if owner is not None and source in _SOURCES:
            table.producers[producer.producer] = OpenProducer(
                owner.participant,
                producer.transport,
                ShareId(share or producer.producer),
                _SOURCES[source],
                producer.paused,
                codec,
            )
    for consumer in inventory.consumers:
        receiver = table.transports.get(consumer.transport)
        sender = table.producers.get(consumer.producer)
        if receiver is not None and sender is not None:
            table.consumers[consumer.consumer] = OpenConsumer(
                receiver.participant,
                consumer.transport,
                consumer.producer,
                sender.share,
                consumer.kind,
                consumer.rtp_parameters,
            )
    for tap, producer_id in inventory.tapped.items():
        if producer_id in table.producers:
            table.taps[producer_id] = tap
    return table
