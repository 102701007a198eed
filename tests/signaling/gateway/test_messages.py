"""Every message of the socket × role × admission: what is answered, and that nothing leaks."""

import asyncio
import itertools
from typing import Any, get_args

import aiohttp
import msgspec
import pytest

from signaling.wire import client as ask
from tests.signaling.gateway.fakes import CAPABILITIES, DTLS, rtp_parameters
from tests.signaling.gateway.room import Room
from tests.signaling.gateway.school import School

OK = "ok"
CHAT = "Bí mật của lớp"


class Raw:
    """A socket that keeps every byte it was told."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.told: list[str] = []
        self._ids = itertools.count(1)

    async def receive(self) -> dict[str, Any]:
        message = await self.socket.receive(timeout=10)
        if message.type is not aiohttp.WSMsgType.TEXT:
            return {"type": "closed", "code": self.socket.close_code}
        self.told.append(message.data)
        found: dict[str, Any] = msgspec.json.decode(message.data)
        return found

    async def ask(self, message: type[ask.ClientMessage], fields: dict[str, Any]) -> str:
        """``ok``, an error's code, or ``closed``."""
        number = next(self._ids)
        await self.socket.send_str(msgspec.json.encode(message(id=number, **fields)).decode())
        while True:
            answer = await self.receive()
            if answer["type"] == "closed":
                return "closed"
            if answer.get("id") == number:
                return str(answer["code"]) if answer["type"] == "error" else OK


class Scene:
    """A busy lesson: the teacher shares and talks, student2 is inside, student3 waits."""

    def __init__(self, room: Room, share: str, accounts: dict[str, str], secrets: list[str]) -> None:
        self.room = room
        self.share = share
        self.accounts = accounts
        self.secrets = secrets

    async def open(self, username: str) -> Raw:
        account = await self.room.school.who(username)
        raw = Raw(await account.http.ws_connect(f"/api/lessons/{self.room.lesson}/socket"))
        assert (await raw.receive())["type"] == "state"
        return raw


async def make_scene(school: School) -> Scene:
    room = Room(school, await school.lesson())
    teacher = await room.enter("teacher")
    await room.enter("student2")
    share = await teacher.share("screen")
    waiting = await school.socket("student3", room.lesson)
    await waiting.connect()
    await waiting.ask(ask.Knock)
    await teacher.socket.ask(ask.Chat, text=CHAT)
    await room.people["student2"].socket.ask(ask.RaiseHand)
    people = ("teacher", "student1", "student2", "student3", "student41", "staff")
    accounts = {name: await school.account(name) for name in people}
    secrets = [CHAT, share]
    for name in ("teacher", "student2", "student3"):
        account = await school.stores.accounts.find(name)
        assert account is not None
        secrets += [account.id, account.name, f'"{account.username}"']
    return Scene(room, share, accounts, secrets)


async def put_into(scene: Scene, username: str, admission: str) -> Raw:
    """The account's socket, with the account in this state of admission."""
    teacher = scene.room.people["teacher"].socket
    account = scene.accounts[username]
    raw = await scene.open(username)
    if admission == "none":
        return raw
    assert await raw.ask(ask.Knock, {}) == OK
    if admission == "knocking" or username == "teacher":
        return raw
    if admission == "denied":
        await teacher.ask(ask.Deny, participant=account)
        return raw
    await teacher.ask(ask.Admit, participant=account)
    if admission == "admitted":
        return raw
    if admission == "removed":
        await teacher.ask(ask.Remove, participant=account)
    else:
        assert await raw.ask(ask.Leave, {}) == OK
    while (await raw.receive())["type"] != "closed":
        pass
    again = await scene.open(username)
    again.told = again.told[-1:]
    return again


def messages(
    scene: Scene, me: str, transport: str = "x"
) -> list[tuple[type[ask.ClientMessage], dict[str, Any]]]:
    """Every message once, those that end one's place last."""
    other = {"participant": scene.accounts["student2"]}
    waiting = {"participant": scene.accounts["student3"]}
    video = rtp_parameters("video")
    return [
        (ask.Ping, {}),
        (ask.StartLesson, {}),
        (ask.Deny, waiting),
        (ask.Admit, waiting),
        (ask.AdmitClass, {}),
        (ask.AllowSharing, {**other, "allowed": True}),
        (ask.Mute, other),
        (ask.LowerHand, other),
        (ask.Remove, {"participant": scene.accounts["student3"]}),
        (ask.AllowReplay, {"allowed": True}),
        (ask.StartRecording, {}),
        (ask.PauseRecording, {}),
        (ask.ResumeRecording, {}),
        (ask.MarkChapter, {"title": "x"}),
        (ask.AcknowledgeRecording, {}),
        (ask.StopRecording, {}),
        (ask.RaiseHand, {}),
        (ask.Chat, {"text": "xin chào"}),
        (ask.GetCapabilities, {}),
        (ask.OpenTransport, {"send": True}),
        (ask.ConnectTransport, {"transport": transport, "dtls_parameters": DTLS}),
        (ask.RestartIce, {"transport": transport}),
        (ask.JoinMedia, {"rtp_capabilities": CAPABILITIES}),
        (ask.Produce, {"transport": transport, "kind": "video", "source": "screen", "rtp_parameters": video}),
        (ask.ResumeConsumer, {"consumer": "x"}),
        (ask.PauseConsumer, {"consumer": "x"}),
        (ask.ConsumerSize, {"consumer": "x", "width": 320, "height": 240}),
        (ask.ReleaseConsumer, {"consumer": "x"}),
        (ask.PauseShare, {"share": scene.share}),
        (ask.ResumeShare, {"share": scene.share}),
        (ask.StillMoved, {"share": scene.share, "still": 1, "number": 1}),
        (ask.StopShare, {"share": scene.share}),
        (ask.Withdraw, {}),
        (ask.Knock, {}),
        (ask.Leave, {}),
        (ask.EndLesson, {}),
    ]


HOST_ONLY = dict.fromkeys(
    (
        ask.StartLesson,
        ask.Deny,
        ask.Admit,
        ask.AdmitClass,
        ask.AllowSharing,
        ask.Mute,
        ask.Remove,
        ask.AllowReplay,
        ask.StartRecording,
        ask.PauseRecording,
        ask.ResumeRecording,
        ask.MarkChapter,
        ask.StopRecording,
        ask.EndLesson,
    ),
    "not_allowed",
)
INSIDE_ONLY = dict.fromkeys(
    (
        ask.LowerHand,
        ask.RaiseHand,
        ask.AcknowledgeRecording,
        ask.Chat,
        ask.GetCapabilities,
        ask.OpenTransport,
        ask.ConnectTransport,
        ask.RestartIce,
        ask.JoinMedia,
        ask.Produce,
        ask.ResumeConsumer,
        ask.PauseConsumer,
        ask.ConsumerSize,
        ask.ReleaseConsumer,
        ask.PauseShare,
        ask.ResumeShare,
        ask.StopShare,
        ask.StillMoved,
    ),
    "not_admitted",
)
OUTSIDE = {**HOST_ONLY, **INSIDE_ONLY}
NOT_MINE = {
    ask.ConnectTransport: "no_such_transport",
    ask.RestartIce: "no_such_transport",
    ask.ResumeConsumer: "no_such_consumer",
    ask.PauseConsumer: "no_such_consumer",
    ask.ConsumerSize: "no_such_consumer",
    ask.ReleaseConsumer: "no_such_consumer",
}
EXPECTED: dict[str, dict[type[ask.ClientMessage], str]] = {
    # A place is made by the last but one message, so that "leave" at the end finds one.
    "none": OUTSIDE,
    "knocking": OUTSIDE,
    "denied": OUTSIDE,
    # "knock" brings who left back in at once.
    "left": {**OUTSIDE, ask.Withdraw: "already", ask.EndLesson: "closed"},
    "admitted": {
        **HOST_ONLY,
        **NOT_MINE,
        ask.LowerHand: "not_allowed",
        ask.Produce: "not_allowed",
        ask.PauseShare: "not_allowed",
        ask.ResumeShare: "not_allowed",
        ask.StopShare: "not_allowed",
        ask.StillMoved: "not_allowed",
        ask.Withdraw: "already",
        ask.EndLesson: "closed",
    },
}
HOST = {
    **NOT_MINE,
    ask.StartLesson: "already",
    ask.Remove: OK,
    ask.Produce: "no_such_transport",
    ask.Withdraw: "already",
    # By then "open_transport" has closed the transport that carried it.
    ask.PauseShare: "no_such_share",
    ask.ResumeShare: "no_such_share",
    ask.StopShare: "no_such_share",
    ask.StillMoved: "no_such_share",
    ask.EndLesson: "closed",
}


@pytest.mark.parametrize("admission", EXPECTED)
@pytest.mark.parametrize("username", ["student1", "student41", "staff"])
async def test_messages_of_those_who_do_not_host(school: School, username: str, admission: str) -> None:
    scene = await make_scene(school)
    raw = await put_into(scene, username, admission)
    inside = admission == "admitted"
    for kind, fields in messages(scene, scene.accounts[username]):
        if kind is ask.Knock and not inside:
            # Until here the account was outside all the time: nothing of the lesson may have reached it.
            told = "\n".join(raw.told)
            for secret in scene.secrets:
                assert secret not in told, f"{secret} leaked to {username}, {admission}"
        expected = EXPECTED[admission].get(kind, OK)
        assert await raw.ask(kind, fields) == expected, f"{kind.__name__} by {username}, {admission}"
    await scene.room.close()


async def test_messages_of_a_host(school: School) -> None:
    scene = await make_scene(school)
    await scene.room.people["teacher"].socket.close()
    raw = await scene.open("teacher")
    for kind, fields in messages(scene, scene.accounts["teacher"]):
        assert await raw.ask(kind, fields) == HOST.get(kind, OK), kind.__name__
    await scene.room.close()


@pytest.mark.parametrize("username", ["student1", "student41", "staff"])
async def test_who_was_removed_hears_only_that(school: School, username: str) -> None:
    scene = await make_scene(school)
    raw = await put_into(scene, username, "removed")
    for kind, fields in messages(scene, scene.accounts[username]):
        if raw.socket.closed:
            break
        assert await raw.ask(kind, fields) == "closed"
    told = "\n".join(raw.told)
    assert '"bye"' in told
    assert not any(secret in told for secret in scene.secrets)
    await scene.room.close()


@pytest.mark.parametrize(("username", "status"), [("parent1", 403), ("support", 403)])
async def test_who_never_enters_gets_no_socket(school: School, username: str, status: int) -> None:
    lesson = await school.lesson()
    account = await school.who(username)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await account.http.ws_connect(f"/api/lessons/{lesson}/socket")
    assert refused.value.status == status


async def test_nothing_reaches_those_outside_while_things_happen(school: School) -> None:
    """Not only answers: what the server tells by itself says nothing of the inside either."""
    scene = await make_scene(school)
    watchers = [
        await put_into(scene, name, how) for name, how in (("student1", "none"), ("student41", "knocking"))
    ]
    teacher = scene.room.people["teacher"]
    pupil = scene.room.people["student2"]
    voice = await pupil.share("microphone")
    for number in range(5):
        await pupil.socket.ask(ask.Chat, text=f"{CHAT} {number}")
    await teacher.socket.ask(ask.StartRecording)
    await teacher.socket.ask(ask.Admit, participant=scene.accounts["student3"])
    for watcher in watchers:
        assert await watcher.ask(ask.Ping, {}) == OK
        told = [msgspec.json.decode(text) for text in watcher.told]
        raw = "\n".join(watcher.told)
        assert not any(secret in raw for secret in (*scene.secrets, voice))
        assert max(message.get("seq", 0) for message in told) <= len(told)
        for message in told:
            view = message.get("view") or message.get("change") or {}
            assert not any(view.get(part) for part in ("people", "waiting", "shares", "messages")), message
            assert (view.get("lesson") or {}).get("recordingSince") is None
    await asyncio.gather(*(watcher.socket.close() for watcher in watchers))
    await scene.room.close()


def test_every_message_is_in_the_table() -> None:
    room: Any = None
    scene = Scene(room, "x", {"student1": "a", "student2": "b", "student3": "c"}, [])
    assert {kind for kind, _ in messages(scene, "a")} == set(get_args(ask.AnyClientMessage))
