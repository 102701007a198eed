"""Messages from the client. Each request carries ``id``, echoed by ``ok`` or ``error``.

Every docstring here is printed in docs/protocol.md.
"""

from typing import Annotated

from msgspec import Meta, Struct

from classroom.lesson.events import Source
from media.parameters import DtlsParameters, Kind, RtpCapabilities, RtpParameters
from signaling.wire.server import StillArea

RequestId = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
MimeType = Annotated[str, Meta(min_length=1, max_length=64)]
Pixels = Annotated[int, Meta(ge=0, le=16_384)]
StillNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]
ChatText = Annotated[str, Meta(min_length=1, max_length=4000)]


class ClientMessage(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", tag_field="type"):
    id: RequestId


class Knock(ClientMessage, frozen=True, tag="knock"):
    """Ask to enter. Also sent to come back after "leave"."""


class Withdraw(ClientMessage, frozen=True, tag="withdraw"):
    """Stop asking."""


class Admit(ClientMessage, frozen=True, tag="admit"):
    """Host: let a waiting account in."""

    participant: Id


class AdmitClass(ClientMessage, frozen=True, tag="admit_class"):
    """Host: let in everyone waiting who is on the class's roster."""


class Deny(ClientMessage, frozen=True, tag="deny"):
    participant: Id


class Remove(ClientMessage, frozen=True, tag="remove"):
    """Host: put an admitted participant out, for the rest of the lesson."""

    participant: Id


class Leave(ClientMessage, frozen=True, tag="leave"):
    """Leave the lesson; coming back needs no new approval."""


class StartLesson(ClientMessage, frozen=True, tag="start_lesson"):
    pass


class EndLesson(ClientMessage, frozen=True, tag="end_lesson"):
    """Host: end the lesson for all."""


class RaiseHand(ClientMessage, frozen=True, tag="raise_hand"):
    pass


class LowerHand(ClientMessage, frozen=True, tag="lower_hand"):
    """Own hand, or (host) another's."""

    participant: Id


class Chat(ClientMessage, frozen=True, tag="chat"):
    text: ChatText


class AllowSharing(ClientMessage, frozen=True, tag="allow_sharing"):
    participant: Id
    allowed: bool


class Mute(ClientMessage, frozen=True, tag="mute"):
    participant: Id


class StartRecording(ClientMessage, frozen=True, tag="start_recording"):
    pass


class StopRecording(ClientMessage, frozen=True, tag="stop_recording"):
    pass


class PauseRecording(ClientMessage, frozen=True, tag="pause_recording"):
    """Host: nothing is recorded until ``resume_recording``; the recording goes on there without a gap."""


class ResumeRecording(ClientMessage, frozen=True, tag="resume_recording"):
    pass


class AcknowledgeRecording(ClientMessage, frozen=True, tag="acknowledge_recording"):
    """ "I know that this lesson is recorded." Who comes while a recording runs can share nothing before."""


class MarkChapter(ClientMessage, frozen=True, tag="mark_chapter"):
    """Host: a chapter of the recording begins here, or ``ago_ms`` before (the title was written meanwhile). An
    empty title: the chapter is known by its time."""

    title: Annotated[str, Meta(max_length=400)] = ""
    ago_ms: Annotated[int, Meta(ge=0, le=300_000)] = 0


class AllowReplay(ClientMessage, frozen=True, tag="allow_replay"):
    """Host: may members of the class watch the recording?"""

    allowed: bool


class JoinMedia(ClientMessage, frozen=True, tag="join_media"):
    """Announce what this browser can receive, and in which video codecs (MIME types) it can publish.
    Answered by ``media_joined``; consumers follow by ``consumer``."""

    rtp_capabilities: RtpCapabilities
    encodes: Annotated[tuple[MimeType, ...], Meta(max_length=16)] = ()


class GetCapabilities(ClientMessage, frozen=True, tag="get_capabilities"):
    """Answered by ``capabilities``: what ``device.load`` takes."""


class OpenTransport(ClientMessage, frozen=True, tag="open_transport"):
    """``send``: true for the browser's producers. Answered by ``transport``."""

    send: bool


class ConnectTransport(ClientMessage, frozen=True, tag="connect_transport"):
    transport: Id
    dtls_parameters: DtlsParameters


class RestartIce(ClientMessage, frozen=True, tag="restart_ice"):
    """Answered by ``ice``."""

    transport: Id


class Produce(ClientMessage, frozen=True, tag="produce"):
    """Publish. Answered by ``produced`` with the ids of the share and of the producer.

    ``replaces``: an own share, whose picture this producer goes on with in another codec. It stays the
    same share to everybody; the older producer is to go on sending until ``producer_closed``.
    """

    transport: Id
    kind: Kind
    source: Source
    rtp_parameters: RtpParameters
    replaces: Id | None = None


class StopShare(ClientMessage, frozen=True, tag="stop_share"):
    share: Id


class PauseShare(ClientMessage, frozen=True, tag="pause_share"):
    share: Id


class ResumeShare(ClientMessage, frozen=True, tag="resume_share"):
    share: Id


class ResumeConsumer(ClientMessage, frozen=True, tag="resume_consumer"):
    """The browser has made the consumer (or shows it again): send."""

    consumer: Id


class PauseConsumer(ClientMessage, frozen=True, tag="pause_consumer"):
    """Not on screen: do not send."""

    consumer: Id


class ConsumerSize(ClientMessage, frozen=True, tag="consumer_size"):
    """How large the picture is shown, in device pixels: a smaller layer may do. 0 × 0: not known."""

    consumer: Id
    width: Pixels
    height: Pixels


class ReleaseConsumer(ClientMessage, frozen=True, tag="release_consumer"):
    """The picture of a newer consumer of the same share is on screen: this one is needed no more."""

    consumer: Id


class StillMoved(ClientMessage, frozen=True, tag="still_moved"):
    """Own share: what its still shows is outdated, in ``area`` or (null) everywhere. ``number`` counts on over all that
    is said of the share: new stills, patches and movements; what comes with a lower number than one
    before is refused (``outdated``)."""

    share: Id
    still: StillNumber
    number: StillNumber
    area: StillArea | None = None


class Ping(ClientMessage, frozen=True, tag="ping"):
    """At least every 2 s. A connection silent for 4 s counts as dropped."""


AnyClientMessage = (
    Knock
    | Withdraw
    | Admit
    | AdmitClass
    | Deny
    | Remove
    | Leave
    | StartLesson
    | EndLesson
    | RaiseHand
    | LowerHand
    | Chat
    | AllowSharing
    | Mute
    | StartRecording
    | StopRecording
    | PauseRecording
    | ResumeRecording
    | AcknowledgeRecording
    | MarkChapter
    | AllowReplay
    | GetCapabilities
    | JoinMedia
    | OpenTransport
    | ConnectTransport
    | RestartIce
    | Produce
    | StopShare
    | PauseShare
    | ResumeShare
    | ResumeConsumer
    | PauseConsumer
    | ConsumerSize
    | ReleaseConsumer
    | StillMoved
    | Ping
)
