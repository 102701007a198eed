"""Stills of a lesson that is recorded go to the recorder: whole pictures, the lossless one in place of the light."""

import structlog
from msgspec.structs import replace

from classroom.ids import LessonId, RecordingId, ShareId
from classroom.lesson.state import LessonState
from recorder.control import AddStill, RecorderDone
from recorder.stills import MAX_PART
from recorder.time import Pause, recording_time
from signaling.bus.port import Bus
from signaling.gateway.clock import Clock
from signaling.gateway.host import Change
from signaling.gateway.hosts import LessonHosts
from signaling.gateway.lesson_recording import RecorderRefused, ask_recorder
from signaling.gateway.metrics import Metrics
from signaling.gateway.stills import Stills
from signaling.gateway.stills_image import StillImage
from signaling.gateway.tasks import Tasks

_log = structlog.get_logger("still_keeper")
MOST_ON_THE_WAY = 8
KEPT = ("image/png", "image/webp")
"""Not the light pictures of text ("bands"): no player and no reader of text knows them."""


class StillKeeper:
    """A listener of ``Stills`` and of the hosts. Parts over a still (patches, holes) are not kept."""

    def __init__(self, bus: Bus, hosts: LessonHosts, stills: Stills, clock: Clock, metrics: Metrics) -> None:
        self._metrics = metrics
        self._bus = bus
        self._hosts = hosts
        self._stills = stills
        self._clock = clock
        self._tasks = Tasks()
        self._on_the_way = 0
        self._at: dict[tuple[RecordingId, ShareId], tuple[int, int]] = {}
        """Number and recording time of the newest still of each share."""

    async def close(self) -> None:
        await self._tasks.close()

    def came(self, lesson: LessonId, share: ShareId, number: int, image: StillImage) -> None:
        """A still, or a further picture of the same one. Never raises."""
        host = self._hosts.loaded(lesson)
        if host is not None and host.state is not None:
            self._keep(host.state, share, number, image)

    def changed(self, change: Change) -> None:
        """What rests already when a recording begins, or goes on, belongs to it."""
        before = None if change.old is None else change.old.recording
        now = change.new.recording
        if now is None or now.paused:
            if now is None and before is not None:
                self._at = {key: at for key, at in self._at.items() if key[0] != before.id}
            return
        if before is not None and before.id == now.id and not before.paused:
            return
        for shown in self._stills.present(change.lesson):
            for part in ("full", "light"):
                image = self._stills.image(change.lesson, ShareId(shown.share), shown.still, part)
                if image is not None and image.mime_type in KEPT:
                    self._keep(change.new, ShareId(shown.share), shown.still, image)
                    break

    def _keep(self, state: LessonState, share: ShareId, number: int, image: StillImage) -> None:
        recording, owner = state.recording, state.shares.get(share)
        if recording is None or recording.paused or owner is None:
            return
        key = (recording.id, share)
        known = self._at.get(key)
        if known is None or known[0] != number:
            pauses = tuple(Pause(pause.at, pause.until) for pause in recording.pauses)
            at = max(0, round(recording_time(self._clock(), recording.since, pauses)))
            known = self._at[key] = (number, at)
        if image.mime_type not in KEPT:
            return
        if self._on_the_way >= MOST_ON_THE_WAY:
            self._metrics.stills_not_kept.inc()
            return
        self._on_the_way += 1
        message = AddStill(recording.id, share, owner.participant, known[1], image.mime_type, image.data)
        self._tasks.start(self._bring(message), "bring a still")

    async def _bring(self, whole: AddStill) -> None:
        data = whole.data
        parts = [data[at : at + MAX_PART] for at in range(0, len(data), MAX_PART)]
        try:
            for index, part in enumerate(parts):
                message = replace(whole, data=part, part=index, parts=len(parts))
                await ask_recorder(self._bus, message, RecorderDone)
        except RecorderRefused as refused:
            self._metrics.stills_not_kept.inc()
            _log.warning("still_not_kept", recording=whole.recording, code=refused.code)
        finally:
            self._on_the_way -= 1
