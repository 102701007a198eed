"""Who was there: as JSON, and as tables for the school's own programs."""

import asyncio
import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from aiohttp import web

from classroom.attendance import AttendanceRow as Row
from classroom.attendance import attendance as count
from signaling.gateway.call import Call
from signaling.gateway.file_answers import disposition
from signaling.gateway.routing import Query, Route
from signaling.gateway.who import reads_attendance
from signaling.wire.http import Attendance, AttendanceRow, Interval

_SCHOOL_TIME = timezone(timedelta(hours=7))
"""Times in tables are the school's: Viet Nam has one zone and no summer time."""

_WORDS = {
    "vi": {
        "columns": (
            "Tên đăng nhập",
            "Họ và tên",
            "Lớp",
            "Trong danh sách",
            "Điểm danh",
            "Số phút có mặt",
            "Khoảng có mặt",
        ),
        "yes": "có",
        "no": "không",
        "present": "có mặt",
        "late": "đi muộn",
        "left_early": "về sớm",
        "late_left_early": "đi muộn, về sớm",
        "absent": "vắng",
        "sheet": "Điểm danh",
    },
    "en": {
        "columns": ("Username", "Name", "Class", "On roster", "Attendance", "Minutes present", "Presence"),
        "yes": "yes",
        "no": "no",
        "present": "present",
        "late": "late",
        "left_early": "left early",
        "late_left_early": "late, left early",
        "absent": "absent",
        "sheet": "Attendance",
    },
}


async def _rows(call: Call) -> tuple[Row, ...]:
    stores = call.gateway.stores
    log = await stores.log.read(call.lesson.id)
    roster = await stores.accounts.roster(call.lesson.class_id)
    return count(log, roster, now=call.now)


async def as_json(call: Call) -> Attendance:
    entry = call.lesson
    return Attendance(
        lesson=entry.id,
        title=entry.title,
        class_name=entry.class_name,
        started_at=entry.started_at,
        ended_at=entry.ended_at,
        rows=tuple(
            AttendanceRow(
                account=row.account,
                username=row.username,
                name=row.name,
                class_label=row.class_label,
                on_roster=row.on_roster,
                status=row.status.value,
                seconds_present=row.seconds_present,
                intervals=tuple(Interval(one.start, one.end) for one in row.intervals),
            )
            for row in await _rows(call)
        ),
    )


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, _SCHOOL_TIME).strftime("%H:%M:%S")


def table(rows: Sequence[Row], language: str) -> list[list[str]]:
    """Header and rows, all texts."""
    words = _WORDS[language]
    lines = [list(words["columns"])]
    for row in rows:
        spans = ", ".join(
            f"{_clock(one.start)}–{'' if one.end is None else _clock(one.end)}" for one in row.intervals
        )
        lines.append(
            [
                row.username,
                row.name,
                row.class_label,
                str(words["yes" if row.on_roster else "no"]),
                str(words[row.status.value]),
                str(row.seconds_present // 60),
                spans,
            ]
        )
    return lines


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula is marked as text."""
    return f"'{cell}" if cell.lstrip()[:1] in ("=", "+", "-", "@") or cell[:1] in ("\t", "\r", "\n") else cell


def as_csv_bytes(lines: list[list[str]]) -> bytes:
    """With a byte order mark: without it Excel reads Vietnamese letters wrongly."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([_harmless(cell) for cell in line] for line in lines)
    return ("\ufeff" + out.getvalue()).encode("utf-8", "replace")


def as_xlsx_bytes(lines: list[list[str]], sheet: str) -> bytes:
    import xlsxwriter  # large, and seldom wanted

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet(sheet)
        bold = book.add_format({"bold": True})
        for number, line in enumerate(lines):
            for column, cell in enumerate(line):
                page.write_string(number, column, cell, bold if number == 0 else None)
        page.freeze_panes(1, 0)
        page.set_column(0, len(lines[0]) - 1, 20)
    return out.getvalue()


def _language(call: Call) -> str:
    return "en" if call.request.query.get("lang") == "en" else "vi"


def _download(call: Call, body: bytes, content_type: str, ending: str) -> web.Response:
    day = datetime.fromtimestamp((call.lesson.started_at or call.lesson.starts_at) / 1000, _SCHOOL_TIME)
    name = f"{call.lesson.class_name} {call.lesson.title} {day:%Y-%m-%d}.{ending}"
    return web.Response(
        body=body,
        headers={
            "Content-Type": content_type,
            "Content-Disposition": disposition(name),
            "Cache-Control": "no-store",
        },
    )


async def as_csv(call: Call) -> web.Response:
    lines = table(await _rows(call), _language(call))
    return _download(call, as_csv_bytes(lines), "text/csv; charset=utf-8", "csv")


async def as_xlsx(call: Call) -> web.Response:
    language = _language(call)
    lines = table(await _rows(call), language)
    body = await asyncio.to_thread(as_xlsx_bytes, lines, str(_WORDS[language]["sheet"]))
    return _download(call, body, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")


_ERRORS = ("lesson_not_found", "not_allowed")
_LANGUAGE = (Query("lang", "vi (default) or en", "string"),)

ROUTES = (
    Route(
        "GET",
        "/api/lessons/{lesson}/attendance",
        as_json,
        "Presence of the roster and of guests",
        who=reads_attendance,
        response=Attendance,
        errors=_ERRORS,
    ),
    Route(
        "GET",
        "/api/lessons/{lesson}/attendance.csv",
        as_csv,
        "The same as CSV, UTF-8 with byte order mark",
        who=reads_attendance,
        content="text/csv",
        errors=_ERRORS,
        query=_LANGUAGE,
    ),
    Route(
        "GET",
        "/api/lessons/{lesson}/attendance.xlsx",
        as_xlsx,
        "The same as a workbook",
        who=reads_attendance,
        content="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        errors=_ERRORS,
        query=_LANGUAGE,
    ),
)
