"""What the gateway's parts are given: explicit, made once in ``app``."""

from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from classroom.stores.passwords import Passwords
from classroom.stores.port import Stores
from classroom.stores.throttle import Throttle
from recorder.archive.port import RecordingFiles
from signaling.bus.port import Bus
from signaling.gateway.clock import Clock, MakeId
from signaling.gateway.erasures import Erasures
from signaling.gateway.hosts import LessonHosts
from signaling.gateway.jobs_director import JobsDirector
from signaling.gateway.media_director import MediaDirector
from signaling.gateway.metrics import Metrics
from signaling.gateway.paces import Limits
from signaling.gateway.recording_director import RecordingDirector
from signaling.gateway.self_test import SelfTests
from signaling.gateway.sockets import Sockets
from signaling.gateway.still_keeper import StillKeeper
from signaling.gateway.stills import Stills
from signaling.gateway.stills_pace import Turns
from signaling.gateway.viewings import Viewings
from signaling.settings import Settings
from signaling.turn import TurnServers


@dataclass(frozen=True)
class Gateway:
    stores: Stores
    bus: Bus
    settings: Settings
    files: RecordingFiles
    clock: Clock
    make_id: MakeId
    passwords: Passwords
    throttle: Throttle
    metrics: Metrics
    sockets: Sockets
    hosts: LessonHosts
    media: MediaDirector
    recording: RecordingDirector
    jobs: JobsDirector
    erasures: Erasures
    stills: Stills
    still_keeper: StillKeeper
    static: Path
    turn: TurnServers
    self_tests: SelfTests
    viewings: Viewings = field(default_factory=Viewings)
    limits: Limits = field(default_factory=Limits)
    still_turns: Turns = field(default_factory=Turns)


GATEWAY = web.AppKey("gateway", Gateway)
