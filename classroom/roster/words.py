"""The words of a roster's headers and roles, in Vietnamese and English, however they are written."""

import unicodedata
from enum import StrEnum

from classroom.people import Role


class Column(StrEnum):
    USERNAME = "username"
    NAME = "name"
    SURNAME = "surname"
    """Vietnamese exports split "Họ đệm" and "Tên"; both together are the name."""
    CLASS = "class"
    ROLE = "role"
    PASSWORD = "password"  # noqa: S105 - the name of a column


def folded(text: str) -> str:
    """Without case, diacritics, blanks and punctuation: ``Họ và tên`` → ``hovaten``."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(c for c in decomposed if c.isalnum())


def _table(words: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {folded(word): meaning for meaning, all_words in words.items() for word in all_words}


_COLUMNS = _table(
    {
        Column.USERNAME: (
            "username",
            "user name",
            "user",
            "account",
            "login",
            "Tài khoản",
            "Tên tài khoản",
            "Tên đăng nhập",
        ),
        Column.NAME: ("name", "full name", "Họ và tên", "Họ tên", "Tên đầy đủ", "Tên", "first name"),
        Column.SURNAME: ("Họ đệm", "Họ và đệm", "Họ và tên đệm", "Họ", "last name", "surname"),
        Column.CLASS: ("class", "classes", "class name", "Lớp", "Lớp học", "Tên lớp", "Các lớp"),
        Column.ROLE: ("role", "Vai trò", "Chức vụ", "Loại tài khoản"),
        Column.PASSWORD: ("password", "Mật khẩu"),
    }
)
_ROLES = _table(
    {
        Role.STUDENT: ("student", "pupil", "Học sinh", "HS", "Học viên"),
        Role.TEACHER: ("teacher", "Giáo viên", "GV", "Giảng viên"),
        Role.STAFF: ("staff", "Nhân viên", "Cán bộ", "Giám thị"),
        Role.SUPPORT: ("support", "Hỗ trợ", "Hỗ trợ kỹ thuật", "Kỹ thuật"),
        Role.PARENT: ("parent", "Phụ huynh", "PH"),
        Role.ADMIN: ("admin", "administrator", "Quản trị", "Quản trị viên"),
    }
)


def column(header: str) -> Column | None:
    """None for a column that an import does not know (and ignores)."""
    meaning = _COLUMNS.get(folded(header))
    return None if meaning is None else Column(meaning)


def role(word: str) -> Role | None:
    """An empty cell is a student; None for an unknown word."""
    if not word:
        return Role.STUDENT
    meaning = _ROLES.get(folded(word))
    return None if meaning is None else Role(meaning)
