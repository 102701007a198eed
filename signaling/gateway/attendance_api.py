"""Who was there: as JSON, and as sheets for the school's own programs."""

import asyncio
import io
from datetime import UTC, datetime

from aiohttp import web

from classroom.attendance import AttendanceRow as Row
from classroom.attendance import attendance, attendance_csv, attendance_table
from classroom.attendance.sheet import Language
from signaling.gateway.call import Call
from signaling.gateway.file_answers import disposition
from signaling.gateway.routing import Query, Route
from signaling.gateway.who import reads_attendance
from signaling.wire.http import Attendance, AttendanceRow, Interval

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SHEET_NAMES: dict[Language, str] = {"vi": "Điểm danh", "en": "Attendance"}


async def _rows(call: Call) -> tuple[Row, ...]:
    stores = call.gateway.stores
    log = await stores.log.read(call.lesson.id)
    roster = await stores.accounts.roster(call.lesson.class_id)
    return attendance(log, roster, now=call.now)


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


async def as_csv(call: Call) -> web.Response:
    return _download(
        call, attendance_csv(await _rows(call), _language(call)), "text/csv; charset=utf-8", "csv"
    )


async def as_xlsx(call: Call) -> web.Response:
    # In a thread: a large class must not hold up the sockets.
    body = await asyncio.to_thread(xlsx, await _rows(call), _language(call))
    return _download(call, body, _XLSX, "xlsx")


def xlsx(rows: tuple[Row, ...], language: Language) -> bytes:
    """A workbook whose cells are texts and numbers, never formulas."""
    import xlsxwriter  # large, and seldom wanted

    header, table = attendance_table(rows, language)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet(_SHEET_NAMES[language])
        bold = book.add_format({"bold": True})
        for number, line in enumerate((header, *table)):
            for column, cell in enumerate(line):
                if isinstance(cell, int):
                    page.write_number(number, column, cell)
                else:
                    page.write_string(number, column, cell, bold if number == 0 else None)
        page.freeze_panes(1, 0)
        page.set_column(1, len(header) - 1, 20)
    return out.getvalue()


def _language(call: Call) -> Language:
    return "en" if call.request.query.get("lang") == "en" else "vi"


def _download(call: Call, body: bytes, content_type: str, ending: str) -> web.Response:
    day = datetime.fromtimestamp((call.lesson.started_at or call.lesson.starts_at) / 1000, UTC)
    name = f"{call.lesson.class_name} {call.lesson.title} {day:%Y-%m-%d}.{ending}"
    return web.Response(
        body=body,
        headers={
            "Content-Type": content_type,
            "Content-Disposition": disposition(name),
            "Cache-Control": "no-store",
        },
    )


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
        content=_XLSX,
        errors=_ERRORS,
        query=_LANGUAGE,
    ),
)
