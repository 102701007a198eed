"""The accounts of the stories: a class 10A1 with its teacher, and everybody else a school has."""

from classroom.ids import AccountId, ClassId
from classroom.people import Actor, Role

CLASS = ClassId("class-10a1")
OTHER_CLASS = ClassId("class-10a2")


def actor(
    account: str, role: Role, classes: tuple[ClassId, ...] = (), name: str = "", label: str = ""
) -> Actor:
    return Actor(AccountId(account), account, name or account.title(), role, frozenset(classes), label)


def student(number: int) -> Actor:
    return actor(f"student{number}", Role.STUDENT, (CLASS,), f"Học sinh {number}", "10A1")


TEACHER = actor("teacher", Role.TEACHER, (CLASS,), "Cô Lan")
COLLEAGUE = actor("colleague", Role.TEACHER, (CLASS,), "Thầy Minh")
ADMIN = actor("admin", Role.ADMIN)
OTHER_TEACHER = actor("other-teacher", Role.TEACHER, (OTHER_CLASS,))
AN = actor("an", Role.STUDENT, (CLASS,), "Nguyễn Thị An", "10A1")
BINH = actor("binh", Role.STUDENT, (CLASS,), "Trần Văn Bình", "10A1")
CHI = actor("chi", Role.STUDENT, (OTHER_CLASS,), "Lê Chi", "10A2")
STAFF = actor("staff", Role.STAFF)
SUPPORT = actor("support", Role.SUPPORT)
PARENT = actor("parent", Role.PARENT)

EVERYBODY = (TEACHER, COLLEAGUE, ADMIN, OTHER_TEACHER, AN, BINH, CHI, STAFF, SUPPORT, PARENT)
