"""Who somebody is outside a lesson: roles, and the facts a decision needs of an account."""

from enum import StrEnum

from msgspec import Struct

from classroom.ids import AccountId, ClassId


class Role(StrEnum):
    """What an account is in its school."""

    ADMIN = "admin"
    TEACHER = "teacher"
    STUDENT = "student"
    STAFF = "staff"
    SUPPORT = "support"
    PARENT = "parent"


class Actor(Struct, frozen=True):
    """The account behind a command, as the account store knew it when the command came.

    ``classes``: for a teacher the classes taught, for a student the rosters the account is on.
    ``class_label``: what the teacher reads beside the name, e.g. ``10A1``.
    """

    account: AccountId
    username: str
    name: str
    role: Role
    classes: frozenset[ClassId] = frozenset()
    class_label: str = ""

    def teaches(self, class_id: ClassId) -> bool:
        """Whether the account may host lessons of the class: its teachers, and admins."""
        return self.role is Role.ADMIN or (self.role is Role.TEACHER and class_id in self.classes)

    def on_roster(self, class_id: ClassId) -> bool:
        return self.role is Role.STUDENT and class_id in self.classes
