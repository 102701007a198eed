"""What a lesson's state asks of its recording, against what recorder and worker have open. Pure."""

from dataclasses import dataclass, field

from msgspec import Struct

from classroom.ids import RecordingId, ShareId
from classroom.lesson.stage import on_stage
from classroom.lesson.state import LessonState
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


class RecordingPlan(Struct, frozen=True):
    """What to do, in this order. ``stage``: (share,) to set it."""

    close: RecordingId | None = None
    open: RecordingId | None = None
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
    if table.tap_address is None:
        return RecordingPlan(open=wanted)
    gone = tuple(share for share in table.known if share not in state.shares)
    current = media.current()
    here = (
        ()
        if router is None
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
        stop=tuple(share for share in table.taps if share not in state.shares),
        tap=tuple(
            share
            for share in here
            if share not in table.taps
            or (table.taps[share].router, table.taps[share].producer) != (router, current[share])
        ),
        end=gone,
        stage=(stage,) if stage != table.stage and (stage is None or stage in table.known) else (),
    )
