"""The plan for a share that goes on by another producer."""

from msgspec.structs import replace

from classroom.ids import LessonId, ShareId
from classroom.lesson.events import Source
from media import control
from signaling.gateway.media_plan import REPLACED_LASTS_MS, REPLACED_STAYS_MS, MediaPlan, next_deadline, plan
from signaling.gateway.media_table import MediaTable, OpenConsumer, OpenProducer, adopt
from signaling.gateway.recording_plan import RecordingTable, Tap
from signaling.gateway.recording_plan import plan as recording_plan
from tests.signaling.gateway.fakes import rtp_parameters
from tests.signaling.gateway.test_plans import PUPIL, RECORDED, SCREEN, STATE, TEACHER, VOICE, table

NEW = "another producer"
AT = 1000


def viewing(consumer: str, producer: str) -> dict[str, OpenConsumer]:
    return {consumer: OpenConsumer(PUPIL, "pr", producer, SCREEN, "video", rtp_parameters("video"))}


def replaced(consumers: dict[str, OpenConsumer]) -> MediaTable:
    here = table()
    here.producers[SCREEN] = replace(here.producers[SCREEN], replaced_at=AT)
    here.producers[NEW] = OpenProducer(TEACHER, "ts", SCREEN, Source.SCREEN, paused=False, codec="video/VP8")
    here.consumers = consumers
    here.unsupported = {(TEACHER, VOICE)}
    return here


def test_viewers_get_the_new_one_beside_the_old() -> None:
    here = replaced(viewing("a", SCREEN))
    assert plan(STATE, here, AT) == MediaPlan(consume=((PUPIL, NEW),))
    assert next_deadline(STATE, here) == AT + REPLACED_LASTS_MS


def test_the_old_one_closes_when_nobody_needs_it_and_never_at_once() -> None:
    here = replaced(viewing("b", NEW))
    assert plan(STATE, here, AT) == MediaPlan()
    assert next_deadline(STATE, here) == AT + REPLACED_STAYS_MS
    assert plan(STATE, here, AT + REPLACED_STAYS_MS) == MediaPlan(close_producers=(SCREEN,))


def test_a_viewer_without_the_new_picture_has_so_long() -> None:
    here = replaced({**viewing("a", SCREEN), **viewing("b", NEW)})
    assert plan(STATE, here, AT + REPLACED_LASTS_MS - 1) == MediaPlan()
    assert plan(STATE, here, AT + REPLACED_LASTS_MS).close_producers == (SCREEN,)


def test_a_share_is_lost_with_its_last_producer_only() -> None:
    here = replaced(viewing("b", NEW))
    here.drop_producer(SCREEN)
    assert plan(STATE, here, AT) == MediaPlan()
    here.drop_producer(NEW)
    assert plan(STATE, here, AT).lose == (SCREEN,)
    over = replace(STATE, shares={VOICE: STATE.shares[VOICE]})
    assert set(plan(over, replaced({}), AT).close_producers) == {SCREEN, NEW}


def test_a_recording_follows_the_newest_and_does_not_begin_with_what_is_about_to_change() -> None:
    here = RecordingTable(
        RECORDED.recording.id if RECORDED.recording is not None else None,
        "unix:/tap",
        {SCREEN: Tap(1, "i", SCREEN), VOICE: Tap(2, "i", VOICE)},
        {SCREEN, VOICE},
        stage=SCREEN,
    )
    assert recording_plan(RECORDED, here, replaced({}), "i").tap == (SCREEN,)
    here.taps[SCREEN] = Tap(3, "i", NEW)
    changing = frozenset({SCREEN})
    assert recording_plan(RECORDED, here, replaced({}), "i", changing).tap == ()
    fresh = RecordingTable(here.recording, "unix:/tap")
    assert recording_plan(RECORDED, fresh, table(), "i", changing).tap == (VOICE,)


def test_a_gateway_that_restarts_finds_the_share_again() -> None:
    tag = f"screen|{SCREEN}|video/AV1"
    inventory = control.Inventory(
        routers={"lesson": "i"},
        transports=(
            control.TransportEntry("ts", "lesson", "lesson/teacher", "send", "connected"),
            control.TransportEntry("pr", "lesson", "lesson/pupil", "recv", "connected"),
        ),
        producers=(
            control.ProducerEntry(SCREEN, "ts", "video", f"screen|{SCREEN}|video/VP8", paused=False),
            control.ProducerEntry(NEW, "ts", "video", tag, paused=False),
        ),
        consumers=(control.ConsumerEntry("c", "pr", NEW, "video", rtp_parameters("video"), paused=False),),
        taps={7: "unix:/nowhere"},
        tapped={7: NEW},
    )
    found = adopt(LessonId("lesson"), inventory)
    assert found.current() == {ShareId(SCREEN): NEW}
    assert found.producers[NEW].codec == "video/AV1"
    assert found.producers[NEW].tag == tag
    assert found.consumers["c"].share == SCREEN
    assert found.taps == {NEW: 7}
    # Nobody remembers since when there are two: the older one has had its time.
    assert plan(replace(STATE, shares={SCREEN: STATE.shares[SCREEN]}), found, AT).close_producers == (SCREEN,)
