"""What ``--demo`` tells the person who starts it: who can sign in, and with what."""

import os
import secrets

import msgspec

from signaling.settings import Settings

PASSWORD_FILE = "demo-password"  # noqa: S105
"""In the data directory: the password the demonstration accounts were made with."""
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"

ACCOUNTS = (
    ("teacher", "giáo viên lớp 10A1 · teacher of 10A1"),
    ("student1 … student40", "học sinh lớp 10A1 · students of 10A1"),
    ("student41", "học sinh lớp 10A2 · student of another class"),
    ("staff, support, admin", "nhân viên, hỗ trợ, quản trị"),
    ("parent1", "phụ huynh của student1 · parent of student1"),
)


def with_password(settings: Settings) -> Settings:
    """The password given, else the one of an earlier start, else a new one; kept for the next start."""
    path = settings.data / PASSWORD_FILE
    if settings.demo_password:
        if not path.exists():
            _keep(settings)
        return settings
    if path.exists():
        return msgspec.structs.replace(settings, demo_password=path.read_text("utf-8").strip())
    made = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))
    settings = msgspec.structs.replace(settings, demo_password=made)
    _keep(settings)
    return settings


def _keep(settings: Settings) -> None:
    descriptor = os.open(settings.data / PASSWORD_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(settings.demo_password + "\n")


def announcement(password: str) -> list[str]:
    """``password``: empty when it was given, and so is no news: it stays out of the log."""
    width = max(len(username) for username, _ in ACCOUNTS)
    return [
        "Tài khoản dùng thử · demonstration accounts:",
        *(f"  {username:<{width}}  {what}" for username, what in ACCOUNTS),
        f"  mật khẩu · password: {password or '(như đã cho · as given)'}",
    ]
