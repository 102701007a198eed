"""Messages from the server: answers (with the request's ``id``) and what happens by itself."""

from typing import Annotated

from msgspec import Meta, Struct

from classroom.lesson.events import Source
from classroom.lesson.view import LessonView, ViewChange
from media.parameters import IceParameters, Kind, RtpCapabilities, RtpParameters, TransportParameters
from signaling.wire.ice import IceServer


class ServerMessage(Struct, frozen=True, rename="camel", tag_field="type"):
    pass


class Ok(ServerMessage, frozen=True, tag="ok"):
    id: int


class Error(ServerMessage, frozen=True, tag="error"):
    """``id`` is null when the message could not be read far enough to know it."""

    id: int | None
    code: str
    message: str


Pixels = Annotated[int, Meta(ge=0, le=8192)]
Extent = Annotated[int, Meta(ge=1, le=8192)]


class StillArea(Struct, frozen=True):
    """A rectangle of a still, in its pixels."""

    x: Pixels
    y: Pixels
    width: Extent
    height: Extent


class StillPart(Struct, frozen=True, rename="camel"):
    """``patch``: names the picture that lies there, of ``bytes``; 0: a hole, through which the video is seen."""

    area: StillArea
    patch: int
    bytes: int


class StillShown(Struct, frozen=True, rename="camel"):
    """A share that rests, as a picture of ``width`` by ``height`` pixels that belongs over its video, with ``parts``
    upon it in their order. Pictures are got from ``/api/lessons/{lesson}/shares/{share}/stills/{still}/{part}``,
    ``part`` being ``full`` (lossless), ``light`` (few shades of grey) or a patch's number. A size of 0:
    there is none yet. An answer shorter than its size was outdated on the way."""

    share: str
    still: int
    width: int
    height: int
    full_bytes: int
    light_bytes: int
    parts: tuple[StillPart, ...]


class Signal(Struct, frozen=True, rename="camel"):
    """How a participant's connection is: ``bars`` from 0 (nothing passes) to 4. ``reason`` for less than 4:
    ``link_down`` (what it receives), ``link_up`` (what it sends), ``publisher`` (of what it watches), ``server``."""

    participant: str
    bars: int
    reason: str


class OwnLink(Struct, frozen=True, rename="camel"):
    """The own connection, with what others are not told: delay there and back, and loss."""

    bars: int
    reason: str
    delay_ms: int
    loss_percent: int


class State(ServerMessage, frozen=True, tag="state"):
    """The whole view: first message of every connection, and again when the own admission changes.

    ``seq`` is the log's. ``server_time`` in ms since the epoch. ``media`` names the router's
    instance: when it differs from the one the client's transports were made with, start media anew.
    Null while media is not there for this account. ``stills``, ``signals``: all there are, for those inside.
    ``own_link``, ``held``, ``voice_only``: as their messages tell later.
    """

    seq: int
    server_time: int
    view: LessonView
    media: str | None
    stills: tuple[StillShown, ...] = ()
    signals: tuple[Signal, ...] = ()
    own_link: OwnLink | None = None
    held: tuple[str, ...] = ()
    voice_only: bool = False


class Change(ServerMessage, frozen=True, tag="change"):
    """Apply to the view. ``seq`` grows by at least one from message to message."""

    seq: int
    change: ViewChange


class Capabilities(ServerMessage, frozen=True, tag="capabilities"):
    id: int
    rtp_capabilities: RtpCapabilities


class PublishCodecs(Struct, frozen=True, rename="camel"):
    """MIME types."""

    screen: str
    camera: str


class MediaJoined(ServerMessage, frozen=True, tag="media_joined"):
    """``consumers``: ids that are open for this client; it closes any other it has. ``publish``: in which
    codecs it is to publish."""

    id: int
    instance: str
    consumers: tuple[str, ...]
    publish: PublishCodecs


class Transport(ServerMessage, frozen=True, tag="transport"):
    """``ice_servers``: relays to use where nothing else gets through; empty when the school has none."""

    id: int
    parameters: TransportParameters
    ice_servers: tuple[IceServer, ...] = ()


class Ice(ServerMessage, frozen=True, tag="ice"):
    """``ice_servers``: the relays anew, for the credentials of the first may have expired."""

    id: int
    ice_parameters: IceParameters
    ice_servers: tuple[IceServer, ...] = ()


class Produced(ServerMessage, frozen=True, tag="produced"):
    id: int
    share: str
    producer: str


class ProducerClosed(ServerMessage, frozen=True, tag="producer_closed"):
    """The server has closed one of the client's producers: its share ended, or everybody sees the one
    that replaces it."""

    producer: str


class PublishPolicy(ServerMessage, frozen=True, tag="publish_policy"):
    """From now on publish screens and the camera in these codecs (MIME types). What is published in another
    one is to be replaced (``produce`` with ``replaces``): somebody may not be able to decode it."""

    screen: str
    camera: str


class LayersWanted(ServerMessage, frozen=True, tag="layers_wanted"):
    """Which encodings of a producer anybody takes, in the order of its rids: the others need not be sent.
    All false: none."""

    producer: str
    share: str
    layers: tuple[bool, ...]


class Consumer(ServerMessage, frozen=True, tag="consumer"):
    """Somebody's share can be received now: make the consumer, then send ``resume_consumer``.

    When there is an older consumer of the same share, the share's codec changes: show the older one until
    this one's first picture is there, then send ``release_consumer`` for the older one.
    """

    consumer: str
    share: str
    participant: str
    source: Source
    kind: Kind
    rtp_parameters: RtpParameters


class ConsumerClosed(ServerMessage, frozen=True, tag="consumer_closed"):
    consumer: str


class MediaReset(ServerMessage, frozen=True, tag="media_reset"):
    """The media worker is gone or new: close all transports and join media again with ``instance``."""

    instance: str


class TransportState(ServerMessage, frozen=True, tag="transport_state"):
    """What the server sees of the client's transport: connected | disconnected | closed."""

    transport: str
    state: str


class Links(ServerMessage, frozen=True, tag="links"):
    """Signals that have changed. ``gone``: participants who have no line to this lesson any more."""

    signals: tuple[Signal, ...]
    gone: tuple[str, ...] = ()


class OwnLinkChanged(ServerMessage, frozen=True, tag="own_link"):
    link: OwnLink


class Held(ServerMessage, frozen=True, tag="held"):
    """All of the client's consumers that are not sent because its line does not carry them; they come back by
    themselves. ``voice_only``: no picture is sent."""

    consumers: tuple[str, ...]
    voice_only: bool


class Speakers(ServerMessage, frozen=True, tag="speakers"):
    """Participants heard now, loudest first."""

    participants: tuple[str, ...]


class Still(ServerMessage, frozen=True, tag="still"):
    """A share rests, or what is known of its still has changed: takes the place of what was said of the share's
    still before."""

    shown: StillShown


class StillGone(ServerMessage, frozen=True, tag="still_gone"):
    """The share moves: its still (of that number) shows what is no more."""

    share: str
    still: int


class Notice(ServerMessage, frozen=True, tag="notice"):
    """Something to tell in plain words, by ``code``: recording_disk_full and recording_disk_failed (both: the
    recording was stopped), recording_slow_disk, recording_disk_well (no longer slow), recorder_restarted, media_restarted,
    took_over (this device took the place of another one of the same account)."""

    code: str


class Bye(ServerMessage, frozen=True, tag="bye"):
    """The last message before the server closes. ``reason``: replaced | removed | denied | left |
    ended | signed_out | shutting_down. Reconnect only after shutting_down."""

    reason: str


class Pong(ServerMessage, frozen=True, tag="pong"):
    id: int
    server_time: int


AnyServerMessage = (
    Ok
    | Error
    | State
    | Change
    | Capabilities
    | MediaJoined
    | Transport
    | Ice
    | Produced
    | ProducerClosed
    | PublishPolicy
    | LayersWanted
    | Consumer
    | ConsumerClosed
    | MediaReset
    | TransportState
    | Links
    | OwnLinkChanged
    | Held
    | Speakers
    | Still
    | StillGone
    | Notice
    | Bye
    | Pong
)
