"""Attendance as a sheet: one table of cells for CSV and spreadsheets, in Vietnamese or English.

Cells of ``attendance_table`` are raw values: a spreadsheet must be written with its cells typed as
text and number, never as formula. ``attendance_csv`` neutralises what a spreadsheet would run.
"""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from classroom.attendance.rows import AttendanceRow, AttendanceStatus, Presence

Language = Literal["vi", "en"]
Cell = str | int
SCHOOL_ZONE = "Asia/Ho_Chi_Minh"

_HEADERS: dict[Language, tuple[str, ...]] = {
    "vi": (
        "STT",
        "Họ và tên",
        "Tài khoản",
        "Lớp",
        "Trong danh sách lớp",
        "Trạng thái",
        "Vào lớp",
        "Ra lớp",
        "Số phút có mặt",
        "Các khoảng có mặt",
    ),
    "en": (
        "No.",
        "Name",
        "Username",
        "Class",
        "On the roster",
        "Status",
        "Entered",
        "Left",
        "Minutes present",
        "Intervals",
    ),
}
_STATUS: dict[Language, dict[AttendanceStatus, str]] = {
    "vi": {
        AttendanceStatus.PRESENT: "Có mặt",
        AttendanceStatus.LATE: "Đi muộn",
        AttendanceStatus.LEFT_EARLY: "Về sớm",
        AttendanceStatus.LATE_LEFT_EARLY: "Đi muộn, về sớm",
        AttendanceStatus.ABSENT: "Vắng",
    },
    "en": {
        AttendanceStatus.PRESENT: "Present",
        AttendanceStatus.LATE: "Late",
        AttendanceStatus.LEFT_EARLY: "Left early",
        AttendanceStatus.LATE_LEFT_EARLY: "Late, left early",
        AttendanceStatus.ABSENT: "Absent",
    },
}
_YES_NO: dict[Language, tuple[str, str]] = {"vi": ("Có", "Không"), "en": ("Yes", "No")}
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def attendance_table(
    rows: Iterable[AttendanceRow], language: Language = "vi", zone: str = SCHOOL_ZONE
) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """(header, rows of cells). Times of day are local to ``zone``; who is still there has no "left"."""
    where = _zone(zone)
    yes, no = _YES_NO[language]
    table: list[tuple[Cell, ...]] = []
    for number, row in enumerate(rows, 1):
        first = _clock(row.intervals[0].start, where) if row.intervals else ""
        last = _clock(row.intervals[-1].end, where) if row.intervals else ""
        table.append(
            (
                number,
                row.name,
                row.username,
                row.class_label,
                yes if row.on_roster else no,
                _STATUS[language][row.status],
                first,
                last,
                row.seconds_present // 60,
                "; ".join(_interval(i, where) for i in row.intervals),
            )
        )
    return _HEADERS[language], table


def attendance_csv(
    rows: Iterable[AttendanceRow], language: Language = "vi", zone: str = SCHOOL_ZONE
) -> bytes:
    """UTF-8 with BOM (spreadsheets need it to read Vietnamese), commas, CRLF."""
    header, table = attendance_table(rows, language, zone)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([neutral(cell) for cell in row] for row in table)
    return "\ufeff".encode() + out.getvalue().encode("utf-8", "replace")


def neutral(cell: Cell) -> Cell:
    """A text that a spreadsheet would take for a formula gets a leading apostrophe."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_DANGEROUS):
        return "'" + cell
    return cell


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        if name == SCHOOL_ZONE:  # Machines without a time-zone database: Viet Nam has no summer time.
            return timezone(timedelta(hours=7))
        raise


def _clock(at: int | None, where: tzinfo) -> str:
    if at is None:
        return ""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(where).strftime("%H:%M:%S")


def _interval(i: Presence, where: tzinfo) -> str:
    return f"{_clock(i.start, where)}–{_clock(i.end, where)}"
