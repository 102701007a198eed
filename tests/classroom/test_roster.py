"""Rosters as schools write them, and as nobody should."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.people import Role
from classroom.roster import MAX_BYTES, MAX_ROWS, RosterImport, RowError, parse_roster
from classroom.roster import RowErrorCode as Code

HEADER = "username,name,class,role,password\n"
GOOD = "Tài khoản;Họ và tên;Lớp;Vai trò\nhs01;Nguyễn Văn Đức;10A1;\ngv1;Trần Thị Lan;10A1|10A2;Giáo viên\n"


def good(text: str | bytes) -> RosterImport:
    data = text if isinstance(text, bytes) else text.encode()
    answer = parse_roster(data)
    assert isinstance(answer, RosterImport), answer
    return answer


def wrong(text: str | bytes) -> list[tuple[int, Code]]:
    data = text if isinstance(text, bytes) else text.encode()
    answer = parse_roster(data)
    assert isinstance(answer, list), answer
    for error in answer:
        for language in ("vi", "en"):
            assert error.text(language)  # type: ignore[arg-type]
    return [(error.line, error.code) for error in answer]


def test_a_vietnamese_roster() -> None:
    roster = good(GOOD)
    pupil, teacher = roster.accounts
    assert (pupil.username, pupil.name, pupil.role, pupil.classes) == (
        "hs01",
        "Nguyễn Văn Đức",
        Role.STUDENT,
        ("10A1",),
    )
    assert pupil.password is None
    assert (teacher.role, teacher.classes, teacher.line) == (Role.TEACHER, ("10A1", "10A2"), 3)
    assert roster.classes == ("10A1", "10A2")


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_however_the_spreadsheet_wrote_it(bom: bytes, delimiter: str, newline: str) -> None:
    text = GOOD.replace(";", delimiter).replace("\n", newline)
    assert good(bom + text.encode()) == good(GOOD)


@pytest.mark.parametrize(
    "header",
    [
        "username;name;class;role",
        "USERNAME;Full Name;Class;Role",
        "tai khoan;ho va ten;lop;vai tro",
        "TÀI KHOẢN;HỌ TÊN;LỚP;VAI TRÒ",
        "Tên đăng nhập;Họ và tên;Tên lớp;Chức vụ",
        unicodedata.normalize("NFD", "Tài khoản;Họ và tên;Lớp;Vai trò"),
        " Tài khoản ; Họ và tên ; Lớp ; Vai trò ",
        '"Tài khoản";"Họ và tên";"Lớp";"Vai trò"',
    ],
)
def test_headers_in_any_writing(header: str) -> None:
    assert good(header + "\n" + GOOD.split("\n", 1)[1]) == good(GOOD)


def test_a_line_that_names_the_separator() -> None:
    roster = good("sep=;\r\n" + GOOD)
    assert [a.line for a in roster.accounts] == [3, 4]
    assert wrong("sep=;\nusername;name;class\nx;An;10A1") == [(3, Code.BAD_USERNAME)]


def test_names_are_composed_and_trimmed() -> None:
    decomposed = unicodedata.normalize("NFD", "Trần Thị Thuỳ")
    (account,) = good(f"username,name,class\nhs1,  {decomposed}\u00a0 An ,10A1\n").accounts
    assert account.name == "Trần Thị Thuỳ An"


def test_surname_and_given_name_apart() -> None:
    (account,) = good("Tài khoản,Họ đệm,Tên,Lớp\nhs1,Nguyễn Thị,An,10A1\n").accounts
    assert account.name == "Nguyễn Thị An"


def test_usernames_are_lowered_and_other_columns_ignored() -> None:
    (account,) = good("STT,username,name,class,Ngày sinh\n1,HS.01,An,10A1,2010\n").accounts
    assert account.username == "hs.01"


def test_passwords_are_taken_as_they_stand() -> None:
    (account,) = good(HEADER + 'hs1,An,10A1,,"mật khẩu, dài "\n').accounts
    assert account.password == "mật khẩu, dài "


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("x,An,10A1,,", Code.BAD_USERNAME),
        ("học sinh,An,10A1,,", Code.BAD_USERNAME),
        (",An,10A1,,", Code.BAD_USERNAME),
        ("a" * 65 + ",An,10A1,,", Code.BAD_USERNAME),
        ("hs1,,10A1,,", Code.NO_NAME),
        ("hs1," + "x" * 101 + ",10A1,,", Code.BAD_NAME),
        ("hs1,A\x07n,10A1,,", Code.BAD_NAME),
        ("hs1,An,,,", Code.NO_CLASS),
        ("hs1", Code.NO_NAME),
        ("hs1,An," + "x" * 51 + ",,", Code.BAD_CLASS),
        ("hs1,An,10A1,king,", Code.BAD_ROLE),
        ("hs1,An,10A1,,short", Code.BAD_PASSWORD),
        ("hs1,An,10A1,,,extra", Code.WRONG_CELLS),
        ('hs1,"An,10A1,,', Code.NOT_CSV),
        ('hs1,"An"x,10A1,,', Code.NOT_CSV),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_half_imported(row: str, code: Code) -> None:
    assert (3, code) in wrong(HEADER + "hs0,An,10A1,,\n" + row + "\n")


def test_all_bad_rows_are_named() -> None:
    text = HEADER + "x,An,10A1,,\nhs1,An,10A1,,\n\nhs2,,10A1,,\nHS1,An,10A1,,\n"
    assert wrong(text) == [(2, Code.BAD_USERNAME), (5, Code.NO_NAME), (6, Code.DUPLICATE_USERNAME)]
    errors = parse_roster(text.encode())
    assert isinstance(errors, list)
    assert errors[-1].values == ("hs1", "3")
    assert str(errors[0]).startswith("line 2: ")


def test_lines_are_counted_as_an_editor_does() -> None:
    assert wrong(HEADER + 'hs1,"An\nBình",10A1,,\n\nx,An,10A1,,\n') == [(5, Code.BAD_USERNAME)]


def test_a_password_is_never_repeated_in_an_error() -> None:
    errors = parse_roster((HEADER + "hs1,An,10A1,,s3cret\n").encode())
    assert isinstance(errors, list)
    assert "s3cret" not in repr(errors)
    assert "s3cret" not in errors[0].text("vi")


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        (b"", [(0, Code.EMPTY)]),
        (b"\xef\xbb\xbf", [(0, Code.EMPTY)]),
        (b"\n\n", [(0, Code.EMPTY)]),
        (b"username,name\n", [(0, Code.EMPTY)]),
        (b"hello,world\n1,2\n", [(1, Code.NO_HEADER)]),
        (b"username\nhs1\n", [(1, Code.NO_HEADER)]),
        (b"username,name,account\n", [(1, Code.DOUBLE_COLUMN)]),
        ("username,name\n".encode("utf-16"), [(0, Code.NOT_UTF8)]),
        ("username,name\n".encode("utf-16-be"), [(0, Code.NOT_UTF8)]),
        ("username,name,class\nhs1,Nguy\xean,10A1\n".encode("latin-1"), [(2, Code.NOT_UTF8)]),
        (b"PK\x03\x04\x14\x00\x06\x00", [(0, Code.NOT_UTF8)]),
        (b"x" * (MAX_BYTES + 1), [(0, Code.TOO_LARGE)]),
        (b"username,name\nhs1," + b"x" * 200_000, [(2, Code.NOT_CSV)]),
    ],
)
def test_files_that_are_no_roster(data: bytes, errors: list[tuple[int, Code]]) -> None:
    assert wrong(data) == errors


def test_limits_of_rows_and_errors() -> None:
    rows = "".join(f"hs{n},An,10A1,,\n" for n in range(MAX_ROWS))
    assert len(good(HEADER + rows).accounts) == MAX_ROWS
    assert wrong(HEADER + rows + "one.more,An,10A1,,\n") == [(MAX_ROWS + 2, Code.TOO_MANY_ROWS)]
    assert wrong(HEADER + "x,,,,\n" * 2_000)[-1][1] is Code.TOO_MANY_ERRORS


_CELLS = st.sampled_from(
    ["username", "name", "Lớp", "hs1", "hs2", "An", "10A1", "", '"', '""', "teacher", "\x00", "sep=;", "ổ"]
)
_JOINTS = st.sampled_from([",", ";", "\t", "\n", "\r\n", "\r", " ", '"'])
_ROSTERISH = st.lists(st.tuples(_CELLS, _JOINTS), max_size=40).map(
    lambda parts: "".join(a + b for a, b in parts)
)


@given(
    st.one_of(
        st.binary(max_size=300),
        _ROSTERISH.map(str.encode),
        st.text().map(lambda t: t.encode("utf-8", "replace")),
    )
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_get_an_answer(data: bytes) -> None:
    answer = parse_roster(data)
    if isinstance(answer, list):
        assert answer
        assert all(isinstance(error, RowError) and error.text("vi") for error in answer)
    else:
        names = [a.username for a in answer.accounts]
        assert len(set(names)) == len(names) > 0
        assert {c for a in answer.accounts for c in a.classes} == set(answer.classes)


@given(st.integers(0, len(GOOD.encode()) - 1), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_one_changed_byte_is_read_or_refused(place: int, byte: int) -> None:
    data = bytearray(GOOD.encode())
    data[place] = byte
    parse_roster(bytes(data))
