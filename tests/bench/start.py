"""`./run bench start`: how long the product takes to its ready line, prepared before and not."""

import os
import secrets
import signal
import subprocess
import tempfile
import time

from tests.bench._figures import figure
from tests.product import READY, ROOT, free_media_ports, free_port


def seconds_to_ready(data: str) -> float:
    began = time.monotonic()
    process = subprocess.Popen(
        [
            *(str(ROOT / "run"), "serve", "--demo", "--port", str(free_port())),
            *("--media-port", str(free_media_ports(1)), "--data", data),
        ],
        env={**os.environ, "CLASSROOM_DEMO_PASSWORD": secrets.token_urlsafe(12), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if READY.search(line):
                return time.monotonic() - began
        raise RuntimeError(f"ended with {process.wait()} before it was ready")
    finally:
        stopped = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(20)
        figure("start", "ended after Ctrl-C", time.monotonic() - stopped, "s")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        figure("start", "first start with new data, ready after", seconds_to_ready(directory), "s")
        again = min(seconds_to_ready(directory) for _ in range(3))
        figure("start", "second start, ready after", again, "s")


if __name__ == "__main__":
    main()
