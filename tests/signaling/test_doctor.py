import socket
from pathlib import Path

import pytest

from signaling import cli
from tests.turn_server import SECRET, turn_server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_what_is_wrong_is_said_in_one_line_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        redis = f"redis://:hush@127.0.0.1:{free_port()}"
        status = cli.main(
            ["doctor", "--data", str(tmp_path / "data"), "--port", str(port), "--redis-url", redis,
             "--media-port", "40990"]
        )  # fmt: skip
    said = capsys.readouterr().out
    assert status == 1
    assert "hush" not in said
    lines = said.splitlines()
    assert all(line.startswith(("OK ", "note ", "PROBLEM ")) for line in lines)
    problems = [line for line in lines if line.startswith("PROBLEM")]
    assert all(" → " in line for line in problems)
    assert any(f"web port 127.0.0.1:{port}" in line for line in problems)
    assert any("Redis" in line for line in problems)
    assert any("database (SQLite) answers" in line for line in lines)


def test_a_data_directory_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("x")
    assert cli.main(["doctor", "--data", str(tmp_path / "file" / "data"), "--port", str(free_port())]) == 1
    assert "PROBLEM  data directory" in capsys.readouterr().out


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_turn_servers_are_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str], transport: str) -> None:
    with turn_server() as port:
        url = f"turn:127.0.0.1:{port}?transport={transport}"
        for secret, said in ((SECRET, "relays with our credentials"), ("wrong", "not take our credentials")):
            cli.main(["doctor", "--data", str(tmp_path), "--turn-urls", url, "--turn-secret", secret])
            (line,) = [line for line in capsys.readouterr().out.splitlines() if "TURN" in line]
            assert said in line
            assert secret not in line
    cli.main(["doctor", "--data", str(tmp_path), "--turn-urls", url, "--turn-secret", SECRET])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "TURN" in line]
    assert line.startswith("PROBLEM")


@pytest.mark.parametrize(
    ("arguments", "state", "said"),
    [
        (["--media-ip", "127.0.0.1,::1"], "OK", "browsers on this machine only"),
        (["--media-ip", "203.0.113.9,::1", "--host", "0.0.0.0"], "PROBLEM", "no other machine reaches it"),
        (["--media-ip", "203.0.113.9"], "OK", "203.0.113.9: where browsers send media to"),
    ],
)
def test_media_addresses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], state: str, said: str
) -> None:
    cli.main(["doctor", "--data", str(tmp_path), "--port", str(free_port()), *arguments])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "media address" in line]
    assert line.startswith(state)
    assert said in line
