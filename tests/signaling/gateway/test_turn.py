"""Relays are told to who is admitted, each account its own credentials, and to nobody else."""

from pathlib import Path
from typing import Any

import pytest

from signaling.settings import parse
from signaling.turn import rest_credentials
from signaling.wire import client as ask
from tests.clients.lesson_socket import Refused
from tests.signaling.gateway.room import Room
from tests.signaling.gateway.school import School, school_at

RELAYS = {"turn_urls": "turn:relay.example,turns:relay.example:443", "turn_secret": "hush"}


async def relays_of(room: Room, username: str) -> Any:
    (entry,) = (await room.people[username].socket.ask(ask.OpenTransport, send=True)).ice_servers  # type: ignore[union-attr]
    return entry


async def test_who_is_admitted_gets_relays_with_credentials_of_its_own(tmp_path: Path) -> None:
    async with school_at(tmp_path, settings=parse(RELAYS, {}, {})) as school:
        room = Room(school, await school.lesson())
        for username in ("teacher", "student1"):
            await room.enter(username)
        entries = {username: await relays_of(room, username) for username in room.people}
        assert entries["teacher"].urls == ("turn:relay.example", "turns:relay.example:443")
        assert entries["teacher"].username != entries["student1"].username
        for username, entry in entries.items():
            expires = int(entry.username.partition(":")[0])
            account = await school.account(username)
            assert (entry.username, entry.credential) == rest_credentials("hush", account, expires)
            assert account not in entry.username
        pupil = room.people["student1"]
        again: Any = await pupil.socket.ask(ask.RestartIce, transport=pupil.transports[False])
        assert [server.urls for server in again.ice_servers] == [entries["student1"].urls]

        async with await school.socket("student2", room.lesson) as outside:
            await outside.ask(ask.Knock)
            for message, fields in (
                (ask.OpenTransport, {"send": True}),
                (ask.RestartIce, {"transport": "x"}),
            ):
                with pytest.raises(Refused, match="not_admitted"):
                    await outside.ask(message, **fields)
        await room.close()


async def test_without_relays_none_are_told(school: School, room: Room) -> None:
    opened: Any = await room.people["student1"].socket.ask(ask.OpenTransport, send=True)
    assert opened.ice_servers == ()
