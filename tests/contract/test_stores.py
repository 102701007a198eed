"""What ``stores.port`` promises of accounts, classes, sessions, lessons and recordings."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace
from sqlalchemy import event

from classroom.ids import SYSTEM, AccountId, ClassId, LessonId, ParticipantId, RecordingId
from classroom.lesson import events as ev
from classroom.lesson.state import Phase
from classroom.people import Role
from classroom.stores import sessions
from classroom.stores.database import Database
from classroom.stores.port import (
    Captions,
    Conflict,
    RecordingEntry,
    RecordingFileEntry,
    RecordingSummary,
    RetentionRules,
    SchoolClass,
    Stores,
)
from classroom.stores.sessions import UNUSED_MS
from tests.contract.grounds import Ground

MINUTE, HOUR = 60_000, 3_600_000
NOW = 1_800_000_000_000


async def test_keeps_the_port(stores: Database) -> None:
    port: Stores = stores
    assert port.school == "Trường thử"
    assert await port.ready()


class TestAccounts:
    async def test_added_account_is_found(self, stores: Stores) -> None:
        account = await stores.accounts.add("Minh.Anh", "Nguyễn Minh Anh", Role.STUDENT, "$hash")
        found = await stores.accounts.find("Minh.Anh")
        assert found is not None
        assert found == await stores.accounts.get(account)
        assert (found.id, found.username, found.name) == (account, "Minh.Anh", "Nguyễn Minh Anh")
        assert (found.role, found.password_hash, found.disabled) == (Role.STUDENT, "$hash", False)

    @pytest.mark.parametrize("other", ["HÀ", "ha\u0300", "hà", " Hà "])
    async def test_username_is_one_in_every_spelling(self, stores: Stores, other: str) -> None:
        account = await stores.accounts.add("Hà", "Hà", Role.STUDENT, "$")
        found = await stores.accounts.find(other)
        assert found is not None
        assert found.id == account
        with pytest.raises(Conflict):
            await stores.accounts.add(other, "Hà khác", Role.STUDENT, "$")

    @pytest.mark.parametrize("odd", ["\0", "a\0b", "\ud800", "", "'; DROP TABLE accounts", "x" * 100_000])
    async def test_odd_usernames(self, stores: Stores, odd: str) -> None:
        assert await stores.accounts.find(odd) is None
        await stores.sessions.record_refusal(odd, NOW, odd, odd)
        assert len(await stores.sessions.sign_ins()) == 1

    async def test_unknown_is_none(self, stores: Stores) -> None:
        nobody = AccountId("nobody")
        assert await stores.accounts.find("nobody") is None
        assert await stores.accounts.get(nobody) is None
        assert await stores.accounts.actor(nobody) is None
        assert await stores.accounts.actors([nobody]) == {}
        assert await stores.accounts.actors([]) == {}

    async def test_refused_account_leaves_nothing(self, stores: Stores) -> None:
        with pytest.raises(Conflict):
            await stores.accounts.add("an", "An", Role.STUDENT, "$", [ClassId("no such class")])
        assert await stores.accounts.find("an") is None

    async def test_actor_knows_classes_and_label(self, stores: Stores) -> None:
        one, two = await stores.classes.add("10A1"), await stores.classes.add("10A2")
        student = await stores.accounts.add("s", "Trần Nam", Role.STUDENT, "$", [one])
        teacher = await stores.accounts.add("t", "Lê Hà", Role.TEACHER, "$", [one, two])
        actors = await stores.accounts.actors([student, teacher])
        assert actors[student].class_label == "10A1"
        assert actors[student].on_roster(one)
        assert not actors[student].on_roster(two)
        assert actors[teacher].classes == {one, two}
        assert actors[teacher].teaches(two)
        assert actors[teacher].class_label == ""
        assert await stores.accounts.roster(one) == (actors[student],)
        assert await stores.accounts.roster(two) == ()
        assert await stores.accounts.teachers(one) == (actors[teacher],)

    async def test_roster_is_in_vietnamese_name_order(self, stores: Stores) -> None:
        one = await stores.classes.add("10A1")
        names = [
            "Lê Văn Ân",
            "Phạm Thu Ánh",
            "Trần Minh Anh",
            "Bùi Minh Anh",
            "Vũ Đan",
            "Hồ Dung",
            "Đỗ Ý Yên",
        ]
        for number, name in enumerate(names):
            await stores.accounts.add(f"s{number}", name, Role.STUDENT, "$", [one])
        assert [actor.name for actor in await stores.accounts.roster(one)] == [
            "Bùi Minh Anh",
            "Trần Minh Anh",
            "Phạm Thu Ánh",
            "Lê Văn Ân",
            "Hồ Dung",
            "Vũ Đan",
            "Đỗ Ý Yên",
        ]

    async def test_disabled_account_is_nobody(self, stores: Stores) -> None:
        one = await stores.classes.add("10A1")
        account = await stores.accounts.add("s", "Nam", Role.STUDENT, "$", [one])
        token, _ = await stores.sessions.open(account, NOW, "::1", "")
        await stores.accounts.set_disabled(account, True, NOW + 1)
        assert await stores.accounts.actor(account) is None
        assert await stores.accounts.roster(one) == ()
        assert await stores.sessions.find(token, NOW) is None
        await stores.accounts.set_disabled(account, False, NOW + 2)
        assert await stores.accounts.actor(account) is not None
        assert await stores.sessions.find(token, NOW) is None
        record = [(each.what, each.at, each.reason) for each in await stores.sessions.sign_ins()]
        assert record == [("out", NOW + 1, "disabled"), ("in", NOW, "")]

    async def test_new_password_closes_sessions_but_a_rehash_does_not(self, stores: Stores) -> None:
        account = await stores.accounts.add("s", "Nam", Role.STUDENT, "$old")
        token, _ = await stores.sessions.open(account, NOW, "::1", "")
        await stores.accounts.rehash(account, "$other", "$no")
        await stores.accounts.rehash(account, "$old", "$fresh")
        assert await stores.sessions.find(token, NOW) is not None
        found = await stores.accounts.get(account)
        assert found is not None
        assert found.password_hash == "$fresh"
        await stores.accounts.set_password(account, "$new", NOW + 1)
        assert await stores.sessions.find(token, NOW) is None
        out, _ = await stores.sessions.sign_ins()
        assert (out.what, out.at, out.reason, out.address) == ("out", NOW + 1, "password_changed", "::1")

    async def test_which_sessions_are_open(self, stores: Stores) -> None:
        one = await stores.accounts.add("s", "Nam", Role.STUDENT, "$")
        other = await stores.accounts.add("t", "Hà", Role.STUDENT, "$")
        opened = [await stores.sessions.open(account, NOW, "::1", "") for account in (one, one, other)]
        ids = [session.id for _, session in opened]
        many = [*ids, *(f"none{number}" for number in range(1200))]
        assert await stores.sessions.open_among(many, NOW) == set(ids)
        assert await stores.sessions.open_among([ids[0]], NOW) == {ids[0]}
        await stores.sessions.close(opened[0][0], NOW, "signed_out")
        assert await stores.sessions.open_among(ids, NOW) == set(ids[1:])
        await stores.accounts.set_disabled(other, True, NOW)
        assert await stores.sessions.open_among(ids, NOW) == {ids[1]}
        assert await stores.sessions.open_among(ids, NOW + UNUSED_MS) == frozenset()

    async def test_a_flood_of_refusals_is_bounded_and_hides_no_sign_in(
        self, stores: Stores, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sessions, "REFUSALS_KEPT", 10)
        monkeypatch.setattr(sessions, "PRUNE_EVERY", 5)
        account = await stores.accounts.add("s", "Nam", Role.STUDENT, "$")
        await stores.sessions.open(account, NOW, "::1", "")
        for number in range(51):
            await stores.sessions.record_refusal(f"n{number}", NOW + number, "::1", "wrong_password")
        record = await stores.sessions.sign_ins()
        assert len([each for each in record if each.what == "refused"]) <= 15
        assert record[0].username == "n50"
        assert record[-1].what == "in"

    async def test_parents_see_their_children(self, stores: Stores) -> None:
        parent = await stores.accounts.add("p", "Phụ huynh", Role.PARENT, "$")
        child = await stores.accounts.add("s", "Nam", Role.STUDENT, "$")
        await stores.accounts.link(parent, child)
        await stores.accounts.link(parent, child)
        assert [each.account for each in await stores.accounts.children(parent)] == [child]
        assert await stores.accounts.children(child) == ()

    async def test_thousands_at_once(self, stores: Stores) -> None:
        """More ids than a database takes parameters in one statement."""
        account = await stores.accounts.add("s", "Nam", Role.STUDENT, "$")
        ids = [AccountId(f"x{number}") for number in range(70_000)]
        assert list(await stores.accounts.actors([*ids, account])) == [account]


class TestClasses:
    async def test_names_are_unique_and_in_order(self, stores: Stores) -> None:
        for name in ["10A10", "10A2", "9B"]:
            await stores.classes.add(name)
        with pytest.raises(Conflict):
            await stores.classes.add(" 10a2 ")
        assert [each.name for each in await stores.classes.all()] == ["9B", "10A2", "10A10"]

    async def test_found_by_name_and_id(self, stores: Stores) -> None:
        one = await stores.classes.add("10A1")
        assert await stores.classes.by_name("10a1") == SchoolClass(one, "10A1")
        assert await stores.classes.get(one) == SchoolClass(one, "10A1")
        assert await stores.classes.by_name("10A2") is None
        assert await stores.classes.get(ClassId("?")) is None


class TestSessions:
    @pytest.fixture
    async def account(self, stores: Stores) -> AccountId:
        return await stores.accounts.add("an", "An", Role.STUDENT, "$")

    async def test_token_opens_and_closes(self, stores: Stores, account: AccountId) -> None:
        token, session = await stores.sessions.open(account, NOW, "203.0.113.9", "Firefox")
        assert await stores.sessions.find(token, NOW) == session
        assert session.account == account
        assert len(token) == 43
        await stores.sessions.close(token, NOW + 1, "signed_out")
        await stores.sessions.close(token, NOW + 2, "signed_out")
        assert await stores.sessions.find(token, NOW + 2) is None

    @pytest.mark.parametrize("token", ["", "x" * 43, "\0", "\ud800", "é" * 10_000])
    async def test_unknown_tokens(self, stores: Stores, account: AccountId, token: str) -> None:
        assert await stores.sessions.find(token, NOW) is None
        await stores.sessions.close(token, NOW, "signed_out")

    async def test_expires_unused(self, stores: Stores, account: AccountId) -> None:
        token, _ = await stores.sessions.open(account, NOW, "", "")
        assert await stores.sessions.find(token, NOW + 12 * HOUR) is None

    async def test_lives_by_use_but_not_beyond_a_week(self, stores: Stores, account: AccountId) -> None:
        token, _ = await stores.sessions.open(account, NOW, "", "")
        now = NOW
        while now + 11 * HOUR < NOW + 7 * 24 * HOUR:
            now += 11 * HOUR
            assert await stores.sessions.find(token, now) is not None
        assert await stores.sessions.find(token, NOW + 7 * 24 * HOUR) is None

    async def test_seen_once_a_minute(self, stores: Database, account: AccountId) -> None:
        token, _ = await stores.sessions.open(account, NOW, "", "")
        before = stores.connections.writer.commits
        for second in range(60):
            session = await stores.sessions.find(token, NOW + second * 1000)
            assert session is not None
            assert session.seen_at == NOW
        assert stores.connections.writer.commits == before
        session = await stores.sessions.find(token, NOW + MINUTE)
        assert session is not None
        assert session.seen_at == NOW + MINUTE
        assert stores.connections.writer.commits == before + 1

    async def test_record_of_sign_ins(self, stores: Stores, account: AccountId) -> None:
        await stores.sessions.record_refusal("AN", NOW, "203.0.113.9", "wrong_password")
        await stores.sessions.record_refusal("nobody" * 100, NOW + 1, "203.0.113.9", "wrong_password")
        token, _ = await stores.sessions.open(account, NOW + 2, "203.0.113.9", "Firefox" * 100)
        await stores.sessions.close(token, NOW + 3, "signed_out")
        record = await stores.sessions.sign_ins()
        assert [(each.what, each.account, each.at) for each in record] == [
            ("out", account, NOW + 3),
            ("in", account, NOW + 2),
            ("refused", None, NOW + 1),
            ("refused", account, NOW),
        ]
        assert record[0].reason == "signed_out"
        assert record[0].address == "203.0.113.9"
        assert len(record[1].agent) == 300
        assert len(await stores.sessions.sign_ins(since=NOW + 2, limit=1)) == 1

    async def test_token_itself_is_nowhere(
        self, stores: Database, account: AccountId, database: Ground
    ) -> None:
        token, _ = await stores.sessions.open(account, NOW, "", "")
        async with stores.connections.read() as connection:
            row = (await connection.exec_driver_sql("SELECT * FROM sessions")).one()
        assert bytes(row[0]) == hashlib.sha256(token.encode()).digest()
        assert token not in str(row)


def scheduled(lesson: str, starts_at: int, teacher: str = "t") -> ev.LessonScheduled:
    return ev.LessonScheduled(
        lesson=LessonId(lesson),
        class_id=ClassId("c"),
        class_name="10A1",
        title="Toán",
        by=ParticipantId(teacher),
        starts_at=starts_at,
        ends_at=starts_at + 45 * MINUTE,
    )


class TestLessons:
    async def test_directory_follows_the_log(self, stores: Stores) -> None:
        teacher = await stores.accounts.add("t", "Lê Hà", Role.TEACHER, "$")
        lesson, by = LessonId("one"), ParticipantId(teacher)
        await stores.log.append(lesson, 0, [scheduled("one", NOW, teacher)], NOW - HOUR)
        entry = await stores.lessons.get(lesson)
        assert entry is not None
        assert (entry.title, entry.class_name, entry.teacher_name) == ("Toán", "10A1", "Lê Hà")
        assert (entry.phase, entry.started_at, entry.replay_allowed) == (Phase.SCHEDULED, None, False)
        await stores.log.append(lesson, 1, [ev.LessonStarted(by), ev.ReplayAllowed(by)], NOW + 5)
        assert [each.id for each in await stores.lessons.live()] == [lesson]
        await stores.log.append(lesson, 3, [ev.LessonEnded(by), ev.ReplayForbidden(by)], NOW + 9)
        entry = await stores.lessons.get(lesson)
        assert entry is not None
        assert (entry.phase, entry.started_at, entry.ended_at) == (Phase.ENDED, NOW + 5, NOW + 9)
        assert not entry.replay_allowed
        assert await stores.lessons.live() == ()

    async def test_between_has_what_overlaps_and_what_is_live(self, stores: Stores) -> None:
        for name, starts_at in [
            ("c", NOW + HOUR),
            ("a", NOW),
            ("old", NOW - 48 * HOUR),
            ("live", NOW - 72 * HOUR),
        ]:
            await stores.log.append(LessonId(name), 0, [scheduled(name, starts_at)], NOW)
        await stores.log.append(LessonId("live"), 1, [ev.LessonStarted(ParticipantId("t"))], NOW)

        async def found(start: int, end: int) -> list[str]:
            return [each.id for each in await stores.lessons.between(start, end)]

        assert await found(NOW, NOW + 2 * HOUR) == ["live", "a", "c"]
        assert await found(NOW + 44 * MINUTE, NOW + 45 * MINUTE) == ["live", "a"]
        assert await found(NOW + 45 * MINUTE, NOW + HOUR) == ["live"]
        assert await stores.lessons.get(LessonId("?")) is None

    async def test_teacher_unknown_to_the_school(self, stores: Stores) -> None:
        await stores.log.append(LessonId("one"), 0, [scheduled("one", NOW, "gone")], NOW)
        entry = await stores.lessons.get(LessonId("one"))
        assert entry is not None
        assert entry.teacher_name == ""


@contextmanager
def queries(stores: Database) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []

    def keep(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    engine = stores.connections._engines.reader.sync_engine
    event.listen(engine, "before_cursor_execute", keep)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", keep)


class TestRecordings:
    async def test_put_replaces(self, stores: Stores) -> None:
        lesson, name = LessonId("one"), RecordingId("r")
        started = RecordingEntry(id=name, lesson=lesson, started_at=NOW, state="recording")
        await stores.recordings.put(started)
        assert await stores.recordings.get(name) == started
        files = (
            RecordingFileEntry("programme.webm", "programme", "video/webm", 0, 9_000, 2**40),
            RecordingFileEntry("s.webm", "share", "video/webm", 5, 8_000, 7, "s", "p", "screen"),
        )
        ready = RecordingEntry(name, lesson, NOW, "ready", 9_000, files)
        await stores.recordings.put(ready)
        await stores.recordings.put(ready)
        assert await stores.recordings.get(name) == ready
        await stores.recordings.put_sums(name, {ready.files[0].name: "ab" * 32, "of no file": "cd" * 32})
        summed = await stores.recordings.get(name)
        assert summed is not None
        assert [file.sha256 for file in summed.files][:1] == ["ab" * 32]
        await stores.recordings.put(ready)
        assert await stores.recordings.all() == (ready,)

    async def test_files_are_added_replaced_and_removed_by_name(self, stores: Stores) -> None:
        recordings, name = stores.recordings, RecordingId("r")
        film = RecordingFileEntry("export-a.mp4", "export", "video/mp4", 0, 9, 9, source="chat")
        assert not await recordings.put_files(name, (film,))
        programme = RecordingFileEntry("programme.webm", "programme", "video/webm", 0, 9, 9)
        await recordings.put(RecordingEntry(name, LessonId("one"), NOW, "ready", 9_000, (programme,)))
        sheet = RecordingFileEntry("thumbnails-1.jpg", "thumbnails", "image/jpeg", 0, 9, 5)
        larger = RecordingFileEntry("export-a.mp4", "export", "video/mp4", 0, 9, 10)
        assert await recordings.put_files(name, (film, sheet))
        assert await recordings.put_files(name, (larger,))
        assert await recordings.put_files(name, ())
        entry = await recordings.get(name)
        assert entry is not None
        assert entry.files == (programme, sheet, larger)
        await recordings.remove_files(name, ("export-a.mp4", "nothing"))
        entry = await recordings.get(name)
        assert entry is not None
        assert entry.files == (programme, sheet)

    async def test_newest_first_and_by_lesson(self, stores: Stores) -> None:
        for number, lesson in enumerate(["one", "two", "one"]):
            entry = RecordingEntry(RecordingId(f"r{number}"), LessonId(lesson), NOW + number, "ready")
            await stores.recordings.put(entry)
        assert [each.id for each in await stores.recordings.all()] == ["r2", "r1", "r0"]
        assert [each.id for each in await stores.recordings.of_lesson(LessonId("one"))] == ["r2", "r0"]
        assert await stores.recordings.get(RecordingId("?")) is None

    async def test_lists_tell_sums_in_two_queries(self, stores: Database) -> None:
        recordings = stores.recordings
        for name in ("one", "two", "none"):
            await stores.log.append(LessonId(name), 0, [scheduled(name, NOW)], NOW)
        files = tuple(
            RecordingFileEntry(f"{number}.webm", "share", "video/webm", 0, 9, 2**40 + number)
            for number in range(3)
        )
        for number, (lesson, state) in enumerate(
            [("one", "ready"), ("two", "recording"), ("one", "closing"), ("one", "erasing"), ("?", "ready")]
        ):
            entry = RecordingEntry(
                RecordingId(f"r{number}"), LessonId(lesson), NOW + number, state, 10 * number, files[:number]
            )
            await recordings.put(entry)
        with queries(stores) as asked:
            found = await recordings.summaries()
        assert len(asked) <= 2, asked
        one, two = [await stores.lessons.get(LessonId(name)) for name in ("one", "two")]
        assert one is not None
        assert two is not None
        expected = (
            RecordingSummary(RecordingId("r2"), one, NOW + 2, "closing", 20, 2**41 + 1),
            RecordingSummary(RecordingId("r1"), two, NOW + 1, "recording", 10, 2**40),
            RecordingSummary(RecordingId("r0"), one, NOW, "ready", 0, 0),
        )
        assert found == expected
        assert await recordings.summaries(LessonId("one")) == (expected[0], expected[2])
        assert await recordings.summaries(LessonId("none")) == await recordings.summaries(LessonId("?")) == ()

    async def test_counts_of_more_lessons_than_a_query_takes(self, stores: Stores) -> None:
        for number, state in enumerate(["ready", "erasing", "lost", "recording"]):
            entry = RecordingEntry(RecordingId(f"r{number}"), LessonId(f"l{number // 3}"), NOW, state)
            await stores.recordings.put(entry)
        assert await stores.recordings.counts(()) == {}
        many = [LessonId(f"l{number}") for number in range(40_000, -1, -1)]
        assert await stores.recordings.counts(many) == {"l0": 2, "l1": 1}

    async def test_every_view_is_kept_through_a_put(self, stores: Stores) -> None:
        account = await stores.accounts.add("staff", "Giáo vụ", Role.STAFF, "$")
        entry = RecordingEntry(RecordingId("r"), LessonId("one"), NOW, "closing")
        await stores.recordings.put(entry)
        await stores.recordings.viewed(entry.id, account, NOW + 1, False)
        await stores.recordings.put(RecordingEntry(entry.id, entry.lesson, NOW, "ready"))
        await stores.recordings.viewed(entry.id, account, NOW + 2, True)
        views = await stores.recordings.views(entry.id)
        assert [(view.at, view.downloaded) for view in views] == [(NOW + 1, False), (NOW + 2, True)]
        assert (views[0].name, views[0].username) == ("Giáo vụ", "staff")

    async def test_what_is_being_erased_is_not_brought_back(self, stores: Stores) -> None:
        recordings, name = stores.recordings, RecordingId("r")
        before = RecordingEntry(name, LessonId("one"), NOW, "closing")
        await recordings.put(before)
        erasing = replace(before, state="erasing", erased_by=SYSTEM, erase_reason="retention")
        await recordings.put(erasing)
        for state in ("closing", "ready", "lost"):
            await recordings.put(replace(before, state=state))
            assert await recordings.get(name) == erasing
        await recordings.remove(name)
        assert await recordings.get(name) is None

    async def test_captions_positions_and_removal(self, stores: Stores) -> None:
        account = await stores.accounts.add("an", "An", Role.STUDENT, "$")
        recordings, name = stores.recordings, RecordingId("r")
        file = RecordingFileEntry("programme.webm", "programme", "video/webm", 0, 9, 9, sha256="ab" * 32)
        await recordings.put(RecordingEntry(name, LessonId("one"), NOW, "ready", 9_000, (file,)))
        vietnamese, english = Captions("vi", "WEBVTT\n", NOW), Captions("en", "WEBVTT\n\nNOTE x", NOW + 1)
        for captions in (vietnamese, Captions("en", "WEBVTT", NOW), english):
            await recordings.put_captions(name, captions)
        assert await recordings.captions(name) == (english, vietnamese)
        await recordings.remove_captions(name, "en")
        assert await recordings.captions(name) == (vietnamese,)
        assert await recordings.position(name, account) is None
        await recordings.put_position(name, account, 5_000, NOW)
        await recordings.put_position(name, account, 7_000, NOW + 1)
        assert await recordings.position(name, account) == 7_000
        await recordings.viewed(name, account, NOW, False, "programme.webm")
        assert [view.what for view in await recordings.views(name)] == ["programme.webm"]
        await recordings.remove(name)
        await recordings.remove(name)
        assert await recordings.get(name) is None
        assert await recordings.position(name, account) is None
        assert await recordings.captions(name) == () == await recordings.views(name)

    async def test_rules_of_retention_replace_one_another(self, stores: Stores) -> None:
        assert await stores.recordings.retention() == RetentionRules()
        rules = RetentionRules(365, {ClassId("a"): None, ClassId("b"): 30})
        await stores.recordings.put_retention(RetentionRules(1, {ClassId("c"): 1}))
        await stores.recordings.put_retention(rules)
        assert await stores.recordings.retention() == rules
