"""Runtime directory, demonstration password, logs, addresses: the small parts around the roles."""

import io
import json
import logging
import os
import shutil
import stat
import sys
from pathlib import Path

import pytest
import structlog

from signaling import demo, logs
from signaling.address import listen_on, primary_address, with_media_ip
from signaling.logs import REDACTED, redact
from signaling.runtime import MAX_DIRECTORY, InUse, runtime_directory
from signaling.settings import Settings


def test_the_runtime_directory_is_private_and_goes_away(tmp_path: Path) -> None:
    shallow = Path("/tmp") / f"classroom-test-{os.getpid()}"
    try:
        with runtime_directory(shallow) as path:
            assert shallow.stat().st_mode & 0o077 == 0
            assert path == (shallow / "run").resolve()
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
            with pytest.raises(InUse), runtime_directory(shallow):
                pass
        assert not path.exists()
    finally:
        shutil.rmtree(shallow, ignore_errors=True)


def test_a_deep_data_directory_gets_a_short_one(tmp_path: Path) -> None:
    with runtime_directory(tmp_path / ("d" * 100)) as path:
        assert len(os.fsencode(path)) <= MAX_DIRECTORY
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert not path.exists()


def test_the_demonstration_password_lasts(tmp_path: Path) -> None:
    made = demo.with_password(Settings(data=tmp_path))
    assert len(made.demo_password) >= 12
    assert demo.with_password(Settings(data=tmp_path)) == made
    assert stat.S_IMODE((tmp_path / demo.PASSWORD_FILE).stat().st_mode) == 0o600
    assert any(made.demo_password in line for line in demo.announcement(made.demo_password))
    given = Settings(data=tmp_path, demo_password="given-one")
    assert demo.with_password(given) == given


@pytest.mark.parametrize(
    "key",
    ["password", "demo_password", "password_hash", "token", "session_token", "Cookie", "authorization", "ice_pwd",
     "fingerprint", "fingerprints", "private_key", "secret", "dtls_parameters", "ice_parameters"],
)  # fmt: skip
def test_secrets_are_not_logged(key: str) -> None:
    event = redact(None, "info", {"event": "x", key: "hush", "deep": {"list": [{key: "hush"}]}, "n": 1})
    assert "hush" not in json.dumps(event)
    assert event[key] == REDACTED
    assert event["n"] == 1


def test_passwords_in_urls_are_not_logged() -> None:
    event = redact(None, "info", {"event": "cannot reach postgresql://school:hush@db/x and redis://:hush@h"})
    assert event["event"] == f"cannot reach postgresql://school:{REDACTED}@db/x and redis://:{REDACTED}@h"


def test_logs_are_json_lines_of_both_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    try:
        logs.configure("media.0")
        structlog.get_logger("a").info("one", token="hush", name="Hà")
        logging.getLogger("b").warning("two %s", "redis://:hush@h")
        try:
            raise ValueError("redis://u:hush@h")
        except ValueError:
            logging.getLogger("b").exception("three")
    finally:
        root.handlers[:], root.level = handlers, level
        structlog.reset_defaults()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["one", f"two redis://:{REDACTED}@h", "three"]
    assert all(line["role"] == "media.0" and line["timestamp"] for line in lines)
    assert lines[0]["name"] == "Hà"
    assert "ValueError" in lines[2]["exception"]
    assert "hush" not in out.getvalue()


@pytest.mark.parametrize(
    ("settings", "announced", "bound"),
    [
        (Settings(), "127.0.0.1", "127.0.0.1"),
        (Settings(host="localhost"), "127.0.0.1", "127.0.0.1"),
        (Settings(host="192.0.2.9"), "192.0.2.9", "192.0.2.9"),
        (Settings(host="192.0.2.9", media_ip="203.0.113.5"), "203.0.113.5", "0.0.0.0"),
        (Settings(host="127.0.0.1", media_ip="203.0.113.5"), "203.0.113.5", "0.0.0.0"),
        (Settings(host="::1"), "::1", "::1"),
        (Settings(host="10.0.0.5", media_ip="10.0.0.5,203.0.113.5"), "10.0.0.5,203.0.113.5", "0.0.0.0"),
        (Settings(host="10.0.0.5", media_ip="10.0.0.5,2001:db8::5"), "10.0.0.5,2001:db8::5", "::"),
        (Settings(host="0.0.0.0"), primary_address(), "0.0.0.0"),
    ],
)
def test_where_media_is_announced_and_listens(settings: Settings, announced: str, bound: str) -> None:
    resolved = with_media_ip(settings)
    assert resolved.media_ip == announced
    assert listen_on(resolved) == bound
