"""A TURN server for tests: the real coturn (Debian package ``coturn``), with a shared secret as in a school."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.product import free_port, wait_until

SECRET = "turn secret of the tests"


@contextlib.contextmanager
def turn_server(address: str = "127.0.0.1", prefix: tuple[str, ...] = ()) -> Iterator[int]:
    """Yields its port, UDP and TCP. ``prefix``: words before the command, such as those of a namespace."""
    binary = shutil.which("turnserver")
    assert binary, "coturn is not installed: `./run test` as root installs it, or: apt-get install coturn"
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="turn") as directory, (Path(directory) / "log").open("wb") as log:
        process = subprocess.Popen(
            [*prefix, binary, "--no-cli", "--no-tls", "--no-dtls", "--fingerprint",
             "--listening-ip", address, "--relay-ip", address, "--listening-port", str(port),
             "--use-auth-secret", "--static-auth-secret", SECRET, "--realm", "school.example",
             "--allow-loopback-peers", "--pidfile", f"{directory}/pid", "--userdb", f"{directory}/users",
             "--log-file", "stdout", "--simple-log"],
            stdout=log, stderr=log, cwd=directory,
        )  # fmt: skip

        def listens() -> bool:
            assert process.poll() is None, (Path(directory) / "log").read_text(errors="replace")[-2000:]
            probe = [
                *prefix,
                "python3",
                "-c",
                f"import socket; socket.create_connection(({address!r}, {port}))",
            ]
            return subprocess.run(probe, capture_output=True, check=False).returncode == 0

        try:
            wait_until(listens, "a TURN server that listens")
            yield port
        finally:
            process.terminate()
            process.wait(10)
