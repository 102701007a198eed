"""Hostile and broken clients: typed errors or documented closes, and the lesson goes on unharmed."""

import contextlib
import random
from typing import Any

import aiohttp
import msgspec
import pytest

from classroom.lesson.evolve import fold
from signaling.gateway.connection import MAX_MESSAGE
from signaling.wire import client as ask
from signaling.wire import codes, server
from tests.signaling.gateway.room import Room
from tests.signaling.gateway.school import School
from tests.signaling.gateway.test_messages import Raw, Scene, make_scene, messages

MUTATIONS = 1_000
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    2**53,
    2**70,
    1e308,
    "",
    "\x00",
    "x" * 300,
    "\U0001f4a3",
    [],
    {},
    [[[]]],
    {"a": {}},
]
TOKENS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
    b"null",
    b"1e999",
    b"\\ud800",
    b"\xff",
    b"\x00",
    b"NaN",
    b" ",
]
_decoder = msgspec.json.Decoder(server.AnyServerMessage)


def _mutate_value(random_: random.Random, value: Any) -> Any:
    """Somewhere inside a decoded message something is replaced, dropped or added."""
    if isinstance(value, dict) and value and random_.random() < 0.9:
        key = random_.choice(list(value))
        what = random_.randrange(5)
        if what == 0:
            return {k: v for k, v in value.items() if k != key}
        if what == 1:
            return {**value, random_.choice(["x", "type", "id", "actor", "__class__"]): random_.choice(ODD)}
        return {**value, key: _mutate_value(random_, value[key])}
    if isinstance(value, list) and value and random_.random() < 0.8:
        position = random_.randrange(len(value))
        return [
            *value[:position],
            _mutate_value(random_, value[position]),
            *value[position + 1 :] * random_.choice([1, 1, 40]),
        ]
    return random_.choice(ODD)


def _mutate_bytes(random_: random.Random, text: bytes) -> bytes:
    for _ in range(random_.randint(1, 4)):
        position = random_.randrange(len(text) + 1)
        end = min(len(text), position + random_.choice([0, 1, 1, 5, 50]))
        text = text[:position] + random_.choice(TOKENS) * random_.choice([1, 1, 3]) + text[end:]
    return text


def mutated(seed: int, scene: Scene) -> str:
    random_ = random.Random(seed)
    harmless = [
        m for m in messages(scene, scene.accounts["student1"]) if m[0] not in (ask.Leave, ask.EndLesson)
    ]
    kind, fields = random_.choice(harmless)
    text = msgspec.json.encode(kind(id=seed, **fields))
    if random_.random() < 0.5:
        text = _mutate_bytes(random_, text)
    else:
        text = msgspec.json.encode(_mutate_value(random_, msgspec.json.decode(text)))
    return text.decode("utf-8", "replace")


@pytest.mark.parametrize("admitted", [True, False])
async def test_mutated_messages(school: School, admitted: bool) -> None:
    scene = await make_scene(school)
    teacher = scene.room.people["teacher"].socket
    account = scene.accounts["student1"]
    raw = await scene.open("student1")
    if admitted:
        assert await raw.ask(ask.Knock, {}) == "ok"
        await teacher.ask(ask.Admit, participant=account)
    kinds: dict[str, int] = {}
    for seed in range(MUTATIONS // 2):
        await raw.socket.send_str(mutated(seed, scene))
        with contextlib.suppress(ConnectionError):
            await raw.socket.send_str(f'{{"type":"ping","id":{10**9 + seed}}}')
        answered = 0
        while True:
            message = await raw.receive()
            if message["type"] == "closed":
                assert message["code"] in codes.CLOSES, message
                kinds[f"close {message['code']}"] = kinds.get(f"close {message['code']}", 0) + 1
                raw = await scene.open("student1")
                break
            _decoder.decode(raw.told[-1])
            if message["type"] == "pong" and message["id"] == 10**9 + seed:
                assert answered, f"no answer to mutation {seed}"
                break
            if message["type"] == "error":
                assert message["code"] in codes.ERRORS
                kinds[message["code"]] = kinds.get(message["code"], 0) + 1
                if message["code"] == "rate_limited" and message["id"] == 10**9 + seed:
                    await raw.socket.close()
                    raw = await scene.open("student1")
                    break
            answered += 1
    assert kinds["bad_message"] > 100, kinds
    assert kinds["close 1008"] > 5, kinds
    await _unharmed(scene)
    await raw.socket.close()
    await scene.room.close()


async def _unharmed(scene: Scene) -> None:
    teacher = scene.room.people["teacher"].socket
    await teacher.ask(ask.Chat, text="vẫn ổn")
    assert teacher.view is not None
    assert {share.id for share in teacher.view.shares} >= {scene.share}
    inside = {person.id for person in teacher.view.people}
    assert {scene.accounts["teacher"], scene.accounts["student2"]} <= inside
    assert [person.id for person in teacher.view.waiting][:1] == [scene.accounts["student3"]]
    school = scene.room.school
    host = school.gateway.hosts.loaded(scene.room.lesson)  # type: ignore[arg-type]
    assert host is not None
    log = await school.stores.log.read(host.lesson)
    assert fold(log) == host.state
    assert await school.stores.log.verify(host.lesson) is None


async def test_too_big_a_message_closes(room: Room) -> None:
    account = await room.school.who("student3")
    raw = Raw(await account.http.ws_connect(f"/api/lessons/{room.lesson}/socket"))
    await raw.receive()
    await raw.socket.send_str(" " * (MAX_MESSAGE + 1))
    assert await raw.receive() == {"type": "closed", "code": 1009}


async def test_binary_is_a_bad_message(room: Room) -> None:
    account = await room.school.who("student3")
    raw = Raw(await account.http.ws_connect(f"/api/lessons/{room.lesson}/socket"))
    await raw.receive()
    await raw.socket.send_bytes(b'{"type":"ping","id":1}')
    answer = await raw.receive()
    assert (answer["code"], answer["id"]) == ("bad_message", None)
    await raw.socket.close()


async def test_a_flood_is_limited_then_closed(room: Room) -> None:
    account = await room.school.who("student3")
    raw = Raw(await account.http.ws_connect(f"/api/lessons/{room.lesson}/socket"))
    await raw.receive()
    try:
        for number in range(2_000):
            await raw.socket.send_str(f'{{"type":"ping","id":{number}}}')
    except ConnectionError:
        pass
    kinds = set()
    while (answer := await raw.receive())["type"] != "closed":
        kinds.add(answer.get("code", answer["type"]))
    assert kinds == {"pong", "rate_limited"}
    assert answer["code"] in (1008, 1006)
    await room.people["teacher"].socket.ask(ask.Ping)


async def test_chat_is_limited(room: Room) -> None:
    account = await room.school.who("student1")
    await room.people["student1"].socket.close()
    raw = Raw(await account.http.ws_connect(f"/api/lessons/{room.lesson}/socket"))
    await raw.receive()
    outcomes = [await raw.ask(ask.Chat, {"text": "a"}) for _ in range(8)]
    assert outcomes[:5] == ["ok"] * 5
    assert "rate_limited" in outcomes
    await raw.socket.close()


async def test_a_socket_cut_off_in_mid_air_is_seen_at_once(room: Room) -> None:
    """TCP reset, no farewell: the others know without waiting for the silence to be noticed."""
    teacher, pupil = room.people["teacher"].socket, room.people["student1"].socket
    account = await room.school.account("student1")
    socket: Any = pupil._socket
    socket._response.connection.transport.abort()
    await teacher.until(lambda: any(p.id == account and not p.online for p in teacher.view.people), seconds=3)  # type: ignore[union-attr]


async def test_a_stranger_without_a_session(room: Room) -> None:
    async with aiohttp.ClientSession(room.school.url, cookies={"classroom_session": "x" * 200}) as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"/api/lessons/{room.lesson}/socket")
        assert refused.value.status == 401
        async with http.get(f"/api/lessons/{room.lesson}") as answer:
            assert (await answer.json())["error"]["code"] == "not_signed_in"


async def test_shutting_down_says_so(tmp_path: Any) -> None:
    from tests.signaling.gateway.school import school_at

    async with school_at(tmp_path) as school:
        lesson = await school.lesson()
        socket = await school.socket("teacher", lesson)
        await socket.connect()
        await socket.ask(ask.Knock)
        school.gateway.sockets.shut_down()
        await socket.until(lambda: socket.bye == "shutting_down")
        await socket.close()
