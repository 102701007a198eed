"""The runtime directory: the sockets through which the roles of one machine meet. Private, short-lived."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "CLASSROOM_RUNTIME"
MAX_DIRECTORY = 80
"""Bytes: a Unix socket's whole path may have 104 (macOS) or 108 (Linux)."""
TAP = "tap"
"""Name of the recorder's socket in the directory."""


class InUse(Exception):
    """Another server works with this data directory."""


@contextmanager
def runtime_directory(data: Path) -> Iterator[Path]:
    """One server per data directory: raises InUse. The directory (0700) is gone afterwards."""
    # Recordings of children are inside: nobody else on the machine looks in.
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InUse(f"another server is running on {data.resolve()}") from None
        path = (data / "run").resolve()
        if len(os.fsencode(path)) > MAX_DIRECTORY:
            path = Path(tempfile.mkdtemp(prefix="classroom-"))
        else:
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(mode=0o700)
            path.chmod(0o700)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
