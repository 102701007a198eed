"""Read a roster: all of it, or every row that is wrong."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator

from msgspec import Struct

from classroom.people import Role
from classroom.roster.errors import RowError, RowErrorCode
from classroom.roster.words import Column, column, role

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 20_000
MAX_ERRORS = 1_000
_DELIMITERS = (",", ";", "\t")
_USERNAME = re.compile(r"[a-z0-9._-]{2,64}")
_SEVERAL_CLASSES = re.compile(r"[,;|\n]")
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_SHOWN = 80
_Columns = dict[Column, int]


class RosterAccount(Struct, frozen=True):
    """``classes``: names, NFC; of a student the rosters, of a teacher the classes taught.

    ``password``: None when the file gives none; the importer makes one.
    """

    line: int
    username: str
    name: str
    role: Role
    classes: tuple[str, ...]
    password: str | None


class RosterImport(Struct, frozen=True):
    """``classes``: every class named, in order of first mention."""

    accounts: tuple[RosterAccount, ...]
    classes: tuple[str, ...]


def parse_roster(data: bytes) -> RosterImport | list[RowError]:
    """The whole roster, or (if anything is wrong) all that is, in order of lines. Never raises."""
    text = _decode(data)
    if isinstance(text, RowError):
        return [text]
    delimiter, skipped = _delimiter(text)
    rows = _rows(text, delimiter, skipped)
    header = next(rows, None)
    if header is None:
        return [RowError(0, RowErrorCode.EMPTY)]
    if isinstance(header, RowError):
        return [header]
    columns = _columns(*header)
    if isinstance(columns, RowError):
        return [columns]
    return _Reader(columns, len(header[1])).read(rows)


def _decode(data: bytes) -> str | RowError:
    if len(data) > MAX_BYTES:
        return RowError(0, RowErrorCode.TOO_LARGE, (f"{MAX_BYTES // 1024 // 1024} MB",))
    if data.startswith(_UTF16_BOMS) or b"\0" in data:
        return RowError(0, RowErrorCode.NOT_UTF8)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return RowError(line, RowErrorCode.NOT_UTF8)


def _delimiter(text: str) -> tuple[str, int]:
    """The delimiter, and how many lines stand before the header (a spreadsheet's ``sep=;``)."""
    first = re.split(r"[\r\n]", text, maxsplit=1)[0].strip(" ")
    if len(first) == 5 and first.startswith("sep="):
        return first[4], 1
    return max(_DELIMITERS, key=lambda d: _known(first, d)), 0


def _known(line: str, delimiter: str) -> int:
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return 0
    return sum(column(cell) is not None for cell in cells)


def _rows(text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]] | RowError]:
    """(line, cells) of rows that have anything in them; ends after the first that cannot be read."""
    lines = io.StringIO(text, newline="")
    line = skipped + 1
    for _ in range(skipped):
        lines.readline()
    try:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = skipped + reader.line_num + 1
    except (csv.Error, ValueError, TypeError) as error:
        yield RowError(line, RowErrorCode.NOT_CSV, (str(error),))


def _columns(line: int, header: list[str]) -> _Columns | RowError:
    columns: _Columns = {}
    for index, cell in enumerate(header):
        known = column(cell)
        if known is None:
            continue
        if known in columns:
            return RowError(line, RowErrorCode.DOUBLE_COLUMN, (_shown(cell),))
        columns[known] = index
    missing = [c.value for c in (Column.USERNAME, Column.NAME) if c not in columns]
    if missing:
        return RowError(line, RowErrorCode.NO_HEADER, (", ".join(missing),))
    return columns


class _Reader:
    """Reads rows; once anything was wrong, only looks for what else is."""

    def __init__(self, columns: _Columns, width: int) -> None:
        self._columns = columns
        self._width = width
        self._errors: list[RowError] = []
        self._accounts: list[RosterAccount] = []
        self._lines: dict[str, int] = {}
        self._classes: dict[str, None] = {}

    def read(self, rows: Iterator[tuple[int, list[str]] | RowError]) -> RosterImport | list[RowError]:
        for number, row in enumerate(rows, 1):
            if isinstance(row, RowError):
                self._errors.append(row)
                break
            if number > MAX_ROWS:
                self._wrong(row[0], RowErrorCode.TOO_MANY_ROWS, str(MAX_ROWS))
                break
            if len(self._errors) >= MAX_ERRORS:
                self._wrong(row[0], RowErrorCode.TOO_MANY_ERRORS, str(MAX_ERRORS))
                break
            self._row(*row)
        if self._errors:
            return self._errors
        if not self._accounts:
            return [RowError(0, RowErrorCode.EMPTY)]
        return RosterImport(tuple(self._accounts), tuple(self._classes))

    def _row(self, line: int, cells: list[str]) -> None:
        if any(cell.strip() for cell in cells[self._width :]):
            self._wrong(line, RowErrorCode.WRONG_CELLS)
            return
        username = self._username(line, self._cell(cells, Column.USERNAME).lower())
        surname, given = self._cell(cells, Column.SURNAME), self._cell(cells, Column.NAME)
        name = " ".join(f"{surname} {given}".split())
        if not name:
            self._wrong(line, RowErrorCode.NO_NAME)
        elif len(name) > 100 or not name.isprintable():
            self._wrong(line, RowErrorCode.BAD_NAME)
        word = self._cell(cells, Column.ROLE)
        known_role = role(word)
        if known_role is None:
            self._wrong(line, RowErrorCode.BAD_ROLE, _shown(word))
            known_role = Role.STAFF
        classes = self._class_names(line, self._cell(cells, Column.CLASS))
        if known_role is Role.STUDENT and not classes:
            self._wrong(line, RowErrorCode.NO_CLASS)
        password = self._password(line, cells)
        self._accounts.append(RosterAccount(line, username, name, known_role, classes, password))

    def _username(self, line: int, username: str) -> str:
        if not _USERNAME.fullmatch(username):
            self._wrong(line, RowErrorCode.BAD_USERNAME, _shown(username))
        elif (first := self._lines.setdefault(username, line)) != line:
            self._wrong(line, RowErrorCode.DUPLICATE_USERNAME, username, str(first))
        return username

    def _class_names(self, line: int, cell: str) -> tuple[str, ...]:
        names = dict.fromkeys(
            name for part in _SEVERAL_CLASSES.split(cell) if (name := " ".join(part.split()))
        )
        if any(len(name) > 50 or not name.isprintable() for name in names):
            self._wrong(line, RowErrorCode.BAD_CLASS)
        self._classes.update(names)
        return tuple(names)

    def _password(self, line: int, cells: list[str]) -> str | None:
        """As it stands in the file: blanks may belong to it."""
        index = self._columns.get(Column.PASSWORD)
        password = "" if index is None or index >= len(cells) else cells[index]
        if not password.strip():
            return None
        if not 8 <= len(password) <= 128 or not password.isprintable():
            self._wrong(line, RowErrorCode.BAD_PASSWORD)
        return password

    def _cell(self, cells: list[str], wanted: Column) -> str:
        """NFC, trimmed; empty when the row is too short or the column is not there."""
        index = self._columns.get(wanted)
        if index is None or index >= len(cells):
            return ""
        return unicodedata.normalize("NFC", cells[index]).strip()

    def _wrong(self, line: int, code: RowErrorCode, *values: str) -> None:
        self._errors.append(RowError(line, code, values))


def _shown(text: str) -> str:
    """Short and printable, for a message."""
    return "".join(c if c.isprintable() else "�" for c in text[:_SHOWN])
