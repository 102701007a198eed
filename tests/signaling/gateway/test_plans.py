"""The plans are pure: what a lesson's state asks for, against what is open."""

from msgspec.structs import replace

from classroom.ids import AccountId, ClassId, ConnectionId, LessonId, ParticipantId, RecordingId, ShareId
from classroom.lesson.events import Source
from classroom.lesson.presence import SHARE_GRACE_MS
from classroom.lesson.state import Admission, LessonState, Participant, Phase, RecordingNow, Share
from classroom.people import Role
from media import control
from signaling.gateway import media_plan, recording_plan
from signaling.gateway.media_plan import MediaPlan
from signaling.gateway.media_table import Joined, MediaTable, OpenConsumer, OpenProducer, OpenTransport, adopt
from signaling.gateway.outbox import Outbox
from signaling.gateway.recording_plan import RecordingPlan, RecordingTable, Tap
from signaling.gateway.token_bucket import TokenBucket
from signaling.gateway.viewings import QUIET, Viewings
from tests.signaling.gateway.fakes import CAPABILITIES, rtp_parameters

TEACHER, PUPIL = ParticipantId("teacher"), ParticipantId("pupil")
SCREEN, VOICE = ShareId("screen"), ShareId("voice")


def person(participant: ParticipantId, *, hosts: bool = False) -> Participant:
    return Participant(
        id=participant,
        role=Role.TEACHER if hosts else Role.STUDENT,
        of_class=True,
        hosts=hosts,
        username=participant,
        name=participant,
        class_label="",
        admission=Admission.ADMITTED,
        knocked_at=1,
        connection=ConnectionId(f"{participant}'s"),
        entered_at=1,
    )


STATE = LessonState(
    lesson=LessonId("lesson"),
    class_id=ClassId("class"),
    class_name="10A1",
    title="Toán",
    starts_at=0,
    ends_at=1,
    phase=Phase.LIVE,
    participants={TEACHER: person(TEACHER, hosts=True), PUPIL: person(PUPIL)},
    shares={
        SCREEN: Share(SCREEN, TEACHER, Source.SCREEN, 1),
        VOICE: Share(VOICE, PUPIL, Source.MICROPHONE, 1),
    },
)


def table() -> MediaTable:
    return MediaTable(
        transports={
            "ts": OpenTransport(TEACHER, send=True),
            "tr": OpenTransport(TEACHER, send=False),
            "ps": OpenTransport(PUPIL, send=True),
            "pr": OpenTransport(PUPIL, send=False),
        },
        producers={
            SCREEN: OpenProducer(TEACHER, "ts", SCREEN, Source.SCREEN, paused=False),
            VOICE: OpenProducer(PUPIL, "ps", VOICE, Source.MICROPHONE, paused=False),
        },
        joined={p: Joined(ConnectionId(f"{p}'s"), CAPABILITIES) for p in (TEACHER, PUPIL)},
    )


def consumer(participant: ParticipantId, transport: str, share: ShareId) -> OpenConsumer:
    return OpenConsumer(participant, transport, share, share, "video", rtp_parameters("video"))


def media_at(state: LessonState, here: MediaTable, now: int = 0) -> MediaPlan:
    return media_plan.plan(state, here, now)


def test_everybody_gets_the_shares_of_the_others() -> None:
    todo = media_at(STATE, table())
    assert set(todo.consume) == {(PUPIL, SCREEN), (TEACHER, VOICE)}
    assert replace(todo, consume=()) == MediaPlan()


def test_when_all_is_done_there_is_nothing_to_do() -> None:
    done = table()
    done.consumers = {"a": consumer(PUPIL, "pr", SCREEN), "b": consumer(TEACHER, "tr", VOICE)}
    assert media_at(STATE, done) == MediaPlan()
    done.consumers.clear()
    done.unsupported = {(PUPIL, SCREEN), (TEACHER, VOICE)}
    assert media_at(STATE, done) == MediaPlan()


def test_a_browser_that_has_not_joined_over_its_present_connection_gets_nothing_new() -> None:
    here = table()
    here.joined[PUPIL] = Joined(ConnectionId("an older one"), CAPABILITIES)
    assert media_at(STATE, here).consume == ((TEACHER, VOICE),)


def test_who_is_out_loses_everything_at_once() -> None:
    removed = replace(
        STATE.participants[PUPIL], admission=Admission.REMOVED, connection=None, entered_at=None
    )
    left = replace(STATE.participants[PUPIL], gone=True, connection=None)
    for gone in (removed, left):
        state = replace(
            STATE, participants={**STATE.participants, PUPIL: gone}, shares={SCREEN: STATE.shares[SCREEN]}
        )
        here = table()
        here.consumers = {"a": consumer(PUPIL, "pr", SCREEN), "b": consumer(TEACHER, "tr", VOICE)}
        todo = media_at(state, here)
        assert set(todo.close_transports) == {"ps", "pr"}
        assert todo.close_consumers == ("b",)
        assert todo.consume == ()


def test_who_is_only_away_keeps_its_media() -> None:
    away = replace(STATE.participants[PUPIL], connection=None, away_since=1)
    todo = media_at(replace(STATE, participants={**STATE.participants, PUPIL: away}), table())
    assert todo.close_transports == ()
    assert todo.close_producers == ()


def test_who_is_away_for_long_does_not_go_on_watching() -> None:
    away = replace(STATE.participants[PUPIL], connection=None, away_since=1_000)
    state = replace(STATE, participants={**STATE.participants, PUPIL: away})
    due = media_plan.next_deadline(state, table())
    assert due == 1_000 + SHARE_GRACE_MS
    assert media_at(state, table(), due - 1).close_transports == ()
    assert media_at(state, table(), due).close_transports == ("ps", "pr")
    assert media_plan.next_deadline(STATE, table()) is None


def test_transports_of_a_page_that_is_no_more_are_closed_and_used_no_more() -> None:
    here = table()
    here.doomed = {"pr", "ps"}
    assert media_at(STATE, here).close_transports == ("ps", "pr")
    assert here.transport_of(PUPIL, send=True) is None
    assert (PUPIL, SCREEN) not in media_at(STATE, here).consume
    for transport in ("ps", "pr"):
        here.drop_transport(transport)
    assert not here.doomed
    assert media_at(STATE, here).lose == (VOICE,)


def test_stopped_shares_are_closed_pending_ones_are_not() -> None:
    here = table()
    here.pending = {VOICE}
    todo = media_at(replace(STATE, shares={}), here)
    assert todo.close_producers == (SCREEN,)


def test_shares_without_media_are_lost() -> None:
    assert media_at(STATE, MediaTable()).lose == (SCREEN, VOICE)


def test_safe_mode_pauses_students_only() -> None:
    todo = media_at(replace(STATE, safe_mode=True), table())
    assert todo.pause == (VOICE,)
    here = table()
    here.producers[VOICE] = replace(here.producers[VOICE], paused=True)
    assert media_at(STATE, here).resume == (VOICE,)


def test_an_inventory_is_taken_for_ones_own_only() -> None:
    inventory = control.Inventory(
        routers={"lesson": "i", "other": "j"},
        transports=(
            control.TransportEntry("ts", "lesson", "lesson/teacher", "send", "connected"),
            control.TransportEntry("x", "other", "other/teacher", "send", "connected"),
            control.TransportEntry("y", "lesson", "lesson/pupil", "recv", "closed"),
        ),
        producers=(
            control.ProducerEntry(SCREEN, "ts", "video", "screen", paused=False),
            control.ProducerEntry("z", "x", "video", "screen", paused=False),
            control.ProducerEntry("w", "ts", "video", "nonsense", paused=False),
        ),
        consumers=(control.ConsumerEntry("c", "x", SCREEN, "video", rtp_parameters("video"), paused=False),),
        taps={7: "unix:/nowhere", 8: "unix:/nowhere"},
        tapped={7: SCREEN, 8: "z"},
    )
    found = adopt(LessonId("lesson"), inventory)
    assert found.transports == {"ts": OpenTransport(TEACHER, send=True)}
    assert set(found.producers) == {SCREEN}
    assert found.consumers == {}
    assert found.taps == {SCREEN: 7}


RECORDED = replace(STATE, recording=RecordingNow(RecordingId("r"), since=5))


def test_nothing_is_done_while_nobody_records() -> None:
    assert recording_plan.plan(STATE, RecordingTable(), table(), "i") == RecordingPlan()


def test_a_recording_is_opened_then_tapped() -> None:
    here = RecordingTable()
    assert recording_plan.plan(RECORDED, here, table(), "i") == RecordingPlan(open=RecordingId("r"))
    here.recording, here.tap_address = RecordingId("r"), "unix:/tap"
    assert recording_plan.plan(RECORDED, here, table(), "i") == RecordingPlan(tap=(SCREEN, VOICE))
    here.taps = {SCREEN: Tap(1, "i", SCREEN), VOICE: Tap(2, "i", VOICE)}
    here.known = {SCREEN, VOICE}
    assert recording_plan.plan(RECORDED, here, table(), "i") == RecordingPlan(stage=(SCREEN,))
    here.stage = SCREEN
    assert recording_plan.plan(RECORDED, here, table(), "i") == RecordingPlan()
    assert recording_plan.plan(RECORDED, here, table(), "another router").tap == (SCREEN, VOICE)
    assert recording_plan.plan(RECORDED, here, MediaTable(), None) == RecordingPlan()


def test_the_end_closes_it() -> None:
    here = RecordingTable(RecordingId("r"), "unix:/tap", {SCREEN: Tap(1, "i", SCREEN)}, {SCREEN})
    assert recording_plan.plan(STATE, here, table(), "i") == RecordingPlan(
        close=RecordingId("r"), stop=(SCREEN,)
    )
    other = replace(STATE, recording=RecordingNow(RecordingId("r2"), since=9))
    assert recording_plan.plan(other, here, table(), "i").close == "r"


def test_what_cannot_be_written_is_not_tapped_again() -> None:
    here = RecordingTable(RecordingId("r"), "unix:/tap", unsupported={SCREEN})
    assert recording_plan.plan(RECORDED, here, table(), "i").tap == (VOICE,)


async def test_an_outbox_is_bounded_and_ends() -> None:
    outbox = Outbox(limit=2, limit_bytes=10)
    assert outbox.put(b"12345")
    assert outbox.put(b"6")
    assert not outbox.put(b"7")
    assert await outbox.take() == b"12345"
    assert not outbox.put(b"1234567890")
    assert outbox.put(b"8")
    outbox.finish()
    assert outbox.put(b"swallowed")
    assert [await outbox.take(), await outbox.take(), await outbox.take()] == [b"6", b"8", None]


def test_a_bucket_refills() -> None:
    bucket = TokenBucket(rate=2, burst=3)
    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.take(10.5)
    assert not bucket.take(10.5)
    assert not bucket.take(9.0)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]


def test_a_playback_is_one_view() -> None:
    viewings = Viewings()
    recording, account = RecordingId("r"), AccountId("a")
    assert viewings.begins(recording, account, 0)
    assert not viewings.begins(recording, account, QUIET)
    assert not viewings.begins(recording, account, 2 * QUIET)
    assert viewings.begins(recording, account, 3 * QUIET + 1)
    assert viewings.begins(recording, AccountId("b"), 3 * QUIET + 1)
    assert viewings.begins(recording, account, 3 * QUIET + 2, "download a.webm")
    assert not viewings.begins(recording, account, 3 * QUIET + 3)
