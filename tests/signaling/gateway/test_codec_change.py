"""A share goes on by another producer: the same share to people, a new picture to their browsers."""

import pytest

from classroom.ids import LessonId, ShareId
from media import control
from signaling.wire import client as ask
from signaling.wire import server as told
from tests.clients.lesson_socket import Refused
from tests.signaling.gateway.fakes import ALL_CODECS, AV1, VP8, VP9
from tests.signaling.gateway.room import Person, Room
from tests.signaling.gateway.school import until

EVERY = ("video/AV1", "video/VP9", "video/VP8")


def policies(person: Person) -> list[tuple[str, str]]:
    return [(m.screen, m.camera) for m in person.heard if isinstance(m, told.PublishPolicy)]


async def able(person: Person) -> told.MediaJoined:
    return await person.join_media(ALL_CODECS, EVERY)


def consumers_of(person: Person, share: str) -> list[str]:
    return [c.consumer for c in person.consumers.values() if c.share == share]


async def test_who_publishes_is_told_as_others_come(room: Room) -> None:
    teacher, first, second = room.people.values()
    assert (await able(first)).publish == told.PublishCodecs("video/VP8", "video/VP8")
    await able(second)
    assert (await able(teacher)).publish == told.PublishCodecs("video/VP8", "video/VP8")
    # A quiet time must pass before it gets better: nobody was told anything.
    assert policies(teacher) == []


async def test_the_newcomer_changes_it_and_the_share_stays(room: Room) -> None:
    school = room.school
    fresh = Room(school, await school.lesson("Codecs"))
    teacher = await fresh.enter("teacher", media=False)
    assert (await able(teacher)).publish == told.PublishCodecs("video/AV1", "video/VP8")
    viewer = await fresh.enter("student1", media=False)
    await able(viewer)
    share = await teacher.share("screen", AV1)
    await viewer.socket.until(lambda: viewer.receives == {share})
    old = consumers_of(viewer, share)

    await fresh.enter("student2")
    await teacher.socket.until(lambda: policies(teacher) == [("video/VP8", "video/VP8")])
    produced = await teacher.produce("screen", VP8, replaces=share)
    assert produced.share == share
    assert produced.producer != share
    await viewer.socket.until(lambda: len(consumers_of(viewer, share)) == 2)
    assert set(school.worker.producers) == {share, produced.producer}
    with pytest.raises(Refused, match="invalid"):
        await viewer.socket.ask(ask.ReleaseConsumer, consumer=consumers_of(viewer, share)[1])
    await viewer.socket.ask(ask.ReleaseConsumer, consumer=old[0])
    await viewer.socket.until(lambda: old[0] not in viewer.consumers)
    # Everybody sees the new one: the old one is closed, and its owner told.
    closed = told.ProducerClosed(share)
    newcomer = fresh.people["student2"]
    await newcomer.socket.until(lambda: newcomer.receives == {share})
    for consumer in consumers_of(newcomer, share)[:-1]:
        await newcomer.socket.ask(ask.ReleaseConsumer, consumer=consumer)
    await teacher.socket.until(lambda: closed in teacher.heard)
    assert set(school.worker.producers) == {produced.producer}
    assert [s.id for s in viewer.socket.view.shares] == [share]  # type: ignore[union-attr]
    host = school.gateway.hosts.loaded(LessonId(fresh.lesson))
    assert host is not None
    assert host.state is not None
    assert set(host.state.shares) == {ShareId(share)}

    # A gateway that restarts knows it again.
    media = school.gateway.media.of(LessonId(fresh.lesson))
    assert media is not None
    assert media.table.producers[produced.producer].tag == f"screen|{share}|video/VP8"
    await teacher.socket.ask(ask.StopShare, share=share)
    await until(lambda: not school.worker.producers)
    await fresh.close()


async def test_only_ones_own_picture_is_replaced(room: Room) -> None:
    teacher, pupil, _ = room.people.values()
    screen, voice = await teacher.share("screen"), await teacher.share("microphone")
    for person, source, replaces in (
        (pupil, "screen", screen),
        (teacher, "camera", screen),
        (teacher, "microphone", voice),
        (teacher, "screen", "nothing"),
    ):
        with pytest.raises(Refused, match="no_such_producer"):
            await person.produce(source, replaces=replaces)
    assert set(room.school.worker.producers) == {screen, voice}
    for _ in range(3):
        await teacher.produce("screen", VP9, replaces=screen)
    with pytest.raises(Refused, match="busy"):
        await teacher.produce("screen", VP9, replaces=screen)


async def test_sizes_and_layers_are_passed_on(room: Room) -> None:
    teacher, pupil, _ = room.people.values()
    camera = await teacher.share("camera")
    await pupil.socket.until(lambda: pupil.receives == {camera})
    consumer = consumers_of(pupil, camera)[0]
    await pupil.socket.ask(ask.ConsumerSize, consumer=consumer, width=320, height=240)
    assert control.PreferConsumer(consumer, 320, 240) in room.school.worker.asked
    with pytest.raises(Refused, match="no_such_consumer"):
        await teacher.socket.ask(ask.ConsumerSize, consumer=consumer, width=320, height=240)
    await room.school.bus.publish("media.0", control.LayersWanted(room.lesson, camera, (True, False, False)))
    wanted = told.LayersWanted(camera, camera, (True, False, False))
    await teacher.socket.until(lambda: wanted in teacher.heard)
    assert wanted not in pupil.heard


async def test_a_recording_goes_on_with_the_new_producer(room: Room) -> None:
    teacher = room.people["teacher"]
    share = await teacher.share("screen")
    await teacher.socket.ask(ask.StartRecording)
    worker = room.school.worker
    await until(lambda: set(worker.taps.values()) == {share})
    produced = await teacher.produce("screen", VP8, replaces=share)
    await until(lambda: produced.producer in worker.taps.values())
