import socket
from pathlib import Path

import pytest

from signaling import cli


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
