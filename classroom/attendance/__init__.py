"""Attendance from the log: who was there and when (``rows``), and the sheet to hand on (``sheet``). Pure."""

from classroom.attendance.rows import AttendanceRow, AttendanceStatus, Presence, attendance
from classroom.attendance.sheet import attendance_csv, attendance_table

__all__ = [
    "AttendanceRow",
    "AttendanceStatus",
    "Presence",
    "attendance",
    "attendance_csv",
    "attendance_table",
]
