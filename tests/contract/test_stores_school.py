"""Filling a school: single accounts, a roster all or nothing, the demonstration."""

import asyncio
from collections.abc import Iterator

import pytest

from classroom.people import Role
from classroom.roster import RowErrorCode
from classroom.stores.admin import (
    BadName,
    NoSuchAccount,
    NoSuchClass,
    UsernameTaken,
    add_account,
    set_password,
)
from classroom.stores.database import Database, open_stores
from classroom.stores.demo import STUDENTS, demo_name, seed_demo
from classroom.stores.importing import BadRoster, apply_roster, import_roster
from classroom.stores.passwords import Passwords, WeakPassword
from classroom.stores.port import Conflict
from tests.contract.grounds import Ground

NOW = 1_800_000_000_000
ROSTER = """Tài khoản;Họ và tên;Lớp;Vai trò;Mật khẩu
gv.ha;Lê Thu Hà;10A1, 10A2;Giáo viên;
hs.an;Trần Minh An;10A1;;
hs.binh;Phạm Bình;10A2;Học sinh;mật khẩu của Bình
"""


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


async def everything(stores: Database) -> dict[str, list[tuple[object, ...]]]:
    async with stores.connections.read() as connection:
        tables = ("accounts", "classes", "memberships")
        return {
            table: sorted(tuple(row) for row in await connection.exec_driver_sql(f"SELECT * FROM {table}"))
            for table in tables
        }


class TestAccounts:
    async def test_added_with_a_made_password(self, stores: Database, passwords: Passwords) -> None:
        await stores.classes.add("10A1")
        child = await add_account(
            stores, passwords, username="an", name="  Trần   An ", role=Role.STUDENT, classes=["10a1"]
        )
        parent = await add_account(
            stores, passwords, username="me.an", name="Mẹ An", role=Role.PARENT, children=["AN"]
        )
        found = await stores.accounts.get(child.id)
        assert found is not None
        assert found.name == "Trần An"
        assert await passwords.verify(found.password_hash, child.password)
        assert [each.account for each in await stores.accounts.children(parent.id)] == [child.id]
        assert [each.class_label for each in await stores.accounts.children(parent.id)] == ["10A1"]

    async def test_refusals_have_types_and_leave_nothing(
        self, stores: Database, passwords: Passwords
    ) -> None:
        await add_account(stores, passwords, username="Hà", name="Hà", role=Role.STAFF)
        before = await everything(stores)
        for kind, change in [
            (UsernameTaken, {"username": "HA\u0300"}),
            (BadName, {"username": "a b"}),
            (BadName, {"username": ""}),
            (BadName, {"name": "\x07"}),
            (BadName, {"name": "x" * 121}),
            (WeakPassword, {"password": "short"}),
            (WeakPassword, {"password": "new.account"}),
            (NoSuchClass, {"classes": ["12C"]}),
            (NoSuchAccount, {"children": ["nobody"]}),
        ]:
            wanted = {"username": "new.account", "name": "Tên", "role": Role.PARENT} | change
            with pytest.raises(kind):
                await add_account(stores, passwords, **wanted)  # type: ignore[arg-type]
        assert await everything(stores) == before

    async def test_new_password_closes_sessions(self, stores: Database, passwords: Passwords) -> None:
        made = await add_account(stores, passwords, username="an", name="An", role=Role.STAFF)
        token, _ = await stores.sessions.open(made.id, NOW, "", "")
        changed = await set_password(stores, passwords, now=NOW, username="AN", password="một mật khẩu khác")
        found = await stores.accounts.find("an")
        assert found is not None
        assert await passwords.verify(found.password_hash, changed.password)
        assert not await passwords.verify(found.password_hash, made.password)
        assert await stores.sessions.find(token, NOW) is None
        with pytest.raises(NoSuchAccount):
            await set_password(stores, passwords, now=NOW, username="nobody")
        with pytest.raises(WeakPassword):
            await set_password(stores, passwords, now=NOW, username="an", password="1234567")


class TestImport:
    async def test_makes_classes_and_accounts(self, stores: Database, passwords: Passwords) -> None:
        report = await import_roster(stores, passwords, b"\xef\xbb\xbf" + ROSTER.encode())
        assert report.classes == ("10A1", "10A2")
        assert report.updated == 0
        assert [each.username for each in report.created] == ["gv.ha", "hs.an", "hs.binh"]
        for each in report.created:
            found = await stores.accounts.find(each.username)
            assert found is not None
            assert await passwords.verify(found.password_hash, each.password or "mật khẩu của Bình")
        assert report.created[2].password is None
        first = await stores.classes.by_name("10A1")
        assert first is not None
        assert [each.username for each in await stores.accounts.roster(first.id)] == ["hs.an"]
        assert [each.username for each in await stores.accounts.teachers(first.id)] == ["gv.ha"]

    async def test_again_it_moves_and_renames_but_keeps_passwords(
        self, stores: Database, passwords: Passwords
    ) -> None:
        await import_roster(stores, passwords, ROSTER.encode())
        before = await stores.accounts.find("hs.an")
        changed = (
            ROSTER.replace("Trần Minh An;10A1", "Trần Minh Ân;10A3")
            .replace("10A1, 10A2", "")
            .replace("mật khẩu của Bình", "another password")
        )
        report = await import_roster(stores, passwords, changed.encode())
        assert (report.created, report.updated, report.classes) == ((), 3, ("10A3",))
        after = await stores.accounts.find("hs.an")
        assert before is not None
        assert after is not None
        assert (after.name, after.password_hash) == ("Trần Minh Ân", before.password_hash)
        actor = await stores.accounts.actor(after.id)
        assert actor is not None
        assert actor.class_label == "10A3"
        teacher = await stores.accounts.find("gv.ha")
        assert teacher is not None
        taught = await stores.accounts.actor(teacher.id)
        assert taught is not None
        assert len(taught.classes) == 2  # an empty cell leaves them as they are
        binh = await stores.accounts.find("hs.binh")
        assert binh is not None
        assert await passwords.verify(binh.password_hash, "mật khẩu của Bình")

    @pytest.mark.parametrize(
        ("line", "code", "number"),
        [
            ("hs.chi;;10A1;;", RowErrorCode.NO_NAME, 5),
            ("hs.an;Ai khác;10A1;;", RowErrorCode.DUPLICATE_USERNAME, 5),
            ("dau.tien;Quản trị;10A1;Học sinh;", RowErrorCode.OTHER_ROLE, 5),
            ("hs.tung.lam;Tùng;10A1;;hs.tung.lam", RowErrorCode.WEAK_PASSWORD, 5),
        ],
    )
    async def test_one_bad_row_and_nothing_is_imported(
        self, stores: Database, passwords: Passwords, line: str, code: RowErrorCode, number: int
    ) -> None:
        await add_account(stores, passwords, username="dau.tien", name="Đầu Tiên", role=Role.ADMIN)
        before = await everything(stores)
        with pytest.raises(BadRoster) as caught:
            await import_roster(stores, passwords, (ROSTER + line + "\n").encode())
        assert [(each.line, each.code) for each in caught.value.errors] == [(number, code)]
        assert await everything(stores) == before

    async def test_who_is_slower_imports_nothing(
        self, stores: Database, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An account of the file appears while its passwords are being hashed."""
        hash_one = passwords.hash

        async def hash_slowly(password: str) -> str:
            if await stores.accounts.find("hs.binh") is None:
                await stores.accounts.add("hs.binh", "Bình", Role.STUDENT, "$")
            return await hash_one(password)

        monkeypatch.setattr(passwords, "hash", hash_slowly)
        with pytest.raises(Conflict):
            await import_roster(stores, passwords, ROSTER.encode())
        assert await stores.accounts.find("gv.ha") is None
        assert await stores.classes.all() == ()

    async def test_a_failure_in_the_middle_undoes_all(
        self, stores: Database, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from classroom.stores import importing

        def broken(*_: object) -> list[dict[str, str]]:
            return [{"account": "?", "class_id": "?", "kind": "learns"}]

        monkeypatch.setattr(importing, "membership_rows", broken)
        before = await everything(stores)
        with pytest.raises(Conflict):
            await import_roster(stores, passwords, ROSTER.encode())
        assert await everything(stores) == before

    async def test_a_whole_school_goes_into_few_statements(self, stores: Database) -> None:
        class Quick(Passwords):
            async def hash(self, password: str) -> str:
                return "$"

        from classroom.roster import RosterAccount, RosterImport

        classes = tuple(f"{grade}A{number}" for grade in (10, 11, 12) for number in range(1, 11))
        rows = tuple(
            RosterAccount(
                number + 2, f"hs{number}", demo_name(number), Role.STUDENT, (classes[number % 30],), None
            )
            for number in range(1_500)
        )
        passwords = Quick()
        try:
            for created in (1_500, 0):
                report = await apply_roster(stores, passwords, RosterImport(rows, classes))
                assert len(report.created) == created
        finally:
            passwords.close()
        first = await stores.classes.by_name("12A10")
        assert first is not None
        assert len(await stores.accounts.roster(first.id)) == 50


class TestDemo:
    async def test_everybody_of_the_demonstration(self, stores: Database, passwords: Passwords) -> None:
        assert await seed_demo(stores, "mật khẩu", lesson_at=NOW)
        first, second = await stores.classes.by_name("10A1"), await stores.classes.by_name("10A2")
        assert first is not None
        assert second is not None
        roster = await stores.accounts.roster(first.id)
        assert {each.username for each in roster} == {f"student{n}" for n in range(1, STUDENTS + 1)}
        assert len({each.name for each in roster}) == STUDENTS
        assert [each.username for each in await stores.accounts.roster(second.id)] == ["student41"]
        assert [each.username for each in await stores.accounts.teachers(first.id)] == ["teacher"]
        assert await stores.accounts.teachers(second.id) == ()
        for username in ("staff", "support", "admin"):
            found = await stores.accounts.find(username)
            assert found is not None
            assert found.role.value == username
            assert await passwords.verify(found.password_hash, "mật khẩu")
        parent = await stores.accounts.find("parent1")
        assert parent is not None
        assert [each.username for each in await stores.accounts.children(parent.id)] == ["student1"]
        (lesson,) = await stores.lessons.between(NOW, NOW + 1)
        assert (lesson.class_id, lesson.class_name) == (first.id, "10A1")

    async def test_only_on_an_empty_store(self, stores: Database) -> None:
        await stores.accounts.add("an", "An", Role.ADMIN, "$")
        before = await everything(stores)
        assert not await seed_demo(stores, "mật khẩu")
        assert await everything(stores) == before

    async def test_two_processes_seed_once(self, stores: Database, database: Ground) -> None:
        other = await open_stores(database.url, school="S")
        try:
            done = await asyncio.gather(seed_demo(stores, "mật khẩu"), seed_demo(other, "mật khẩu"))
        finally:
            await other.close()
        assert sorted(done) == [False, True]
        assert len(await stores.classes.all()) == 2
