"""What the people in a lesson are told of its media."""

from collections.abc import Iterable

from classroom.ids import LessonId, ParticipantId
from media import control
from signaling.gateway.codec_policy import Published
from signaling.gateway.media_placement import Placement
from signaling.gateway.media_table import Gone
from signaling.gateway.sockets import Sockets
from signaling.wire import server


class MediaNews:
    def __init__(self, lesson: LessonId, placement: Placement, sockets: Sockets) -> None:
        self._lesson = lesson
        self._placement = placement
        self._sockets = sockets

    def consumer_message(self, consumer: str) -> server.Consumer | None:
        """What to tell the participant of one of its consumers; None when it is no more."""
        table = self._placement.table
        entry = table.consumers.get(consumer)
        producer = table.producers.get(entry.producer) if entry is not None else None
        if entry is None or producer is None:
            return None
        return server.Consumer(
            consumer, entry.share, producer.participant, producer.source, entry.kind, entry.rtp_parameters
        )

    def consumer_opened(self, participant: ParticipantId, consumer: str) -> None:
        message = self.consumer_message(consumer)
        if message is not None:
            self._sockets.tell(self._lesson, participant, message)

    def consumers_gone(self, gone: Iterable[Gone]) -> None:
        for participant, consumer in gone:
            self._sockets.tell(self._lesson, participant, server.ConsumerClosed(consumer))

    def producer_closed(self, participant: ParticipantId, producer: str) -> None:
        self._sockets.tell(self._lesson, participant, server.ProducerClosed(producer))

    def policy(self, participant: ParticipantId, published: Published) -> None:
        message = server.PublishPolicy(published.screen, published.camera)
        self._sockets.tell(self._lesson, participant, message)

    def layers_wanted(self, notice: control.LayersWanted) -> None:
        """To whom the producer belongs."""
        entry = self._placement.table.producers.get(notice.producer)
        if entry is not None:
            message = server.LayersWanted(notice.producer, entry.share, notice.layers)
            self._sockets.tell(self._lesson, entry.participant, message)

    def transport_state(self, participant: ParticipantId, notice: control.TransportChanged) -> None:
        self._sockets.tell(self._lesson, participant, server.TransportState(notice.transport, notice.state))

    def speakers(self, notice: control.SpeakersChanged) -> None:
        heard: list[str] = []
        for producer, _ in notice.speakers:
            entry = self._placement.table.producers.get(producer)
            if entry is not None and entry.participant not in heard:
                heard.append(entry.participant)
        self._sockets.tell_admitted(self._lesson, server.Speakers(tuple(heard)))

    def reset(self, instance: str, *, known: bool) -> None:
        """Media begins anew at a router; ``known``: there was another one before."""
        self._sockets.tell_admitted(self._lesson, server.MediaReset(instance))
        if known:
            self._sockets.tell_admitted(self._lesson, server.Notice("media_restarted"))
