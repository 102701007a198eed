"""What can be wrong with a roster, said by line, in Vietnamese and English."""

from enum import StrEnum
from typing import Literal

from msgspec import Struct


class RowErrorCode(StrEnum):
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_CSV = "not_csv"
    EMPTY = "empty"
    NO_HEADER = "no_header"
    DOUBLE_COLUMN = "double_column"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_ERRORS = "too_many_errors"
    WRONG_CELLS = "wrong_cells"
    BAD_USERNAME = "bad_username"
    DUPLICATE_USERNAME = "duplicate_username"
    NO_NAME = "no_name"
    BAD_NAME = "bad_name"
    NO_CLASS = "no_class"
    BAD_CLASS = "bad_class"
    BAD_ROLE = "bad_role"
    BAD_PASSWORD = "bad_password"  # noqa: S105 - the name of an error
    WEAK_PASSWORD = "weak_password"  # noqa: S105 - the name of an error
    OTHER_ROLE = "other_role"


_TEXTS: dict[RowErrorCode, tuple[str, str]] = {
    RowErrorCode.TOO_LARGE: (
        "The file is larger than {}.",
        "Tệp lớn hơn {}.",
    ),
    RowErrorCode.NOT_UTF8: (
        "The file is not UTF-8. In the spreadsheet choose “CSV UTF-8” when saving.",
        "Tệp không phải UTF-8. Khi lưu từ bảng tính, hãy chọn “CSV UTF-8”.",
    ),
    RowErrorCode.NOT_CSV: ("This cannot be read as CSV: {}.", "Không đọc được dạng CSV: {}."),
    RowErrorCode.EMPTY: ("There are no accounts in the file.", "Tệp không có tài khoản nào."),
    RowErrorCode.NO_HEADER: (
        "The first line must name the columns; missing: {}.",
        "Dòng đầu phải ghi tên cột; còn thiếu: {}.",
    ),
    RowErrorCode.DOUBLE_COLUMN: ("The column “{}” is there twice.", "Cột “{}” bị lặp lại."),
    RowErrorCode.TOO_MANY_ROWS: ("The file has more than {} rows.", "Tệp có hơn {} dòng."),
    RowErrorCode.TOO_MANY_ERRORS: (
        "There are more errors; the first {} are shown.",
        "Còn nhiều lỗi khác; chỉ hiện {} lỗi đầu.",
    ),
    RowErrorCode.WRONG_CELLS: ("The row has more cells than the header.", "Dòng có nhiều ô hơn tiêu đề."),
    RowErrorCode.BAD_USERNAME: (
        "The username “{}” must have 2 to 64 characters of a–z, 0–9, “.”, “_”, “-”.",
        "Tài khoản “{}” phải có 2 đến 64 ký tự: a–z, 0–9, “.”, “_”, “-”.",
    ),
    RowErrorCode.DUPLICATE_USERNAME: (
        "The username “{}” is already in line {}.",
        "Tài khoản “{}” đã có ở dòng {}.",
    ),
    RowErrorCode.NO_NAME: ("The name is missing.", "Thiếu họ và tên."),
    RowErrorCode.BAD_NAME: (
        "The name must have at most 100 characters and no control characters.",
        "Họ và tên dài tối đa 100 ký tự và không chứa ký tự điều khiển.",
    ),
    RowErrorCode.NO_CLASS: ("A student needs a class.", "Học sinh phải có lớp."),
    RowErrorCode.BAD_CLASS: (
        "A class name must have at most 50 characters and no control characters.",
        "Tên lớp dài tối đa 50 ký tự và không chứa ký tự điều khiển.",
    ),
    RowErrorCode.BAD_ROLE: ("Unknown role “{}”.", "Vai trò “{}” không hợp lệ."),
    RowErrorCode.BAD_PASSWORD: (
        "The password must have 8 to 128 characters and no control characters.",
        "Mật khẩu phải có 8 đến 128 ký tự và không chứa ký tự điều khiển.",
    ),
    RowErrorCode.WEAK_PASSWORD: (
        "The password must not be the username.",
        "Mật khẩu không được trùng với tài khoản.",
    ),
    RowErrorCode.OTHER_ROLE: (
        "The account “{}” is there already with the role {}.",
        "Tài khoản “{}” đã có với vai trò {}.",
    ),
}


class RowError(Struct, frozen=True):
    """``line``: 1-based line of the file as an editor counts; 0 when the whole file is meant.

    ``values`` fill the text; a password is never among them.
    """

    line: int
    code: RowErrorCode
    values: tuple[str, ...] = ()

    def text(self, language: Literal["vi", "en"] = "en") -> str:
        """What to tell a person, without the line."""
        english, vietnamese = _TEXTS[self.code]
        return (vietnamese if language == "vi" else english).format(*self.values)

    def __str__(self) -> str:
        return f"line {self.line}: {self.text()}" if self.line else self.text()
