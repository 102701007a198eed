"""What ``stores.port`` promises of the log: append-only, hash-chained, durable, erasable, one writer wins."""

import asyncio
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from classroom.ids import AccountId, ClassId, ConnectionId, LessonId, MessageId, ParticipantId
from classroom.lesson import events as ev
from classroom.people import Role
from classroom.stores.database import Database, open_stores
from classroom.stores.port import Conflict, Stores, Unavailable
from classroom.stores.writer import BATCH_BOUND
from tests.contract.grounds import Ground, PostgresGround, SqliteGround
from tests.services import PostgresServer

LESSON = LessonId("lesson")
TEACHER, STUDENT, OTHER = ParticipantId("t"), ParticipantId("s"), ParticipantId("o")
NOW = 1_800_000_000_000
SECRET = "Nguyễn Thị Bí Mật"


def scheduled(lesson: LessonId = LESSON) -> ev.LessonScheduled:
    return ev.LessonScheduled(
        lesson=lesson,
        class_id=ClassId("c"),
        class_name="10A1",
        title="Toán",
        by=TEACHER,
        starts_at=NOW,
        ends_at=NOW + 2_700_000,
    )


def knocked(participant: ParticipantId, name: str) -> ev.Knocked:
    return ev.Knocked(
        participant=participant,
        connection=ConnectionId("c"),
        role=Role.STUDENT,
        of_class=True,
        hosts=False,
        username=name.casefold(),
        name=name,
        class_label="10A1",
    )


def message(participant: ParticipantId, text: str) -> ev.MessageSent:
    return ev.MessageSent(message=MessageId(f"m{hash(text)}"), participant=participant, text=text)


async def filled(stores: Stores, *, ended: bool) -> list[ev.AnyEvent]:
    events: list[ev.AnyEvent] = [
        scheduled(),
        ev.LessonStarted(TEACHER),
        knocked(STUDENT, SECRET),
        knocked(OTHER, "Trần Văn Khác"),
        message(STUDENT, SECRET + " xin chào"),
        message(OTHER, "chào bạn"),
    ]
    if ended:
        events.append(ev.LessonEnded(TEACHER))
    await stores.log.append(LESSON, 0, events, NOW)
    return events


class TestAppend:
    async def test_read_gives_back_what_was_appended(self, stores: Stores) -> None:
        events = await filled(stores, ended=False)
        recorded = await stores.log.append(LESSON, 6, [ev.HandRaised(STUDENT)], NOW + 1)
        assert [(each.seq, each.at) for each in recorded] == [(7, NOW + 1)]
        read = await stores.log.read(LESSON)
        assert [each.event for each in read] == [*events, ev.HandRaised(STUDENT)]
        assert [each.seq for each in read] == list(range(1, 8))
        assert await stores.log.verify(LESSON) is None

    async def test_nothing_is_appended_of_nothing(self, stores: Stores) -> None:
        assert await stores.log.append(LESSON, 5, [], NOW) == ()
        assert await stores.log.read(LESSON) == ()
        assert await stores.log.verify(LESSON) is None

    @pytest.mark.parametrize("after", [0, 1, 5, 7, 1_000_000])
    async def test_wrong_place_is_a_conflict_and_leaves_nothing(self, stores: Stores, after: int) -> None:
        events = await filled(stores, ended=False)
        with pytest.raises(Conflict):
            await stores.log.append(LESSON, after, [ev.LessonEnded(TEACHER)], NOW)
        assert len(await stores.log.read(LESSON)) == len(events)
        assert [each.id for each in await stores.lessons.live()] == [LESSON]

    async def test_of_many_at_one_place_one_wins(self, stores: Stores) -> None:
        await filled(stores, ended=False)
        tries = (stores.log.append(LESSON, 6, [message(STUDENT, str(number))], NOW) for number in range(20))
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(isinstance(each, tuple) for each in outcomes) == 1
        assert sum(isinstance(each, Conflict) for each in outcomes) == 19
        assert len(await stores.log.read(LESSON)) == 7
        assert await stores.log.verify(LESSON) is None

    async def test_of_two_processes_one_wins_each_time(self, stores: Database, database: Ground) -> None:
        """Two stores on one database race for each place of several logs."""
        rival = await open_stores(database.url, school="S")
        try:
            for seq in range(15):
                lessons = [LessonId(f"l{number}") for number in range(6)]
                outcomes = await asyncio.gather(
                    *(
                        side.log.append(lesson, seq, [message(STUDENT, f"{seq}")], NOW)
                        for lesson in lessons
                        for side in (stores, rival)
                    ),
                    return_exceptions=True,
                )
                assert sum(isinstance(each, tuple) for each in outcomes) == len(lessons), outcomes
                assert sum(isinstance(each, Conflict) for each in outcomes) == len(lessons), outcomes
            for lesson in lessons:
                assert await rival.log.verify(lesson) is None
                assert len(await stores.log.read(lesson)) == 15
        finally:
            await rival.close()

    async def test_appends_of_one_log_that_wait_together_follow_each_other(self, stores: Stores) -> None:
        appends = (stores.log.append(LESSON, seq, [message(STUDENT, str(seq))], NOW) for seq in range(50))
        await asyncio.gather(*appends)
        assert [each.seq for each in await stores.log.read(LESSON)] == list(range(1, 51))
        assert await stores.log.verify(LESSON) is None


class TestGroupCommit:
    async def test_lessons_of_one_tick_share_one_commit(self, stores: Database) -> None:
        before = stores.connections.writer.commits
        await asyncio.gather(
            *(
                stores.log.append(lesson, 0, [scheduled(lesson)], NOW)
                for lesson in (LessonId(f"l{number}") for number in range(100))
            )
        )
        assert stores.connections.writer.commits == before + 1
        assert len(await stores.lessons.between(NOW, NOW + 1)) == 100

    async def test_more_than_one_transaction_holds(self, stores: Database) -> None:
        count = BATCH_BOUND * 2 + 1
        before = stores.connections.writer.commits
        lessons = [LessonId(f"l{number}") for number in range(count)]
        await asyncio.gather(*(stores.log.append(each, 0, [ev.HandRaised(STUDENT)], NOW) for each in lessons))
        assert stores.connections.writer.commits == before + 3

    async def test_a_change_that_fails_fails_alone(self, stores: Database) -> None:
        await stores.classes.add("10A1")
        before = stores.connections.writer.commits
        outcomes = await asyncio.gather(
            stores.log.append(LESSON, 0, [scheduled()], NOW),
            stores.classes.add("10A1"),
            stores.log.append(LessonId("two"), 9, [scheduled(LessonId("two"))], NOW),
            stores.classes.add("10A2"),
            return_exceptions=True,
        )
        assert [isinstance(each, Conflict) for each in outcomes] == [False, True, True, False]
        assert stores.connections.writer.commits == before + 1
        assert await stores.log.verify(LESSON) is None
        assert [each.name for each in await stores.classes.all()] == ["10A1", "10A2"]

    async def test_a_change_that_spoils_the_transaction_fails_alone(self, stores: Database) -> None:
        """Two lessons of one id cannot both be in the directory: the shared statement fails as a whole."""
        await stores.log.append(LESSON, 0, [scheduled()], NOW)
        outcomes = await asyncio.gather(
            stores.log.append(LESSON, 1, [scheduled()], NOW),
            stores.log.append(LessonId("two"), 0, [scheduled(LessonId("two"))], NOW),
            stores.classes.add("10A1"),
            return_exceptions=True,
        )
        assert [isinstance(each, Conflict) for each in outcomes] == [True, False, False]
        assert len(await stores.log.read(LESSON)) == 1
        assert await stores.log.verify(LessonId("two")) is None

    async def test_nobody_is_told_before_the_commit(self, stores: Database, database: Ground) -> None:
        """At the moment an append returns, another process already reads it."""
        other = await open_stores(database.url, school="S")
        try:
            for seq in range(20):
                await stores.log.append(LESSON, seq, [message(STUDENT, str(seq))], NOW)
                assert len(await other.log.read(LESSON)) == seq + 1
        finally:
            await other.close()

    async def test_a_caller_that_went_away_harms_nobody(self, stores: Database) -> None:
        tasks = [
            asyncio.ensure_future(stores.log.append(LessonId(f"l{n}"), 0, [scheduled()], NOW))
            for n in range(9)
        ]
        await asyncio.sleep(0)
        tasks[4].cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(each, tuple) for each in outcomes] == [n != 4 for n in range(9)]
        await stores.log.append(LESSON, 0, [scheduled()], NOW)

    async def test_a_writer_ended_from_outside_tells_everybody(self, database: Ground) -> None:
        """Nobody hears of a success that is not in the database, and nobody waits for ever."""
        stores = await open_stores(database.url, school="S")
        try:
            lessons = [LessonId(f"l{number}") for number in range(BATCH_BOUND + 20)]
            appends = [
                asyncio.ensure_future(stores.log.append(each, 0, [ev.HandRaised(STUDENT)], NOW))
                for each in lessons
            ]
            for _ in range(5):
                await asyncio.sleep(0)
            stores.connections.writer._task.cancel()
            outcomes = await asyncio.gather(*appends, return_exceptions=True)
            assert all(isinstance(each, tuple | Unavailable) for each in outcomes)
            with pytest.raises(Unavailable):
                await stores.classes.add("10A1")
        finally:
            await stores.close()
        again = await open_stores(database.url, school="S")
        try:
            for lesson, outcome in zip(lessons, outcomes, strict=True):
                if isinstance(outcome, tuple):
                    assert len(await again.log.read(lesson)) == 1
        finally:
            await again.close()

    async def test_close_finishes_what_waits(self, database: Ground) -> None:
        stores = await open_stores(database.url, school="S")
        appends = [
            asyncio.ensure_future(stores.log.append(LessonId(f"l{n}"), 0, [ev.HandRaised(STUDENT)], NOW))
            for n in range(30)
        ]
        await asyncio.sleep(0)
        await stores.close()
        await asyncio.gather(*appends)


TAMPERING = [
    "DELETE FROM log",
    "DELETE FROM log WHERE seq = 3",
    "UPDATE log SET header = x'00' WHERE seq = 2",
    "UPDATE log SET hash = x'00' WHERE seq = 2",
    "UPDATE log SET digest = x'00' WHERE seq = 2",
    "UPDATE log SET at = at + 1",
    "UPDATE log SET seq = 99 WHERE seq = 6",
    "UPDATE log SET lesson = 'other'",
    "UPDATE log SET personal = x'00' WHERE seq = 3",
    "UPDATE log SET salt = x'00' WHERE seq = 3",
    "INSERT INTO log (lesson, seq, at, header, digest, hash) VALUES ('lesson', 3, 0, x'00', x'00', x'00')",
    "INSERT INTO log (lesson, seq, at, header, digest, hash) VALUES ('lesson', 9, 0, x'00', x'00', x'00')",
]


class TestTampering:
    @pytest.mark.parametrize("statement", TAMPERING)
    async def test_the_database_refuses(self, stores: Stores, database: Ground, statement: str) -> None:
        events = await filled(stores, ended=False)
        with pytest.raises((sqlite3.IntegrityError, RuntimeError), match="log"):
            database.tamper(statement)
        assert [each.event for each in await stores.log.read(LESSON)] == events
        assert await stores.log.verify(LESSON) is None

    async def test_replace_and_truncate_are_refused(self, stores: Stores, database: Ground) -> None:
        await filled(stores, ended=False)
        statement = (
            "INSERT OR REPLACE INTO log (lesson, seq, at, header, digest, hash)"
            " VALUES ('lesson', 3, 0, x'00', x'00', x'00')"
            if database.kind == "sqlite"
            else "TRUNCATE log"
        )
        with pytest.raises((sqlite3.IntegrityError, RuntimeError), match="log"):
            database.tamper(statement)
        assert await stores.log.verify(LESSON) is None

    async def test_who_removes_the_guard_is_found_out(self, own_database: Ground) -> None:
        stores = await open_stores(own_database.url, school="S")
        try:
            await filled(stores, ended=False)
            on = "" if own_database.kind == "sqlite" else " ON log"
            guard = "log_keeps" if own_database.kind == "sqlite" else "log_guard"
            own_database.tamper(f"DROP TRIGGER {guard}{on}")
            own_database.tamper("UPDATE log SET at = at + 1 WHERE seq = 4")
            assert await stores.log.verify(LESSON) == 4
            if own_database.kind == "sqlite":
                own_database.tamper("UPDATE log SET personal = 'a text' WHERE seq = 3")
                assert await stores.log.verify(LESSON) == 3
        finally:
            await stores.close()


class TestErasure:
    async def test_names_and_messages_go_and_the_chain_holds(self, stores: Stores) -> None:
        events = await filled(stores, ended=True)
        assert await stores.log.erase(LESSON, STUDENT, NOW + 9, by=TEACHER) == 2
        read = [each.event for each in await stores.log.read(LESSON)]
        blank_knock, blank_message = read[2], read[4]
        assert isinstance(blank_knock, ev.Knocked)
        assert (blank_knock.name, blank_knock.username, blank_knock.class_label) == ("", "", "")
        assert blank_knock.participant == STUDENT
        assert isinstance(blank_message, ev.MessageSent)
        assert blank_message.text == ""
        assert read[3] == events[3]
        assert read[5] == events[5]
        assert read[-1] == ev.PersonalDataErased(participant=STUDENT, by=TEACHER)
        assert await stores.log.verify(LESSON) is None

    async def test_second_time_there_is_nothing_left(self, stores: Stores) -> None:
        await filled(stores, ended=True)
        await stores.log.erase(LESSON, STUDENT, NOW + 9)
        count = len(await stores.log.read(LESSON))
        assert await stores.log.erase(LESSON, STUDENT, NOW + 10) == 0
        assert await stores.log.erase(LESSON, ParticipantId("nobody"), NOW + 10) == 0
        assert await stores.log.erase(LessonId("no lesson"), STUDENT, NOW + 10) == 0
        assert len(await stores.log.read(LESSON)) == count

    async def test_not_while_the_lesson_is_live(self, stores: Stores) -> None:
        events = await filled(stores, ended=False)
        with pytest.raises(Conflict):
            await stores.log.erase(LESSON, STUDENT, NOW + 9)
        assert [each.event for each in await stores.log.read(LESSON)] == events

    async def test_nothing_is_left_on_the_disk(self, tmp_path: Path) -> None:
        """SQLite: neither the database nor its write-ahead log holds the bytes any more."""
        ground = SqliteGround(tmp_path / "data")
        stores = await open_stores(ground.url, school="S")
        try:
            await filled(stores, ended=True)
            files = [ground.file, Path(f"{ground.file}-wal")]
            needle = SECRET.encode()
            assert any(needle in file.read_bytes() for file in files)
            await stores.log.erase(LESSON, STUDENT, NOW + 9)
            assert not any(needle in file.read_bytes() for file in files)
        finally:
            await stores.close()


async def test_a_database_that_went_away_comes_back(
    postgres: PostgresServer, postgres_template: PostgresGround
) -> None:
    """PostgreSQL closes every connection (a restart, a fail-over): the next changes go on."""
    postgres_template.clear()
    stores = await open_stores(postgres_template.url, school="S")
    try:
        await stores.log.append(LESSON, 0, [scheduled()], NOW)
        for seq in range(1, 4):
            postgres.sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                f" WHERE datname = '{postgres_template.name}'"
            )
            await stores.log.append(LESSON, seq, [message(STUDENT, str(seq))], NOW)
            assert await stores.ready()
        assert await stores.log.verify(LESSON) is None
    finally:
        await stores.close()


async def test_kill_loses_nothing_that_was_acknowledged(database: Ground) -> None:
    """``kill -9`` in mid-write: every acknowledged event is there, no log has a gap, every chain holds."""
    lessons, enough = 8, 400
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("log_writer.py")),
        database.url,
        str(lessons),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    acknowledged: dict[str, int] = {}
    count = 0
    async with asyncio.timeout(60):
        async for line in process.stdout:
            lesson, seq = line.split()
            acknowledged[lesson.decode()] = int(seq)
            count += 1
            if count == enough:
                process.kill()
        await process.wait()
    assert count >= enough
    stores = await open_stores(database.url, school="S")
    try:
        for name, last in acknowledged.items():
            read = await stores.log.read(LessonId(name))
            assert len(read) >= last
            assert [each.seq for each in read] == list(range(1, len(read) + 1))
            assert await stores.log.verify(LessonId(name)) is None
            # At most the one append that nobody was told of.
            assert len(read) <= last + 1
            await stores.log.append(LessonId(name), len(read), [message(STUDENT, "again")], NOW)
        assert await stores.accounts.actors([AccountId("?")]) == {}
    finally:
        await stores.close()
