"""The sheet of new passwords that a school prints and hands out."""

import csv
import io
from collections.abc import Iterable

from classroom.attendance.sheet import neutral
from classroom.stores.importing import Imported

_HEADER = ("Lớp", "Họ và tên", "Tài khoản", "Mật khẩu")


def credentials_csv(created: Iterable[Imported]) -> bytes:
    """UTF-8 with BOM, commas, CRLF; no cell can be taken for a formula. An empty password: as imported."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_HEADER)
    for each in created:
        cells = (", ".join(each.classes), each.name, each.username, each.password or "")
        writer.writerow([neutral(cell) for cell in cells])
    return "\ufeff".encode() + out.getvalue().encode()
