"""In which codec each participant of a lesson publishes: decided anew as people come and go, and told."""

from collections.abc import Iterable

from classroom.ids import ParticipantId, ShareId
from classroom.lesson.events import Source
from classroom.lesson.state import LessonState
from media.parameters import RtpParameters
from signaling.gateway.codec_policy import (
    BEST_FIRST,
    Ability,
    Policy,
    Published,
    codec_of,
    decide,
    next_change,
    publish,
)
from signaling.gateway.host import LessonHost
from signaling.gateway.media_news import MediaNews
from signaling.gateway.media_placement import Placement
from signaling.gateway.media_plan import receivers_of
from signaling.gateway.media_table import Joined, MediaTable

_NAMES = {codec.lower(): codec for codec in BEST_FIRST}
_CHANGING_MS = 4000
"""How long a client that was told another codec may take to publish in it."""


class LessonCodecs:
    """Remembers the last decision, and what each participant was told last."""

    def __init__(self, host: LessonHost, placement: Placement, news: MediaNews) -> None:
        self._host = host
        self._placement = placement
        self._news = news
        self._policy: Policy | None = None
        self._told: dict[ParticipantId, Published] = {}
        self._changing: dict[ShareId, int] = {}

    def forget(self) -> None:
        """Media begins anew, at another router or in another process: what is open there counts."""
        self._policy = None
        self._told.clear()
        self._changing.clear()

    def refresh(self) -> None:
        state = self._host.state
        if state is None:
            return
        table, now = self._placement.table, self._host.now()
        receivers = receivers_of(state, table, now)
        self._policy = decide(
            self._policy,
            (_ability(table.joined[participant]) for participant in receivers),
            recorded=state.recording is not None,
            on_stage=_on_stage(state, table),
            now=now,
        )
        for participant in receivers:
            if participant in self._told:
                self.tell(participant)
        self._watch_changes(state, table, now)

    def tell(self, participant: ParticipantId) -> None:
        """If it is anything new."""
        published = self._of(participant)
        if self._told.get(participant) != published:
            self._told[participant] = published
            self._news.policy(participant, published)

    def joined(self, participant: ParticipantId) -> Published:
        """What to tell somebody who has just joined."""
        self.refresh()
        published = self._told[participant] = self._of(participant)
        return published

    @property
    def changing(self) -> frozenset[ShareId]:
        """Shares about to be published in another codec; nobody should begin with what they are in now."""
        return frozenset(s for s, since in self._changing.items() if self._host.now() < since + _CHANGING_MS)

    def due(self) -> int | None:
        """When time alone changes something, in ms since the epoch."""
        times = [since + _CHANGING_MS for since in self._changing.values()]
        better = None if self._policy is None else next_change(self._policy)
        return min(
            (time for time in (*times, *(() if better is None else (better,))) if time > self._host.now()),
            default=None,
        )

    def _of(self, participant: ParticipantId) -> Published:
        joined = self._placement.table.joined.get(participant)
        if self._policy is None or joined is None:
            return Published()
        return publish(self._policy, _ability(joined), hosts=_hosts(self._host.state, participant))

    def _watch_changes(self, state: LessonState, table: MediaTable, now: int) -> None:
        changing: dict[ShareId, int] = {}
        for share, producer in table.current().items():
            entry = table.producers[producer]
            joined = table.joined.get(entry.participant)
            if joined is None or self._policy is None or entry.participant not in self._told:
                continue
            hosts = _hosts(state, entry.participant)
            wanted = codec_of(self._policy, _ability(joined), entry.source, hosts=hosts)
            if wanted is not None and entry.codec != wanted:
                changing[share] = self._changing.get(share, now)
        self._changing = changing


def codec_in(parameters: RtpParameters) -> str:
    """The MIME type of what a producer sends, as this module writes it."""
    name = parameters.codecs[0].mime_type
    return _NAMES.get(name.lower(), name)


def _ability(joined: Joined) -> Ability:
    return Ability(
        decodes=_known(codec.mime_type for codec in joined.rtp_capabilities.codecs),
        encodes=_known(joined.encodes),
    )


def _known(names: Iterable[str]) -> frozenset[str]:
    return frozenset(_NAMES[name.lower()] for name in names if name.lower() in _NAMES)


def _hosts(state: LessonState | None, participant: ParticipantId) -> bool:
    entry = None if state is None else state.participants.get(participant)
    return entry is not None and entry.hosts


def _on_stage(state: LessonState, table: MediaTable) -> str | None:
    """The codec of the newest screen, else of a host's camera while it is recorded."""
    entries = [table.producers[producer] for producer in table.current().values()]
    screens = [e.codec for e in entries if e.source is Source.SCREEN and e.codec]
    cameras = [
        e.codec for e in entries if e.source is Source.CAMERA and e.codec and _hosts(state, e.participant)
    ]
    return next(reversed(screens + (cameras if state.recording is not None and not screens else [])), None)
