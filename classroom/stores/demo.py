"""The demonstration school: two classes and a person of every role, on an empty store only.

Names are put together from common Vietnamese name parts, always the same; they mean nobody.
"""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from classroom.ids import AccountId, ClassId, LessonId, ParticipantId
from classroom.lesson.events import LessonScheduled
from classroom.people import Role
from classroom.stores import accounts, classes
from classroom.stores.database import Database
from classroom.stores.new_id import new_id
from classroom.stores.passwords import Passwords
from classroom.stores.port import Conflict
from classroom.stores.schema import accounts as accounts_table

STUDENTS = 40
_LESSON_MS = 45 * 60_000
_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương")
_MIDDLES = ("Minh", "Thu", "Đức", "Khánh", "Gia", "Ngọc", "Quang", "Bảo", "Thanh", "Hải", "Phương")
_GIVEN = ("Anh", "Hà", "Nam", "Linh", "Huy", "Trang", "Khoa", "Vy", "Long", "Mai", "Phúc", "Hân", "Sơn",
          "Thảo", "Tùng", "Yến", "Dũng")  # fmt: skip


def demo_name(number: int) -> str:
    """A believable display name; the first 2,431 numbers have different ones."""
    return " ".join(parts[number % len(parts)] for parts in (_FAMILIES, _MIDDLES, _GIVEN))


async def seed_demo(stores: Database, password: str, *, lesson_at: int | None = None) -> bool:
    """Fill an empty store; everybody has ``password``. False (and nothing done) when it is not empty.

    ``lesson_at``: also schedule one lesson of 10A1 from then on (milliseconds since the epoch).
    """
    async with stores.connections.read() as connection:
        if await _anybody(connection):
            return False
    passwords = Passwords(workers=1)
    try:
        password_hash = await passwords.hash(password)
    finally:
        passwords.close()
    try:
        seeded = await stores.connections.write(lambda connection: _seed(connection, password_hash))
    except Conflict:  # another process was quicker
        return False
    if seeded is None:
        return False
    if lesson_at is not None:
        class_id, teacher = seeded
        lesson = LessonId(new_id())
        scheduled = LessonScheduled(
            lesson=lesson,
            class_id=class_id,
            class_name="10A1",
            title="Toán: Hàm số bậc hai",
            by=teacher,
            starts_at=lesson_at,
            ends_at=lesson_at + _LESSON_MS,
        )
        await stores.log.append(lesson, 0, [scheduled], lesson_at)
    return True


async def _anybody(connection: AsyncConnection) -> bool:
    return bool((await connection.execute(select(func.count()).select_from(accounts_table))).scalar())


async def _seed(connection: AsyncConnection, password_hash: str) -> tuple[ClassId, ParticipantId] | None:
    if await _anybody(connection):
        return None
    first = await classes.add(connection, "10A1")
    second = await classes.add(connection, "10A2")

    async def add(username: str, number: int, role: Role, *class_ids: ClassId) -> AccountId:
        name = demo_name(number)
        return await accounts.add(connection, username, name, role, password_hash, class_ids)

    teacher = await add("teacher", 101, Role.TEACHER, first)
    students = [
        await add(f"student{number}", number, Role.STUDENT, first) for number in range(1, STUDENTS + 1)
    ]
    await add("student41", 41, Role.STUDENT, second)
    for number, role in enumerate((Role.STAFF, Role.SUPPORT, Role.ADMIN), start=102):
        await add(role.value, number, role)
    parent = await add("parent1", 105, Role.PARENT)
    await accounts.link(connection, parent, students[0])
    return first, ParticipantId(teacher)
