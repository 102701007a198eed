"""Attendance over HTTP: present and absent, and no cell that a spreadsheet would run."""

import csv
import io
import zipfile

from signaling.wire import client as ask
from tests.signaling.gateway.room import Room
from tests.signaling.gateway.school import School

FORMULA = '=HYPERLINK("http://evil.example","x")'


async def test_present_absent_and_harmless(school: School) -> None:
    own = await school.stores.classes.by_name("10A1")
    template = await school.stores.accounts.find("student1")
    assert own is not None
    assert template is not None
    await school.stores.accounts.add("formula", FORMULA, template.role, template.password_hash, (own.id,))
    room = Room(school, await school.lesson("Toán, chương 1"))
    for username in ("teacher", "student1", "formula", "student41"):
        await room.enter(username, media=False)
    await room.people["teacher"].socket.ask(ask.EndLesson)
    teacher = await school.who("teacher")
    found = await teacher.call("GET", f"/api/lessons/{room.lesson}/attendance")
    rows = {row["username"]: row for row in found["rows"]}
    assert "teacher" not in rows
    assert len(rows) == 42
    assert (rows["student1"]["status"], rows["student2"]["status"]) == ("present", "absent")
    assert rows["student41"]["onRoster"] is False
    assert len(rows["student1"]["intervals"]) == 1

    async with teacher.http.get(f"/api/lessons/{room.lesson}/attendance.csv?lang=en") as answer:
        body = await answer.read()
        assert "10A1%20To%C3%A1n%2C%20ch%C6%B0%C6%A1ng%201" in answer.headers["Content-Disposition"]
    assert body.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert len(lines) == 43
    assert any("Absent" in line for line in lines)
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line)

    async with teacher.http.get(f"/api/lessons/{room.lesson}/attendance.xlsx") as answer:
        book = zipfile.ZipFile(io.BytesIO(await answer.read()))
    sheet = book.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"HYPERLINK" in book.read("xl/sharedStrings.xml")
    await room.close()
