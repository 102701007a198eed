"""Compiles the native fanout beside its sources, with whatever C compiler there is. ``setup.py`` has the same flags.

Run: ``python -m media.fanout.native.build``. Exit status 0 also where it cannot be: then one line says why.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = sorted(HERE.glob("*.c"))
DEFINES = (("_GNU_SOURCE", "1"),)
COMPILE = ("-std=gnu11", "-O3", "-fvisibility=hidden", "-pthread")
LINK = ("-pthread",)
OUTPUT = HERE / "_fanout.so"
SUPPORTED = sys.platform.startswith("linux") and sys.maxsize > 2**32


def command(compiler: str, output: Path, *more: str) -> list[str]:
    defines = [f"-D{name}={value}" for name, value in DEFINES]
    files = [str(source) for source in SOURCES]
    return [compiler, "-shared", "-fPIC", *COMPILE, *defines, *more, *files, *LINK, "-o", str(output)]


def main() -> int:
    compiler = os.environ.get("CC") or next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if not SUPPORTED or compiler is None:
        why = "no C compiler" if SUPPORTED else "not 64-bit Linux"
        print(f"native fanout not built ({why}): the Python one serves")
        return 0
    fresh = OUTPUT.with_suffix(".new")
    done = subprocess.run(command(compiler, fresh), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        print(f"native fanout not built ({compiler} failed): the Python one serves\n{done.stderr}")
        return 0
    fresh.replace(OUTPUT)
    print(f"native fanout built by {compiler}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
