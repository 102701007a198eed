"""``classroom account add|passwd|import``: what an administrator does at a terminal."""

import asyncio
import csv
import io
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from classroom.attendance.sheet import neutral
from classroom.people import Role
from classroom.roster import MAX_BYTES
from classroom.stores import admin
from classroom.stores.database import Database, open_stores
from classroom.stores.importing import BadRoster, Imported, ImportReport, import_roster
from classroom.stores.passwords import Passwords
from classroom.stores.port import StoreError
from signaling.settings import Settings

Action = Callable[[Database, Passwords, dict[str, object]], Awaitable[None]]


class Stop(Exception):
    """Said to the person; nothing was changed."""


def main(settings: Settings, arguments: dict[str, object]) -> int:
    """Returns the exit status: 0, or 1 when nothing was changed."""
    actions: dict[str, Action] = {"add": _add, "passwd": _passwd, "import": _import}
    try:
        asyncio.run(_with_stores(settings, actions[str(arguments["action"])], arguments))
    except BadRoster as error:
        for problem in error.errors:
            print(f"classroom: {problem}", file=sys.stderr)
        print("classroom: nothing was imported", file=sys.stderr)
        return 1
    except (Stop, StoreError) as error:
        print(f"classroom: {error}", file=sys.stderr)
        return 1
    return 0


async def _with_stores(settings: Settings, action: Action, arguments: dict[str, object]) -> None:
    stores = await open_stores(settings.database_url or settings.data, school=settings.school)
    passwords = Passwords()
    try:
        await action(stores, passwords, arguments)
    finally:
        passwords.close()
        await stores.close()


async def _add(stores: Database, passwords: Passwords, arguments: dict[str, object]) -> None:
    password = _given_password(arguments)
    classes = _texts(arguments["classes"])
    if arguments["create_classes"]:
        for name in classes:
            if await stores.classes.by_name(name) is None:
                await stores.classes.add(admin.clean_name(name))
    made = await admin.add_account(
        stores,
        passwords,
        username=str(arguments["username"]),
        name=str(arguments["name"]),
        role=Role(str(arguments["role"])),
        password=password,
        classes=classes,
        children=_texts(arguments["children"]),
    )
    print(f"made account {made.username} ({made.name})")
    if password is None:
        print(f"password: {made.password}")


async def _passwd(stores: Database, passwords: Passwords, arguments: dict[str, object]) -> None:
    password = _given_password(arguments)
    changed = await admin.set_password(
        stores,
        passwords,
        username=str(arguments["username"]),
        now=time.time_ns() // 1_000_000,
        password=password,
    )
    print(f"changed the password of {changed.username}; its sessions are closed")
    if password is None:
        print(f"password: {changed.password}")


async def _import(stores: Database, passwords: Passwords, arguments: dict[str, object]) -> None:
    data = _read(str(arguments["file"]))
    out = Path(str(arguments["passwords_out"])) if arguments["passwords_out"] else None
    descriptor = _create(out) if out is not None else None
    try:
        report = await import_roster(stores, passwords, data)
    except BaseException:
        if out is not None and descriptor is not None:
            os.close(descriptor)
            out.unlink(missing_ok=True)
        raise
    _tell(report)
    sheet = _sheet(report.created)
    if descriptor is not None:
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"\xef\xbb\xbf" + sheet.encode())
            print(f"passwords of the new accounts: {out}")
        except OSError as error:
            print(f"classroom: {out}: {error.strerror}; the passwords follow", file=sys.stderr)
            print(sheet, end="")
    elif report.created:
        print(sheet, end="")


def _tell(report: ImportReport) -> None:
    made = f", {len(report.classes)} new classes ({', '.join(report.classes)})" if report.classes else ""
    print(f"imported: {len(report.created)} new accounts, {report.updated} that were there{made}")


def _sheet(created: Iterable[Imported]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("username", "name", "role", "classes", "password"))
    for each in created:
        cells = (each.username, each.name, each.role.value, ", ".join(each.classes), each.password or "")
        writer.writerow([neutral(cell) for cell in cells])
    return out.getvalue()


def _given_password(arguments: dict[str, object]) -> str | None:
    """The first line of standard input, without its end."""
    if not arguments["password_stdin"]:
        return None
    return sys.stdin.readline().rstrip("\r\n")


def _texts(value: object) -> tuple[str, ...]:
    assert isinstance(value, list)
    return tuple(str(each) for each in value)


def _read(name: str) -> bytes:
    """One byte more than the limit at most: the parser says that it is too large."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(name).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Stop(f"{name}: {error.strerror}") from error


def _create(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}") from error
