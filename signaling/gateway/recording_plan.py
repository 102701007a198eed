"""What a lesson's state asks of its recording, against what recorder and worker have open. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from classroom.ids import RecordingId, ShareId
from classroom.lesson.events import Recorded, RecordingPaused, RecordingResumed
from classroom.lesson.stage import on_stage
from classroom.lesson.state import LessonState, RecordingNow
from recorder.time import Pause
from signaling.gateway.media_table import MediaTable


class Tap(Struct, frozen=True):
    """``router``: the instance of the router that taps, so that a new one taps anew; ``producer``: what is
    tapped, so that a share which goes on by another producer is tapped anew."""

    tap: int
    router: str
    producer: str


@dataclass
class RecordingTable:
    """What is open. ``tap_address`` is the recorder's; None before it opened the recording.

    ``known``: shares the recorder has as tracks, tapped now or not. ``unsupported``: producers it cannot write.
    """

    recording: RecordingId | None = None
    tap_address: str | None = None
    taps: dict[ShareId, Tap] = field(default_factory=dict)
    known: set[ShareId] = field(default_factory=set)
    unsupported: set[str] = field(default_factory=set)
    stage: ShareId | None = None
    pauses: tuple[Pause, ...] = ()
    """As the recorder knows them."""


class RecordingPlan(Struct, frozen=True):
    """What to do, in this order. ``pauses``: all of them, for the recorder. ``stray``: producers whose taps
    are left from before a restart of the gateway and wanted no more. ``stage``: (share,) to set it."""

    close: RecordingId | None = None
    open: RecordingId | None = None
    pauses: tuple[Pause, ...] | None = None
    stray: tuple[str, ...] = ()
    stop: tuple[ShareId, ...] = ()
    tap: tuple[ShareId, ...] = ()
    end: tuple[ShareId, ...] = ()
    stage: tuple[ShareId | None, ...] = ()


def plan(
    state: LessonState,
    table: RecordingTable,
    media: MediaTable,
    router: str | None,
    changing: frozenset[ShareId] = frozenset(),
) -> RecordingPlan:
    """``router``: instance of the router that ``media`` is open at; None while no worker has the lesson.
    ``changing``: shares whose codec is about to change: what is not recorded yet waits for the new one."""
    wanted = None if state.recording is None else state.recording.id
    if table.recording is not None and table.recording != wanted:
        return RecordingPlan(close=table.recording, stop=tuple(table.taps))
    if wanted is None:
        return RecordingPlan()
    assert state.recording is not None
    held = state.recording.paused
    stray = tuple(media.taps) if held else ()
    if table.tap_address is None:
        return RecordingPlan(open=wanted, stray=stray)
    pauses = pauses_of(state.recording)
    if pauses != table.pauses:
        # Whatever is tapped now is tapped anew when the recording goes on.
        return RecordingPlan(pauses=pauses, stray=stray, stop=tuple(table.taps))
    gone = tuple(share for share in table.known if share not in state.shares)
    current = media.current()
    here = (
        ()
        if router is None or held
        else tuple(
            s
            for s in state.shares
            if s in current
            and current[s] not in table.unsupported
            and (s in table.known or s not in changing)
        )
    )
    stage = on_stage(state)
    return RecordingPlan(
        stray=stray,
        stop=tuple(share for share in table.taps if held or share not in state.shares),
        tap=tuple(
            share
            for share in here
            if share not in table.taps
            or (table.taps[share].router, table.taps[share].producer) != (router, current[share])
        ),
        end=gone,
        stage=(stage,) if stage != table.stage and (stage is None or stage in table.known) else (),
    )


def pauses_of(recording: RecordingNow) -> tuple[Pause, ...]:
    """For the recorder."""
    return tuple(Pause(pause.at, pause.until) for pause in recording.pauses)


def pauses_in(log: Iterable[Recorded], recording: RecordingId) -> tuple[Pause, ...]:
    """All pauses of a recording that is over, by the lesson's log; the last may be open."""
    found: list[Pause] = []
    for entry in log:
        match entry.event:
            case RecordingPaused(recording=paused) if paused == recording:
                found.append(Pause(entry.at))
            case RecordingResumed(recording=resumed) if resumed == recording and found:
                found[-1] = Pause(found[-1].at, entry.at)
    return tuple(found)
