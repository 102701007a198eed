"""Who is in a recorded lesson sees it from its beginning; who is not, or not any more, sees nothing."""

import asyncio
import io

import av
import pytest
from aiohttp import ClientError

from classroom.ids import RecordingId
from signaling.wire import client as ask
from tests.clients.lesson_socket import Refused
from tests.recorder.test_snapshot import Growing, voice
from tests.signaling.gateway.room import Room
from tests.signaling.gateway.school import School, until


async def test_from_the_beginning_while_it_runs(school: School) -> None:
    room = Room(school, await school.lesson())
    teacher = await room.enter("teacher")
    await room.enter("student1")
    pupil, other = await school.who("student1"), await school.who("student2")
    path = f"/api/lessons/{room.lesson}/rewind"
    with pytest.raises(Refused, match="not_recording"):
        await pupil.call("GET", path)
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: school.recorder.open)
    (recording,) = school.recorder.open
    assert (await pupil.call("GET", path))["parts"] == []
    directory = school.gateway.settings.recordings / recording
    directory.mkdir(parents=True)
    growing = Growing(directory)
    growing.grow(voice(5_000))
    found = await pupil.call("GET", path)
    assert found["recording"] == recording
    (part,) = found["parts"]
    file = f"{path}/{part['name']}?upto={part['bytes']}"
    # A look from the middle on is a look too.
    assert (await pupil.http.head(file)).status == 200
    assert await school.stores.recordings.views(RecordingId(recording)) == ()
    async with pupil.http.get(file, headers={"Range": "bytes=1-9"}) as answer:
        assert answer.status == 206
    async with pupil.http.get(file) as answer:
        whole = await answer.read()
        assert (answer.status, answer.content_type, len(whole)) == (200, "video/webm", answer.content_length)
    growing.grow([(t, ms + 5_000, data, key) for t, ms, data, key in voice(2_000)])
    async with pupil.http.get(file, headers={"Range": "bytes=100-20000"}) as answer:
        assert (answer.status, await answer.read()) == (206, whole[100:20_001])
    async with pupil.http.get(file, headers={"Range": "bytes=-50"}) as answer:
        assert await answer.read() == whole[-50:]
    async with pupil.http.get(file, headers={"Range": f"bytes={len(whole)}-"}) as answer:
        assert answer.status == 416
    (view,) = await school.stores.recordings.views(RecordingId(recording))
    assert (view.username, view.what, view.downloaded) == ("student1", "live", False)
    with av.open(io.BytesIO(whole)) as container:
        assert container.duration == part["durationMs"] * 1000
    # A file that is suddenly shorter than what was promised: the connection is cut, nobody waits for the rest.
    (directory / part["name"]).write_bytes(growing_bytes := (directory / part["name"]).read_bytes()[:2_000])
    assert len(growing_bytes) < len(whole)
    with pytest.raises(ClientError):
        async with asyncio.timeout(5), pupil.http.get(file) as answer:
            await answer.read()
    for bad in ("?upto=5", "", "?upto=x", f"?upto={part['bytes'] + 1}"):
        with pytest.raises(Refused, match=r"not_found|bad_request"):
            await pupil.call("GET", f"{path}/{part['name']}{bad}")
    for name in ("journal", "..%2f..%2fclassroom.db", "manifest.json"):
        with pytest.raises(Refused, match="not_found"):
            await pupil.call("GET", f"{path}/{name}?upto={part['bytes']}")
    for outsider in (other, await school.who("staff"), await school.who("parent1")):
        for url in (path, file):
            with pytest.raises(Refused, match=r"not_admitted|lesson_not_found"):
                await outsider.call("GET", url)
    await teacher.socket.ask(ask.Remove, participant=await school.account("student1"))
    for url in (path, file):
        with pytest.raises(Refused, match=r"not_admitted|removed"):
            await pupil.call("GET", url)
    await room.close()
