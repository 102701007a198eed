"""The C under AddressSanitizer and UndefinedBehaviorSanitizer: fed at random, and under the contract all fanouts have."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from media.fanout.native import build

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SANITIZE = (
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-g",
    "-O1",
)
STRICT = ("-Wall", "-Wextra", "-Werror")


@pytest.fixture(scope="module")
def compiler(tmp_path_factory) -> str:
    """gcc, with its sanitizers."""
    if not build.SUPPORTED:
        pytest.skip("the native fanout is for 64-bit Linux")
    found = shutil.which("gcc")
    if found is None:
        pytest.skip("there is no gcc")
    probe = tmp_path_factory.mktemp("probe") / "probe"
    source = probe.with_suffix(".c")
    source.write_text("int main(void) { return 0; }\n")
    done = subprocess.run([found, *SANITIZE, str(source), "-o", str(probe)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("gcc has no sanitizers here")
    return found


def compile_with(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_random_input_breaks_nothing_and_no_number_is_given_twice(compiler, tmp_path):
    program = tmp_path / "fuzz"
    files = [str(path) for path in (HERE / "fuzz.c", *build.SOURCES)]
    compile_with(
        [
            compiler,
            "-std=gnu11",
            "-D_GNU_SOURCE",
            *SANITIZE,
            *STRICT,
            f"-I{build.HERE}",
            *files,
            "-pthread",
            "-o",
            str(program),
        ]
    )
    done = subprocess.run([str(program), "150", "5000"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) > 20


def test_the_contract_holds_under_sanitizers(compiler, tmp_path):
    compile_with(build.command(compiler, tmp_path / "_fanout.so", *SANITIZE, *STRICT))
    runtimes = [
        subprocess.run(
            [compiler, f"-print-file-name=lib{name}.so"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in ("asan", "ubsan")
    ]
    # Leaks are looked for by the program above: Python's own would drown them here.
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "tests.media.native.sanitized",
            "-k",
            "native",
            "-p",
            "no:cacheprovider",
            "tests/media/test_fanout_contract.py",
            "tests/media/test_fanout_numbers.py",
        ],
        cwd=ROOT,
        env=os.environ
        | {
            "NATIVE_FROM": str(tmp_path),
            "LD_PRELOAD": ":".join(runtimes),
            "ASAN_OPTIONS": "detect_leaks=0",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
