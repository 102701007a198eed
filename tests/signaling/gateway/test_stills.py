"""Stills: brought by the owner of a screen, seen by those inside, gone with what they show."""

import asyncio
from typing import Any

import msgspec
import pytest

from classroom.ids import LessonId
from signaling.gateway import stills as rules
from signaling.gateway import stills_api
from signaling.gateway.stills_pace import CHUNK, UNCONFIRMED
from signaling.wire import client as ask
from signaling.wire import server as told
from tests.clients.lesson_socket import Refused
from tests.signaling.gateway.pictures import bands, lossless_webp, png
from tests.signaling.gateway.room import Person, Room
from tests.signaling.gateway.school import School, until

PICTURE = lossless_webp(1920, 1080)
AREA = told.StillArea(64, 32, 128, 16)
IN_AREA = {"x": 64, "y": 32, "width": 128, "height": 16}


class Shared:
    """The teacher's screen and its stills."""

    def __init__(self, room: Room, share: str) -> None:
        self.room = room
        self.share = share

    def path(self, still: int, part: str = "full") -> str:
        return f"/api/lessons/{self.room.lesson}/shares/{self.share}/stills/{still}/{part}"

    async def put(
        self, still: int, part: str = "full", data: bytes = PICTURE, who: str = "teacher", **area: int
    ) -> str:
        """``ok``, or the error's code."""
        account = await self.room.school.who(who)
        async with account.http.put(self.path(still, part), data=data, params=area) as answer:
            return "ok" if answer.status == 204 else str((await answer.json())["error"]["code"])

    async def get(self, still: int, part: str = "full", who: str = "student1") -> tuple[int, bytes]:
        account = await self.room.school.who(who)
        async with account.http.get(self.path(still, part)) as answer:
            return answer.status, await answer.read()

    async def moved(self, still: int, number: int, area: told.StillArea | None = None) -> Any:
        teacher = self.room.people["teacher"].socket
        return await teacher.ask(ask.StillMoved, share=self.share, still=still, number=number, area=area)


@pytest.fixture
async def shared(room: Room) -> Shared:
    return Shared(room, await room.people["teacher"].share("screen"))


def shown(person: Person) -> told.StillShown | None:
    for message in reversed(person.heard):
        if isinstance(message, told.Still):
            return message.shown
        if isinstance(message, told.StillGone):
            return None
    return None


async def sees(person: Person, still: int) -> told.StillShown:
    def look() -> told.StillShown | None:
        found = shown(person)
        return found if found is not None and found.still == still else None

    return await person.socket.until(look)


async def sees_none(person: Person) -> None:
    await person.socket.until(lambda: any(isinstance(m, told.StillGone) for m in person.heard))
    assert shown(person) is None


async def test_those_inside_are_told_and_get_it(shared: Shared) -> None:
    pupil = shared.room.people["student1"]
    light = bands(1920, 1080)
    assert await shared.put(1, "light", light) == "ok"
    first = await sees(pupil, 1)
    assert (first.width, first.height, first.light_bytes, first.full_bytes) == (1920, 1080, len(light), 0)
    assert await shared.put(1) == "ok"
    await pupil.socket.until(lambda: (now := shown(pupil)) is not None and now.full_bytes == len(PICTURE))
    assert await shared.get(1, "light") == (200, light)
    assert await shared.get(1) == (200, PICTURE)
    account = await shared.room.school.who("student2")
    async with account.http.get(shared.path(1)) as answer:
        assert answer.content_type == "image/webp"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-store"


async def test_nothing_for_those_outside(shared: Shared) -> None:
    room = shared.room
    assert await shared.put(1) == "ok"
    async with await room.school.socket("student3", room.lesson) as outside:
        heard: list[Any] = []
        outside.others.append(heard.append)
        await outside.ask(ask.Knock)
        assert (await shared.get(1, who="student3"))[0] == 403
        assert await shared.put(2, who="student3") == "not_admitted"
        with pytest.raises(Refused, match="not_admitted"):
            await outside.ask(ask.StillMoved, share=shared.share, still=1, number=2, area=None)
        assert await shared.put(2) == "ok"
        await sees(room.people["student1"], 2)
        await outside.ask(ask.Ping)
        assert not any(isinstance(m, told.Still) for m in heard)
    await room.people["teacher"].socket.ask(ask.Remove, participant=await room.school.account("student1"))
    assert (await shared.get(2))[0] == 403
    assert (await shared.get(2, who="student2"))[0] == 200


async def test_only_the_owner_brings_and_moves(shared: Shared) -> None:
    room = shared.room
    assert await shared.put(1, who="student1") == "not_allowed"
    with pytest.raises(Refused, match="not_allowed"):
        await room.people["student1"].socket.ask(
            ask.StillMoved, share=shared.share, still=1, number=2, area=None
        )
    camera = Shared(room, await room.people["teacher"].share("camera"))
    assert await camera.put(1) == "not_allowed"
    assert await Shared(room, "nothing").put(1) == "no_such_share"
    teacher = await room.school.who("teacher")
    headers = {"Origin": "https://evil.example"}
    async with teacher.http.put(shared.path(1), data=PICTURE, headers=headers) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (403, "wrong_origin")
    assert room.school.gateway.stills.kept == 0


async def test_what_moves_is_gone_at_once(shared: Shared) -> None:
    pupil = shared.room.people["student1"]
    assert await shared.put(1) == "ok"
    await sees(pupil, 1)
    await shared.moved(1, 2)
    await sees_none(pupil)
    assert (await shared.get(1))[0] == 404
    assert shared.room.school.gateway.stills.kept == 0


async def test_patches_and_holes_lie_over_it_in_order(shared: Shared) -> None:
    pupil, patch = shared.room.people["student1"], png(128, 16)
    assert await shared.put(1, x=0, y=0, width=64, height=64) == "ok"
    await shared.moved(1, 2, AREA)
    assert await shared.put(1, "3", patch, **IN_AREA) == "ok"
    await shared.moved(1, 4, told.StillArea(70, 32, 8, 16))
    await pupil.socket.until(lambda: (now := shown(pupil)) is not None and len(now.parts) == 3)
    now = await sees(pupil, 1)
    # The first hole over the patch's place is covered by the patch.
    assert [(part.area.x, part.patch, part.bytes) for part in now.parts] == [
        (0, 0, 0),
        (64, 3, len(patch)),
        (70, 0, 0),
    ]
    assert await shared.get(1, "3") == (200, patch)
    await shared.moved(1, 5, AREA)
    assert (await shared.get(1, "3"))[0] == 404
    assert shared.room.school.gateway.stills.kept == len(PICTURE)


async def test_what_comes_late_covers_nothing_newer(shared: Shared) -> None:
    assert await shared.put(1) == "ok"
    await shared.moved(1, 5, AREA)
    assert await shared.put(1, "4", png(128, 16), **IN_AREA) == "outdated"
    with pytest.raises(Refused, match="outdated"):
        await shared.moved(1, 5, AREA)
    await shared.moved(6, 7)  # of a still that is still on its way
    assert await shared.put(6) == "outdated"
    assert shared.room.school.gateway.stills.present(LessonId(shared.room.lesson)) == ()
    assert await shared.put(8) == "ok"
    await shared.moved(6, 9, AREA)
    assert len((await sees(shared.room.people["student1"], 8)).parts) == 0


async def test_too_many_parts_end_it(shared: Shared) -> None:
    assert await shared.put(1) == "ok"
    for number in range(rules.MAX_PARTS):
        await shared.moved(1, 2 + number, told.StillArea(8 * number, number, 8, 1))
    with pytest.raises(Refused, match="outdated"):
        await shared.moved(1, 1000, told.StillArea(0, 1000, 8, 1))
    await sees_none(shared.room.people["student1"])


async def test_a_later_participant_finds_it_in_the_state(shared: Shared) -> None:
    assert await shared.put(1, "light") == "ok"
    late = await shared.room.enter("student3", media=False)
    states: list[told.State] = []
    account = await shared.room.school.who("student3")
    async with account.http.ws_connect(f"/api/lessons/{shared.room.lesson}/socket?page=new") as socket:
        states.append(msgspec.json.decode(await socket.receive_str(), type=told.State))
    assert [one.share for one in states[0].stills] == [shared.share]
    await late.socket.close()


@pytest.mark.parametrize("how", ["stop", "replace", "end", "leave"])
async def test_it_goes_with_its_share(shared: Shared, how: str) -> None:
    teacher = shared.room.people["teacher"]
    assert await shared.put(1) == "ok"
    if how == "stop":
        await teacher.socket.ask(ask.StopShare, share=shared.share)
    elif how == "replace":
        await teacher.share("screen")
    elif how == "leave":
        await teacher.socket.ask(ask.Leave)
    else:
        await teacher.socket.ask(ask.EndLesson)
    await until(lambda: shared.room.school.gateway.stills.kept == 0)
    assert (await shared.get(1))[0] in (403, 404, 409)


async def test_bad_pictures_are_refused_and_change_nothing(shared: Shared) -> None:
    assert await shared.put(1) == "ok"
    for still, part, data, area, code in (
        (2, "full", b"<svg/>", {}, "unsupported_media_type"),
        (2, "full", b"", {}, "bad_request"),
        (2, "full", lossless_webp(9000, 9), {}, "invalid"),
        (2, "light", bytes(rules.MAX_LIGHT + 1), {}, "too_large"),
        (2, "full", bytes(rules.MAX_FULL + 1), {}, "too_large"),
        (1, "full", PICTURE, {}, "invalid"),
        (1, "light", lossless_webp(1919, 1080), {}, "invalid"),
        (2, "full", bands(1920, 1080), {}, "invalid"),
        (1, "2", bands(128, 16), IN_AREA, "invalid"),
        (1, "2", png(128, 16), {}, "invalid"),
        (1, "2", png(128, 16), {**IN_AREA, "x": 1900}, "invalid"),
        (1, "2", png(128, 17), IN_AREA, "invalid"),
        (1, "2", png(128, 16), {"x": 1}, "bad_request"),
        (1, "2", png(128, 16), {**IN_AREA, "width": 0}, "bad_request"),
        (1, "x", png(128, 16), IN_AREA, "invalid"),
        (0, "full", PICTURE, {}, "invalid"),
        (2**31, "full", PICTURE, {}, "invalid"),
        (2, "full", PICTURE, {"x": 1919, "y": 0, "width": 2, "height": 1}, "invalid"),
    ):
        assert await shared.put(still, part, data, **area) == code, (still, part, code)
    assert shared.room.school.gateway.stills.kept == len(PICTURE)
    assert (await shared.get(1))[0] == 200
    for still, part in ((1, "light"), (1, "7"), (2, "full"), (10**12, "full")):
        assert (await shared.get(still, part))[0] == 404


async def test_there_is_a_pace_and_a_bound(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_KEPT", 2 * len(PICTURE))
    assert await shared.put(1) == "ok"
    assert await shared.put(1, "light") == "ok"
    assert await shared.put(1, "2", png(128, 16), **IN_AREA) == "busy"
    codes = {await shared.put(number) for number in range(2, 60)}
    assert codes == {"ok", "too_many_attempts"}

    async def fidget() -> None:
        for number in range(100, 200):
            await shared.moved(99, number, AREA)

    with pytest.raises(Refused, match="rate_limited"):
        await fidget()
    await sees_none(shared.room.people["student1"])


async def test_it_is_written_no_faster_than_allowed_and_not_beyond_its_end(
    school: School, shared: Shared
) -> None:
    stills = school.gateway.stills
    picture = png(64, 64, filling=4 * CHUNK)
    allowed: list[float] = []
    stills.allowance = lambda _lesson, _participant, _first: allowed[0] if allowed else 0.0
    assert await shared.put(1, "full", picture) == "ok"
    account = await school.who("student1")
    async with account.http.get(shared.path(1)) as answer:
        # Nothing is allowed yet: the answer has begun and waits.
        allowed.append(512_000.0)
        begun = await answer.content.readexactly(8)
        assert picture.startswith(begun)
        allowed[0] = 0.0
        await shared.moved(1, 2)
        rest = await answer.read()
    assert len(begun + rest) < len(picture)
    # The connection lives on.
    allowed[0] = 1e9
    assert await shared.put(3, "full", picture) == "ok"
    assert await shared.get(3) == (200, picture)


async def test_no_more_of_it_is_on_its_way_than_a_line_that_became_thin_carries_soon(
    school: School, shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing limits, yet; so it can be taken back from those to whom it does not come."""
    picture = png(64, 64, filling=8 * CHUNK)
    asked, takes = [0], [2]

    def unconfirmed(_transport: object) -> int:
        asked[0] += 1
        return UNCONFIRMED if asked[0] <= takes[0] else UNCONFIRMED + 1

    monkeypatch.setattr(stills_api, "unconfirmed", unconfirmed)
    school.gateway.stills.allowance = rules.unlimited
    assert await shared.put(1, "full", picture) == "ok"
    account = await school.who("student1")
    async with account.http.get(shared.path(1)) as answer:
        begun = await answer.content.readexactly(2 * CHUNK)
        await until(lambda: asked[0] > takes[0] + 1)
        await shared.moved(1, 2)
        assert await answer.read() == b""
    assert picture.startswith(begun)
    takes[0] = 1_000_000
    assert await shared.put(3, "full", picture) == "ok"
    assert await shared.get(3) == (200, picture)


async def test_who_is_put_out_gets_no_more_of_it(school: School, shared: Shared) -> None:
    picture = png(64, 64, filling=4 * CHUNK)
    allowed = [1.0]
    school.gateway.stills.allowance = lambda _lesson, _participant, _first: allowed[0]
    assert await shared.put(1, "full", picture) == "ok"
    account = await school.who("student1")
    async with account.http.get(shared.path(1)) as answer:
        await answer.content.readexactly(1)
        allowed[0] = 0.0
        teacher = shared.room.people["teacher"].socket
        await teacher.ask(ask.Remove, participant=await school.account("student1"))
        allowed[0] = 1e9
        async with asyncio.timeout(20):
            assert len(await answer.read()) < len(picture) - 1
