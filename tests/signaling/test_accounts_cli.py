"""The commands of an administrator, end to end: a real SQLite file, the process's own output."""

import asyncio
import csv
import io
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from classroom.people import Role
from classroom.stores.database import Database, open_stores
from classroom.stores.passwords import Passwords
from signaling import cli

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_it(*arguments: str) -> tuple[int, str, str]:
        status = cli.main([*arguments, "--data", str(tmp_path / "data")])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run_it


def look(tmp_path: Path, username: str) -> tuple[Role, str, str] | None:
    """(role, name, class label) of an account."""

    async def find(stores: Database) -> tuple[Role, str, str] | None:
        found = await stores.accounts.find(username)
        actor = await stores.accounts.actor(found.id) if found else None
        return (actor.role, actor.name, actor.class_label) if actor else None

    return in_stores(tmp_path, find)  # type: ignore[return-value]


def signs_in(tmp_path: Path, username: str, password: str) -> bool:
    async def verify(stores: Database) -> bool:
        found = await stores.accounts.find(username)
        assert found is not None
        passwords = Passwords()
        try:
            return await passwords.verify(found.password_hash, password)
        finally:
            passwords.close()

    return bool(in_stores(tmp_path, verify))


def in_stores(tmp_path: Path, action: Callable[[Database], object]) -> object:
    async def go() -> object:
        stores = await open_stores(tmp_path / "data", school="T")
        try:
            return await action(stores)  # type: ignore[misc]
        finally:
            await stores.close()

    return asyncio.run(go())


def test_import_end_to_end(run: Run, tmp_path: Path) -> None:
    roster = tmp_path / "lớp.csv"
    roster.write_bytes(
        "\ufeffTài khoản;Họ và tên;Lớp;Vai trò\r\n"
        "an.nt;Nguyễn Thị An;10A1;học sinh\r\n"
        "binh.tv;Trần Văn Bình;10A1;học sinh\r\n"
        "co.lan;Lê Thị Lan;10A1;giáo viên\r\n".encode()
    )
    out = tmp_path / "passwords.csv"
    status, said, errors = run("account", "import", str(roster), "--passwords-out", str(out))
    assert (status, errors) == (0, "")
    assert "3 new accounts" in said
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"))))
    assert [row["username"] for row in rows] == ["an.nt", "binh.tv", "co.lan"]
    assert all(row["password"] not in said for row in rows)
    assert signs_in(tmp_path, "an.nt", rows[0]["password"])
    assert look(tmp_path, "an.nt") == (Role.STUDENT, "Nguyễn Thị An", "10A1")

    status, said, errors = run("account", "import", str(roster), "--passwords-out", str(out))
    assert status == 1
    assert "File exists" in errors
    status, said, _ = run("account", "import", str(roster))
    assert status == 0
    assert "0 new accounts, 3 that were there" in said


def test_a_bad_row_is_named_and_nothing_is_imported(run: Run, tmp_path: Path) -> None:
    roster = tmp_path / "bad.csv"
    roster.write_text(
        "username,name,class,role\nok1,Đỗ Minh,10A1,student\n,Không Tên,10A1,student\n", "utf-8"
    )
    out = tmp_path / "passwords.csv"
    status, said, errors = run("account", "import", str(roster), "--passwords-out", str(out))
    assert (status, said) == (1, "")
    assert "line 3" in errors
    assert "nothing was imported" in errors
    assert not out.exists()
    assert look(tmp_path, "ok1") is None
    assert run("account", "import", str(tmp_path / "none.csv"))[0] == 1


def test_add_and_passwd(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("account", "add", "hoa.pt", "--name", "Phạm Thị Hoa", "--role", "teacher", "--class", "11B")
    status, _, errors = run(*arguments)
    assert status == 1
    assert "no class 11B" in errors
    status, said, _ = run(*arguments, "--create-classes")
    assert status == 0
    made = said.partition("password: ")[2].strip()
    assert signs_in(tmp_path, "hoa.pt", made)
    assert look(tmp_path, "hoa.pt") == (Role.TEACHER, "Phạm Thị Hoa", "")
    status, _, errors = run(*arguments)
    assert status == 1
    assert "taken" in errors

    monkeypatch.setattr("sys.stdin", io.StringIO("một mật khẩu dài\n"))
    status, said, _ = run("account", "passwd", "hoa.pt", "--password-stdin")
    assert status == 0
    assert "mật khẩu" not in said
    assert signs_in(tmp_path, "hoa.pt", "một mật khẩu dài")
    assert not signs_in(tmp_path, "hoa.pt", made)

    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert run("account", "passwd", "hoa.pt", "--password-stdin")[0] == 1
    assert run("account", "passwd", "nobody")[0] == 1
    assert signs_in(tmp_path, "hoa.pt", "một mật khẩu dài")
